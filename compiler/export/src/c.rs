//! Headers in C for the object file of a rule.
//!
//! `plc_rule.h` is what all objects share; `RULE.h` has the rule's params, what an instance keeps,
//! and functions that fill the context of a call. Both go with one object and one version of the
//! compiler: the context is not meant to stay as it is.

use crate::host::{Dialect, Exact, ExactOperator};
use crate::names::Names;
use crate::template::filled;
use crate::{Params, Rule, maker};
use pl_fixed::{lfsr, rng};
use pl_ir::io::COLUMNS;
use pl_ir::{Generators, Op, Record, Scope};
use pl_sema::hir;
use pl_sema::lower::state_format;
use std::fmt::Write as _;

/// Most events that an instance keeps of one update, if its rule sends any.
const EVENTS_MAX: usize = 1024;

/// Refuses pairs of rows that do not begin with an even one.
const EVEN_ROWS: &str = "    for (uint32_t i = 0; i < self->rows; i++) {
        if (arrays->row_numbers[i] & 1) return PLC_VIEW;
    }
";

/// The header that all objects share: `context` declares the type `plc_context`.
#[must_use]
pub fn shared_header(context: &str) -> String {
    // Of a fraction of 32 bits: see `pl_fixed::rng::Column::seeded`.
    let carries = (rng::MULTIPLIER - 2).to_string();
    let words = [("maker", maker()), ("context", context), ("carries", &carries)];
    filled(include_str!("templates/plc_rule.h"), &words)
}

/// The header of a rule whose object keeps so many vectors in memory and is for this machine.
#[must_use]
pub fn header(rule: &Rule<'_>, homes: usize, machine: &str) -> String {
    let names = |all: &mut dyn Iterator<Item = &str>| {
        let mut names = Names::of_c();
        all.map(|name| names.add(name)).collect()
    };
    let writer = Writer {
        rule,
        upper: rule.hir.name.to_uppercase(),
        objects: names(&mut rule.module.objects.iter().map(|object| object.name.as_str())),
        param_names: names(&mut rule.hir.params.iter().map(|param| param.name.as_str())),
        params: Params::of(rule.derived.iter().map(|value| &value.host)),
    };
    let hir = rule.hir;
    let derive = writer.derive();
    let count = |count: usize| count.max(1).to_string();
    let words = [
        ("name", hir.name.as_str()),
        ("NAME", &writer.upper),
        ("machine", machine),
        ("maker", maker()),
        ("includes", if derive.contains("sqrt(") { "#include <math.h>\n" } else { "" }),
        ("rows", &hir.rows_max.to_string()),
        ("columns", &hir.columns_max.to_string()),
        ("pairs", if hir.signed { EVEN_ROWS } else { "" }),
        ("period", &hir.schedule.period_ticks.to_string()),
        ("phase", &hir.schedule.phase_ticks.to_string()),
        ("events", &count(if sends(rule) { EVENTS_MAX } else { 0 })),
        ("params", &writer.params_declared()),
        ("objects", &writer.objects_declared()),
        ("records", &writer.records_declared()),
        ("derived_count", &count(rule.derived.len())),
        ("homes", &count(homes)),
        ("fixed", &writer.fixed()),
        ("defaults", &writer.defaults()),
        ("checks", &writer.checks()),
        ("derive", &derive),
        ("registers", &writer.registers()),
        ("seed", &writer.seed()),
        ("initial", &writer.initial()),
        ("open", &writer.record_cases()),
        ("field", &writer.field_cases()),
        ("pointers", &writer.pointers()),
    ];
    filled(include_str!("templates/rule.h"), &words)
}

/// Whether a rule sends events.
fn sends(rule: &Rule<'_>) -> bool {
    let mut functions = rule.module.functions.iter();
    functions.any(|func| {
        let mut insts = func.blocks.iter().flat_map(|block| &block.insts);
        insts.any(|inst| func.inst(*inst).op == Op::Send)
    })
}

struct Writer<'a> {
    rule: &'a Rule<'a>,
    upper: String,
    objects: Vec<String>,
    param_names: Vec<String>,
    params: Params,
}

