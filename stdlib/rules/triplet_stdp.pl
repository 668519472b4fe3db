//! Triplet plasticity: potentiation grows with the recent rate of the neuron.
//! J.-P. Pfister, W. Gerstner, J. Neurosci. 26, 9673 (2006): `w += c+ (A2 + A3 r) - c- B2`.
//! Approximate: a decaying sum of the neuron's spikes, `n <- d n + nu`, stands for the fast trace that the
//! paper reads at each spike, and presynaptic triplets are left out. For any view.
//! Cost: at most about 1.1 ms of the processor for 256 rows of 256 columns.

rule triplet_stdp {
    /// Pair potentiation A2, weight LSB per correlation LSB.
    param a2 : real in 0.0 .. 1.0 = 0.05
    /// Triplet potentiation A3, weight LSB per correlation LSB and spike.
    param a3 : real in 0.0 .. 0.1 = 0.005
    /// Pair depression B2, weight LSB per correlation LSB.
    param b2 : real in 0.0 .. 1.0 = 0.1
    /// Part of the spike trace that is left after an update.
    param decay : real in 0.0 .. 1.0 = 0.5

    /// Decaying number of spikes.
    state spikes : real in 0.0 .. 255.0 per neuron = 0

    every 10 ms

    neurons {
        spikes = decay * spikes + rate
        reset rate
    }
    synapses {
        weight += causal * (a2 + a3 * spikes) - b2 * acausal
        reset causal, acausal
    }

    record weight every 100 updates
}

test potentiation_grows_with_the_rate for triplet_stdp {
    view 1 rows, 3 columns
    set a2 = 0.125, a3 = 0.0625, b2 = 0.25, decay = 0.5
    given weight = 20, causal = [8, 8, 0], acausal = [0, 0, 8], rate = [0, 16, 16]
    run 2 updates
    // n is 16 and 24: 2 * 8/8 = 2, and 8/16 * (16 + 24) = 20 more; -2 * 8/4
    expect abs(spikes - 1.5 * rate) < 0.02
    expect weight == [22, 42, 16]
}
