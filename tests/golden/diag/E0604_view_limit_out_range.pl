rule r {
    view rows <= 300
    every 1 ms
    synapses { weight += 1 }
}
