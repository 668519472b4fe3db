rule r {
    every 1 ms
    every 2 ms
    synapses { weight += 1 }
}
