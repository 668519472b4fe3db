//! Surrogate-gradient plasticity: presynaptic trace, surrogate derivative and error.
//! F. Zenke, S. Ganguli, Neural Comput. 30, 1514 (2018): `m <- d m + x sigma'(V); w += l e_j m`.
//! Approximate: `sigma' = (1 + b |V - th|)^-2` is `max(0, 1 - b |V - th|)^2`, of the same value and slope at
//! the threshold; the membrane is sampled once an update; trace and error come from outside. A trace a synapse:
//! at most 12 rows.
//! Cost: at most about 43 us of the processor for 12 rows of 256 columns.

rule superspike {
    /// Gain, weight LSB per unit of error and eligibility.
    param lambda    : real in 0.0 .. 4.0 = 0.5
    /// Part of the eligibility that is left after an update.
    param decay     : real in 0.0 .. 1.0 = 0.8
    /// Threshold of the membrane, ADC codes.
    param threshold : int in 0 .. 255 = 125
    /// Steepness b, per ADC LSB.
    param steepness : real in 0.0 .. 0.25 = 0.02

    /// Trace of the row's spikes.
    input trace : real in 0.0 .. 16.0 per row = 4
    /// Error of the neuron.
    input error : real in -1.0 .. 1.0 per neuron = 0.5
    /// Eligibility.
    state eligibility : real in 0.0 .. 64.0 per synapse = 0

    view rows <= 12
    every 10 ms

    synapses {
        let near = max(1 - steepness * abs(membrane - threshold), 0)
        eligibility = decay * eligibility + near * near * trace
        weight += lambda * error * eligibility
    }

    record weight every 100 updates
}

test counts_near_the_threshold for superspike {
    view 2 rows, 4 columns
    set lambda = 1, decay = 0.5, threshold = 150, steepness = 0.03125
    given weight = 30, membrane = [150, 134, 166, 100], trace = [0, 8], error = [0.5, 0.5, -0.5, 0.5]
    run 2 updates
    // near = 1, 1/2, 1/2, 0; eligibility 1.5 * 8 near^2; the steps are 0.5 * 8 and 0.5 * 12 of it
    expect abs(eligibility - [[0, 0, 0, 0], [12, 3, 3, 0]]) < 0.02
    expect abs(weight - [[30, 30, 30, 30], [40, 32.5, 27.5, 30]]) <= 0.6
}
