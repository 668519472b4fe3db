rule r {
    every 1 ms
    synapses { reset weight }
}
