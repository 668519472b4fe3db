//! Correlation, decay and noise, which keep a network near a working point set by its input.
//! B. Cramer et al., Nat. Commun. 11, 2853 (2020): `w += l (c+ - c-) - d w + a (xi + b)`.
//! Approximate: `xi` is uniform in -1 .. 1. For any view.
//! Cost: at most about 1 ms of the processor for 256 rows of 256 columns.

rule noisy_stdp {
    /// Gain of correlation, weight LSB per correlation LSB.
    param lambda : real in 0.0 .. 1.0 = 0.125
    /// Part of a weight lost in an update.
    param decay  : real in 0.0 .. 0.5 = 0.02
    /// Amplitude of the noise, weight LSB.
    param amplitude : real in 0.0 .. 8.0 = 1.0
    /// Mean of the noise, in amplitudes.
    param bias   : real in -1.0 .. 1.0 = 0.3

    every 10 ms

    synapses {
        weight += lambda * (causal - acausal) - decay * weight + amplitude * (uniform(-1 .. 1) + bias)
        reset causal, acausal
    }

    record weight every 100 updates
}

test without_noise_is_linear for noisy_stdp {
    view 1 rows, 3 columns
    set lambda = 0.25, decay = 0.125, amplitude = 0, bias = 0
    given weight = [40, 40, 8], causal = [0, 20, 0], acausal = [0, 0, 8]
    run 1 updates
    // 40 - 5, + 5, 8 - 1 - 2
    expect weight == [35, 40, 5]
}

test noise_is_centred_on_its_bias for noisy_stdp {
    view 16 rows, 200 columns
    seed 11
    set lambda = 0, decay = 0, amplitude = 8, bias = 0.5
    given weight = 30
    run 1 updates
    // uniform in 26 .. 42, rounded; the mean of 3200 is 34 +- 0.4 (5 sigma)
    expect weight >= 26 and weight <= 42
    expect abs((mean of (mean of weight over synapses) over neurons) - 34) < 0.4
}
