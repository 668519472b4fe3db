//! Results of random networks: what characterises each state, rasters and rates.

use super::config::{RandomNetworkConfig, ScanConfig};
use super::wiring::{EXCITATORY_ROWS, NEURONS};
use super::{Activity, Run};
use crate::figure::{self, HeatMap, Labels, Series};
use crate::outcome::{Archive, Elements, Metric, NamedArray, Outcome, Picture};
use ndarray::Array1;
use pl_chip::Spike;
use pl_chip::time::{biological_s_from_ticks, us_from_ticks};

/// The end of a run that a raster shows: 100 us of hardware time, 100 ms of biological time.
const RASTER_TICKS: u64 = 25_000;
/// Neurons of chip 0 from one line of the raster to the next.
const RASTER_STEP: usize = 5;

pub(super) fn outcome(config: &RandomNetworkConfig, runs: Vec<Run>) -> Outcome {
    let mut outcome = Outcome::default();
    let (states, scan) = runs.split_at(config.states.len().min(runs.len()));
    let mut series = Vec::new();
    for (state, run) in config.states.iter().zip(states) {
        add_metrics(&mut outcome, config, &state.name, run);
        outcome.archives.push(spikes(&state.name, run));
        raster(&mut outcome, &state.name, run);
        let bins = run.activity.course_hz.iter().rev().take(100).rev();
        // Bins of 2 us, so that a bin's number counts double.
        let points = bins.enumerate().map(|(bin, rate)| (2.0 * bin as f64, *rate)).collect();
        series.push(Series { name: state.name.clone(), points });
    }
    let labels = Labels {
        title: "Rate of all neurons, last 200 us",
        x: "hardware time (us), biological time (ms)",
        y: "rate (Hz, biological)",
    };
    if let Ok(svg) = figure::lines(&labels, &series) {
        let caption = "Rate of all neurons in bins of 2 us, for each state.".to_owned();
        outcome.pictures.push(Picture { file: "rates.svg".into(), caption, svg });
    }
    if let Some(table) = &config.scan {
        maps(&mut outcome, table, scan);
    }
    outcome.usage = runs.iter().map(|run| run.usage).sum();
    outcome.interrupted = runs.iter().any(|run| run.interrupted);
    let ticks = runs.iter().map(|run| run.time).sum();
    outcome.metrics.push(Metric::new("biological_time_s", biological_s_from_ticks(ticks)));
    outcome
}

fn add_metrics(outcome: &mut Outcome, config: &RandomNetworkConfig, name: &str, run: &Run) {
    let Activity { rate_hz, cv, correlation, .. } = run.activity;
    let mut add = |what: &str, value: f64| {
        outcome.metrics.push(Metric::new(format!("{what}_{name}"), value));
    };
    add("rate_hz", rate_hz);
    add("interval_cv", cv);
    add("pair_correlation", correlation);
    let spikes: usize = run.spikes.iter().map(Vec::len).sum();
    let synaptic = run.usage.synaptic_events as f64;
    add("spikes", spikes as f64);
    add("source_events", run.source_events as f64);
    add("synaptic_events", synaptic);
    if run.time > 0 {
        let hardware_s = us_from_ticks(run.time) / 1e6;
        add("million_spikes_per_hardware_s", spikes as f64 / hardware_s / 1e6);
        add("million_synaptic_events_per_hardware_s", synaptic / hardware_s / 1e6);
    }
    if run.wall_s > 0.0 {
        let timing = Metric::new(
            format!("million_synaptic_events_per_wall_s_{name}"),
            synaptic / run.wall_s / 1e6,
        );
        outcome.timings.push(timing);
    }
    if config.chips > 1 {
        add("link_events", run.links.sent as f64);
        add("link_events_dropped", run.links.dropped as f64);
        add("link_events_lost", run.links.lost as f64);
    }
}

