//! Progress on the terminal, and Ctrl-C.

use crate::checkpoint::Checkpoints;
use crate::output::Failure;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use pl_experiment::engine::EngineError;
use pl_experiment::{Monitor, Occasion, Part};
use std::fmt::Write as _;
use std::io::IsTerminal;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

/// Exit code of a program ended by Ctrl-C, as shells count it.
pub(crate) const INTERRUPTED: u8 = 130;

/// Units of work between two looks at the bar.
const REDRAW_UNITS: u64 = 4096;

/// Time between two pictures of a run that is shown.
const FRAME: Duration = Duration::from_millis(40);

/// Shows how far a run is; the first Ctrl-C asks it to stop, the second ends the program.
pub(crate) struct Watch {
    bar: ProgressBar,
    interrupted: Arc<AtomicBool>,
    done: AtomicU64,
    /// How much of it was done by a run before this one.
    before: AtomicU64,
    total: u64,
    started: Instant,
    /// Whether to write one line with the time it will take, for want of a terminal.
    announce: bool,
    announced: AtomicBool,
    /// If the run is to be shown on the terminal.
    live: Option<Mutex<Live>>,
    /// Where its states are kept.
    checkpoints: Option<Checkpoints>,
}

/// A run that is shown, at a pace to look at.
struct Live {
    /// Steps of the run in a second, at most.
    pace_hz: f64,
    /// When the next step is due.
    due: Instant,
    /// When the last picture was drawn.
    drawn: Option<Instant>,
    /// Lines of the last picture, which the next one replaces.
    lines: usize,
}

impl Watch {
    /// Watches a run of so many units of work.
    ///
    /// # Errors
    /// If Ctrl-C cannot be caught.
    pub(crate) fn new(total: u64, quiet: bool) -> Result<Watch, Failure> {
        let interrupted = Arc::new(AtomicBool::new(false));
        let flag = interrupted.clone();
        let caught = ctrlc::set_handler(move || {
            if flag.swap(true, Ordering::SeqCst) {
                std::process::exit(INTERRUPTED.into());
            }
        });
        caught.map_err(|error| Failure::Usage(format!("cannot catch Ctrl-C: {error}")))?;
        let terminal = std::io::stderr().is_terminal();
        let bar = ProgressBar::with_draw_target(
            Some(total),
            if quiet { ProgressDrawTarget::hidden() } else { ProgressDrawTarget::stderr() },
        );
        let style = ProgressStyle::with_template(
            "{elapsed} {bar:40} {percent}%  about {eta} left (Ctrl-C keeps what is done)",
        );
        if let Ok(style) = style {
            bar.set_style(style);
        }
        Ok(Watch {
            bar,
            interrupted,
            done: AtomicU64::new(0),
            before: AtomicU64::new(0),
            total,
            started: Instant::now(),
            announce: !terminal && !quiet,
            announced: AtomicBool::new(false),
            live: None,
            checkpoints: None,
        })
    }

    /// Also keeps the states of the run.
    pub(crate) fn keeping(self, checkpoints: Checkpoints) -> Watch {
        Watch { checkpoints: Some(checkpoints), ..self }
    }

    /// Also shows the run, if there is a terminal: so many steps a second, or fewer.
    pub(crate) fn showing(mut self, pace_hz: Option<f64>) -> Watch {
        let live = |pace_hz| Live { pace_hz, due: Instant::now(), drawn: None, lines: 0 };
        self.live = pace_hz.filter(|_| std::io::stderr().is_terminal()).map(live).map(Mutex::new);
        self
    }

    pub(crate) fn is_interrupted(&self) -> bool {
        self.interrupted.load(Ordering::Relaxed)
    }

    /// Clears the bar.
    pub(crate) fn finish(&self) {
        self.bar.finish_and_clear();
    }

    /// The file in which the states of the run are kept, if they are.
    ///
    /// # Errors
    /// If it could not be written the last time.
    pub(crate) fn checkpoint(self) -> Result<Option<PathBuf>, Failure> {
        self.checkpoints.map_or(Ok(None), Checkpoints::finish)
    }

