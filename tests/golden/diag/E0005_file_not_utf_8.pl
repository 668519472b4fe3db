rule r {
    every 1 ms
    // café
    synapses { weight += 1 }
}
