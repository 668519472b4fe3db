//! Synaptic scaling: all weights of a neuron are multiplied alike until its slow rate is right.
//! G. G. Turrigiano et al., Nature 391, 892 (1998); form of M. C. W. van Rossum, G. Q. Bi, G. G. Turrigiano,
//! J. Neurosci. 20, 8812 (2000): `w *= 1 + k (nu_t - n)`, with `n` the slow mean of the rate.
//! Exact up to fixed point; stochastic rounding keeps small weights in proportion. For any view.
//! Cost: at most about 960 us of the processor for 256 rows of 256 columns.

rule synaptic_scaling {
    /// Spikes per update to reach.
    param nu_target : real in 0.0 .. 255.0 = 20
    /// Part of a weight per spike of error.
    param gain      : real in 0.0 .. 0.01 = 0.001
    /// Part by which the mean follows the rate in an update.
    param follow    : real in 0.0 .. 1.0 = 0.1

    /// Slow mean of the rate, spikes per update.
    state activity : real in 0.0 .. 255.0 per neuron = 20

    every 10 ms
    rounding stochastic

    neurons {
        activity += follow * (rate - activity)
        reset rate
    }
    synapses { weight += gain * (nu_target - activity) * weight }

    record weight every 100 updates
}

test scales_in_proportion for synaptic_scaling {
    view 2 rows, 3 columns
    set nu_target = 128, gain = 0.0078125, follow = 0.5
    given weight = [[16, 32, 4], [8, 40, 0]], rate = [128, 64, 128], activity = [0, 128, 128]
    run 1 updates
    // means 64, 96, 128: factors 1.5, 1.25, 1; a step may round to either side
    expect abs(activity - [64, 96, 128]) < 0.02
    expect abs(weight - [[24, 40, 4], [12, 50, 0]]) <= 1
}
