//! The perceptron: weights change only where a binary decision was wrong.
//! F. Rosenblatt, Psychol. Rev. 65, 386 (1958): `w += l (t - y) x_i`, with `y = 1` if the neuron fired often enough.
//! Exact up to fixed point. For any view.
//! Cost: at most about 910 us of the processor for 256 rows of 256 columns.

rule perceptron {
    /// Gain, weight LSB per unit of input.
    param lambda    : real in 0.0 .. 1.0 = 0.125
    /// Spikes per update from which on the output is 1.
    param threshold : int in 0 .. 255 = 1

    /// Activation of the row's source.
    input activation : int in 0 .. 31 per row = 8
    /// Wanted output, 0 or 1.
    input target : int in 0 .. 1 per neuron = 1

    every 10 ms

    synapses {
        if rate >= threshold {
            weight += lambda * (target - 1) * activation
        } else {
            weight += lambda * target * activation
        }
    }
    neurons { reset rate }

    record weight every 100 updates
}

test only_mistakes_teach for perceptron {
    view 2 rows, 4 columns
    set lambda = 0.25, threshold = 2
    given weight = 30, activation = [0, 16], target = [0, 1, 0, 1], rate = [0, 0, 5, 5]
    run 1 updates
    expect weight == [[30, 30, 30, 30], [30, 34, 26, 30]]
}
