//! BCM with measured correlation: the sign of learning depends on the neuron's rate and its history.
//! After E. L. Bienenstock, L. N. Cooper, P. W. Munro, J. Neurosci. 2, 32 (1982): `w += l c+ (nu_j - n)`.
//! Approximate: `c+` stands for `nu_i nu_j`, and the threshold follows `nu_j^2 / s`. For any view.
//! Cost: at most about 1.1 ms of the processor for 256 rows of 256 columns.

rule bcm_correlation {
    /// Gain, weight LSB per correlation LSB and spike.
    param lambda : real in 0.0 .. 0.1 = 0.005
    /// Part of the threshold that is left after an update.
    param decay  : real in 0.0 .. 1.0 = 0.9
    /// Rate of rest s, spikes per update.
    param rest   : real in 8.0 .. 255.0 = 20

    /// Sliding threshold, spikes per update.
    state threshold : real in 0.0 .. 255.0 per neuron = 20

    every 10 ms

    neurons {
        let relative = (1 / rest) * rate
        threshold = decay * threshold + (1 - decay) * relative * rate
    }
    synapses {
        weight += lambda * causal * (rate - threshold)
        reset causal, acausal
    }
    neurons { reset rate }

    record weight every 100 updates
}

test correlation_above_threshold_potentiates for bcm_correlation {
    view 1 rows, 4 columns
    set lambda = 0.03125, decay = 1
    given weight = 30, threshold = 16, causal = [16, 16, 16, 0], rate = [0, 16, 32, 32]
    run 1 updates
    // 16/32 (nu - 16)
    expect abs(weight - [22, 30, 38, 30]) <= 0
}
