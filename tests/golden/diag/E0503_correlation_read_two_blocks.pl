rule r {
    every 1 ms
    synapses { weight += causal }
    synapses { weight -= acausal }
}
