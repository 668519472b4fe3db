rule r {
    param g : weight = 3
    every 1 ms
    synapses { weight = g }
    record g every 10 updates
}
