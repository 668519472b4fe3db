//! The delta rule on rates: weights of active inputs move towards the target of the neuron.
//! B. Widrow, M. E. Hoff, IRE WESCON Convention Record 4, 96 (1960): `w += l (t_j - nu_j) nu_i`.
//! Exact up to fixed point; rates in spikes per update. For any view.
//! Cost: at most about 750 us of the processor for 256 rows of 256 columns.

rule delta {
    /// Gain, weight LSB per squared spike.
    param lambda : real in 0.0 .. 0.1 = 0.005

    /// Spikes of the row's source per update.
    input pre    : int in 0 .. 255 per row = 20
    /// Spikes per update that the neuron should have.
    input target : int in 0 .. 255 per neuron = 40

    every 10 ms

    synapses { weight += lambda * (target - rate) * pre }
    neurons  { reset rate }

    record weight every 100 updates
}

test error_times_input for delta {
    view 2 rows, 3 columns
    set lambda = 0.03125
    given weight = 30, target = [20, 20, 0], rate = [20, 4, 16], pre = [0, 16]
    run 1 updates
    // 16/32 (t - nu)
    expect weight == [[30, 30, 30], [30, 38, 22]]
}
