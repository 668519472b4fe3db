rule r {
    param g : real in 0.0 .. 1.0 = 2.0
    every 1 ms
    synapses { weight += g * causal }
}
