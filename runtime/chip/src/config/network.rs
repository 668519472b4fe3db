//! Time and the ways of events.

use super::{Allowed, Confidence, Parameter, Profile, section};

section! {
    /// Resolution of the emulation in time.
    time: TimeConfig {
        /// Step of the neuron dynamics, a whole number of 4 ns ticks.
        step_us "us" in Allowed::OneOf(&[0.02, 0.04, 0.1, 0.2, 0.4, 1.0]);
        ideal 0.1, mismatch 0.1;
        Assumed "0.1 ms of biological time, the usual step of network simulators";
    }
}

section! {
    /// Ways of events on the chip.
    routing: RoutingConfig {
        /// Time from a neuron's spike to the event it causes on a synapse row, at least one step.
        latency_us "us" in Allowed::Between(0.0, 10.0);
        ideal 0.1, mismatch 0.1;
        Assumed "no published figure; without it pulses of recurrent networks would all tie";
        /// Time that a bus of drivers needs for an event; 0 for no limit.
        bus_interval_us "us" in Allowed::Between(0.0, 10.0);
        ideal 0.008, mismatch 0.008;
        Demo "fp_brainscales: each of the eight background generators gives up to 125 MHz";
        /// Events that may wait for a bus of drivers; further ones are dropped and counted.
        bus_queue "" in Allowed::Between(0.0, 1e6);
        ideal 8.0, mismatch 8.0;
        Assumed "no published figure; drop counters show that there is a limit";
        /// Time that a link to or from the host needs for an event; 0 for no limit.
        link_interval_us "us" in Allowed::Between(0.0, 10.0);
        ideal 0.008, mismatch 0.008;
        Demo "tp_00: 125 MHz of events in a sustained stream";
        /// Events that may wait for a link; further ones are dropped and counted.
        link_queue "" in Allowed::Between(0.0, 1e6);
        ideal 128.0, mismatch 128.0;
        Assumed "no published figure";
    }
}

section! {
    /// Links between chips.
    link: LinkConfig {
        /// Time from a neuron's spike to the event it causes on another chip, on average.
        delay_us "us" in Allowed::Between(0.02, 1000.0);
        ideal 1.3, mismatch 1.3;
        Assumed "the bound in the abstract of Ilmberger and Schemmel 2025, arXiv 2512.03781";
        /// Largest deviation from it; all up to it are equally likely, but no event needs less than a
        /// step.
        jitter_us "us" in Allowed::Between(0.0, 10.0);
        ideal 0.0, mismatch 0.1;
        Assumed "no published figure";
        /// Time that a link needs for an event; 0 for no limit.
        interval_us "us" in Allowed::Between(0.0, 10.0);
        ideal 0.008, mismatch 0.008;
        Assumed "as the links to the host";
        /// Events that may wait for a link; further ones are dropped and counted.
        queue "" in Allowed::Between(0.0, 1e6);
        ideal 128.0, mismatch 128.0;
        Assumed "no published figure";
        /// Part of the events that is lost on the way.
        loss "" in Allowed::Between(0.0, 1.0);
        ideal 0.0, mismatch 0.0;
        Assumed "no published figure";
    }
}