impl Writer<'_> {
    fn free(&self) -> impl Iterator<Item = (&hir::Param, &String)> {
        let hir = self.rule.hir;
        self.params.free(hir).map(|index| (&hir.params[index], &self.param_names[index]))
    }

    fn params_declared(&self) -> String {
        let mut out = String::new();
        for (param, name) in self.free() {
            let _ = writeln!(out, "    double {name}; /* {} */", comment(&described(param)));
        }
        if out.is_empty() {
            out.push_str("    char none;\n");
        }
        out
    }

    /// What is said of params that stay as they are.
    fn fixed(&self) -> String {
        let mut out = String::new();
        for (index, param) in self.rule.hir.params.iter().enumerate() {
            if self.params.is_fixed(index) {
                let _ = writeln!(
                    out,
                    "/* Param `{}` is {} for good, since `exp`, `ln` or `pow` needs it; `plc compile \
                     --set` makes\n * other objects. */",
                    param.name, param.default
                );
            }
        }
        out
    }

    fn defaults(&self) -> String {
        let values: Vec<String> = self.free().map(|(param, _)| number(param.default)).collect();
        if values.is_empty() { "0".to_owned() } else { values.join(", ") }
    }

    fn checks(&self) -> String {
        let mut out = String::new();
        for (param, name) in self.free() {
            let (low, high) = (number(param.interval.low), number(param.interval.high));
            let _ = writeln!(
                out,
                "    if (!(params->{name} >= {low} && params->{name} <= {high})) return 0;"
            );
            if param.kind == hir::Kind::Int {
                let _ =
                    writeln!(out, "    if (params->{name} != (int64_t)params->{name}) return 0;");
            }
        }
        out
    }

    fn derive(&self) -> String {
        let dialect = C { names: &self.param_names };
        let mut out = String::new();
        for (index, value) in self.rule.derived.iter().enumerate() {
            let text = self.params.text(&value.host, self.rule.hir, &dialect);
            let scale = number(value.format.scale());
            let _ = writeln!(out, "    self->derived[{index}] = plc_quantise({text}, {scale});");
        }
        out
    }

    fn objects_declared(&self) -> String {
        let mut out = String::new();
        for (object, name) in self.rule.module.objects.iter().zip(&self.objects) {
            let kind = if object.input { "input" } else { "state" };
            let state = self.rule.hir.states.iter().find(|state| state.name == object.name);
            let bits = fraction_bits(state.map_or(0, |state| state_format(state).frac()));
            let (ty, scope) = (element(object.scope), object.scope.name());
            let extent = self.extent(object.scope);
            let _ = writeln!(
                out,
                "    {ty} {name}{extent}; /* {kind} `{}`, one a {scope}{bits} */",
                object.name
            );
        }
        out
    }

    fn records_declared(&self) -> String {
        let mut out = String::new();
        for (number, record) in self.rule.module.records.iter().enumerate() {
            let _ = writeln!(
                out,
                "    /*\n     * The newest sample of record {number}, taken every {} updates: by the last \
                 one if `update` is\n     * `update_index`.\n     */\n    struct {{\n        uint32_t \
                 update;",
                record.every
            );
            for (field, name) in record.fields.iter().zip(field_names(record)) {
                let (extent, scope) = (self.extent(field.scope), field.scope.name());
                let bits = fraction_bits(field.frac);
                let _ = writeln!(
                    out,
                    "        int32_t {name}{extent}; /* `{}`, one a {scope}{bits} */",
                    field.name
                );
            }
            let _ = writeln!(out, "    }} record_{number};");
        }
        out
    }

    /// Brackets of an array of this scope.
    fn extent(&self, scope: Scope) -> String {
        self.count(scope).map_or(String::new(), |count| format!("[{count}]"))
    }

    /// Elements of an array of this scope.
    fn count(&self, scope: Scope) -> Option<String> {
        match scope {
            Scope::Synapse => Some(format!("{}_ROWS * {COLUMNS}", self.upper)),
            Scope::Neuron => Some(COLUMNS.to_string()),
            Scope::Row => Some(format!("{}_ROWS", self.upper)),
            Scope::Rule => None,
        }
    }

    /// How registers of the chip's generators are seeded, for rules that draw from them.
    fn registers(&self) -> String {
        match self.rule.module.generators {
            Generators::Own => String::new(),
            Generators::Hardware => {
                let taps = lfsr::POLYNOMIALS.map(|polynomial| polynomial.reverse_bits());
                let lines = taps.chunks(12).map(|line| {
                    let line = line.iter().map(|taps| format!("0x{taps:04x}"));
                    format!("\n    {}", line.collect::<Vec<String>>().join(", "))
                });
                let words = [
                    ("name", self.rule.hir.name.as_str()),
                    ("taps", &lines.collect::<Vec<String>>().join(",")),
                    ("warm_up", &lfsr::WARM_UP.to_string()),
                ];
                filled(include_str!("templates/rule_registers.h"), &words)
            }
        }
    }

    /// The function that seeds the generators of columns.
    fn seed(&self) -> String {
        match self.rule.module.generators {
            Generators::Own => "plc_seed_columns".to_owned(),
            Generators::Hardware => format!("{}_seed_registers", self.rule.hir.name),
        }
    }

    fn initial(&self) -> String {
        let mut out = String::new();
        for (object, name) in self.rule.module.objects.iter().zip(&self.objects) {
            let initial = object.initial;
            let _ = match self.count(object.scope) {
                _ if initial == 0 => Ok(()),
                None => writeln!(out, "    self->{name} = {initial};"),
                Some(count) => writeln!(
                    out,
                    "    for (uint32_t i = 0; i < {count}; i++) self->{name}[i] = {initial};"
                ),
            };
        }
        out
    }

    fn record_cases(&self) -> String {
        let mut out = String::new();
        for number in 0..self.rule.module.records.len() {
            let record = format!("self->record_{number}");
            let _ = writeln!(
                out,
                "    case {number}:\n        memset(&{record}, 0, sizeof {record});\n        \
                 {record}.update = self->update_index + 1;\n        return 1;"
            );
        }
        out
    }

    fn field_cases(&self) -> String {
        let mut out = String::new();
        for (number, record) in self.rule.module.records.iter().enumerate() {
            for (position, (field, name)) in
                record.fields.iter().zip(field_names(record)).enumerate()
            {
                let and = address_of(field.scope);
                let _ = writeln!(
                    out,
                    "    case {number} << 16 | {position}: return {and}self->record_{number}.{name};"
                );
            }
        }
        out
    }

    /// First elements of all objects.
    fn pointers(&self) -> String {
        let objects = self.rule.module.objects.iter().zip(&self.objects);
        let pointers: Vec<String> = objects
            .map(|(object, name)| format!("{}self->{name}", address_of(object.scope)))
            .collect();
        if pointers.is_empty() { "0".to_owned() } else { pointers.join(", ") }
    }
}

