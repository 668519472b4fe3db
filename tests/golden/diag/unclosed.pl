rule open {
    every 1 ms
    synapses {
        weight += min(causal, 3
    }
    neurons { reset rate }

rule next {
    every 1 ms
    synapses { weight += 1 }
}
