rule fast {
    view rows <= 64
    every 20 us
    synapses { weight += causal }
}
