rule clock {
    state ticks : int in 0 us .. 1000 us per rule = 0
    every 1 ms
    control {
        ticks += 0.4 us
        ticks += 100 us
        if now > 2 s { ticks = 0 }
    }
}
