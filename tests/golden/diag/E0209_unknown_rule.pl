rule grow {
    every 1 ms
    synapses { weight += 1 }
}

rule both {
    use grwo
    use grow
    use grow every 2 ms
    synapses { weight += grow.gain }
    record grow.trace every 2 updates
}
