rule r {
    every 1 ms
    synapses { address = address + 1 }
}
