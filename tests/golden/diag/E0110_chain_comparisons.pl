rule r {
    every 1 ms
    synapses { if 3 < weight < 9 { weight = 0 } }
}
