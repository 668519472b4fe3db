rule up {
    every 1 ms
    synapses { weight += 1 }
}
test counts for up {
    given wait = 3
    run 1 updates
    expect weight == 4
}
