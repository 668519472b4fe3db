rule r {
    state trace : real in 0.0 .. 100.0 per synapse = 0
    every 50 ms
    synapses { trace = 0.9 * trace + causal }
}
