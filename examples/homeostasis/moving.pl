//! Homeostasis by the sign of the error, of a target that comes from outside.

rule moving {
    /// Spikes per update to reach.
    input target : int in 0 .. 255 per rule = 60

    every 10 ms

    synapses { weight += sign(target - rate) }
    neurons  { reset rate }
}

test steps_towards_the_target for moving {
    view 1 rows, 3 columns
    given weight = 30, rate = [20, 30, 40], target = 30
    run 2 updates
    expect weight == [32, 30, 28]
    given target = 20
    run 1 updates
    expect weight == [32, 29, 27]
}
