rule r {
    every 1 ms
    synapses { if rate { weight = 0 } }
}
