rule r {
    every 1 ms
    synapses { address = randint(0, 7.5) }
}
