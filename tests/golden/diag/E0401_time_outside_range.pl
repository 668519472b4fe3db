rule r {
    param tau : real in 10 us .. 100 us = 5 ms bio
    param fast : real in 1 kHz .. 20 kHz = 25 kHz
    every 4000 s
    synapses { weight += causal * exp(-(1 us) / tau) * (fast * 1 us) }
}
