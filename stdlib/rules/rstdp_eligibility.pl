//! Reward-modulated plasticity with eligibility traces: reward may come late.
//! E. M. Izhikevich, Cereb. Cortex 17, 2443 (2007): `m <- d m + c+ - c-; w += b (R - E) m`, `E` the mean reward.
//! Exact up to fixed point. A trace a synapse: at most 12 rows.
//! Cost: at most about 62 us of the processor for 12 rows of 256 columns.

rule rstdp_eligibility {
    /// Gain, weight LSB per correlation LSB and unit of reward.
    param beta  : real in 0.0 .. 1.0 = 0.125
    /// Part of a trace that is left after an update.
    param decay : real in 0.0 .. 1.0 = 0.8
    /// Part by which the expectation follows the reward.
    param gamma : real in 0.0 .. 1.0 = 0.125

    /// Reward since the last update.
    input reward : real in -1.0 .. 1.0 per rule = 0.5
    /// Mean reward.
    state expected : real in -1.0 .. 1.0 per rule = 0
    /// Reward above the mean.
    state surprise : real in -2.0 .. 2.0 per rule = 0
    /// Eligibility, correlation LSB.
    state trace : real in -256.0 .. 256.0 per synapse = 0

    view rows <= 12
    every 10 ms

    control {
        surprise = reward - expected
        expected += gamma * surprise
    }
    synapses {
        trace = decay * trace + causal - acausal
        weight += beta * surprise * trace
        reset causal, acausal
    }

    record weight every 100 updates
}

test late_reward_counts_less for rstdp_eligibility {
    view 1 rows, 3 columns
    set beta = 0.25, decay = 0.5, gamma = 0
    given weight = 20, reward = 0, causal = [0, 64, 0], acausal = [0, 0, 32]
    run 1 updates
    given causal = 0, acausal = 0
    run 1 updates
    expect weight == 20 and abs(trace - [0, 32, -16]) < 0.02
    given reward = 1
    run 1 updates
    // traces 16 and -8, a quarter of them
    expect weight == [20, 24, 18]
}
