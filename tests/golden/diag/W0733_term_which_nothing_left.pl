rule r {
    state a : real in 0.0 .. 30000.0 per neuron = 0
    every 8 ms
    neurons { a = 0.5 * a + 0.0001 * rate }
}
