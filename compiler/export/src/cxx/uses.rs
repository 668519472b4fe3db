//! What a rule needs of the interface, and what it needs that the interface does not have.

use crate::Rule;
use crate::cxx::starts_apart;
use pl_diag::{Code, Diagnostic, Span};
use pl_ir::{Elem, Function, Imm, InstData, Module, Op, Quantity, Scope, Type};
use pl_sema::hir::{Block, Expr, ExprKind, Place, Stmt};

/// What a rule needs of the interface.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Uses {
    /// Views of synapses.
    pub(crate) synapses: bool,
    /// Views of neurons.
    pub(crate) neurons: bool,
    /// Correlation codes and their baselines.
    pub(super) correlation: bool,
    /// Rate counters.
    pub(super) rates: bool,
    /// Addresses.
    pub(super) addresses: bool,
    /// Random numbers.
    pub(crate) draws: bool,
    /// Columns as lanes.
    pub(super) columns: bool,
    /// Sums and extremes over columns.
    pub(super) reductions: bool,
    /// Arithmetic of scalars.
    pub(super) scalars: bool,
    /// Resets of membranes.
    pub(super) membrane_resets: bool,
    /// Inputs with a value a column.
    pub(super) lane_inputs: bool,
}

fn insts(func: &Function) -> impl Iterator<Item = &InstData> {
    func.blocks.iter().flat_map(|block| &block.insts).map(|inst| func.inst(*inst))
}

fn all_insts(module: &Module) -> impl Iterator<Item = &InstData> {
    module.functions.iter().flat_map(insts)
}

/// Whether a function samples membranes.
pub(super) fn reads_membranes(func: &Function) -> bool {
    insts(func).any(|inst| inst.op == Op::Read && inst.imm == Imm::Quantity(Quantity::Membrane))
}

impl Uses {
    pub(super) fn of(module: &Module) -> Uses {
        let mut uses = Uses::default();
        for func in &module.functions {
            for inst in insts(func) {
                uses.note(module, func, inst);
            }
        }
        // Without rows or sensors of neurons, synapses say which columns the rule has.
        uses.synapses |= !uses.neurons;
        uses
    }

    #[allow(clippy::wildcard_enum_match_arm, reason = "other ops need nothing of the interface")]
    fn note(&mut self, module: &Module, func: &Function, inst: &InstData) {
        match (inst.op, inst.imm) {
            (Op::Read | Op::Write, Imm::Quantity(quantity)) => {
                self.synapses |= quantity.per_row();
                self.neurons |= !quantity.per_row();
                self.addresses |= quantity == Quantity::Address;
                let sensors = [Quantity::Causal, Quantity::Acausal];
                self.correlation |= inst.op == Op::Read && sensors.contains(&quantity);
                self.rates |= [Quantity::Rate, Quantity::RateReset].contains(&quantity);
                self.membrane_resets |= quantity == Quantity::MembraneReset;
            }
            (Op::Load | Op::Store, Imm::Object(id)) => {
                let object = &module.objects[id.index()];
                self.synapses |= object.scope.per_row();
                self.lane_inputs |= object.input && object.scope.is_vector();
            }
            (Op::RecordPut, Imm::Field(record, field)) => {
                let scope = module.records[record.index()].fields[field as usize].scope;
                self.synapses |= scope.per_row();
                self.neurons |= scope == Scope::Neuron;
            }
            (Op::ViewRows | Op::ViewRow | Op::RowSign, _) => self.synapses = true,
            (Op::Draw | Op::DrawWord, _) => self.draws = true,
            (Op::Column, _) => self.columns = true,
            (Op::ReduceAdd | Op::ReduceMin | Op::ReduceMax, _) => self.reductions = true,
            _ => {
                let scalar = inst.result.is_some_and(|result| func.ty(result) == Type::I32);
                self.scalars |= scalar && !inst.args.is_empty();
            }
        }
    }
}

