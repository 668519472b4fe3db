//! Synapse drivers.

use super::{Allowed, Confidence, Parameter, Profile, section};

section! {
    /// Short-term plasticity of synapse drivers, of those that are set to have it.
    stp: StpConfig {
        /// Share of the way to its charge voltage that an event draws a driver's state, at the
        /// largest setting.
        utilization "" in Allowed::Between(0.0, 1.0);
        ideal 0.2, mismatch 0.2;
        Code "calix stp_calib_target.h: about 0.2 is applied before each event; which setting is assumed";
        /// Time constant with which the state recovers, at the fastest setting.
        recovery_tau_us "us" in Allowed::Between(1.0, 100_000.0);
        ideal 100.0, mismatch 100.0;
        Assumed "a tenth of a second of biological time; no published figure";
        /// Scale of the clock of recovery at the start: each step doubles the time constant.
        recovery_clock "" in Allowed::Between(0.0, 15.0);
        ideal 0.0, mismatch 0.0;
        Assumed "haldls padi.h has four bits; that a step is a factor of two is assumed";
        /// Voltage to which events draw the state, of pair 0.
        charge_0_lsb "CapMem LSB" in Allowed::Between(0.0, 1022.0);
        ideal 100.0, mismatch 100.0;
        Code "calix stp_calib_target, facilitating pair";
        /// Voltage to which the state recovers, of pair 0.
        recover_0_lsb "CapMem LSB" in Allowed::Between(0.0, 1022.0);
        ideal 400.0, mismatch 400.0;
        Code "calix stp_calib_target, facilitating pair";
        /// Voltage to which events draw the state, of pair 1.
        charge_1_lsb "CapMem LSB" in Allowed::Between(0.0, 1022.0);
        ideal 330.0, mismatch 330.0;
        Code "calix stp_calib_target, depressing pair";
        /// Voltage to which the state recovers, of pair 1.
        recover_1_lsb "CapMem LSB" in Allowed::Between(0.0, 1022.0);
        ideal 50.0, mismatch 50.0;
        Code "calix stp_calib_target, depressing pair";
        /// State at which a pulse has no strength; at 0 it has that of a driver without plasticity.
        zero_lsb "CapMem LSB" in Allowed::Between(1.0, 2000.0);
        ideal 450.0, mismatch 450.0;
        Assumed "above both voltages of recovery, so that no first pulse is lost; linear between";
        /// Change of the strength for a step of the offset setting.
        offset_step "" in Allowed::Between(0.0, 0.1);
        ideal 0.02, mismatch 0.02;
        Assumed "no published figure";
        /// Standard deviation of the strength over drivers.
        strength_sigma "" in Allowed::Between(0.0, 0.5);
        ideal 0.0, mismatch 0.03;
        Assumed "calix' test bounds the spread of amplitudes at 2 LSB after calibration";
        /// Standard deviation of the utilisation over drivers, relative.
        utilization_sigma "" in Allowed::Between(0.0, 0.5);
        ideal 0.0, mismatch 0.1;
        Assumed "no published figure";
        /// Standard deviation of the time constant of recovery over drivers, relative.
        recovery_sigma "" in Allowed::Between(0.0, 0.5);
        ideal 0.0, mismatch 0.1;
        Assumed "no published figure";
    }
}
