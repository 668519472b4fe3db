rule r {
    param gain  : real in 0.0 .. 1.0 = 2.5
    param theta : weight = 70
    every 5
    synapses {
        address = weight + 1
        weight += gain * rate
    }
}
