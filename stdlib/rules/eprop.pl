//! e-prop for leaky neurons: eligibility and a learning signal per neuron.
//! G. Bellec et al., Nat. Commun. 11, 3625 (2020): `m <- d m + psi_j x_i; w -= l L_j m`, with `L_j = sum_k B_jk
//! err_k`.
//! Approximate: `psi = max(0, 1 - |V - th| / width)` from one sample of the membrane an update; trace and
//! learning signal (any feedback weights B) come from outside; no adaptation. A trace a synapse: at most 12
//! rows.
//! Cost: at most about 43 us of the processor for 12 rows of 256 columns.

rule eprop {
    /// Gain, weight LSB per unit of learning signal and eligibility.
    param lambda    : real in 0.0 .. 4.0 = 0.5
    /// Part of the eligibility that is left after an update.
    param decay     : real in 0.0 .. 1.0 = 0.8
    /// Threshold of the membrane, ADC codes.
    param threshold : int in 0 .. 255 = 125
    /// Half width of the pseudo-derivative, ADC LSB.
    param width     : real in 4.0 .. 255.0 = 50

    /// Trace of the row's spikes.
    input trace : real in 0.0 .. 16.0 per row = 4
    /// Learning signal of the neuron.
    input signal : real in -1.0 .. 1.0 per neuron = 0.5
    /// Eligibility.
    state eligibility : real in 0.0 .. 64.0 per synapse = 0

    view rows <= 12
    every 10 ms

    synapses {
        let psi = max(1 - (1 / width) * abs(membrane - threshold), 0)
        eligibility = decay * eligibility + psi * trace
        weight -= lambda * signal * eligibility
    }

    record weight every 100 updates
}

test descends_the_learning_signal for eprop {
    view 2 rows, 4 columns
    set lambda = 1, decay = 0.5, threshold = 150, width = 32
    given weight = 30, membrane = [150, 134, 166, 100], trace = [0, 8], signal = [0.5, 0.5, -0.5, 0.5]
    run 2 updates
    // psi = 1, 1/2, 1/2, 0; eligibility 8 psi, then 12 psi
    expect abs(eligibility - [[0, 0, 0, 0], [12, 6, 6, 0]]) < 0.05
    expect abs(weight - [[30, 30, 30, 30], [20, 25, 35, 30]]) <= 1
}
