rule r {
    param w_init : int in 0 .. 100 = 80
    every 8 ms
    synapses { weight = w_init }
}
