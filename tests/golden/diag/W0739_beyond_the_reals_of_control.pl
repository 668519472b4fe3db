rule r {
    param tau : real in 1 ms .. 200 ms = 50 ms
    state n : int in 0 .. 100000 per rule = 0
    state late : int in 0 .. 9 per rule = 0
    state turns : real per rule = 0
    every 1 ms
    control {
        n += 1
        if n > 50000.5 { late = 1 }
        if now > tau { late = 2 }
        turns = now / tau
        late = min(n, 2.5)
    }
}
