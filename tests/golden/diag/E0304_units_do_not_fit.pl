rule r {
    every 5 kHz
    synapses { weight += 1 }
}
