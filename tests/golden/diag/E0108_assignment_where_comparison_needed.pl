rule r {
    every 1 ms
    synapses { if weight = 3 { weight = 4 } }
}
