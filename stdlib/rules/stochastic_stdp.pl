//! Plasticity for weights of few bits: whole steps with the probability of the change.
//! S. Friedmann, N. Fremaux, J. Schemmel, W. Gerstner, K. Meier, Front. Neurosci. 7, 160 (2013):
//! `a = l+ c+ - l- c-; w += LSB sign(a)` with probability `|a| / LSB`.
//! Exact, with a step of `lsb` weight units; changes beyond a step count as one. For any view.
//! Cost: at most about 1.1 ms of the processor for 256 rows of 256 columns.

rule stochastic_stdp {
    /// Gain of potentiation, weight LSB per correlation LSB.
    param gain_plus  : real in 0.0 .. 1.0 = 0.125
    /// Gain of depression, weight LSB per correlation LSB.
    param gain_minus : real in 0.0 .. 1.0 = 0.13
    /// Step of the coarse weights: 4 for weights of 4 bits.
    param lsb : int in 1 .. 32 = 4

    every 10 ms

    synapses {
        let change = gain_plus * causal - gain_minus * acausal
        if abs(change) > uniform(0 .. lsb) { weight += lsb * sign(change) }
        reset causal, acausal
    }

    record weight every 100 updates
}

test certain_and_impossible_steps for stochastic_stdp {
    view 1 rows, 4 columns
    set gain_plus = 0.5, gain_minus = 0.5, lsb = 8
    given weight = 32, causal = [0, 40, 0, 40], acausal = [0, 0, 40, 40]
    run 1 updates
    expect weight == [32, 40, 24, 32]
}

test half_a_step_every_other_time for stochastic_stdp {
    view 16 rows, 200 columns
    seed 4
    set gain_plus = 0.5, lsb = 8
    given weight = 32, causal = 8
    run 1 updates
    // probability 4/8 of a step: mean 36 +- 0.36 (5 sigma)
    expect weight == 32 or weight == 40
    expect abs((mean of (mean of weight over synapses) over neurons) - 36) < 0.36
}
