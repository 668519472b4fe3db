rule r {
    every 8 ms
    synapses { if weight >= 64 { weight = 0 } }
}
