rule clock {
    param t : real in 2.5 us .. 30 us = 2.5 us
    state arr[2] : int in 0 .. 9 per rule = 0
    every 1 ms
    control { arr[sign(max(now - now, t) - 3 us)] = 7 }
}
