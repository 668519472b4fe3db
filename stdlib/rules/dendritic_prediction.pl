//! Dendritic prediction of somatic spiking: the dendrite learns to predict the soma.
//! R. Urbanczik, W. Senn, Neuron 81, 521 (2014): `w += l (nu_j - phi(V)) x_i`.
//! Approximate: `phi` is a straight line above a threshold, up to 255; `membrane` is the dendritic voltage,
//! sampled once an update; `x_i` comes from outside. For any view.
//! Cost: at most about 770 us of the processor for 256 rows of 256 columns.

rule dendritic_prediction {
    /// Gain, weight LSB per spike and trace unit.
    param lambda : real in 0.0 .. 1.0 = 0.02
    /// Voltage at which `phi` begins, ADC codes.
    param rest   : int in 0 .. 255 = 80
    /// Slope of `phi`, spikes per update and ADC LSB.
    param slope  : real in 0.0 .. 4.0 = 0.5

    /// Trace of the row's spikes.
    input trace : real in 0.0 .. 16.0 per row = 4

    every 10 ms

    synapses {
        let predicted = min(slope * max(membrane - rest, 0), 255)
        weight += lambda * (rate - predicted) * trace
    }
    neurons { reset rate }

    record weight every 100 updates
}

test learns_until_the_prediction_is_right for dendritic_prediction {
    view 2 rows, 3 columns
    set lambda = 0.125, rest = 100, slope = 0.5
    given weight = 30, rate = 16, membrane = [90, 132, 148], trace = [0, 4]
    run 1 updates
    // predictions 0, 16, 24: 0.5 (16 - prediction)
    expect abs(weight - [[30, 30, 30], [38, 30, 26]]) <= 0
}
