//! Anti-Hebbian plasticity: what predicts a spike is weakened.
//! P. D. Roberts, T. K. Leen, Front. Comput. Neurosci. 4, 156 (2010): `w -= l (c+ - c-)`.
//! Exact up to fixed point. For any view.
//! Cost: at most about 880 us of the processor for 256 rows of 256 columns.

rule anti_hebbian_stdp {
    /// Gain, weight LSB per correlation LSB.
    param lambda : real in 0.0 .. 1.0 = 0.125

    every 10 ms

    synapses {
        weight -= lambda * (causal - acausal)
        reset causal, acausal
    }

    record weight every 100 updates
}

test turns_the_sign for anti_hebbian_stdp {
    view 1 rows, 4 columns
    set lambda = 0.25
    given weight = 30, causal = [0, 40, 0, 100], acausal = [0, 0, 40, 100]
    run 2 updates
    // 30 -+ 2 * 0.25 * 40; equal branches cancel
    expect weight == [30, 10, 50, 30]
}
