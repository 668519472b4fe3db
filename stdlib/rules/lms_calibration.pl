//! Calibration of analog outputs: gain and offset of each column follow the least mean squares of its error.
//! B. Widrow, M. E. Hoff (1960): `e = y_ref - (g y + o); g += l_g e y; o += l_o e`.
//! Exact up to fixed point. The corrections are state of the neurons, for host or other rules. Any view;
//! weights stay.
//! Cost: at most about 11 us of the processor for 256 rows of 256 columns.

rule lms_calibration {
    /// Step of the gain, per squared ADC LSB.
    param step_gain   : real in 0.0 .. 0.001 = 0.00001
    /// Step of the offset.
    param step_offset : real in 0.0 .. 1.0 = 0.1

    /// What the column should read, ADC codes.
    input reference : int in 0 .. 255 per neuron = 128
    /// Correction of the gain.
    state gain   : real in 0.0 .. 4.0 per neuron = 1
    /// Correction of the offset, ADC LSB.
    state offset : real in -128.0 .. 128.0 per neuron = 0

    every 10 ms

    neurons {
        let error = clamp(reference - gain * membrane - offset, -255, 255)
        gain += step_gain * error * membrane
        offset += step_offset * error
    }

    record gain, offset every 100 updates
}

test offset_takes_its_part_of_the_error for lms_calibration {
    view 1 rows, 3 columns
    set step_gain = 0, step_offset = 0.5
    given membrane = [100, 90, 110], reference = 100
    run 2 updates
    // of an error of 10 three quarters are gone after two steps
    expect abs(offset - [0, 7.5, -7.5]) < 0.1
    expect gain == 1
}

test gain_follows_the_error for lms_calibration {
    view 1 rows, 2 columns
    set step_gain = 0.0001220703125, step_offset = 0
    given membrane = 64, reference = [64, 80]
    run 1 updates
    // 16 * 64 / 8192
    expect abs(gain - [1, 1.125]) < 0.005
}
