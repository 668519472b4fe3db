rule r {
    state x[2] : real in 0.0 .. 1.0 per rule = 0
    every 1 ms
    synapses { weight += x }
}
