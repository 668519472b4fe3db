rul r {
    every 1 ms
}
