//! Reward-modulated plasticity with an expected reward for each state of the world.
//! T. Wunderlich et al., Front. Neurosci. 13, 260 (2019): `w += b (R - E_k) c+; E_k += g (R - E_k)`.
//! Exact up to fixed point, for 8 states. For any view.
//! Cost: at most about 860 us of the processor for 256 rows of 256 columns.

rule rstdp_baseline {
    /// Gain, weight LSB per correlation LSB and unit of reward.
    param beta  : real in 0.0 .. 1.0 = 0.125
    /// Part by which the expectation follows the reward.
    param gamma : real in 0.0 .. 1.0 = 0.5

    /// Reward since the last update.
    input reward  : real in -1.0 .. 1.0 per rule = 0.5
    /// State of the world in which it was earned.
    input current : int in 0 .. 7 per rule = 0
    /// Expected reward of each state.
    state expected[8] : real in -1.0 .. 1.0 per rule = 0
    /// Reward above expectation.
    state surprise : real in -2.0 .. 2.0 per rule = 0

    every 10 ms

    control {
        for k in 0 .. 8 {
            if current == k {
                surprise = reward - expected[k]
                expected[k] += gamma * (reward - expected[k])
            }
        }
    }
    synapses {
        weight += beta * surprise * causal
        reset causal, acausal
    }

    record weight every 100 updates
}

test expectation_follows_each_state for rstdp_baseline {
    view 1 rows, 2 columns
    set beta = 0.5, gamma = 0.5
    given weight = 20, causal = [0, 16], reward = 1, current = 3
    run 1 updates
    expect surprise == 1 and weight == [20, 28]
    run 1 updates
    // now half is expected
    expect abs(surprise - 0.5) < 0.001 and weight == [20, 32]
    given current = 5
    run 1 updates
    // a state not seen before
    expect surprise == 1 and weight == [20, 40]
}
