//! Plasticity with a power law of the weight, between additive (`mu = 0`) and multiplicative (`mu = 1`).
//! R. Guetig, R. Aharonov, S. Rotter, H. Sompolinsky, J. Neurosci. 23, 3697 (2003):
//! `w += l ((1 - w/W)^mu c+ - alpha (w/W)^mu c-)`, with `W = 63`.
//! Approximate: `x^mu` is the concave polygon through 0, 1/4, 1/2 and 1, at most 0.13 below it for `mu >= 0.5`;
//! for `mu` near 0 the polygon still falls to 0 at the bound, within a quarter of the range. For any view.
//! Cost: at most about 1.5 ms of the processor for 256 rows of 256 columns.

/// A concave function through (0, 0), (1/4, quarter), (1/2, half) and (1, 1).
fn polygon(x, quarter, half) = min(
    min(4 * quarter * x, quarter + 4 * (half - quarter) * (x - 0.25)),
    half + 2 * (1 - half) * (x - 0.5)
)

rule power_law_stdp {
    /// Gain, weight LSB per correlation LSB.
    param lambda : real in 0.0 .. 1.0 = 0.125
    /// Depression relative to potentiation.
    param alpha  : real in 0.0 .. 2.0 = 1.05
    /// Exponent.
    param mu     : real in 0.0 .. 1.0 = 0.5

    every 10 ms

    synapses {
        let up = (63 - weight) / 63
        let down = weight / 63
        let quarter = pow(0.25, mu)
        let half = pow(0.5, mu)
        let room = polygon(up, quarter, half)
        let held = polygon(down, quarter, half)
        weight += lambda * room * causal - lambda * alpha * held * acausal
        reset causal, acausal
    }

    record weight every 100 updates
}

test is_multiplicative_at_one for power_law_stdp {
    view 1 rows, 3 columns
    set lambda = 0.5, alpha = 1, mu = 1
    given weight = [21, 42, 63], causal = [30, 0, 30], acausal = [0, 30, 0]
    run 1 updates
    // 21 + 0.5 * 2/3 * 30 = 31; 42 - 0.5 * 2/3 * 30 = 32; no room
    expect weight == [31, 32, 63]
}

test follows_the_root_at_one_half for power_law_stdp {
    view 1 rows, 2 columns
    set lambda = 1, alpha = 1, mu = 0.5
    given weight = [31, 16], causal = [20, 0], acausal = [0, 20]
    run 1 updates
    // sqrt(32/63) = 0.713: 31 + 14.3; sqrt(16/63) = 0.504: 16 - 10.1
    expect abs(weight - [45, 6]) <= 1
}
