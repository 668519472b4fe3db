rule habits {
    every 1 ms;
    # a comment
    synapses {
        weight = weight && 3;
        if (weight == 3) return
        weight++
    }
}
