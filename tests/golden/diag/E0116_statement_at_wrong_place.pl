rule r {
    every 1 ms
    weight = 3
}
