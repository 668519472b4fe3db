rule r {
    every 1 ms
    synapses { for i in 0 .. 5000 { weight += 1 } }
}
