//! Homeostasis of firing rates by the sign of the error, `w += sign(nu_target - nu)`: the rule of
//! the PyNN demo ts_11 of the Electronic Vision(s) group, for excitatory rows.
//! Exact. For any view.
//! Cost: at most about 720 us of the processor for 256 rows of 256 columns.

rule homeostasis_sign {
    /// Rate to reach, spikes per update (the counter holds 255).
    param nu_target : int in 0 .. 255 = 60

    every 10 ms

    synapses { weight += sign(nu_target - rate) }
    neurons  { reset rate }

    record weight every 1 updates
}

test one_step_towards_the_target for homeostasis_sign {
    view 1 rows, 4 columns
    set nu_target = 20
    given weight = [30, 30, 30, 63], rate = [20, 10, 30, 0]
    run 3 updates
    expect weight == [30, 33, 27, 63]
}
