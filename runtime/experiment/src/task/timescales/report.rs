//! What time scales leave: metrics, timings and the picture.

use super::{Course, Measured, NEURONS, Process, TimescalesConfig};
use crate::figure::{self, Labels, Series, Style};
use crate::outcome::{Metric, Outcome, Picture};
use crate::records;
use pl_chip::time::SPEED_UP;
use pl_fixed::real;

impl Course {
    /// Wall time of a second of biological time, the median over the windows: other work on the
    /// machine disturbs few of them.
    fn wall_s(&self) -> f64 {
        let mut sorted = self.slowness.clone();
        sorted.sort_unstable_by(f64::total_cmp);
        sorted.get(sorted.len() / 2).copied().unwrap_or(0.0)
    }

    fn metrics(&self, ending: &str) -> [Metric; 2] {
        let seconds = self.biological_s.max(1e-9);
        let rate = self.spikes as f64 / NEURONS as f64 / seconds;
        // A source has one row, of half of the neurons.
        let synaptic = (self.events * (NEURONS as u64 / 2)) as f64 / seconds;
        [
            Metric::new(format!("rate_bio_hz{ending}"), rate),
            Metric::new(format!("synaptic_events_per_biological_s{ending}"), synaptic),
        ]
    }
}

impl Measured {
    /// Wall time of a process.
    fn wall_s(&self, process: &Process) -> f64 {
        let course = if process.nature_s < self.period_s { &self.sensors } else { &self.plastic };
        process.nature_s * course.wall_s()
    }
}

pub(super) fn outcome(config: &TimescalesConfig, measured: &Measured) -> Outcome {
    let (sensors, plastic) = (&measured.sensors, &measured.plastic);
    let mut outcome =
        Outcome { interrupted: sensors.interrupted || plastic.interrupted, ..Outcome::default() };
    for Process { name, nature_s } in &config.processes {
        outcome.metrics.push(Metric::new(format!("nature_s_{name}"), *nature_s));
        let chip_s = nature_s / SPEED_UP as f64;
        outcome.metrics.push(Metric::new(format!("chip_s_{name}"), chip_s));
    }
    outcome.metrics.extend(sensors.metrics("_without_rule"));
    outcome.metrics.extend(plastic.metrics(""));
    outcome.metrics.extend(plastic.updates.metrics(""));
    let seconds = sensors.biological_s + plastic.biological_s;
    outcome.metrics.push(Metric::new("biological_time_s", seconds));
    records::report(&mut outcome, &config.rule, ("", ""), &plastic.recorded);
    // Where the clock stands still nothing was timed.
    if plastic.wall_s() > 0.0 {
        let mut add = |name: String, value| outcome.timings.push(Metric::new(name, value));
        add("wall_s_of_a_biological_s_without_rule".into(), sensors.wall_s());
        add("wall_s_of_a_biological_s".into(), plastic.wall_s());
        for process in &config.processes {
            add(format!("wall_s_{}", process.name), measured.wall_s(process));
        }
        outcome.pictures.extend(picture(config, measured));
    }
    outcome
}

/// Times of all processes, in powers of ten. It shows timings, so that it differs from run to run.
fn picture(config: &TimescalesConfig, measured: &Measured) -> Option<Picture> {
    let decade = |seconds: f64| real::ln(seconds) / core::f64::consts::LN_10;
    let series =
        |name: &str, style, chosen: &dyn Fn(&&Process) -> bool, time: &dyn Fn(&Process) -> f64| {
            let processes = config.processes.iter().filter(chosen);
            let points = processes.map(|p| (decade(p.nature_s), decade(time(p)))).collect();
            (Series { name: name.into(), points }, style)
        };
    let run = |process: &&Process| process.nature_s <= measured.plastic.biological_s;
    let emulator = |process: &Process| measured.wall_s(process);
    let all = [
        series("nature", Style::Line, &|_| true, &|p| p.nature_s),
        series("the chip", Style::Line, &|_| true, &|p| p.nature_s / SPEED_UP as f64),
        series("emulator, measured", Style::Markers, &run, &emulator),
        series("emulator, extrapolated", Style::Markers, &|p| !run(p), &emulator),
    ];
    let labels = Labels {
        title: "Time scales of the nervous system",
        x: "time in nature (s, power of ten)",
        y: "time needed (s, power of ten)",
    };
    let caption = "Time that processes of the nervous system take, against that in nature.".into();
    // Drawing into memory fails for no input; a run is not lost for a picture.
    let svg = figure::curves(&labels, &all).ok()?;
    Some(Picture { file: "timescales.svg".into(), caption, svg })
}
