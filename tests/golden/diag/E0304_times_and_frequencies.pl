//! Units that do not fit, each in its own way.

const window = 5 ms

rule r {
    param tau    : real in 1 us .. 1 kHz = 5 us
    param delay  : real in 1 us .. 1 ms = 5
    param target : real in 0 kHz .. 50 kHz = 6 kHz
    param delta  : real in 1 us .. 1 ms = 7 us
    state seen   : real in 0 us .. 100 us per neuron = 0

    every window

    synapses {
        weight += target - rate
        weight += exp(-delta) * causal
        if seen > 3 kHz { weight -= 1 }
    }
    neurons { seen = target * window }
    control { let late = now + 3 }
}
