//! Symmetric plasticity: coincidence strengthens whatever its order, against a constant loss.
//! The correlation part of the hybrid rule of S. Billaudelle et al., arXiv:1912.12047: `w += l (c+ + c- - c0)`.
//! Exact up to fixed point. For any view.
//! Cost: at most about 880 us of the processor for 256 rows of 256 columns.

rule symmetric_stdp {
    /// Gain, weight LSB per correlation LSB.
    param lambda : real in 0.0 .. 1.0 = 0.125
    /// Correlation at which a weight stays, LSB.
    param offset : real in 0.0 .. 255.0 = 10

    every 10 ms

    synapses {
        weight += lambda * (causal + acausal - offset)
        reset causal, acausal
    }

    record weight every 100 updates
}

test order_does_not_matter for symmetric_stdp {
    view 1 rows, 4 columns
    set lambda = 0.25, offset = 8
    given weight = 30, causal = [0, 24, 0, 4], acausal = [0, 0, 24, 4]
    run 1 updates
    // 30 + (sum - 8) / 4
    expect weight == [28, 34, 34, 30]
}
