rule twice {
    every 1 ms
    every 2 ms
    synapses { weight += 1 }
}
rule never {
    synapses { weight += 1 }
}
