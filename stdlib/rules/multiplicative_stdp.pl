//! Multiplicative spike-timing-dependent plasticity: steps shrink towards the bound they go to.
//! J. Rubin, D. D. Lee, H. Sompolinsky, Phys. Rev. Lett. 86, 364 (2001):
//! `a = c+ - c-; w += l a (W - w)` if `a > 0`, else `w += l alpha a w`, with `W = 63`.
//! Exact up to fixed point. For any view.
//! Cost: at most about 980 us of the processor for 256 rows of 256 columns.

rule multiplicative_stdp {
    /// Part of the distance to a bound that a correlation LSB covers.
    param lambda : real in 0.0 .. 0.02 = 0.004
    /// Depression relative to potentiation.
    param alpha  : real in 0.0 .. 2.0 = 1.1

    every 10 ms

    synapses {
        let a = causal - acausal
        if a > 0 { weight += lambda * a * (63 - weight) } else { weight += lambda * alpha * a * weight }
        reset causal, acausal
    }

    record weight every 100 updates
}

test fades_towards_both_bounds for multiplicative_stdp {
    view 1 rows, 4 columns
    set lambda = 0.005, alpha = 1
    given weight = [10, 63, 40, 0], causal = [20, 20, 0, 0], acausal = [0, 0, 20, 20]
    run 1 updates
    // 10 + 0.1 * 53 = 15.3; no room; 40 - 0.1 * 40 = 36; nothing to lose
    expect weight == [15, 63, 36, 0]
}
