//! What the measurements left: metrics, arrays and pictures.

use super::cable::Cable;
use super::{ChainResponse, CoincidenceResponse, Compartments, PlateauResponse};
use crate::config::ConfigError;
use crate::figure::{self, Labels, Series, Style};
use crate::outcome::{Archive, Elements, Metric, NamedArray, Outcome, Picture};
use ndarray::{Array1, Array3};
use pl_chip::time::biological_s_from_ticks;
use pl_chip::time::ticks_from_us;

/// Every so many samples a picture shows one.
const SHOWN: usize = 4;
/// The same of the cable in closed form, whose samples are markers.
const SHOWN_OF_CABLE: usize = 48;
/// Hardware time that the picture of the chain shows.
const SHOWN_US: f64 = 80.0;

impl Compartments<'_> {
    pub(super) fn outcome(
        &self,
        chain: &ChainResponse,
        plateaus: &[PlateauResponse],
        coincidence: &CoincidenceResponse,
    ) -> Result<Outcome, ConfigError> {
        let mut outcome = Outcome::default();
        let expected = self.cable_traces()?;
        self.judge_chain(chain, &expected, &mut outcome.metrics);
        judge_plateaus(plateaus, &mut outcome.metrics);
        judge_coincidence(coincidence, &mut outcome.metrics);
        let windows = self.config.chain.columns.len()
            + plateaus.len() * (self.config.plateau.events_max as usize + 1)
            + coincidence.by_lag.len()
            + 2;
        let seconds = biological_s_from_ticks(ticks_from_us(super::WINDOW_US)) * windows as f64;
        outcome.metrics.push(Metric::new("biological_time_s", seconds));
        outcome.archives.push(arrays(chain, plateaus, coincidence));
        let pictures = [
            self.chain_picture(chain, &expected),
            plateau_picture(plateaus),
            coincidence_picture(coincidence),
        ];
        outcome.pictures.extend(pictures.into_iter().flatten());
        Ok(outcome)
    }

    /// What the closed form says: `[from][at][sample]`.
    fn cable_traces(&self) -> Result<Vec<Vec<Vec<f64>>>, ConfigError> {
        let (chip, chain) = (&self.experiment.chip, &self.config.chain);
        let tau_us = self.config.chain_tau_us(chip)?;
        let count = chain.columns.len();
        let cable = Cable::new(chip, count, tau_us, self.config.weight);
        let step_us = chip.time.step_us;
        let samples = ticks_from_us(super::WINDOW_US) / ticks_from_us(step_us);
        let trace = |from: usize, at: usize| {
            let times = (1..=samples).map(|n| n as f64 * step_us);
            let response = |t: f64| {
                let since = (0..chain.events).map(|n| t - f64::from(n) * chain.interval_us);
                since.map(|since| cable.depolarisation(from, at, since)).sum::<f64>()
            };
            times.map(response).collect()
        };
        let traces = |from| (0..count).map(|at| trace(from, at)).collect();
        Ok((0..count).map(traces).collect())
    }

    fn judge_chain(
        &self,
        chain: &ChainResponse,
        expected: &[Vec<Vec<f64>>],
        metrics: &mut Vec<Metric>,
    ) {
        let step_us = self.experiment.chip.time.step_us;
        let mut add = |name: String, value| metrics.push(Metric::new(name, value));
        let first = chain.traces_lsb.first().map_or(&[][..], |traces| traces);
        for (place, trace) in first.iter().enumerate() {
            let (sample, peak) = peak(trace);
            add(format!("chain_peak_lsb_{place}_joins_away"), peak);
            add(format!("chain_peak_time_us_{place}_joins_away"), (sample + 1) as f64 * step_us);
        }
        let ends = first.first().zip(first.last());
        let attenuation = ends.map(|(near, far)| peak(far).1 / peak(near).1);
        add("chain_attenuation".into(), attenuation.unwrap_or(1.0));
        let pairs = chain.traces_lsb.iter().flatten().zip(expected.iter().flatten());
        let deviations = pairs.map(|(found, said)| (peak(found).1 / peak(said).1 - 1.0).abs());
        add("chain_peak_deviation_from_cable".into(), deviations.fold(0.0, f64::max));
    }

    fn chain_picture(&self, chain: &ChainResponse, said: &[Vec<Vec<f64>>]) -> Option<Picture> {
        let step_us = self.experiment.chip.time.step_us;
        let points = |trace: &[f64], every: usize| -> Vec<(f64, f64)> {
            let samples = (1..).zip(trace).map(|(n, v)| (f64::from(n) * step_us, *v));
            samples.take_while(|(time, _)| *time <= SHOWN_US).step_by(every).collect()
        };
        let found = chain.traces_lsb.first()?.iter().enumerate();
        let line = |(place, trace): (usize, &Vec<f64>)| {
            (
                Series { name: format!("{place} joins away"), points: points(trace, SHOWN) },
                Style::Line,
            )
        };
        let mut all: Vec<(Series, Style)> = found.map(line).collect();
        let cable = said.first()?.iter().flat_map(|trace| points(trace, SHOWN_OF_CABLE)).collect();
        all.push((Series { name: "cable".into(), points: cable }, Style::Markers));
        let labels = Labels {
            title: "A train of events into one end of the chain",
            x: "hardware time (us)",
            y: "depolarisation (LSB)",
        };
        let caption = "Membranes of the chain, and the cable in closed form.";
        picture("chain.svg", caption, figure::curves(&labels, &all))
    }
}

