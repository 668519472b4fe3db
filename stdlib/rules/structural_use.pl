//! Structural plasticity by use: what has not correlated for a while tries another input.
//! After S. Billaudelle et al., arXiv:1912.12047, with use in place of weight:
//! `m += c+`; at the end of a window `a` is drawn anew where `m < th`, and `m` starts from 0.
//! Exact; all synapses of the view share the window. Use is kept a synapse: at most 12 rows.
//! Cost: at most about 100 us of the processor for 12 rows of 256 columns.

rule structural_use {
    /// Gain of the weight, weight LSB per correlation LSB.
    param lambda : real in 0.0 .. 1.0 = 0.125
    /// Updates of a window.
    param window : int in 1 .. 10000 = 100
    /// Use that keeps a synapse, correlation LSB.
    param theta  : int in 0 .. 1000 = 50
    /// Weight of a synapse that starts anew.
    param w_init : weight = 18

    /// Correlation in this window, LSB.
    state used : int in 0 .. 10000 per synapse = 0
    /// Updates in this window.
    state age  : int in 0 .. 10000 per rule = 0

    view rows <= 12
    every 10 ms

    control {
        if age >= window { age = 1 } else { age += 1 }
    }
    synapses {
        used += causal
        weight += lambda * (causal - acausal)
        if age == window {
            if used < theta {
                address = randint(0, 8)
                weight = w_init
            }
            used = 0
        }
        reset causal, acausal
    }

    record weight, address every 100 updates
}

test unused_synapses_move for structural_use {
    view 2 rows, 200 columns
    seed 5
    set lambda = 0, window = 3, theta = 30, w_init = 9
    given weight = 40, address = 63, causal = 8
    run 2 updates
    expect weight == 40 and used == 16
    run 1 updates
    // 24 in the window: given up; addresses 0..7, each in an eighth of 400 +- 33 (5 sigma)
    expect used == 0 and weight == 9 and address < 8
    expect abs((sum of (count of address == 3 over synapses) over neurons) - 50) < 33
    given causal = 16, weight = 40, address = 63
    run 3 updates
    expect weight == 40 and address == 63
}
