rule drift {
    param gain : real in 0.0 .. 1.0 = 0.1
    every 1 ms
    synapses {
        weight += gian * causal
        wieght = 3
    }
}
