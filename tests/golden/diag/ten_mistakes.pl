rule many {
    param a : real in 1.0 .. 0.0 = 0.5
    param b : wight = 3
    param a : weight = 2
    every 1 ms
    synapses {
        weight += c
        weight = = 3
        address = 99
        let x = 1 +
        caussal = 3
        reset weight
        weight += 0x
    }
}
