rule r {
    every 1
}
