rule up {
    every 1 ms
    synapses { weight += 1 }
}
test counts for down {
    run 1 updates
    expect weight == 1
}
