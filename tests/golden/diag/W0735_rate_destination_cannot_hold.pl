rule r {
    state seen : int in 0 .. 127 per neuron = 0
    every 8 ms
    neurons { seen = rate }
}
