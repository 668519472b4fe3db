//! Homeostasis of firing rates by the sign of the error, `w += sign(nu_target - nu)`: the rule of
//! the PyNN demo ts_11 of the Electronic Vision(s) group, for excitatory rows.

rule homeostasis_sign {
    /// Rate to reach, spikes per update (the counter holds 255).
    param nu_target : int in 0 .. 255 = 60

    every 10 ms

    synapses { weight += sign(nu_target - rate) }
    neurons  { reset rate }

    record weight every 1 updates
}
