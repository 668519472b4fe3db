//! Voltage-based plasticity: two thresholds on the membrane decide between depression and potentiation.
//! C. Clopath, L. Buesing, E. Vasilaki, W. Gerstner, Nat. Neurosci. 13, 344 (2010):
//! `w += l+ x [V - th+]+ [n - th-]+ - l- s [n - th-]+`, `n` the low-passed membrane.
//! Approximate: the membrane is sampled once an update, `x` and `s` are a trace and the spikes of the row's
//! source from outside, and both thresholded voltages are at most 63 codes. For any view.
//! Cost: at most about 820 us of the processor for 256 rows of 256 columns.

rule clopath {
    /// Gain of potentiation, weight LSB per trace unit and squared ADC LSB.
    param gain_plus  : real in 0.0 .. 0.01 = 0.0005
    /// Gain of depression, weight LSB per spike and ADC LSB.
    param gain_minus : real in 0.0 .. 0.1 = 0.05
    /// Upper threshold, ADC codes.
    param th_plus    : int in 0 .. 255 = 100
    /// Lower threshold, ADC codes.
    param th_minus   : int in 0 .. 255 = 70
    /// Part by which the low pass follows the membrane in an update.
    param follow     : real in 0.0 .. 1.0 = 0.25

    /// Trace of the row's spikes.
    input trace  : real in 0.0 .. 16.0 per row = 4
    /// Spikes of the row's source since the last update.
    input spikes : int in 0 .. 15 per row = 2
    /// Low-passed membrane, ADC codes.
    state slow : real in 0.0 .. 255.0 per neuron = 80

    every 10 ms

    neurons { slow += follow * (membrane - slow) }
    synapses {
        let depolarised = clamp(slow - th_minus, 0, 63)
        let active = clamp(membrane - th_plus, 0, 63)
        weight += gain_plus * active * depolarised * trace - gain_minus * spikes * depolarised
    }

    record weight every 100 updates
}

test both_thresholds_decide for clopath {
    view 2 rows, 4 columns
    set gain_plus = 0.0078125, gain_minus = 0.0625, th_plus = 150, th_minus = 120, follow = 0
    given weight = 30, slow = [100, 136, 136, 100], membrane = [100, 140, 166, 166]
    given trace = [4, 0], spikes = [0, 4]
    run 1 updates
    // potentiation 16 * 16 * 4 / 128 = 8 above both; depression 4 * 16 / 16 = 4 above the lower one
    expect abs(weight - [[30, 30, 38, 30], [30, 26, 26, 30]]) <= 0
}
