rule r {
    every 1 ms
    neurons {
        weight += 1
        reset causal
    }
    synapses {
        if weight { weight = 3 }
        let w = weight > 3
        weight += w
    }
}
