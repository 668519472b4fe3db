//! Perceptron mode.

use super::{Allowed, Confidence, Parameter, Profile, section};

section! {
    /// Perceptron mode: neurons as integrators that multiply a vector by the weights.
    perceptron: PerceptronConfig {
        /// What an input of 1 and a weight of 1 add to the result.
        gain_lsb "ADC LSB" in Allowed::Between(0.0, 1.0);
        ideal 0.002, mismatch 0.002;
        Code "hxtorch perceptron constants, gain of its mock";
        /// How often the vector is sent in one multiplication; rounded to a whole number.
        sends "" in Allowed::Between(1.0, 1000.0);
        ideal 1.0, mismatch 1.0;
        Demo "tp_00 sends up to 100 times; results grow in proportion";
        /// Time from one input's event to the next.
        spacing_us "us" in Allowed::Between(0.008, 10.0);
        ideal 0.04, mismatch 0.04;
        Code "hxtorch perceptron constants, 5 FPGA cycles";
        /// Wait between the reset of the membranes and the reading of their baseline.
        reset_us "us" in Allowed::Between(0.0, 100.0);
        ideal 5.0, mismatch 5.0;
        Code "grenade ppu/start.cpp";
        /// Time of one reading of all columns.
        readout_us "us" in Allowed::Between(0.0, 100.0);
        ideal 1.64, mismatch 1.64;
        Code "libnux test_speed_memory.cpp, 410 cycles";
        /// Wait between the last event and the reading of the result.
        settle_us "us" in Allowed::Between(0.0, 100.0);
        ideal 1.0, mismatch 1.0;
        Assumed "three times the synaptic time constant of calix hagen_neuron_calib_target";
        /// Time constant with which membranes lose their charge; 0 if they lose none.
        tau_mem_us "us" in Allowed::Between(0.0, 2000.0);
        ideal 0.0, mismatch 60.0;
        Code "calix hagen_neuron_calib_target";
        /// Potential to which membranes are reset.
        baseline_lsb "ADC LSB" in Allowed::Between(0.0, 255.0);
        ideal 128.0, mismatch 128.0;
        Assumed "the middle of the ADC, so that both signs have the same range";
        /// Result up to which membranes are linear, of either sign; beyond, they approach 128.
        linear_lsb "ADC LSB" in Allowed::Between(1.0, 128.0);
        ideal 128.0, mismatch 80.0;
        Demo "tp_01, linear from -80 to 80; the shape beyond is assumed";
        /// Standard deviation of one multiplication, besides the noise of its two readings.
        noise_sigma_lsb "ADC LSB" in Allowed::Between(0.0, 20.0);
        ideal 0.0, mismatch 1.4;
        Code "hxtorch perceptron constants, 2.0 in all; two readings of 1.0 each contribute";
        /// Standard deviation of the gain over columns, relative.
        gain_sigma "" in Allowed::Between(0.0, 0.5);
        ideal 0.0, mismatch 0.05;
        Assumed "no published figure";
        /// Standard deviation over columns of the result without input.
        offset_sigma_lsb "ADC LSB" in Allowed::Between(0.0, 20.0);
        ideal 0.0, mismatch 3.0;
        Assumed "no published figure";
        /// Standard deviation of the strength over drivers, relative.
        strength_sigma "" in Allowed::Between(0.0, 0.5);
        ideal 0.0, mismatch 0.05;
        Assumed "calix finds about 2 LSB of driver mismatch after calibration, no relative figure";
    }
}