/// Names of the fields of a record, beside the number of the update.
fn field_names(record: &Record) -> Vec<String> {
    let mut names = Names::of_c();
    names.add("update");
    record.fields.iter().map(|field| names.add(&field.name)).collect()
}

/// A param in words.
fn described(param: &hir::Param) -> String {
    let values = format!("{} {}", param.interval, param.unit);
    format!("{}; default {}. {}", values.trim(), param.default, param.doc.replace('\n', " "))
}

/// Text that cannot end a comment.
fn comment(text: &str) -> String {
    text.replace("*/", "* /").trim_end().to_owned()
}

fn fraction_bits(bits: i32) -> String {
    if bits == 0 { String::new() } else { format!(", {bits} fraction bits") }
}

/// What a pointer to the first element of a field needs.
const fn address_of(scope: Scope) -> &'static str {
    match scope {
        Scope::Rule => "&",
        Scope::Synapse | Scope::Neuron | Scope::Row => "",
    }
}

const fn element(scope: Scope) -> &'static str {
    match scope {
        Scope::Synapse | Scope::Neuron => "int16_t",
        Scope::Row | Scope::Rule => "int32_t",
    }
}

/// A number that reads back as the same.
fn number(value: f64) -> String {
    if value.is_finite() {
        format!("{value:?}")
    } else {
        format!("({}1.0 / 0.0)", if value < 0.0 { "-" } else { "" })
    }
}

/// Expressions in C, of a struct `params`.
struct C<'a> {
    names: &'a [String],
}

impl Dialect for C<'_> {
    fn number(&self, value: f64) -> String {
        number(value)
    }

    fn param(&self, index: usize) -> String {
        format!("params->{}", self.names[index])
    }

    fn unary(&self, function: Exact, x: &str) -> String {
        match function {
            Exact::Neg => format!("-({x})"),
            Exact::Abs => format!("plc_abs({x})"),
            Exact::Sign => format!("plc_sign({x})"),
            Exact::Sqrt => format!("sqrt({x})"),
        }
    }

    fn binary(&self, operator: ExactOperator, x: &str, y: &str) -> String {
        match operator {
            ExactOperator::Add => format!("({x} + {y})"),
            ExactOperator::Sub => format!("({x} - {y})"),
            ExactOperator::Mul => format!("plc_product({x}, {y})"),
            ExactOperator::Div => format!("({x} / {y})"),
            ExactOperator::Min => format!("plc_min({x}, {y})"),
            ExactOperator::Max => format!("plc_max({x}, {y})"),
        }
    }
}
