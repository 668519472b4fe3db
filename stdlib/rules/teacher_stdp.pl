//! Supervised Hebbian learning: correlation counts while a teacher holds the neuron's gate open.
//! After J.-M. P. Franosch, S. Urban, J. L. van Hemmen, Neural Comput. 25, 3113 (2013):
//! `w += l (c+ - c0)` where the gate is 1, else nothing.
//! Exact up to fixed point. For any view.
//! Cost: at most about 880 us of the processor for 256 rows of 256 columns.

rule teacher_stdp {
    /// Gain, weight LSB per correlation LSB.
    param lambda : real in 0.0 .. 1.0 = 0.125
    /// Correlation at which a weight stays, LSB.
    param offset : real in 0.0 .. 127.0 = 8

    /// 1 while the neuron is taught.
    input gate : int in 0 .. 1 per neuron = 1

    every 10 ms

    synapses {
        if gate == 1 { weight += lambda * (causal - offset) }
        reset causal, acausal
    }

    record weight every 100 updates
}

test gate_decides for teacher_stdp {
    view 1 rows, 4 columns
    set lambda = 0.5, offset = 8
    given weight = 30, causal = [24, 24, 0, 0], gate = [0, 1, 0, 1]
    run 1 updates
    expect weight == [30, 38, 30, 26]
}
