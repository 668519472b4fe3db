//! Expectation maximisation in winner-take-all circuits: weights become logarithms of probabilities.
//! B. Nessler, M. Pfeiffer, L. Buesing, W. Maass, PLoS Comput. Biol. 9, e1003037 (2013):
//! `w += l (c+ exp(-w / s) - k nu_j)`.
//! Approximate: `exp` is the largest of three tangents, at most 0.09 too small for `w < 3 s` and 0 from 4 s on.
//! For any view.
//! Cost: at most about 1.3 ms of the processor for 256 rows of 256 columns.

rule em_wta {
    /// Gain, weight LSB per correlation LSB.
    param lambda : real in 0.0 .. 1.0 = 0.25
    /// Weight LSB of a factor e, `s`.
    param scale  : real in 8.0 .. 63.0 = 16
    /// Loss, correlation LSB per spike.
    param k      : real in 0.0 .. 4.0 = 0.5

    every 10 ms

    synapses {
        let x = (1 / scale) * weight
        let first = exp(-0.5) * (1.5 - x)
        let second = exp(-1.5) * (2.5 - x)
        let third = exp(-3) * (4 - x)
        let falling = max(max(first, second), max(third, 0))
        weight += lambda * (falling * causal - k * rate)
        reset causal, acausal
    }
    neurons { reset rate }

    record weight every 100 updates
}

test rests_where_the_probability_is_right for em_wta {
    view 1 rows, 4 columns
    set lambda = 0.5, scale = 16, k = 0.5
    given weight = [8, 8, 24, 63], causal = 100, rate = [0, 121, 45, 0]
    run 1 updates
    // at the points of the tangents: 100 e^-0.5 = 60.65, 100 e^-1.5 = 22.3; at 63 = 3.94 s nearly 0
    expect weight == [38, 8, 24, 63]
}
