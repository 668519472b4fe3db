//! One instruction in C++.

use super::body::Body;
use super::{NEURONS, SYNAPSES};
use pl_ir::io::COLUMNS;
use pl_ir::op::Cond;
use pl_ir::{Imm, InstData, Op, Quantity, Scope, Type, Value};

/// An expression.
pub(super) enum Emitted {
    /// Gets a name.
    Named(String),
    /// Stands where it is used: it is the same everywhere.
    Inline(String),
}

use Emitted::{Inline, Named};

/// Name of a comparison with 0.
const fn against_zero(cond: Cond) -> &'static str {
    match cond {
        Cond::Eq => "If::equal",
        Cond::Ne => "If::unequal",
        Cond::Lt => "If::lesser",
        Cond::Le => "If::lesser_equal",
        Cond::Gt => "If::greater",
        Cond::Ge => "If::greater_equal",
    }
}

const fn symbol(cond: Cond) -> &'static str {
    match cond {
        Cond::Eq => "==",
        Cond::Ne => "!=",
        Cond::Lt => "<",
        Cond::Le => "<=",
        Cond::Gt => ">",
        Cond::Ge => ">=",
    }
}

fn cond_of(inst: &InstData) -> Cond {
    let Imm::Cond(cond) = inst.imm else { unreachable!("verified: cmp has a condition") };
    cond
}

