//! Classes in Python for pynn-brainscales, with the kernel inside.

use crate::cxx::{Exported, Words, input_type, starts_apart, with_words};
use crate::host::{Dialect, Exact, ExactOperator};
use crate::template::filled;
use crate::{Params, Rule, maker};
use pl_ir::Scope;
use pl_sema::hir;
use pl_sema::lower::state_format;
use std::fmt::Write as _;

/// A module with a class for the rule; for rules that [`crate::cxx::unsupported`] says nothing of.
#[must_use]
pub fn module(rule: &Rule<'_>, cost: &str) -> String {
    let writer = Writer {
        rule,
        exported: Exported::new(rule),
        params: Params::of(rule.derived.iter().map(|value| &value.host)),
    };
    let schedule = rule.hir.schedule;
    let apart = starts_apart(rule);
    let start = schedule.phase_ticks - if apart { schedule.period_ticks } else { 0 };
    let ms = |ticks: u64| {
        #[allow(clippy::cast_precision_loss, reason = "an hour has less than 2^52 ticks")]
        let ticks = ticks as f64;
        format!("{:?}", ticks / (1000 * hir::TICKS_PER_US) as f64)
    };
    let kernel = with_words(rule, cost, &Words::Gaps);
    let words = [
        ("name", rule.hir.name.as_str()),
        ("class", &class_name(&rule.hir.name)),
        ("maker", maker()),
        ("doc", &rule.hir.doc.replace('\\', "\\\\").replace("\"\"\"", "'''")),
        ("start", &ms(start)),
        ("period", &ms(schedule.period_ticks)),
        ("before", if apart { "1" } else { "0" }),
        ("params", &writer.params()),
        ("fixed", &writer.fixed()),
        ("derived", &writer.derived()),
        ("inputs", &writer.inputs()),
        ("records", &writer.records()),
        ("draws", if writer.exported.uses.draws { "True" } else { "False" }),
        ("kernel", &kernel),
    ];
    filled(include_str!("templates/rule.py"), &words)
}

/// `rate_homeostasis` as `RateHomeostasis`; what is no name in Python gets `Rule` in front.
fn class_name(name: &str) -> String {
    let word = |word: &str| {
        let mut letters = word.chars();
        letters.next().map(|first| first.to_ascii_uppercase().to_string() + letters.as_str())
    };
    let name: String = name.split('_').filter_map(word).collect();
    let word = matches!(name.as_str(), "None" | "True" | "False");
    if word || name.starts_with(|first: char| first.is_ascii_digit()) {
        format!("Rule{name}")
    } else {
        name
    }
}

struct Writer<'a> {
    rule: &'a Rule<'a>,
    exported: Exported<'a>,
    params: Params,
}

impl Writer<'_> {
    fn params(&self) -> String {
        let mut out = String::new();
        for index in self.params.free(self.rule.hir) {
            let param = &self.rule.hir.params[index];
            let doc = param.doc.replace('\n', " ");
            if !doc.is_empty() {
                let _ = writeln!(out, "        # {doc}");
            }
            let hir::Param { name, interval, default, .. } = param;
            let whole = if param.kind == hir::Kind::Int { "True" } else { "False" };
            let (low, high) = (number(interval.low), number(interval.high));
            let _ = writeln!(
                out,
                "        \"{name}\": ({low}, {high}, {}, {whole}),",
                number(*default)
            );
        }
        out
    }

    fn fixed(&self) -> String {
        let mut out = String::new();
        for (index, param) in self.rule.hir.params.iter().enumerate() {
            if self.params.is_fixed(index) {
                let _ = writeln!(
                    out,
                    "    # Param `{}` is {} for good, since `exp`, `ln` or `pow` needs it; `plc compile \
                     --set`\n    # makes other classes.",
                    param.name, param.default
                );
            }
        }
        out
    }

    fn derived(&self) -> String {
        let dialect = Python { params: &self.rule.hir.params };
        let mut out = String::new();
        for value in self.rule.derived {
            let text = self.params.text(&value.host, self.rule.hir, &dialect);
            let scale = number(value.format.scale());
            let _ = writeln!(out, "            _quantised({text}, {scale}),");
        }
        out
    }

    /// Name, symbol, number of values, fraction bits, whether words have two, raw initial value.
    fn inputs(&self) -> String {
        let mut out = String::new();
        let rows = self.exported.module.rows_max;
        for (index, object) in self.exported.module.objects.iter().enumerate() {
            if object.input {
                let (ty, count) = input_type(object.scope, rows);
                let state = self.rule.hir.states.iter().find(|state| state.name == object.name);
                let bits = state.map_or(0, |state| state_format(state).frac());
                let two = if ty == "int16_t" { "True" } else { "False" };
                let (name, symbol) = (&object.name, self.exported.object(index));
                let _ = writeln!(
                    out,
                    "        \"{name}\": (\"{symbol}\", {count}, {bits}, {two}, {}),",
                    object.initial
                );
            }
        }
        out
    }

    fn records(&self) -> String {
        let mut out = String::new();
        let rows = self.exported.module.rows_max;
        for (record, names) in self.exported.module.records.iter().zip(&self.exported.fields) {
            let _ = write!(out, "        ({}, {{", record.every);
            for (field, name) in record.fields.iter().zip(names) {
                let count = if field.scope == Scope::Row { rows } else { 1 };
                let (scope, bits) = (field.scope.name(), field.frac);
                let _ = write!(out, "\"{name}\": (\"{scope}\", {bits}, {count}), ");
            }
            out.push_str("}),\n");
        }
        out
    }
}

fn number(value: f64) -> String {
    if value.is_finite() { format!("{value:?}") } else { format!("float(\"{value}\")") }
}

/// Expressions in Python, of a dictionary `p`.
struct Python<'a> {
    params: &'a [hir::Param],
}

impl Dialect for Python<'_> {
    fn number(&self, value: f64) -> String {
        number(value)
    }

    fn param(&self, index: usize) -> String {
        format!("p[\"{}\"]", self.params[index].name)
    }

    fn unary(&self, function: Exact, x: &str) -> String {
        match function {
            Exact::Neg => format!("-({x})"),
            Exact::Abs => format!("abs({x})"),
            Exact::Sign => format!("_sign({x})"),
            Exact::Sqrt => format!("_root({x})"),
        }
    }

    fn binary(&self, operator: ExactOperator, x: &str, y: &str) -> String {
        match operator {
            ExactOperator::Add => format!("({x} + {y})"),
            ExactOperator::Sub => format!("({x} - {y})"),
            ExactOperator::Mul => format!("({x} * {y})"),
            ExactOperator::Div => format!("_quotient({x}, {y})"),
            ExactOperator::Min => format!("_smaller({x}, {y})"),
            ExactOperator::Max => format!("_larger({x}, {y})"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn classes_have_names_of_classes() {
        assert_eq!(class_name("rstdp_eligibility"), "RstdpEligibility");
        assert_eq!(class_name("_2nd"), "Rule2nd");
        assert_eq!(class_name("none"), "RuleNone");
    }
}
