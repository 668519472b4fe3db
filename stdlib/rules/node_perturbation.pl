//! Reward maximisation: correlation above what rates alone predict, weighed by surprise.
//! N. Fremaux, H. Sprekeler, W. Gerstner, J. Neurosci. 30, 13326 (2010): `w += b (R - E) (c+ - k nu_i <nu_j>)`.
//! Approximate: the expected correlation is the product of the row's rate and the neuron's mean rate,
//! at most 255 LSB. For any view.
//! Cost: at most about 1.1 ms of the processor for 256 rows of 256 columns.

rule node_perturbation {
    /// Gain, weight LSB per correlation LSB and unit of reward.
    param beta   : real in 0.0 .. 1.0 = 0.125
    /// Correlation LSB that a pair of spikes makes by chance.
    param chance : real in 0.0 .. 0.1 = 0.01
    /// Part by which means follow their values.
    param follow : real in 0.0 .. 1.0 = 0.125

    /// Reward since the last update.
    input reward : real in -1.0 .. 1.0 per rule = 0.5
    /// Spikes of the row's source per update.
    input pre    : int in 0 .. 255 per row = 20
    /// Mean reward.
    state expected : real in -1.0 .. 1.0 per rule = 0
    /// Reward above the mean.
    state surprise : real in -2.0 .. 2.0 per rule = 0
    /// Mean rate, spikes per update.
    state activity : real in 0.0 .. 255.0 per neuron = 0

    every 10 ms

    control {
        surprise = reward - expected
        expected += follow * surprise
    }
    neurons {
        activity += follow * (rate - activity)
        reset rate
    }
    synapses {
        weight += beta * surprise * (causal - min(chance * pre * activity, 255))
        reset causal, acausal
    }

    record weight every 100 updates
}

test chance_is_subtracted for node_perturbation {
    view 2 rows, 3 columns
    set beta = 0.5, chance = 0.0625, follow = 0
    given weight = 20, reward = 1, causal = [0, 16, 16], pre = [0, 16], activity = [8, 8, 16]
    run 1 updates
    // 0.5 (c - pre activity / 16)
    expect weight == [[20, 28, 28], [16, 24, 20]]
}
