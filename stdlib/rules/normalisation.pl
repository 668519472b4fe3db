//! Normalisation: the weights of a neuron are scaled towards a common sum.
//! K. D. Miller, D. J. C. MacKay, Neural Comput. 6, 100 (1994), multiplicative: `w_i *= W_tot / sum_i w_i`.
//! Approximate: one step `w += eta (W_tot - sum) w`, which has the same rest and is its first order for `eta =
//! 1 / W_tot`. For any view.
//! Cost: at most about 790 us of the processor for 256 rows of 256 columns.

rule normalisation {
    /// Sum of weights to reach, weight LSB.
    param total : int in 1 .. 4000 = 600
    /// Part of a weight per LSB of the error.
    param eta   : real in 0.0 .. 0.01 = 0.0005

    /// Sum of the neuron's weights.
    state weights : int in 0 .. 16128 per neuron = 0

    every 10 ms
    rounding stochastic

    neurons  { weights = sum of weight over synapses }
    synapses { weight += eta * (total - weights) * weight }

    record weight every 100 updates
}

test moves_the_sum_in_proportion for normalisation {
    view 4 rows, 3 columns
    set total = 128, eta = 0.0078125
    given weight = [[32, 20, 40], [32, 10, 40], [32, 20, 40], [32, 14, 40]]
    run 1 updates
    // sums 128, 64, 160: factors 1, 1.5, 0.75; a step may round to either side
    expect weights == [128, 64, 160]
    expect abs(weight - [[32, 30, 30], [32, 15, 30], [32, 30, 30], [32, 21, 30]]) <= 1
}
