//! Cascade of metaplastic states: each confirmation makes a binary synapse harder to change.
//! S. Fusi, P. J. Drew, L. F. Abbott, Neuron 45, 599 (2005): a candidate against the state flips it with probability
//! `2^-m`; one with the state deepens it, `m + 1`; a flip starts at `m = 0`.
//! Approximate: depths 0 to 3, deepened with certainty rather than at random. A depth a synapse: at most 12 rows.
//! Cost: at most about 100 us of the processor for 12 rows of 256 columns.

rule cascade {
    /// Correlation difference that makes a candidate, LSB.
    param theta  : int in 1 .. 127 = 8
    /// Weight of the strong state; the weak one has 0.
    param strong : weight = 48

    /// Depth m.
    state depth : int in 0 .. 3 per synapse = 0

    view rows <= 12
    every 10 ms

    synapses {
        let change = causal - acausal
        let draw = uniform(0 .. 1)
        let flips = (depth == 0) or (depth == 1 and draw < 0.5) or (depth == 2 and draw < 0.25) or (draw < 0.125)
        if change >= theta {
            if weight > 0 { depth += 1 } else { if flips { weight = strong; depth = 0 } }
        }
        if change <= -theta {
            if weight == 0 { depth += 1 } else { if flips { weight = 0; depth = 0 } }
        }
        reset causal, acausal
    }

    record weight every 100 updates
}

test shallow_states_follow_and_deepen for cascade {
    view 1 rows, 5 columns
    set strong = 40
    given weight = [0, 40, 0, 40, 0], causal = [20, 20, 0, 0, 0], acausal = [0, 0, 20, 20, 0]
    run 1 updates
    expect weight == [40, 40, 0, 0, 0] and depth == [0, 1, 1, 0, 0]
}

test deep_states_flip_one_time_in_eight for cascade {
    view 12 rows, 200 columns
    seed 2
    set strong = 40
    given weight = 40, depth = 3, acausal = 20
    run 1 updates
    // 1/8 of 2400 is 300 +- 81 (5 sigma)
    expect abs((sum of (count of weight == 0 over synapses) over neurons) - 300) < 81
}
