//! Bistable synapses: an inner value drifts to one of two ends and the weight shows which half it is in.
//! J. M. Brader, W. Senn, S. Fusi, Neural Comput. 19, 2881 (2007): up if the membrane is high when the source
//! has fired, down if it is low, else a slow drift away from the middle; `w = W` in the upper half, else 0.
//! Approximate: once an update, with correlation as the sign that the source has fired. A value a synapse: at
//! most 12 rows.
//! Cost: at most about 74 us of the processor for 12 rows of 256 columns.

rule bistable {
    /// Step up or down; the inner value lies in 0 .. 1.
    param step  : real in 0.0 .. 1.0 = 0.125
    /// Drift in an update.
    param drift : real in 0.0 .. 0.25 = 0.015625
    /// Correlation from which on the source counts, LSB.
    param seen  : int in 1 .. 127 = 4
    /// Membrane above which a step goes up, ADC codes.
    param high  : int in 0 .. 255 = 100
    /// Weight of the upper state.
    param strong : weight = 48

    /// Inner value.
    state inner : real in 0.0 .. 1.0 per synapse = 0

    view rows <= 12
    every 10 ms

    synapses {
        if causal + acausal >= seen {
            if membrane > high { inner += step } else { inner -= step }
        } else {
            if inner > 0.5 { inner += drift } else { inner -= drift }
        }
        if inner > 0.5 { weight = strong } else { weight = 0 }
        reset causal, acausal
    }

    record weight every 100 updates
}

test steps_drift_and_two_weights for bistable {
    view 1 rows, 4 columns
    set step = 0.25, drift = 0.0625, strong = 40
    given inner = [0.375, 0.625, 0.75, 0.25], causal = [8, 8, 0, 0], membrane = [200, 100, 0, 200]
    run 1 updates
    expect inner == [0.625, 0.375, 0.8125, 0.1875]
    expect weight == [40, 0, 40, 0]
}
