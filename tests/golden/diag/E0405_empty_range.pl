rule r {
    every 1 ms
    synapses { address = randint(8, 0) }
}
