rule pairs {
    view signed
    every 1 ms
    synapses { weight += 1 }
}

rule both {
    every 1 ms
    use pairs
    neurons { reset rate }
}