/// Largest value and where it is.
fn peak(trace: &[f64]) -> (usize, f64) {
    let larger = |best: (usize, f64), next: (usize, f64)| if next.1 > best.1 { next } else { best };
    trace.iter().copied().enumerate().fold((0, f64::NEG_INFINITY), larger)
}

fn judge_plateaus(plateaus: &[PlateauResponse], metrics: &mut Vec<Metric>) {
    let mut add = |name: String, value| metrics.push(Metric::new(name, value));
    for response in plateaus {
        let name = |what: &str| format!("plateau_{what}_of_{}_us", response.duration_us);
        let firing = |share: &f64| *share >= 0.5;
        let Some(least) = response.share.iter().position(firing) else { continue };
        let most = response.share.len() - 1;
        add(name("least_events"), least as f64);
        let lengths = &response.length_us[least..];
        add(name("length_us"), lengths.iter().sum::<f64>() / lengths.len().max(1) as f64);
        let longest = lengths.iter().copied().fold(0.0, f64::max);
        let shortest = lengths.iter().copied().fold(f64::INFINITY, f64::min);
        add(name("length_range_us"), longest - shortest);
        // A step: how the response jumps with one more event, and how it grows from there on.
        let integral = &response.integral_lsb_us;
        let below = response.share.iter().rposition(|share| *share == 0.0);
        let above = response.share.iter().position(|share| *share == 1.0);
        if let (Some(below), Some(above)) = (below.filter(|below| *below > 0), above) {
            add(name("integral_step"), integral[above] / integral[below]);
            let doubled = (2 * above).min(most);
            add(name("integral_growth_for_doubled_input"), integral[doubled] / integral[above]);
        }
    }
}

fn judge_coincidence(coincidence: &CoincidenceResponse, metrics: &mut Vec<Metric>) {
    let mut add = |name: &str, value| metrics.push(Metric::new(name, value));
    let [proximal, distal] = coincidence.alone;
    add("coincidence_spikes_proximal_alone", proximal);
    add("coincidence_spikes_distal_alone", distal);
    let bursts = coincidence.by_lag.iter().filter(|(_, _, burst)| *burst >= 0.5);
    let bursts: Vec<&(f64, f64, f64)> = bursts.collect();
    if let (Some(first), Some(last)) = (bursts.first(), bursts.last()) {
        add("coincidence_window_first_us", first.0);
        add("coincidence_window_last_us", last.0);
        let spikes = bursts.iter().map(|(_, mean, _)| mean).sum::<f64>();
        add("coincidence_spikes_within", spikes / bursts.len() as f64);
    }
    let outside = coincidence.by_lag.iter().filter(|(_, _, burst)| *burst < 0.5);
    let most = outside.map(|(_, mean, _)| *mean).fold(0.0, f64::max);
    add("coincidence_spikes_outside_at_most", most);
}

