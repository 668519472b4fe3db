//! Plasticity that stabilises firing rates: causal correlation weakens, growth strengthens.
//! After B. Cramer et al., Nat. Commun. 11, 2853 (2020): `w += l c+ - d w + g + a xi`.
//! Approximate: `xi` is uniform in -1 .. 1, and the anticausal term is left out: its chance pairs would cancel those
//! of the causal term, by which a synapse sees the rate of its neuron. At most 32 rows in this period.

rule stability {
    /// Gain of correlation, weight LSB per correlation LSB: below 0 it stabilises, above it excites.
    param lambda : real in -0.0625 .. 0.0625 = -0.015
    /// Part of a weight lost in an update.
    param decay  : real in 0.0 .. 0.125 = 0.02
    /// Growth in an update, weight LSB.
    param growth : real in 0.0 .. 4.0 = 0.9
    /// Amplitude of the noise, weight LSB.
    param noise  : real in 0.0 .. 8.0 = 0.25

    view rows <= 32
    every 100 ms bio
    rounding stochastic

    synapses {
        weight += lambda * causal - decay * weight + growth + noise * uniform(-1 .. 1)
        reset causal
    }
}

test the_mean_change_is_linear for stability {
    view 32 rows, 200 columns
    seed 3
    set lambda = -0.03125, decay = 0.0625, growth = 0.5, noise = 0
    given weight = 16, causal = 80
    run 1 updates
    // 16 - 2.5 - 1 + 0.5 = 13; stochastic rounding of a whole number changes nothing
    expect weight == 13
    set lambda = -0.0078125
    given weight = 16, causal = 16
    run 1 updates
    // 16 - 1/8 - 1 + 1/2 = 15.375; the mean of 6400 is within 5 sigma, 0.03
    expect weight == 15 or weight == 16
    expect abs((mean of (mean of weight over synapses) over neurons) - 15.375) < 0.03
}
