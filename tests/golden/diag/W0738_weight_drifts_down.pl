rule r {
    rounding floor
    every 8 ms
    synapses { weight += 0.1 * (causal - acausal) }
}
