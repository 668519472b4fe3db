rule r {
    param g : weight = 3
    every 1 ms
    synapses { g = 4 }
}
