//! Inhibitory plasticity: inhibitory weights grow until the neurons that they reach fire at a target rate.
//! T. P. Vogels, H. Sprekeler, F. Zenke, C. Clopath, W. Gerstner, Science 334, 1569 (2011):
//! `w += l (c+ + c- - 2 rho tau nu_i)`.
//! Exact up to fixed point; acts on inhibitory rows only unless `everywhere` is 1. For any view.
//! Cost: at most about 900 us of the processor for 256 rows of 256 columns.

rule inhibitory_stdp {
    /// Gain, weight LSB per correlation LSB.
    param lambda : real in 0.0 .. 1.0 = 0.125
    /// `2 rho tau`: correlation LSB per presynaptic spike at the target rate.
    param quota  : real in 0.0 .. 16.0 = 0.5
    /// 1: act on rows of either sign.
    param everywhere : int in 0 .. 1 = 0

    /// Spikes of the row's source per update.
    input pre : int in 0 .. 255 per row = 20

    every 10 ms

    synapses {
        if row_sign < 0 or everywhere == 1 { weight += lambda * (causal + acausal - quota * pre) }
        reset causal, acausal
    }

    record weight every 100 updates
}

test balances_at_the_quota for inhibitory_stdp {
    view 2 rows, 3 columns
    set lambda = 0.25, quota = 2, everywhere = 1
    given weight = 30, causal = [0, 16, 40], acausal = [0, 16, 8], pre = [0, 16]
    run 1 updates
    // 0.25 (sum - 2 pre)
    expect weight == [[30, 38, 42], [22, 30, 34]]
}

test excitatory_rows_stay for inhibitory_stdp {
    given weight = 30, causal = 100
    run 1 updates
    expect weight == 30
}
