rule r {
    param a : weight = 1
    param a : weight = 2
    every 1 ms
    synapses { weight = a }
}
