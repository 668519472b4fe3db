rule r {
    every 1 ms
    neurons { weight = 3 }
}
