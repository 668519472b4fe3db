//! Schedules: periods and phases as ticks of the processor.

use super::{RuleChecker, not_yet};
use crate::hir;
use pl_diag::{Code, Diagnostic, Span};
use pl_syntax::ast;

/// Ticks of 4 ns in a second of hardware time.
const TICKS_PER_S: f64 = 250.0e6;
/// Biological time runs this much slower.
const SPEED_UP: f64 = 1000.0;
/// Longest time a schedule may name: an hour of hardware time, in ticks.
const TICKS_MAX: f64 = 3600.0 * TICKS_PER_S;

impl<'a> RuleChecker<'a> {
    /// The schedule of a rule: exactly one, of the whole rule or owning blocks.
    pub(super) fn schedule(&mut self, rule: &'a ast::Rule) -> Option<hir::Schedule> {
        let mut schedules = rule.members.iter().filter_map(|member| {
            if let ast::Member::Schedule(schedule) = member { Some(schedule) } else { None }
        });
        let Some(first) = schedules.next() else {
            let span = rule.name.span;
            let message = format!("the rule `{}` does not say when it runs", rule.name.name);
            self.found.push(
                Diagnostic::error(Code::E0501, span, message)
                    .label(span, "no schedule in this rule")
                    .help("add a line such as `every 1 ms`"),
            );
            return None;
        };
        for other in schedules {
            self.found.push(not_yet(other.head, "a second schedule"));
        }
        let (period, phase) = match &first.kind {
            ast::ScheduleKind::Every { period, phase } => (period, phase.as_ref()),
            ast::ScheduleKind::At { time } => {
                self.found.push(not_yet(time.span, "`at` schedules"));
                return None;
            }
        };
        let period_ticks = self.ticks(period, 1.0)?;
        let phase_ticks = match phase {
            Some(phase) => self.ticks(phase, 0.0)?,
            None => period_ticks,
        };
        Some(hir::Schedule { period_ticks, phase_ticks, span: first.head })
    }

    /// A time as whole ticks, at least `least`.
    fn ticks(&mut self, expr: &ast::Expr, least: f64) -> Option<u64> {
        let seconds = self.seconds(expr)?;
        let ticks = (seconds * TICKS_PER_S).round();
        if !(least..=TICKS_MAX).contains(&ticks) {
            let message = "a schedule counts in steps of 4 ns, up to an hour".to_owned();
            self.found.push(
                Diagnostic::error(Code::E0508, expr.span, message)
                    .label(expr.span, format!("this is {seconds:e} s"))
                    .help("choose a time of 4 ns or more"),
            );
            return None;
        }
        #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "checked above")]
        Some(ticks as u64)
    }

    /// A time in seconds of hardware time: a number with a unit, or a constant that is one.
    fn seconds(&mut self, expr: &ast::Expr) -> Option<f64> {
        let kind = &expr.without_parens().kind;
        if let ast::ExprKind::Number(number) = kind {
            return self.number_seconds(number, expr.span);
        }
        if let ast::ExprKind::Name(name) = kind
            && let Some(item) = self.items.consts.get(name.name.as_str()).copied()
        {
            if self.expanding.contains(&name.name) {
                self.found.push(not_a_time(expr.span, "it is defined by itself"));
                return None;
            }
            self.expanding.push(name.name.clone());
            let seconds = self.seconds(&item.value);
            self.expanding.pop();
            return seconds;
        }
        self.found.push(not_a_time(expr.span, "this is no number with a unit"));
        None
    }

    fn number_seconds(&mut self, number: &ast::Number, span: Span) -> Option<f64> {
        let Some(unit) = number.unit else {
            // The parser has reported it, unless it is the value of a constant.
            if !self.expanding.is_empty() {
                self.found.push(not_a_time(span, "a number without a unit"));
            }
            return None;
        };
        let scale = match unit.kind {
            ast::UnitKind::Nanosecond => 1e-9,
            ast::UnitKind::Microsecond => 1e-6,
            ast::UnitKind::Millisecond => 1e-3,
            ast::UnitKind::Second => 1.0,
            ast::UnitKind::Hertz | ast::UnitKind::Kilohertz | ast::UnitKind::Megahertz => {
                self.found.push(not_a_time(span, "this is a frequency"));
                return None;
            }
        };
        let hardware = if unit.bio { scale / SPEED_UP } else { scale };
        Some(number.value.as_f64() * hardware)
    }
}

fn not_a_time(span: Span, what: &str) -> Diagnostic {
    Diagnostic::error(Code::E0304, span, "a schedule needs a time")
        .label(span, what)
        .help("write a time with its unit, such as `1 ms` or `400 us bio`")
}
