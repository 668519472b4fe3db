//! BCM: potentiation above a threshold that slides with the square of the neuron's activity.
//! E. L. Bienenstock, L. N. Cooper, P. W. Munro, J. Neurosci. 2, 32 (1982):
//! `n <- d n + (1 - d) nu_j^2 / s; w += l nu_i nu_j (nu_j - n)`.
//! Exact up to fixed point while `l nu_i nu_j` is at most 2; `s` is the rate at which the threshold equals the
//! rate. For any view.
//! Cost: at most about 870 us of the processor for 256 rows of 256 columns.

rule bcm {
    /// Gain, weight LSB per cubed spike.
    param lambda : real in 0.0 .. 0.01 = 0.001
    /// Part of the threshold that is left after an update.
    param decay  : real in 0.0 .. 1.0 = 0.9
    /// Rate of rest s, spikes per update.
    param rest   : real in 8.0 .. 255.0 = 20

    /// Spikes of the row's source per update.
    input pre : int in 0 .. 255 per row = 20
    /// Sliding threshold, spikes per update.
    state threshold : real in 0.0 .. 255.0 per neuron = 20

    every 10 ms

    neurons {
        let relative = (1 / rest) * rate
        threshold = decay * threshold + (1 - decay) * relative * rate
    }
    synapses {
        // Limited, so that products keep bits for small changes.
        let drive = min(lambda * pre * rate, 2)
        weight += drive * (rate - threshold)
    }
    neurons  { reset rate }

    record weight every 100 updates
}

test threshold_slides_and_decides for bcm {
    view 2 rows, 4 columns
    set lambda = 0.0009765625, decay = 0.5, rest = 16
    given weight = 30, threshold = 16, pre = [0, 16], rate = [0, 8, 16, 32]
    run 1 updates
    // thresholds (16 + nu^2/16) / 2 = 8, 10, 16, 40; 16/1024 nu (nu - n): 0, -0.25, 0, -4
    expect abs(threshold - [8, 10, 16, 40]) <= 0.25
    expect weight == [[30, 30, 30, 30], [30, 30, 30, 26]]
}
