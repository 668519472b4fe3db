rule r {
    param tau : real in 0.0 .. 9.0 = 2.0
    every 1 ms
    synapses { weight += causal / tau }
}
