rule r {
    input pre : int in 0 .. 31 per row = 0
    state trace : real in 0.0 .. 63.0 per row = 0
    state seen : bool per row = false
    every 1 ms
    synapses {
        let share = 0.5 * pre
        let noisy = share + uniform(0 .. 1)
        trace = 0.5 * trace + share
        trace = trace + noisy
        trace = 0.1 * weight
        if weight > 3 { seen = true }
        seen = pre > 3
    }
    neurons { trace = 3 }
}
