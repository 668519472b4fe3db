//! Neuron circuits.

use super::{Allowed, Confidence, Parameter, Profile, section};

section! {
    /// Neuron circuits: leaky integrate-and-fire with current synapses unless `adex` says more.
    neuron: NeuronConfig {
        /// Leak potential, where the membrane rests.
        leak_lsb "ADC LSB" in Allowed::Between(0.0, 255.0);
        ideal 80.0, mismatch 80.0;
        Code "calix neuron_calib_target";
        /// Potential to which a spike resets the membrane.
        reset_lsb "ADC LSB" in Allowed::Between(0.0, 255.0);
        ideal 70.0, mismatch 70.0;
        Code "calix neuron_calib_target";
        /// Threshold potential.
        threshold_lsb "ADC LSB" in Allowed::Between(0.0, 255.0);
        ideal 125.0, mismatch 125.0;
        Code "calix neuron_calib_target";
        /// Time constant of the membrane.
        tau_mem_us "us" in Allowed::Between(0.1, 2000.0);
        ideal 10.0, mismatch 10.0;
        Code "calix neuron_calib_target";
        /// Time constant of the excitatory synaptic input.
        tau_syn_exc_us "us" in Allowed::Between(0.1, 100.0);
        ideal 10.0, mismatch 10.0;
        Code "calix neuron_calib_target";
        /// Time constant of the inhibitory synaptic input.
        tau_syn_inh_us "us" in Allowed::Between(0.1, 100.0);
        ideal 10.0, mismatch 10.0;
        Code "calix neuron_calib_target";
        /// Time for which the membrane stays at reset after a spike.
        refractory_us "us" in Allowed::Between(0.0, 50_000.0);
        ideal 2.0, mismatch 2.0;
        Code "calix neuron_calib_target; slow clocks reach tens of milliseconds";
        /// Constant current, as the shift of the resting potential it causes.
        offset_lsb "ADC LSB" in Allowed::Between(-500.0, 500.0);
        ideal 0.0, mismatch 0.0;
        Assumed "off unless an experiment needs it";
        /// Peak of the membrane's answer to one event, for each LSB of weight.
        psp_lsb_per_weight "ADC LSB" in Allowed::Between(0.0, 10.0);
        ideal 0.125, mismatch 0.125;
        Assumed "1 LSB for a weight of 8: the largest weight moves a sixth of the way to threshold";
        /// Standard deviation of leak, reset and threshold over neurons.
        level_sigma_lsb "ADC LSB" in Allowed::Between(0.0, 20.0);
        ideal 0.0, mismatch 1.5;
        Assumed "spread left by calibration; no published figure";
        /// Standard deviation of the time constants over neurons, relative.
        tau_sigma "" in Allowed::Between(0.0, 0.5);
        ideal 0.0, mismatch 0.05;
        Assumed "spread left by calibration; no published figure";
        /// Standard deviation of the synaptic strength over neurons, relative.
        strength_sigma "" in Allowed::Between(0.0, 0.5);
        ideal 0.0, mismatch 0.08;
        Assumed "spread left by calibration; no published figure";
    }
}

section! {
    /// Adaptive exponential integrate-and-fire neurons, in place of the plain ones; what
    /// [`NeuronConfig`] says holds for them too.
    adex: AdexConfig {
        /// Whether neurons are of this kind: 1 yes, 0 no.
        enabled "" in Allowed::OneOf(&[0.0, 1.0]);
        ideal 0.0, mismatch 0.0;
        Assumed "the chip switches each term by itself (haldls neuron.h); off here for speed";
        /// Slope factor of the exponential term; 0 switches the term off.
        slope_lsb "ADC LSB" in Allowed::ZeroOr(0.25, 50.0);
        ideal 4.0, mismatch 4.0;
        Assumed "2 mV (recalled from Brette and Gerstner 2005) at 2 LSB a mV";
        /// Exponential threshold, where the exponential term has slope one.
        exponential_threshold_lsb "ADC LSB" in Allowed::Between(0.0, 255.0);
        ideal 110.0, mismatch 110.0;
        Assumed "some slope factors below the default threshold, so that the term shows";
        /// Subthreshold adaptation, in units of the leak conductance; of either sign.
        adaptation_a "" in Allowed::Between(-10.0, 10.0);
        ideal 0.13, mismatch 0.13;
        Assumed "4 nS of 30 nS, recalled from Brette and Gerstner 2005";
        /// Growth of the adaptation at a spike, as the shift of the resting potential it causes.
        adaptation_b_lsb "ADC LSB" in Allowed::Between(-200.0, 200.0);
        ideal 5.4, mismatch 5.4;
        Assumed "80.5 pA of 30 nS, recalled from Brette and Gerstner 2005, at 2 LSB a mV";
        /// Time constant of the adaptation.
        tau_w_us "us" in Allowed::Between(0.1, 2000.0);
        ideal 144.0, mismatch 144.0;
        Assumed "144 ms of biological time, recalled from Brette and Gerstner 2005";
        /// Whether synapses are conductances (1) or currents (0).
        conductance "" in Allowed::OneOf(&[0.0, 1.0]);
        ideal 0.0, mismatch 0.0;
        Code "calix neuron_calib_target: current synapses unless a reference is given";
        /// Reversal potential of excitatory conductances.
        reversal_exc_lsb "ADC LSB" in Allowed::Between(170.0, 1000.0);
        ideal 240.0, mismatch 240.0;
        Assumed "0 mV at 2 LSB a mV and the default leak at -80 mV";
        /// Reversal potential of inhibitory conductances.
        reversal_inh_lsb "ADC LSB" in Allowed::Between(-500.0, 50.0);
        ideal 50.0, mismatch 50.0;
        Assumed "15 mV below the default leak at 2 LSB a mV";
        /// Potential at which a conductance gives the current that a current synapse gives.
        reference_lsb "ADC LSB" in Allowed::Between(60.0, 160.0);
        ideal 102.5, mismatch 102.5;
        Code "calix neuron_calib_target, midway between leak and threshold";
        /// Whether each excitatory event fires its neurons, whatever their membranes do: 1 yes.
        bypass "" in Allowed::OneOf(&[0.0, 1.0]);
        ideal 0.0, mismatch 0.0;
        Demo "ts_02 describes the mode; the membrane is assumed to go on by itself";
        /// Standard deviation of slope factor, a and b over neurons, relative.
        strength_sigma "" in Allowed::Between(0.0, 0.5);
        ideal 0.0, mismatch 0.1;
        Assumed "spread left by calibration; no published figure";
    }
}
