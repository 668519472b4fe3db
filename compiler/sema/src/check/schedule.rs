//! Schedules: periods and phases as ticks of the processor.

use super::RuleChecker;
use super::parts::Members;
use crate::dimension::{self, Dimension};
use crate::hir::{self, Due, TICKS_PER_US};
use pl_diag::{Code, Diagnostic, Span};
use pl_syntax::ast;

/// Longest time a schedule may name: an hour of hardware time, in ticks.
const TICKS_MAX: f64 = 3600.0e6 * TICKS_PER_US as f64;

/// A schedule in ticks.
#[derive(Clone, Copy)]
struct Times {
    /// Time of its first update.
    first: u64,
    /// Time between updates; none for a single one.
    period: Option<u64>,
    /// Whose it is.
    part: usize,
    /// Whether it is that of all blocks without one of their own.
    whole: bool,
    span: Span,
}

/// The schedules of a rule, and the step that they have in common.
pub(super) struct Schedules {
    pub(super) common: hir::Schedule,
    due: Vec<(Times, Due)>,
}

impl Schedules {
    /// When blocks of a part run: those of the schedule written here, or those without one of their
    /// own.
    pub(super) fn due(&self, part: usize, head: Option<Span>) -> Due {
        let of_part = self.due.iter().filter(|(times, _)| times.part == part);
        let found = of_part.into_iter().find(|(times, _)| match head {
            Some(head) => times.span == head,
            None => times.whole,
        });
        found.map_or(Due::Always, |(_, due)| *due)
    }

    /// The common step: the largest with which every schedule is due at steps from the first.
    fn of(all: Vec<Times>) -> Option<Schedules> {
        let first = all.iter().map(|times| times.first).min()?;
        let periods = all.iter().filter_map(|times| times.period);
        let phases = all.iter().map(|times| times.first - first);
        let step = periods.chain(phases).fold(0, greatest_common_divisor);
        let steps = |ticks: u64| u32::try_from(ticks / step.max(1)).unwrap_or(u32::MAX);
        let due = |times: &Times| {
            let from = steps(times.first - first);
            match times.period.map(steps) {
                Some(1) if from == 0 => Due::Always,
                Some(every) => Due::Every { every, first: from },
                None => Due::Once(from),
            }
        };
        // A single `at` has no period of its own: the longest there is.
        #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a constant")]
        let period_ticks = if step == 0 { TICKS_MAX as u64 } else { step };
        let shortest_ticks =
            all.iter().filter_map(|times| times.period).min().unwrap_or(period_ticks);
        let span = all.iter().min_by_key(|times| times.period.unwrap_or(u64::MAX))?.span;
        Some(Schedules {
            common: hir::Schedule { period_ticks, phase_ticks: first, shortest_ticks, span },
            due: all.iter().map(|times| (*times, due(times))).collect(),
        })
    }
}

fn greatest_common_divisor(a: u64, b: u64) -> u64 {
    if b == 0 { a } else { greatest_common_divisor(b, a % b) }
}

