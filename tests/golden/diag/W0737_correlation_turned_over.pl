rule r {
    every 8 ms
    synapses { weight += 0.1 * (127 - causal) }
}
