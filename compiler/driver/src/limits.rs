//! Whether a rule fits the processor: its memory, and its period.

use crate::rule::Rule;
use pl_diag::{Code, Diagnostic};
use pl_ir::Scope;
use pl_sema::hir::TICKS_PER_US;

/// Rows of a hemisphere.
const ROWS: u32 = pl_fixed::chip::ROWS as u32;

/// What forbids or should be known before a rule is put on a chip.
///
/// A program that does not fit is an error. So is a period shorter than the worst case of the view
/// the rule declares, or of a single row; without a declared view a period too short for all rows
/// is a warning.
pub(crate) fn check(rule: &Rule) -> Vec<Diagnostic> {
    let hir = rule.hir();
    let cost = match rule.program() {
        Ok(program) => program.cost,
        Err(error) => {
            let message = format!("the program of `{}` does not fit the processor", hir.name);
            let place = hir.rows_span.unwrap_or(hir.span);
            return vec![
                Diagnostic::error(Code::E0601, place, message)
                    .label(place, error.to_string())
                    .help("use fewer states or statements, or a smaller `view rows <= N`"),
            ];
        }
    };
    let mut found: Vec<Diagnostic> = outside(rule, &cost).into_iter().collect();
    found.extend(period(rule, &cost));
    found
}

/// State that is kept in external memory.
fn outside(rule: &Rule, cost: &pl_ppu::Cost) -> Option<Diagnostic> {
    if cost.external_bytes == 0 {
        return None;
    }
    let states = || rule.hir().states.iter();
    let of = |scope| states().find(|state| state.scope == scope);
    let place = of(Scope::Synapse).or_else(|| of(Scope::Neuron))?.span;
    // A row of halfwords is four vectors.
    let read = 4 * pl_ppu::Options::default().latencies.external_read_cycles;
    let message = format!(
        "{} bytes of state do not fit beside the program and go to external memory",
        cost.external_bytes
    );
    let cycles = format!(
        "reading a row of it takes {read} cycles; an update takes {} cycles a row",
        cost.per_row_cycles
    );
    Some(
        Diagnostic::warning(Code::W0712, place, message)
            .label(place, cycles)
            .help("use fewer states, or a smaller `view rows <= N`"),
    )
}

/// A period that is too short.
fn period(rule: &Rule, cost: &pl_ppu::Cost) -> Vec<Diagnostic> {
    let hir = rule.hir();
    let columns = hir.columns_max;
    let period = hir.schedule.shortest_ticks;
    // Each block is due once a shortest period at most, and nothing in the other steps.
    let idle_steps = period / hir.schedule.period_ticks.max(1) - 1;
    let idle = idle_steps.saturating_mul(cost.idle_cycles(columns));
    let needed = |rows| cost.update_cycles(rows, columns).saturating_add(idle);
    let rows = if hir.rows_span.is_some() { hir.rows_max } else { ROWS };
    if needed(rows) <= period {
        return Vec::new();
    }
    let span = hir.schedule.span;
    let (needed_us, period_us) = (us(needed(rows)), us(period));
    let worst = format!(
        "estimated worst case: {needed_us:.0} us for {rows} rows of {columns} columns, of {} cycles \
         a row",
        cost.per_row_cycles
    );
    let fitting = (1..rows).rev().find(|rows| needed(*rows) <= period);
    let found = match (hir.rows_span, fitting) {
        (None, Some(_)) => {
            let message = format!("a period of {period_us:.0} us is too short for all {rows} rows");
            Diagnostic::warning(Code::W0711, span, message)
        }
        (Some(_), _) | (None, None) => {
            let message =
                format!("a period of {period_us:.0} us is shorter than `{}` needs", hir.name);
            Diagnostic::error(Code::E0602, span, message)
        }
    };
    let steps = (idle > 0).then(|| {
        format!(
            "schedules are kept in common steps of {}, of which {idle_steps} in this period with nothing \
             to do take {:.0} us",
            in_words(us(hir.schedule.period_ticks)),
            us(idle)
        )
    });
    let help = match fitting {
        Some(rows) => format!(
            "`view rows <= {rows}` fits this period; all rows need at least {}",
            milliseconds(needed_us)
        ),
        None if idle >= period / 2 => {
            "choose periods and phases with a longer common step".to_owned()
        }
        None => {
            format!("even one row does not fit; choose at least {}", milliseconds(us(needed(1))))
        }
    };
    let found = found.label(span, worst).help(help);
    vec![match steps {
        Some(steps) => found.note(steps),
        None => found,
    }]
}

/// A time of microseconds, in nanoseconds below one.
fn in_words(us: f64) -> String {
    if us < 1.0 { format!("{} ns", us * 1000.0) } else { format!("{us} us") }
}

fn us(ticks: u64) -> f64 {
    #[allow(
        clippy::cast_precision_loss,
        reason = "for people; cycles of an update are far below 2^52"
    )]
    let ticks = ticks as f64;
    ticks / TICKS_PER_US as f64
}

/// A period as written in a rule, rounded up to tenths.
fn milliseconds(us: f64) -> String {
    format!("`every {} ms`", (us / 100.0).ceil() / 10.0)
}