impl<'a> RuleChecker<'a> {
    /// The schedules of a rule: one of the whole rule, or others that own blocks, or both; and those
    /// of the rules that it uses.
    pub(super) fn schedules(&mut self, members: &Members<'a>) -> Option<Schedules> {
        let written = members.iter().filter_map(|(part, member)| {
            let ast::Member::Schedule(schedule) = member else { return None };
            Some((*part, schedule))
        });
        let imposed =
            self.parts.iter().enumerate().filter_map(|(index, part)| {
                part.imposed_schedule().map(|schedule| (index, schedule))
            });
        let replaced: Vec<usize> = imposed.clone().map(|(part, _)| part).collect();
        let written = written.filter(|(part, s)| s.blocks.is_some() || !replaced.contains(part));
        let schedules: Vec<(usize, &ast::Schedule)> = imposed.chain(written).collect();
        let mut all: Vec<Times> = Vec::new();
        let mut sound = true;
        for (part, schedule) in schedules {
            // What a part is given is written where it is used.
            let place = if replaced.contains(&part) && schedule.blocks.is_none() {
                self.parts[part].user()
            } else {
                part
            };
            let Some(times) = self.within(place, |checker| checker.times(schedule)) else {
                sound = false;
                continue;
            };
            let times = Times { part, ..times };
            let first = all.iter().find(|other| other.part == part && other.whole && times.whole);
            if let Some(before) = first {
                let message = "a rule has one schedule of its own";
                let found = Diagnostic::error(Code::E0502, times.span, message)
                    .label(times.span, "a second one")
                    .label(before.span, "the first is here")
                    .help("give each schedule its blocks: `every 1 ms { synapses { .. } }`");
                self.found.push(found);
                sound = false;
            }
            all.push(times);
        }
        // A rule that was refused may be what has a schedule.
        if !sound || all.is_empty() && self.parts_missing {
            return None;
        }
        let homeless = members.iter().find_map(|(part, member)| {
            let ast::Member::Block(block) = member else { return None };
            let timed = all.iter().any(|times| times.part == *part && times.whole);
            (!timed).then(|| (*part, block.span.before()))
        });
        if homeless.is_some() || all.is_empty() {
            let (part, block) = homeless.unzip();
            let rule = &self.parts[part.unwrap_or(0)].rule.name;
            let place = block.filter(|_| !all.is_empty()).unwrap_or(rule.span);
            let message = format!("the rule `{}` does not say when it runs", rule.name);
            self.found.push(
                Diagnostic::error(Code::E0501, place, message)
                    .label(place, "no schedule for this")
                    .help("add a line such as `every 1 ms`"),
            );
            return None;
        }
        Schedules::of(all)
    }

    fn times(&mut self, schedule: &'a ast::Schedule) -> Option<Times> {
        let (first, period) = match &schedule.kind {
            ast::ScheduleKind::Every { period, phase } => {
                let period = self.ticks(period, 1.0)?;
                let first = match phase {
                    Some(phase) => self.ticks(phase, 0.0)?,
                    None => period,
                };
                (first, Some(period))
            }
            ast::ScheduleKind::At { time } => (self.ticks(time, 0.0)?, None),
        };
        let whole = schedule.blocks.is_none();
        Some(Times { first, period, part: self.part, whole, span: schedule.head })
    }

    /// A time as whole ticks, at least `least`.
    fn ticks(&mut self, expr: &ast::Expr, least: f64) -> Option<u64> {
        let us = self.microseconds(expr)?;
        let exact = us * TICKS_PER_US as f64;
        let ticks = exact.round();
        // Decimal fractions of a microsecond are not exact in binary.
        let whole = (exact - ticks).abs() <= 1e-6 * ticks;
        if !whole || !(least..=TICKS_MAX).contains(&ticks) {
            let message = "a schedule counts in steps of 4 ns, up to an hour".to_owned();
            self.found.push(
                Diagnostic::error(Code::E0508, expr.span, message)
                    .label(expr.span, format!("this is {}", time_in_words(us)))
                    .help("choose a multiple of 4 ns between 4 ns and an hour"),
            );
            return None;
        }
        #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "checked above")]
        Some(ticks as u64)
    }

    /// A time in microseconds of hardware time.
    fn microseconds(&mut self, expr: &ast::Expr) -> Option<f64> {
        let unitless = matches!(
            &expr.without_parens().kind,
            ast::ExprKind::Number(ast::Number { unit: None, .. })
        );
        if unitless {
            // The parser has reported it.
            return None;
        }
        self.constant_of(expr, Dimension::TIME)
    }
}

/// A time in the largest unit of which it is one or more.
fn time_in_words(us: f64) -> String {
    if !(1e-6..1e15).contains(&us.abs()) {
        return format!("{us:e} us");
    }
    let units = [("s", 1e6), ("ms", 1e3), ("us", 1.0)];
    let fitting = units.into_iter().find(|(_, scale)| us.abs() >= *scale);
    let (unit, scale) = fitting.unwrap_or(("ns", 1e-3));
    format!("{} {unit}", dimension::in_unit(us, scale))
}
