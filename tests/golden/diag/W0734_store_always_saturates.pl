rule r {
    every 8 ms
    synapses { weight = 70 + weight }
}
