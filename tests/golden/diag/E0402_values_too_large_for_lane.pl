rule r {
    param g : real in 0.0 .. 100000000.0 = 1
    every 8 ms
    synapses { weight += g * (causal + acausal) }
}
