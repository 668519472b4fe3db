rule r {
    state x[8] : int in 0 .. 9 per rule = 0
    state n : int in 0 .. 9 per rule = 0
    every 1 ms
    control { x[n] += 1 }
}
