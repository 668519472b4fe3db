rule r {
    every 1 ms
    synapses { weight = 3 address = 4 }
}
