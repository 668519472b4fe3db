//! Oja's rule with measured correlation in place of the product of rates.
//! After E. Oja, J. Math. Biol. 15, 267 (1982): `w += l (c+ - k nu_j^2 w)`.
//! Approximate: `c+` stands for `nu_i nu_j`; it also knows the order of spikes. `k nu_j^2` is at most 16. For
//! any view.
//! Cost: at most about 1.1 ms of the processor for 256 rows of 256 columns.

rule oja_correlation {
    /// Gain, weight LSB per correlation LSB.
    param lambda : real in 0.0 .. 1.0 = 0.125
    /// Loss, correlation LSB per squared spike and weight LSB.
    param k      : real in 0.0 .. 0.01 = 0.001

    every 10 ms

    synapses {
        // Limited, so that the product keeps bits for small changes.
        let loss = min(k * rate * rate, 16)
        weight += lambda * (causal - loss * weight)
        reset causal, acausal
    }
    neurons { reset rate }

    record weight every 100 updates
}

test loss_grows_with_the_square_of_the_rate for oja_correlation {
    view 1 rows, 4 columns
    set lambda = 0.5, k = 0.0078125
    given weight = 32, causal = [16, 16, 16, 0], rate = [0, 8, 16, 4]
    run 1 updates
    // 0.5 (c - nu^2 / 4): 8, 0, -24, -2
    expect abs(weight - [40, 32, 8, 30]) <= 0
}
