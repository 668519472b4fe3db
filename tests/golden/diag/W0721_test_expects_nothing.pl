rule up {
    every 1 ms
    synapses { weight += 1 }
}
test counts for up {
    run 1 updates
}
