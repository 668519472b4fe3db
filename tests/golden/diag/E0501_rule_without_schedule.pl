rule r {
    synapses { weight += 1 }
}