/// Times, chips and neurons of all spikes.
fn spikes(name: &str, run: &Run) -> Archive {
    let all = || (0_u8..).zip(&run.spikes).flat_map(|(chip, s)| s.iter().map(move |s| (chip, s)));
    let named = |name: &str, elements| NamedArray { name: name.to_owned(), elements };
    let bytes =
        |read: fn((u8, &Spike)) -> u8| Elements::U8(Array1::from_iter(all().map(read)).into_dyn());
    let times = Array1::from_iter(all().map(|(_, spike)| spike.time)).into_dyn();
    let arrays = vec![
        named("time_ticks", Elements::U64(times)),
        named("chip", bytes(|(chip, _)| chip)),
        named("hemisphere", bytes(|(_, spike)| spike.hemisphere)),
        named("column", bytes(|(_, spike)| spike.column)),
    ];
    Archive { file: format!("spikes_{name}.npz"), arrays }
}

fn raster(outcome: &mut Outcome, name: &str, run: &Run) {
    let Some(spikes) = run.spikes.first() else { return };
    let end = spikes.iter().map(|spike| spike.time).max().unwrap_or(0);
    let begin = end.saturating_sub(RASTER_TICKS);
    let mut groups = [("excitatory", Vec::new()), ("inhibitory", Vec::new())];
    for spike in spikes.iter().filter(|spike| spike.time >= begin) {
        let neuron = usize::from(spike.hemisphere) * NEURONS + usize::from(spike.column);
        if neuron.is_multiple_of(RASTER_STEP) {
            let group = usize::from(!EXCITATORY_ROWS.contains(&spike.column));
            groups[group].1.push((us_from_ticks(spike.time - begin), neuron as f64));
        }
    }
    let series = groups.map(|(name, points)| Series { name: name.into(), points });
    let title = format!("{}: every fifth neuron of chip 0", name.replace('_', " "));
    let labels =
        Labels { title: &title, x: "hardware time (us), biological time (ms)", y: "neuron" };
    if let Ok(svg) = figure::raster(&labels, (100.0, 500.0), &series) {
        let caption = format!("Spikes of every fifth neuron of chip 0 in the state {name}.");
        outcome.pictures.push(Picture { file: format!("raster_{name}.svg"), caption, svg });
    }
}

/// Maps over g and drive.
fn maps(outcome: &mut Outcome, table: &ScanConfig, runs: &[Run]) {
    type Quantity = (&'static str, &'static str, fn(&Activity) -> f64);
    let read: [Quantity; 3] = [
        ("rate_hz", "Rate (Hz, biological)", |a| a.rate_hz),
        ("interval_cv", "Variation of the intervals", |a| a.cv),
        ("pair_correlation", "Correlation of pairs", |a| a.correlation),
    ];
    let mut arrays = Vec::new();
    for (name, title, value) in read {
        // One row a drive, as the picture has it.
        let rows: Vec<Vec<Option<f64>>> = (0..table.drive.len())
            .map(|d| {
                let at = |g: usize| runs.get(g * table.drive.len() + d);
                (0..table.g.len()).map(|g| at(g).map(|run| value(&run.activity))).collect()
            })
            .collect();
        let flat = rows.iter().flatten().map(|cell| cell.unwrap_or(f64::NAN));
        let shape = (table.drive.len(), table.g.len());
        if let Ok(array) = ndarray::Array2::from_shape_vec(shape, flat.collect()) {
            let elements = Elements::F64(array.into_dyn());
            arrays.push(NamedArray { name: name.into(), elements });
        }
        let labels = Labels { title, x: "g", y: "drive" };
        let (xs, ys) = (&table.g[..], &table.drive[..]);
        let map = HeatMap { labels, scale: title, xs, ys, cells: &rows, borders: &[] };
        if let Ok(svg) = map.draw() {
            let caption = format!("{title} over the strengths of inhibition and of the sources.");
            outcome.pictures.push(Picture { file: format!("scan_{name}.svg"), caption, svg });
        }
    }
    outcome.archives.push(Archive { file: "scan.npz".into(), arrays });
}
