rule r {
    param gains[2] : real in 0.0 .. 1.0 = 0.5
    every 8 ms
    synapses { weight += 1 }
}
