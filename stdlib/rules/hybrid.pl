//! Hybrid plasticity: pairs of spikes, reward, homeostasis, scaling, decay and rewiring in one rule.
//! Made of the terms of `std.terms`, each from the publication named there, as the BrainScaleS lecture deck shows:
//! `w += pair + b (R - E) m + homeostasis + scaling - decay`, `m` the eligibility, `E` the mean reward, while the weight
//! stays above a random threshold, else a fresh start on a random input of the row (S. Billaudelle et al.,
//! arXiv:1912.12047). A gain of 0 takes a term away.
//! Exact in the mean: small changes are rounded at random. A trace a synapse: at most 8 rows.
//! Cost: at most about 280 us of the processor for 8 rows of 256 columns.

import std.terms

rule hybrid {
    /// Gain of pre before post, weight LSB per correlation LSB.
    param gain_plus        : real in 0.0 .. 1.0 = 0.1
    /// Gain of post before pre, weight LSB per correlation LSB.
    param gain_minus       : real in 0.0 .. 1.0 = 0.1
    /// Gain of reward, weight LSB per correlation LSB and unit of reward.
    param beta             : real in 0.0 .. 1.0 = 0.125
    /// Part of an eligibility trace that is left after an update.
    param kept             : real in 0.0 .. 1.0 = 0.8
    /// Part by which the mean follows the reward in an update.
    param gamma            : real in 0.0 .. 1.0 = 0.125
    /// Rate to reach, spikes per update.
    param nu_target        : real in 0.0 .. 255.0 = 20
    /// Gain of homeostasis, weight LSB per spike of error.
    param gain_homeostasis : real in 0.0 .. 1.0 = 0.02
    /// Gain of scaling, part of a weight per spike of error.
    param gain_scaling     : real in 0.0 .. 0.01 = 0.001
    /// Part by which the slow rate follows the rate in an update.
    param follow           : real in 0.0 .. 1.0 = 0.1
    /// Part of a weight that is lost in an update.
    param lost             : real in 0.0 .. 0.125 = 0.01
    /// Weight below which a synapse is given up.
    param theta            : weight = 4
    /// Width of the random part of that threshold.
    param theta_range      : weight = 4
    /// Weight of a synapse that starts anew.
    param w_init           : weight = 12
    /// Addresses that a row has events of.
    param choices          : int in 1 .. 64 = 8

    /// Reward since the last update.
    input reward   : real in -1.0 .. 1.0 per rule = 0
    /// Mean reward.
    state expected : real in -1.0 .. 1.0 per rule = 0
    /// Reward above the mean.
    state error    : real in -2.0 .. 2.0 per rule = 0
    /// Slow mean of the rate, spikes per update.
    state activity : real in 0.0 .. 255.0 per neuron = 20
    /// Eligibility, correlation LSB.
    state trace    : real in -256.0 .. 256.0 per synapse = 0

    view rows <= 8
    every 10 ms
    rounding stochastic

    control {
        error = surprise(reward, expected)
        expected += towards(expected, reward, gamma)
    }
    neurons { activity += towards(activity, rate, follow) }
    synapses {
        if weight >= pruning_threshold(theta, theta_range) {
            trace = eligibility(trace, causal - acausal, kept)
            let learnt = pair(causal, acausal, gain_plus, gain_minus) + beta * error * trace
            let up = homeostasis(rate, nu_target, gain_homeostasis) + scaling(weight, activity, nu_target, gain_scaling)
            weight += learnt + up + decay(weight, lost)
        } else {
            trace   = 0
            weight  = w_init
            address = new_address(choices)
        }
        reset causal, acausal
    }
    neurons { reset rate }
}

test every_term_counts for hybrid {
    view 1 rows, 5 columns
    set gain_plus = 0.5, gain_minus = 0.25, beta = 0.25, gain_homeostasis = 0.25, gain_scaling = 0.0078125
    set nu_target = 20, follow = 0.5, lost = 0.125, theta = 4, theta_range = 0, choices = 1
    given weight = [32, 32, 32, 32, 3], address = 50, reward = 1, activity = 20
    given causal = [0, 16, 0, 0, 16], acausal = [0, 0, 16, 0, 0], rate = [20, 20, 20, 4, 20]
    run 1 updates
    // decay takes 4 of 32; pairs give 8 and -4, reward 4 and -4 for traces of 16 and -16; a rate of 4 brings the mean
    // to 12, so homeostasis gives 4 and scaling 2; the last starts anew
    expect weight == [28, 40, 20, 34, 12]
    expect abs(trace - [0, 16, -16, 0, 0]) < 0.02 and abs(activity - [20, 20, 20, 12, 20]) < 0.02
    expect address == [50, 50, 50, 50, 0] and error == 1
}

test traces_keep_what_reward_comes_late_for for hybrid {
    view 1 rows, 2 columns
    set gain_plus = 0, gain_minus = 0, beta = 0.25, kept = 0.5, gamma = 0, gain_homeostasis = 0, gain_scaling = 0
    set lost = 0
    given weight = 20, causal = [0, 64]
    run 1 updates
    given causal = 0, reward = 1
    run 1 updates
    // a quarter of a trace of 32
    expect weight == [20, 28] and abs(trace - [0, 32]) < 0.02
}
