rule control_mistakes {
    state x[8] : real per rule = 0
    state y[8] : int in 0 .. 9 per neuron = 0
    state n : int in 0 .. 9 per rule = 0
    state wide : real in 0.0 .. 40000.0 per rule = 0

    every 1 ms

    control {
        x[n] = 1
        x[n / 2] = 1
        let count = 0
        for i in 0 .. 100000 { n += 1 }
        for i in 0 .. 9 {
            x[i] = 0.5
            count += 0.5
        }
    }
    neurons { y[n] = 1 }
}
