//! Structural plasticity of dendrites: `std:structural` with two seconds of biological time between updates, so that
//! correlation stands out from the spread of baselines.
//! S. Billaudelle, B. Cramer, M. A. Petrovici et al., arXiv:1912.12047:
//! `w += l_stdp (c+ + c-) - l_hom (nu + nu_target)` while the weight stays above a random threshold, else a fresh
//! start on a random input of the row.
//! Exact up to fixed point. At most 32 rows.

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

    view rows <= 32
    every 2 ms

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
}
