rule r {
    param gain : float = 0.5
    every 1 ms
}