fn plateau_picture(plateaus: &[PlateauResponse]) -> Option<Picture> {
    let series = |response: &PlateauResponse| Series {
        name: format!("plateaus of {} us", response.duration_us),
        points: (0u32..).map(f64::from).zip(response.integral_lsb_us.iter().copied()).collect(),
    };
    let series: Vec<Series> = plateaus.iter().map(series).collect();
    let labels = Labels {
        title: "Answer of a dendrite to a volley",
        x: "events of the volley",
        y: "depolarisation over time (LSB us)",
    };
    let caption = "Depolarisation summed over time against the strength of the input.";
    picture("plateau.svg", caption, figure::lines(&labels, &series))
}

fn coincidence_picture(coincidence: &CoincidenceResponse) -> Option<Picture> {
    let both = coincidence.by_lag.iter().map(|(lag, mean, _)| (*lag, *mean)).collect();
    let lags = || coincidence.by_lag.first().into_iter().chain(coincidence.by_lag.last());
    let flat = |value: f64| lags().map(|(lag, ..)| (*lag, value)).collect();
    let [proximal, distal] = coincidence.alone;
    let series = [
        Series { name: "both".into(), points: both },
        Series { name: "soma alone".into(), points: flat(proximal) },
        Series { name: "dendrite alone".into(), points: flat(distal) },
    ];
    let labels = Labels {
        title: "Spikes of the soma",
        x: "lag of the soma's input behind the dendrite's (us, hardware)",
        y: "spikes",
    };
    let caption = "Spikes of the soma against the lag of its input.";
    picture("coincidence.svg", caption, figure::lines(&labels, &series))
}

fn picture(file: &str, caption: &str, svg: Result<String, String>) -> Option<Picture> {
    // Drawing into memory fails for no input; a run is not lost for a picture.
    Some(Picture { file: file.into(), caption: caption.into(), svg: svg.ok()? })
}

fn arrays(
    chain: &ChainResponse,
    plateaus: &[PlateauResponse],
    coincidence: &CoincidenceResponse,
) -> Archive {
    let reals = |name: String, values: Vec<f64>| NamedArray {
        name,
        elements: Elements::F64(Array1::from(values).into_dyn()),
    };
    let count = chain.traces_lsb.len();
    let samples = chain.traces_lsb.first().and_then(|traces| traces.first()).map_or(0, Vec::len);
    let traces = Array3::from_shape_fn((count, count, samples), |(from, at, sample)| {
        chain.traces_lsb[from][at][sample]
    });
    let traces = Elements::F64(traces.into_dyn());
    let mut arrays = vec![NamedArray { name: "chain_lsb".into(), elements: traces }];
    for response in plateaus {
        let name = |what: &str| format!("plateau_{what}_of_{}_us", response.duration_us);
        arrays.push(reals(name("share"), response.share.clone()));
        arrays.push(reals(name("integral_lsb_us"), response.integral_lsb_us.clone()));
        arrays.push(reals(name("length_us"), response.length_us.clone()));
    }
    let lags = coincidence.by_lag.iter();
    arrays.push(reals("lag_us".into(), lags.clone().map(|(lag, ..)| *lag).collect()));
    arrays.push(reals("spikes".into(), lags.clone().map(|(_, mean, _)| *mean).collect()));
    arrays.push(reals("burst_share".into(), lags.map(|(.., burst)| *burst).collect()));
    Archive { file: "compartments.npz".into(), arrays }
}
