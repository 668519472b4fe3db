rule r {
    every 1 ms
    synapses { weight += rate > 3 }
}
