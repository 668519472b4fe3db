rule r {
    param gain = 0.5
    every 1 ms
}
