rule r {
    param slow : int in 0 kHz .. 50 kHz = 5 kHz
    param wait : int in 1 us .. 90 us = 7 us
    state last : real in 0 ms .. 30 ms per rule = 0
    every 1 ms
    control {
        let limit : real in 0 ms .. 30 ms = 0
        limit = 5 ms
        let wrong : real in 0 ms .. 30 ms = 5
        wrong = 6 ms
        if limit < wrong { last = limit }
        last = randint(0, wait) * 1 us
    }
}
