rule r {
    every 8 ms
    synapses { weight += 0.005 * causal }
}
