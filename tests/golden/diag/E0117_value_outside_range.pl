rule r {
    param gain : q9.9 = 0.5
    every 1 ms
}
