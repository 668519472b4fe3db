rule up {
    view rows <= 4
    every 1 ms
    synapses { weight += 1 }
}
test counts for up {
    view 8 rows, 2 columns
    run 1 updates
    expect weight == 1
}
