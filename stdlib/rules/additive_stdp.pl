//! Additive spike-timing-dependent plasticity.
//! S. Song, K. D. Miller, L. F. Abbott, Nature Neuroscience 3, 919 (2000):
//! `w += l+ c+ - l- c-`, clipped at the limits of the weight.
//! Exact up to fixed point. For any view.
//! Cost: at most about 880 us of the processor for 256 rows of 256 columns.

rule additive_stdp {
    /// Gain of potentiation, weight LSB per LSB of causal correlation.
    param eta_plus  : real in 0.0 .. 1.0 = 0.125
    /// Gain of depression, weight LSB per LSB of acausal correlation.
    param eta_minus : real in 0.0 .. 1.0 = 0.13

    every 2 ms

    synapses {
        weight += eta_plus * causal - eta_minus * acausal
        reset causal, acausal
    }

    record weight every 10 updates
}

test adds_both_branches for additive_stdp {
    view 1 rows, 4 columns
    set eta_plus = 0.25, eta_minus = 0.5
    given weight = [20, 20, 20, 60], causal = [0, 16, 0, 100], acausal = [0, 0, 16, 0]
    run 1 updates
    // 20 + 16/4, 20 - 16/2, saturation at 63
    expect weight == [20, 24, 12, 63]
}
