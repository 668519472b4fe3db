rule r {
    every 100 us
    synapses { weight += causal }
}
