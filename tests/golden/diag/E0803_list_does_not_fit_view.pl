rule up {
    every 1 ms
    synapses { weight += 1 }
}
test counts for up {
    view 1 rows, 2 columns
    run 1 updates
    expect weight == [1, 1, 1]
}
