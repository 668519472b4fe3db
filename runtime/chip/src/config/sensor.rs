//! Correlation sensors and converters.

use super::{Allowed, Confidence, Parameter, Profile, section};

section! {
    /// Correlation sensors of the synapses.
    sensor: SensorConfig {
        /// Median amplitude of one pair at zero delay.
        eta_lsb "ADC LSB" in Allowed::Between(0.0, 50.0);
        ideal 0.5, mismatch 0.5;
        Code "calix correlation_calib_target, default amplitude";
        /// Median time constant of both branches.
        tau_us "us" in Allowed::Between(0.1, 2000.0);
        ideal 5.0, mismatch 5.0;
        Code "calix correlation_calib_target, default time constant";
        /// Accumulated correlation at which a sensor stops accumulating.
        saturation_lsb "ADC LSB" in Allowed::Between(1.0, 1000.0);
        ideal 160.0, mismatch 160.0;
        Code "calix correlation_measurement discards larger results";
        /// Exponent of the approach to saturation, 1 - (a / saturation)^p.
        saturation_power "" in Allowed::OneOf(&[1.0, 2.0, 4.0, 8.0]);
        ideal 4.0, mismatch 4.0;
        Assumed "shape of the approach is not published";
        /// Median reading of a sensor that has accumulated nothing.
        baseline_lsb "ADC LSB" in Allowed::Between(0.0, 255.0);
        ideal 200.0, mismatch 200.0;
        Assumed "inside the reliable codes 30 to 210, above calix' rejection at 120";
        /// Standard deviation over synapses of the logarithm of the amplitude.
        eta_sigma "" in Allowed::Between(0.0, 1.5);
        ideal 0.0, mismatch 0.35;
        Assumed "calix' acceptance test bounds it by 1.3";
        /// Standard deviation of the logarithm of the ratio of causal to anticausal amplitude.
        asymmetry_sigma "" in Allowed::Between(0.0, 1.5);
        ideal 0.0, mismatch 0.30;
        Assumed "calix reports a strong asymmetry without figures";
        /// Standard deviation over branches of the logarithm of the time constant.
        tau_sigma "" in Allowed::Between(0.0, 1.5);
        ideal 0.0, mismatch 0.25;
        Assumed "calix' acceptance test bounds it by 1.3";
        /// Fraction of sensors that accumulate nothing.
        bad_fraction "" in Allowed::Between(0.0, 1.0);
        ideal 0.0, mismatch 0.05;
        Assumed "calix' acceptance test allows 0.2";
        /// Standard deviation of the baseline over synapses and branches.
        baseline_sigma_lsb "ADC LSB" in Allowed::Between(0.0, 50.0);
        ideal 0.0, mismatch 8.0;
        Assumed "no published figure";
        /// Standard deviation of the baseline over resets of one sensor.
        reset_sigma_lsb "ADC LSB" in Allowed::Between(0.0, 20.0);
        ideal 0.0, mismatch 1.0;
        Assumed "no published figure";
    }
}

section! {
    /// Analog-to-digital converters of the columns.
    adc: AdcConfig {
        /// Standard deviation of one conversion.
        noise_sigma_lsb "ADC LSB" in Allowed::Between(0.0, 20.0);
        ideal 0.0, mismatch 1.0;
        Assumed "a published kernel drops one noisy bit (ppu-software rstdp.c)";
        /// Standard deviation of the offset over channels.
        channel_sigma_lsb "ADC LSB" in Allowed::Between(0.0, 20.0);
        ideal 0.0, mismatch 3.0;
        Code "calix asserts less than 3 after calibration";
        /// What every channel adds to its codes, until `Chip::set_adc_offsets` says other numbers for
        /// each; rounded to a whole number.
        digital_offset_lsb "ADC LSB" in Allowed::Between(-128.0, 127.0);
        ideal 0.0, mismatch 0.0;
        Code "haldls cadc.h has such a register for each channel; that calibrated ones begin at 0 is assumed";
    }
}
