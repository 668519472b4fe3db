//! Oja's rule: Hebbian growth with a loss that keeps the length of the weight vector.
//! E. Oja, J. Math. Biol. 15, 267 (1982): `w += l nu_j (nu_i - k nu_j w)`.
//! Exact up to fixed point while the difference is within 255; rates in spikes per update. For any view.
//! Cost: at most about 960 us of the processor for 256 rows of 256 columns.

rule oja {
    /// Gain, weight LSB per squared spike.
    param lambda : real in 0.0 .. 0.01 = 0.01
    /// Loss: the squares of a neuron's weights tend to sum to `1 / (k c)` if its rate is `c` times its weighted input.
    param k      : real in 0.0 .. 1.0 = 0.05

    /// Spikes of the row's source per update.
    input pre : int in 0 .. 255 per row = 20

    every 10 ms

    synapses {
        // Limited, so that the product keeps bits for small changes.
        let error = clamp(pre - k * rate * weight, -255, 255)
        weight += lambda * rate * error
    }
    neurons  { reset rate }

    record weight every 100 updates
}

test rests_where_input_and_loss_cancel for oja {
    view 3 rows, 2 columns
    set lambda = 0.0078125, k = 0.0625
    given weight = 32, rate = [16, 0], pre = [32, 0, 64]
    run 1 updates
    // 16/128 (pre - 16/16 * 32): 0, -4, +4; a silent neuron learns nothing
    expect abs(weight - [[32, 32], [28, 32], [36, 32]]) <= 0
}
