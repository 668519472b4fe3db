rule r {
    param g : real in -1.0 .. 1.0 = 0.5
    every 8 ms
    synapses { weight += sqrt(g) * causal }
}
