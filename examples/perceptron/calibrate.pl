//! Gain and offset of each column of a perceptron, by the least mean squares of what it reads.
//! B. Widrow, M. E. Hoff (1960). Updates come in threes: after a reset, after a multiplication without input, and
//! after one of the product `reference`.

rule calibrate {
    /// What the third update should read above the second, ADC LSB.
    param reference   : real in 1.0 .. 127.0 = 60
    /// Part of the offset's error that a cycle corrects.
    param step_offset : real in 0.0 .. 1.0 = 0.05
    /// Step of the gain, per ADC LSB.
    param step_gain   : real in 0.0 .. 0.01 = 0.001

    /// 0, 1 and 2 in turn.
    state phase    : int in 0 .. 3 per rule = 0
    /// Code after the reset.
    state baseline : int in 0 .. 255 per neuron = 128
    /// What the column reads without input, ADC LSB.
    state offset   : real in -64.0 .. 64.0 per neuron = 0
    /// Factor that makes the column like a nominal one.
    state gain     : real in 0.0 .. 2.0 per neuron = 1

    every 250 us

    neurons {
        if phase == 0 { baseline = membrane }
        if phase == 1 { offset += step_offset * (membrane - baseline - offset) }
        if phase == 2 { gain += step_gain * (reference - gain * (membrane - baseline - offset)) }
    }
    control { if phase < 2 { phase += 1 } else { phase = 0 } }

    record gain, offset every 3 updates
}

test learns_offset_and_gain_in_turn for calibrate {
    view 1 rows, 2 columns
    set reference = 64, step_offset = 0.5, step_gain = 0.001953125
    given membrane = [120, 130]
    run 1 updates
    expect baseline == [120, 130] and offset == 0 and gain == 1
    given membrane = [128, 130]
    run 1 updates
    expect offset == [4, 0] and gain == 1
    given membrane = [188, 162]
    run 1 updates
    // (188 - 120 - 4) is what it should be; of (162 - 130) half is missing: 32 / 512
    expect abs(gain - [1, 1.0625]) < 0.001
    expect phase == 0
}
