rule r {
    param g : real = 0.5
    every 1 ms
    synapses { weight += g * causal }
}
