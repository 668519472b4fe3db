rule r {
    every 1 ns
    synapses { weight += 1 }
}