impl Body<'_> {
    /// What an instruction gives.
    pub(super) fn value(&mut self, inst: &InstData) -> Emitted {
        match (inst.op, inst.imm) {
            (Op::Const, Imm::Int(i32::MIN)) => Inline("INT32_MIN".to_owned()),
            (Op::Const, Imm::Int(number)) if number < 0 => Inline(format!("({number})")),
            (Op::Const, Imm::Int(number)) => Inline(number.to_string()),
            (Op::Derived, Imm::Derived(id)) => {
                Inline(format!("{}[{}]", self.rule.derived_symbol(), id.index()))
            }
            (Op::ViewRows, _) => Named(format!("static_cast<int32_t>({SYNAPSES}.rows.size())")),
            (Op::ViewRow, _) => Named(format!("{SYNAPSES}.rows[{}]", self.used(inst.args[0]))),
            (Op::UpdateIndex, _) => Named("static_cast<int32_t>(update_index)".to_owned()),
            (Op::Hemisphere, _) => {
                Named(format!("static_cast<int32_t>({}.hemisphere)", self.rule.view()))
            }
            (Op::Read, Imm::Quantity(quantity)) => Named(self.read(quantity, &inst.args)),
            (Op::Load, Imm::Object(id)) => Named(self.load(id.index(), &inst.args)),
            (Op::Draw, _) => Named("draw()".to_owned()),
            (Op::DrawWord, _) => Named("draw_word()".to_owned()),
            (Op::RecordOpen, Imm::Record(id)) => {
                self.line(&format!("recording.records[{}] = 1;", id.index()));
                Inline("1".to_owned())
            }
            (Op::Column, _) => Named("columns()".to_owned()),
            (Op::Splat, _) => Inline(match self.known(inst.args[0]) {
                Some(number) => format!("Lanes({})", pl_ir::io::low_lane(number)),
                None => format!("Lanes(static_cast<int16_t>({}))", self.used(inst.args[0])),
            }),
            _ => self.computed(inst),
        }
    }

    /// What depends on operands alone.
    #[allow(clippy::wildcard_enum_match_arm, reason = "`value` and `effect` have the others")]
    fn computed(&mut self, inst: &InstData) -> Emitted {
        let args: Vec<String> = inst.args.iter().map(|arg| self.used(*arg)).collect();
        let call = |name: &str| Named(format!("{name}({})", args.join(", ")));
        let scalar = inst.args.first().is_some_and(|arg| self.func.ty(*arg) == Type::I32);
        let infix = |symbol: &str| Named(format!("{} {symbol} {}", args[0], args[1]));
        let places = match inst.imm {
            Imm::Shift(places) => places,
            _ => 0,
        };
        match inst.op {
            Op::RemU => call("remainder"),
            Op::DivU => call("quotient"),
            Op::MulHighU => call("mul_high"),
            Op::MulSat => call("mul_saturating"),
            Op::MulReal => call("mul_real"),
            Op::DivReal => call("div_real"),
            Op::Add => call("add"),
            Op::Sub => call("sub"),
            Op::Mul => call("mul"),
            Op::AddSat if scalar => call("add_saturating"),
            Op::SubSat if scalar => call("sub_saturating"),
            Op::AddSat => infix("+"),
            Op::SubSat => infix("-"),
            Op::Min => call("smaller"),
            Op::Max => call("larger"),
            Op::Compare if scalar => {
                Named(format!("{} {} {}", args[0], symbol(cond_of(inst)), args[1]))
            }
            Op::Compare => self.mask(inst, &args),
            Op::Select if scalar => Named(format!("{} ? {} : {}", args[0], args[1], args[2])),
            Op::Select => Named(self.chosen(inst, &args)),
            Op::MulFrac => infix("*"),
            Op::MulFracRound => call("mul_round"),
            Op::Shl if scalar => Named(format!("shift_left({}, {places})", args[0])),
            Op::ShrLogical if scalar => Named(format!("shift_logical({}, {places})", args[0])),
            Op::Shl => Named(format!("lanes(bits({}) << {places})", args[0])),
            Op::ShrLogical => Named(format!("lanes(bits({}) >> {places})", args[0])),
            Op::ShrFloor => Named(format!("{} >> {places}", args[0])),
            Op::ShrRound => Named(format!("shift_round({}, {places})", args[0])),
            Op::ShrRoundAway => Named(format!("shift_round_away({}, {places})", args[0])),
            Op::ReduceAdd => self.reduction("sum", &args[0]),
            Op::ReduceMin => self.reduction("least", &args[0]),
            Op::ReduceMax => self.reduction("greatest", &args[0]),
            Op::MaskAnd => call("both"),
            Op::MaskOr => call("either"),
            Op::MaskNot => call("negated"),
            _ => unreachable!("`{}` is refused or has no result", inst.op.name()),
        }
    }

    fn reduction(&self, name: &str, lanes: &str) -> Emitted {
        Named(format!("{name}({lanes}, {}.columns)", self.rule.view()))
    }

    /// A comparison of scalars in brackets.
    pub(super) fn comparison(&mut self, inst: &InstData) -> String {
        let [a, b] = [0, 1].map(|arg| self.used(inst.args[arg]));
        format!("({a} {} {b})", symbol(cond_of(inst)))
    }

    fn mask(&mut self, inst: &InstData, args: &[String]) -> Emitted {
        let result = inst.result.expect("verified: cmp has a result");
        if self.only_chooses(result) {
            // `chosen` writes it.
            return Inline(String::new());
        }
        let test = against_zero(cond_of(inst));
        Named(format!("vector_if({} - {}, {test}, Lanes(1), Lanes(0))", args[0], args[1]))
    }

    /// Lanes chosen by a comparison or a mask.
    fn chosen(&mut self, inst: &InstData, args: &[String]) -> String {
        let comparison = self.defs[inst.args[0].index()].filter(|def| def.op == Op::Compare);
        let (test, against) = match comparison {
            Some(def) if self.only_chooses(inst.args[0]) => {
                let [a, b] = [0, 1].map(|arg| self.used(def.args[arg]));
                let zero = self.is_zero(def.args[1]);
                (if zero { a } else { format!("{a} - {b}") }, against_zero(cond_of(def)))
            }
            _ => (args[0].clone(), "If::unequal"),
        };
        format!("vector_if({test}, {against}, {}, {})", args[1], args[2])
    }

    /// Whether all lanes are 0.
    fn is_zero(&self, value: Value) -> bool {
        let splat = self.defs[value.index()].filter(|def| def.op == Op::Splat);
        splat.is_some_and(|def| self.known(def.args[0]) == Some(0))
    }

    fn read(&mut self, quantity: Quantity, args: &[Value]) -> String {
        let row = args.first().map_or_else(String::new, |row| self.used(*row));
        match quantity {
            Quantity::Weight => format!("widened({SYNAPSES}.get_weights({row}))"),
            Quantity::Address => {
                format!("widened(get_row_via_vector({SYNAPSES}.rows[{row}], dls_decoder_base))")
            }
            Quantity::Causal => self.correlation(args[0], "causal"),
            Quantity::Acausal => self.correlation(args[0], "acausal"),
            Quantity::Rate => "rates".to_owned(),
            Quantity::Membrane => "membranes".to_owned(),
            Quantity::SignedWeight
            | Quantity::CorrelationReset
            | Quantity::RateReset
            | Quantity::MembraneReset => {
                unreachable!("{} is refused, or verified not to be read", quantity.name())
            }
        }
    }

    /// Correlation of one branch; a row is converted once for both.
    fn correlation(&mut self, row: Value, branch: &str) -> String {
        let read = self.codes.get(&row).is_some_and(|home| self.inside(home));
        let position = self.used(row);
        let codes = format!("codes_{row}");
        if !read {
            self.line(&format!(
                "auto const {codes} = {SYNAPSES}.get_correlation({position}, false);"
            ));
            let here = self.here();
            self.codes.insert(row, here);
        }
        format!("signal(baseline_{branch}, {codes}.{branch})")
    }

    fn load(&mut self, object: usize, args: &[Value]) -> String {
        let scope = self.rule.module.objects[object].scope;
        let name = self.rule.object(object);
        let input = self.rule.module.objects[object].input;
        match (scope, args) {
            (Scope::Rule, _) => format!("{name}{}", if input { "[0]" } else { "" }),
            (Scope::Neuron, _) if input => format!("in_columns({name})"),
            (Scope::Neuron, _) => name.to_owned(),
            (Scope::Synapse, [row]) if input => {
                format!("in_columns({name} + {COLUMNS} * {})", self.used(*row))
            }
            (Scope::Row | Scope::Synapse, [row]) => format!("{name}[{}]", self.used(*row)),
            (Scope::Row | Scope::Synapse, _) => {
                unreachable!("verified: what belongs to a row names one")
            }
        }
    }

    /// Writes an instruction without a result.
    pub(super) fn effect(&mut self, inst: &InstData) {
        let value = *inst.args.last().expect("verified: what has an effect has a value");
        match (inst.op, inst.imm) {
            (Op::Write, Imm::Quantity(quantity)) => self.write(quantity, inst, value),
            (Op::Store, Imm::Object(id)) => {
                let (name, value) = (self.rule.object(id.index()).to_owned(), self.used(value));
                let row = match inst.args.as_slice() {
                    [row, _] => format!("[{}]", self.used(*row)),
                    _ => String::new(),
                };
                self.line(&format!("{name}{row} = {value};"));
            }
            (Op::RecordPut, Imm::Field(record, field)) => {
                let (name, scope) = self.rule.field(record.index(), field as usize);
                let (name, value) = (name.to_owned(), self.used(value));
                match (scope, inst.args.as_slice()) {
                    (Scope::Synapse, [row, _]) => {
                        let row = self.used(*row);
                        self.line(&format!("take({value}, {SYNAPSES}.columns, {name}[{row}]);"));
                    }
                    (Scope::Neuron, _) => {
                        self.line(&format!("take({value}, {NEURONS}.columns, {name});"));
                    }
                    (Scope::Row, [row, _]) => {
                        let (row, rows) = (self.used(*row), self.rule.module.rows_max);
                        let (at, view) = (format!("{rows} * place + {row}"), self.rule.view());
                        self.line(
                            &format!("take_word({value}, recording.{name}, {at});").replace(
                                "place",
                                &format!("static_cast<size_t>({view}.hemisphere)"),
                            ),
                        );
                    }
                    _ => {
                        let at = format!("static_cast<size_t>({}.hemisphere)", self.rule.view());
                        self.line(&format!("take_word({value}, recording.{name}, {at});"));
                    }
                }
            }
            _ => unreachable!("`{}` is refused or has a result", inst.op.name()),
        }
    }

    fn write(&mut self, quantity: Quantity, inst: &InstData, value: Value) {
        let all = self.defs[value.index()]
            .filter(|def| def.op == Op::Splat)
            .and_then(|def| self.known(def.args[0]));
        let row = inst.args[0];
        let row = if inst.args.len() == 2 { self.used(row) } else { String::new() };
        let value = self.used(value);
        let text = match quantity {
            Quantity::Weight => format!("{SYNAPSES}.set_weights(narrowed({value}), {row});"),
            Quantity::Address => format!(
                "set_row_via_vector_masked(narrowed({value}), {SYNAPSES}.column_mask, \
                 {SYNAPSES}.rows[{row}], dls_decoder_base);"
            ),
            Quantity::CorrelationReset if all == Some(3) => {
                format!("{SYNAPSES}.reset_correlation({row});")
            }
            Quantity::CorrelationReset => format!(
                "set_row_via_vector_masked(narrowed({value}), {SYNAPSES}.column_mask, \
                 {SYNAPSES}.rows[{row}], dls_causal_base);"
            ),
            Quantity::RateReset => {
                format!("counted = vector_if({value}, If::unequal, Lanes(0), counted);")
            }
            Quantity::MembraneReset => format!("reset_membranes({value}, {});", self.rule.view()),
            Quantity::SignedWeight
            | Quantity::Causal
            | Quantity::Acausal
            | Quantity::Rate
            | Quantity::Membrane => {
                unreachable!("{} is refused, or verified not to be written", quantity.name())
            }
        };
        self.line(&text);
    }
}
