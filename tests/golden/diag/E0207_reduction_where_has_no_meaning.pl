rule r {
    every 1 ms
    synapses { weight = 63 - max of weight over synapses }
}
