//! Weight decay towards a resting weight.
//! `w += d (w_rest - w)`, the loss term of many rules (W. Gerstner, W. M. Kistler, Biol. Cybern. 87, 404 (2002)).
//! Exact in the mean; stochastic rounding keeps small decays alive. For any view.
//! Cost: at most about 700 us of the processor for 256 rows of 256 columns.

rule weight_decay {
    /// Part of the distance that an update covers.
    param decay  : real in 0.0 .. 1.0 = 0.01
    /// Weight at rest.
    param w_rest : weight = 0

    every 10 ms
    rounding stochastic

    synapses { weight += decay * (w_rest - weight) }

    record weight every 100 updates
}

test halves_the_distance for weight_decay {
    view 1 rows, 3 columns
    set decay = 0.5, w_rest = 8
    given weight = [40, 8, 0]
    run 2 updates
    // 8 + 32 / 4, 8, 8 - 8 / 4
    expect weight == [16, 8, 6]
}
