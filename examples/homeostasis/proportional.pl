//! Homeostasis in proportion to the rate error, rounded at random so that small errors count too.

rule proportional {
    rounding stochastic
    /// Rate to reach, spikes per update.
    param nu_target : int in 0 .. 255 = 60
    /// Part of the error that an update corrects, weight LSB per spike.
    param gain      : real in 0.0 .. 0.5 = 0.05

    every 10 ms

    synapses { weight += gain * (nu_target - rate) }
    neurons  { reset rate }
}
