//! Structural plasticity: correlation, homeostasis and random rewiring in one rule.
//! S. Billaudelle, B. Cramer, M. A. Petrovici et al., arXiv:1912.12047; the update as printed in
//! the BrainScaleS lecture deck: `w += l_stdp (c+ + c-) - l_hom (nu + nu_target)` while the weight
//! stays above a random threshold, else a fresh start on a random input of the row.
//! Exact up to fixed point. For any view whose update fits the period of 1 ms.
//! Cost: at most about 1.9 ms of the processor for 256 rows of 256 columns.

rule structural {
    /// Gain of the correlation term, weight LSB per correlation LSB.
    param lambda_stdp : real in -1.0 .. 1.0 = 0.25
    /// Gain of the homeostatic term, weight LSB per spike and update.
    param lambda_hom  : real in 0.0 .. 1.0 = 0.05
    /// Offset of the rate, spikes per update: minus the rate at which the term vanishes.
    param nu_target   : real in -127 .. 127 = -20
    /// Weight below which a synapse is given up.
    param theta       : weight = 8
    /// Width of the random part of that threshold.
    param theta_range : weight = 4
    /// Weight of a synapse that starts anew.
    param w_init      : weight = 18

    every 1 ms

    synapses {
        let theta_rand = theta + uniform(0 .. theta_range)
        if weight >= theta_rand {
            weight += lambda_stdp * (causal + acausal) - lambda_hom * (rate + nu_target)
        } else {
            weight  = w_init
            address = randint(0, 8)
        }
        reset causal, acausal
    }
    neurons { reset rate }

    record weight, address every 100 updates
}

test learns_above_the_threshold for structural {
    view 1 rows, 3 columns
    set lambda_stdp = 0.25, lambda_hom = 0.125, nu_target = -20, theta = 8, theta_range = 0
    given weight = 30, address = 50, causal = [0, 16, 8], acausal = [0, 16, 0], rate = [20, 20, 36]
    run 1 updates
    // 30 + (c+ + c-) / 4 - (nu - 20) / 8
    expect weight == [30, 38, 30] and address == 50
}

test starts_anew_below_the_threshold for structural {
    view 8 rows, 250 columns
    seed 6
    set theta = 8, theta_range = 0, w_init = 18
    given weight = 7, address = 50
    run 1 updates
    // one of 8 addresses each: 2000 / 8 +- 74 (5 sigma)
    expect weight == 18 and address < 8
    expect abs((sum of (count of address == 5 over synapses) over neurons) - 250) < 74
}
