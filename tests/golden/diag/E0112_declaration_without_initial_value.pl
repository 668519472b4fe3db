rule r {
    param gain : real in 0 .. 1
    every 1 ms
}
