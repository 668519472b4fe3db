rule r {
    param a : weight = 3
    param b : weight = a
    every 1 ms
    synapses { weight = b }
}
