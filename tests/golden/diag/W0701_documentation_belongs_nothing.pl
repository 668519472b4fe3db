rule r {
    every 1 ms
    synapses {
        /// Start anew.
        weight = 3
    }
}
