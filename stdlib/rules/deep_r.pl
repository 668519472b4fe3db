//! Deep rewiring: a noisy hidden parameter decides which synapses exist.
//! G. Bellec, D. Kappel, W. Maass, R. Legenstein, arXiv:1711.05136; D. Kappel et al., PLoS Comput. Biol. 11,
//! e1004485 (2015): `theta += l g - alpha + sqrt(2 T l) xi; w = max(0, theta)`; drawn anew where `theta < 0`.
//! Approximate: `g = c+ - c-`; `xi` is uniform with variance 1; a new synapse starts at 0 in the same place. A
//! parameter a synapse: at most 12 rows.
//! Cost: at most about 100 us of the processor for 12 rows of 256 columns.

rule deep_r {
    /// Learning rate, weight LSB per correlation LSB.
    param lambda      : real in 0.0 .. 1.0 = 0.125
    /// Loss in an update, weight LSB.
    param alpha       : real in 0.0 .. 4.0 = 0.1
    /// Temperature, weight LSB.
    param temperature : real in 0.0 .. 4.0 = 0.5

    /// Hidden parameter, weight LSB.
    state theta : real in -64.0 .. 63.0 per synapse = 10

    view rows <= 12
    every 10 ms

    synapses {
        theta += lambda * (causal - acausal) - alpha + sqrt(6 * temperature * lambda) * uniform(-1 .. 1)
        if theta < 0 {
            theta = 0
            address = randint(0, 8)
        }
        weight = max(theta, 0)
        reset causal, acausal
    }

    record weight, address every 100 updates
}

test without_noise_walks_straight for deep_r {
    view 1 rows, 3 columns
    set lambda = 0.25, alpha = 2, temperature = 0
    given theta = [10, 10, 1], address = 63, causal = [16, 0, 0]
    run 1 updates
    // 10 + 4 - 2; 10 - 2; below 0: a new address
    expect theta == [12, 8, 0] and weight == theta
    expect address == 63 or column == 2
    expect address < 8 or column < 2
}