/// What of a rule the interface cannot do, with the place; empty if all of it.
#[must_use]
pub fn unsupported(rule: &Rule<'_>) -> Vec<Diagnostic> {
    let hir = rule.hir;
    let refused = |span: Span, what: &str, label: &str, help: &str| {
        let message = format!("{what} is not in the interface of pynn-brainscales");
        Diagnostic::error(Code::E0605, span, message).label(span, label).help(help)
    };
    let blocks = || hir.start.iter().chain(&hir.blocks);
    let uses = |op: Op| all_insts(rule.module).any(|inst| inst.op == op);
    let mut found = Vec::new();
    if uses(Op::Send) {
        let span = blocks().find_map(sent).unwrap_or(hir.span);
        let help = "send spikes from the host, or run the rule's PPU program (`--emit elf`)";
        found.push(refused(span, "`send`", "its kernels cannot send events to synapse rows", help));
    }
    if uses(Op::RowSign) {
        let span = blocks().find_map(|block| signed(&block.body)).unwrap_or(hir.span);
        let help = "give the signs as an `input` per row, which the host sets";
        found.push(refused(span, "`row_sign`", "its views do not say how rows are driven", help));
    }
    if rule.module.signed {
        let help = "write the rule for rows, and give their signs as an `input` per row";
        let label = "its views do not say which rows make a pair";
        found.push(refused(hir.span, "`view signed`", label, help));
    }
    for op in Op::ALL.iter().filter(|op| !in_kernels(**op) && uses(**op)) {
        let what = format!("what `{}` of the IR does", op.name());
        let help = "run the rule's PPU program (`--emit elf`)";
        found.push(refused(hir.span, &what, "this rule needs it", help));
    }
    let wants = Uses::of(rule.module);
    if !starts_apart(rule) && (wants.correlation || wants.rates) {
        let span = hir.schedule.span;
        let label = "the first update comes before a whole period has passed";
        let help = "let the first update come after a period or later: sensors are reset, and \
                    baselines measured, a period before it";
        found.push(refused(span, "a start before the first period", label, help));
    }
    let mut values = rule.module.functions.iter().flat_map(|func| &func.values);
    if values.any(|ty| matches!(ty, Type::Vector { elem: Elem::I8, .. })) {
        let help = "run the rule's PPU program (`--emit elf`)";
        found.push(refused(hir.span, "arithmetic of bytes", "this rule needs it", help));
    }
    found
}

/// Whether kernels have an op, or [`unsupported`] says more of it.
const fn in_kernels(op: Op) -> bool {
    match op {
        Op::Const
        | Op::Derived
        | Op::ViewRows
        | Op::ViewRow
        | Op::RowSign
        | Op::UpdateIndex
        | Op::Hemisphere
        | Op::RemU
        | Op::DivU
        | Op::MulHighU
        | Op::MulSat
        | Op::MulReal
        | Op::DivReal
        | Op::Add
        | Op::Sub
        | Op::Mul
        | Op::AddSat
        | Op::SubSat
        | Op::Min
        | Op::Max
        | Op::Compare
        | Op::Select
        | Op::MulFrac
        | Op::MulFracRound
        | Op::Shl
        | Op::ShrLogical
        | Op::ShrFloor
        | Op::ShrRound
        | Op::ShrRoundAway
        | Op::Splat
        | Op::Widen
        | Op::Narrow
        | Op::ReduceAdd
        | Op::ReduceMin
        | Op::ReduceMax
        | Op::Column
        | Op::MaskAnd
        | Op::MaskOr
        | Op::MaskNot
        | Op::Read
        | Op::Write
        | Op::Load
        | Op::Store
        | Op::Draw
        | Op::DrawWord
        | Op::Send
        | Op::RecordOpen
        | Op::RecordPut => true,
        // Elements are variables of their own, which have no common address.
        Op::LoadElement | Op::StoreElement => false,
    }
}

fn sent(block: &Block) -> Option<Span> {
    fn within(body: &[Stmt]) -> Option<Span> {
        body.iter().find_map(|stmt| match stmt {
            Stmt::Send { row, .. } => Some(row.span),
            Stmt::If { then, otherwise, .. } => within(then).or_else(|| within(otherwise)),
            Stmt::For { body, .. } => within(body),
            Stmt::Let(..) | Stmt::Assign(..) | Stmt::AssignElement { .. } | Stmt::Reset(..) => None,
        })
    }
    within(&block.body)
}

/// Where a sign of a row is asked for.
fn signed(body: &[Stmt]) -> Option<Span> {
    fn within(expr: &Expr) -> Option<Span> {
        if expr.kind == ExprKind::Place(Place::RowSign) {
            return Some(expr.span);
        }
        if let ExprKind::Reduce { lets, .. } = &expr.kind
            && let Some(span) = signed(lets)
        {
            return Some(span);
        }
        expr.operands().into_iter().find_map(within)
    }
    body.iter().find_map(|stmt| match stmt {
        Stmt::Let(_, value) | Stmt::Assign(_, value) => within(value),
        Stmt::If { cond, then, otherwise } => {
            within(cond).or_else(|| signed(then)).or_else(|| signed(otherwise))
        }
        Stmt::Send { row, address } => within(row).or_else(|| within(address)),
        Stmt::AssignElement { index, value, .. } => within(index).or_else(|| within(value)),
        Stmt::For { body, .. } => signed(body),
        Stmt::Reset(..) => None,
    })
}
