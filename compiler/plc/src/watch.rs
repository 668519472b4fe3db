//! Progress on the terminal, and Ctrl-C.

use crate::output::Failure;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use pl_experiment::Monitor;
use std::io::IsTerminal;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Instant;

/// Exit code of a program ended by Ctrl-C, as shells count it.
pub(crate) const INTERRUPTED: u8 = 130;

/// Units of work between two looks at the bar.
const REDRAW_UNITS: u64 = 4096;

/// Shows how far a run is; the first Ctrl-C asks it to stop, the second ends the program.
pub(crate) struct Watch {
    bar: ProgressBar,
    interrupted: Arc<AtomicBool>,
    done: AtomicU64,
    total: u64,
    started: Instant,
    /// Whether to write one line with the time it will take, for want of a terminal.
    announce: bool,
    announced: AtomicBool,
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
            total,
            started: Instant::now(),
            announce: !terminal && !quiet,
            announced: AtomicBool::new(false),
        })
    }

    pub(crate) fn is_interrupted(&self) -> bool {
        self.interrupted.load(Ordering::Relaxed)
    }

    /// Clears the bar.
    pub(crate) fn finish(&self) {
        self.bar.finish_and_clear();
    }

    /// After two hundredths of the work, says how long all of it will take.
    fn announce_once(&self, done: u64) {
        let early = done.saturating_mul(50) < self.total;
        if !self.announce || early || self.announced.swap(true, Ordering::Relaxed) {
            return;
        }
        #[allow(clippy::cast_precision_loss, reason = "an estimate for people")]
        let share = done as f64 / self.total.max(1) as f64;
        let whole_s = self.started.elapsed().as_secs_f64() / share;
        eprintln!("this will take about {:.0} s", whole_s.ceil());
    }
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

    fn interrupted(&self) -> bool {
        self.is_interrupted()
    }
}