    /// After two hundredths of the work, says how long all of it will take.
    fn announce_once(&self, done: u64) {
        if !self.announce || self.announced.load(Ordering::Relaxed) {
            return;
        }
        let before = self.before.load(Ordering::Relaxed);
        if let Some(share) = share_of_own(before, done, self.total)
            && !self.announced.swap(true, Ordering::Relaxed)
        {
            let whole_s = self.started.elapsed().as_secs_f64() / share;
            eprintln!("this will take about {:.0} s", whole_s.ceil());
        }
    }
}

/// Which share is done of the work that a run before this one left; none before two hundredths.
fn share_of_own(before: u64, done: u64, total: u64) -> Option<f64> {
    let (own, all) = (done.saturating_sub(before), total.saturating_sub(before));
    if own == 0 || own.saturating_mul(50) < all {
        return None;
    }
    #[allow(clippy::cast_precision_loss, reason = "an estimate for people")]
    Some(own as f64 / all.max(own) as f64)
}

impl Monitor for Watch {
    fn advance(&self, units: u64) {
        let done = self.done.fetch_add(units, Ordering::Relaxed) + units;
        // Redrawing is rare, but even asking for it takes a lock.
        if done / REDRAW_UNITS != (done - units) / REDRAW_UNITS || done >= self.total {
            self.bar.set_position(done);
            self.announce_once(done);
        }
    }

    fn go_on(&self, units: u64) {
        if units > 0 {
            self.before.fetch_add(units, Ordering::Relaxed);
            let done = self.done.fetch_add(units, Ordering::Relaxed) + units;
            self.bar.set_position(done);
            // What is left is not done at the pace of this jump.
            self.bar.reset_eta();
        }
    }

    fn interrupted(&self) -> bool {
        self.is_interrupted()
    }

    fn clock_s(&self) -> f64 {
        self.started.elapsed().as_secs_f64()
    }

    fn show(&self, draw: &dyn Fn() -> Vec<String>) {
        let Some(live) = &self.live else { return };
        let mut live = live.lock().unwrap_or_else(PoisonError::into_inner);
        if live.drawn.is_none_or(|drawn| drawn.elapsed() >= FRAME) {
            self.bar.set_draw_target(ProgressDrawTarget::hidden());
            live.draw(&draw());
        }
        live.wait();
    }

    fn kept(&self, part: &Part) -> Option<Vec<u8>> {
        self.checkpoints.as_ref().and_then(|checkpoints| checkpoints.kept(part))
    }

    fn keep(
        &self,
        part: &Part,
        occasion: Occasion,
        state: &dyn Fn() -> Result<Vec<u8>, EngineError>,
    ) -> Result<(), EngineError> {
        match &self.checkpoints {
            Some(checkpoints) => checkpoints.keep(part, occasion, state),
            None => Ok(()),
        }
    }
}

impl Live {
    /// Puts a picture in the place of the last one.
    fn draw(&mut self, lines: &[String]) {
        let mut text = String::new();
        if self.lines > 0 {
            let _ = write!(text, "\x1b[{}A", self.lines);
        }
        for line in lines {
            let _ = writeln!(text, "\r{line}\x1b[K");
        }
        eprint!("{text}");
        self.lines = lines.len();
        self.drawn = Some(Instant::now());
    }

    /// Until the next step is due.
    fn wait(&mut self) {
        let now = Instant::now();
        // What came late is not caught up with.
        self.due = self.due.max(now.checked_sub(FRAME).unwrap_or(now))
            + Duration::from_secs_f64(1.0 / self.pace_hz);
        std::thread::sleep(self.due.saturating_duration_since(now));
    }
}

#[cfg(test)]
mod tests {
    use super::share_of_own;

    #[test]
    fn what_a_run_before_did_tells_nothing_of_the_pace() {
        assert_eq!(share_of_own(0, 1, 100), None);
        assert_eq!(share_of_own(0, 2, 100), Some(0.02));
        assert_eq!(share_of_own(80, 80, 100), None);
        assert_eq!(share_of_own(80, 85, 100), Some(0.25));
        assert_eq!(share_of_own(100, 100, 100), None);
    }
}
