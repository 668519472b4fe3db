//! Params, states and inputs, and the types they are declared with.

use super::{Binding, RuleChecker, Where, declared_twice, not_yet};
use crate::build::{self, Numbers};
use crate::builtins;
use crate::dimension::{self, Dimension};
use crate::hir::{self, Kind};
use crate::interval::Interval;
use pl_diag::{Code, Diagnostic, Span};
use pl_ir::Scope;
use pl_syntax::ast;

/// A written type: kind, values, and fraction bits if the type fixes them.
#[derive(Clone, Copy)]
pub(super) struct NumberType {
    pub(super) kind: Kind,
    pub(super) interval: Interval,
    pub(super) dimension: Dimension,
    pub(super) frac: Option<i32>,
}

/// Most elements of an array.
const ELEMENTS_MAX: u32 = 256;

impl<'a> RuleChecker<'a> {
    /// Refuses a local name that hides a quantity which is seen here; `control` sees few.
    pub(super) fn refuse_hidden_quantity(&mut self, name: &ast::Ident) {
        let in_control = self.place == Where::Control;
        let of_control = builtins::quantity(&name.name).is_some_and(|info| {
            let place = |place| info.source == builtins::Source::Place(place);
            [hir::Place::Update, hir::Place::Now, hir::Place::Hemisphere].into_iter().any(place)
        });
        if !in_control || of_control {
            self.found.extend(taken(name, false));
        }
    }

    pub(super) fn decl(&mut self, decl: &'a ast::Decl) {
        if let Some(taken) = taken(&decl.name, false) {
            self.found.push(taken);
            return;
        }
        // What belongs to the rule is kept as scalars.
        let of_rule = matches!(decl.scope, None | Some((ast::Scope::Rule, _)));
        let numbers = match decl.kind {
            ast::DeclKind::State | ast::DeclKind::Input if of_rule => Numbers::Scalars,
            ast::DeclKind::State | ast::DeclKind::Input | ast::DeclKind::Param => Numbers::Lanes,
        };
        let ty = decl.ty.as_ref().and_then(|ty| self.number_type(ty, numbers));
        let len = decl.len.as_ref().map(|len| self.length(len, decl.kind));
        let measured = ty.map(|ty| ty.dimension);
        let values =
            decl.init.as_ref().and_then(|init| self.initial(init, len.flatten(), measured));
        let (Some(ty), Some(values)) = (ty, values.filter(|_| len != Some(None))) else {
            // Reported already; bind the name so that its uses are not reported too.
            self.poison(decl);
            return;
        };
        for (value, span) in &values {
            self.check_initial(decl, ty, *value, *span);
        }
        let before = match self.lookup(&decl.name.name) {
            Some(Binding::Param(index)) => Some(self.params[*index].span),
            Some(Binding::State(index)) => Some(self.states[*index].span),
            Some(Binding::Array { span, .. }) => Some(*span),
            Some(Binding::Local(_) | Binding::Counter(_) | Binding::Number(_)) | None => None,
        };
        if let Some(before) = before {
            self.found.push(declared_twice(&decl.name, before));
        }
        let name = decl.name.name.clone();
        if decl.len.is_none() {
            let binding = self.declare(decl, name.clone(), ty, values[0].0);
            self.declare_name(&name, binding);
            return;
        }
        let first = self.states.len();
        for (index, (value, _)) in values.iter().enumerate() {
            self.declare(decl, format!("{name}.{index}"), ty, *value);
        }
        let binding = Binding::Array { first, len: values.len(), span: decl.name.span };
        self.declare_name(&name, binding);
    }

    /// The number of elements of an array.
    fn length(&mut self, len: &'a ast::Expr, kind: ast::DeclKind) -> Option<usize> {
        if kind == ast::DeclKind::Param {
            self.found.push(not_yet(len.span, "arrays of params"));
            return None;
        }
        let value = self.constant(len)?;
        let known = super::whole(value).filter(|n| (1..=ELEMENTS_MAX).contains(n));
        if known.is_none() {
            let message = format!("an array has 1 to {ELEMENTS_MAX} elements");
            self.found.push(
                Diagnostic::error(Code::E0410, len.span, message)
                    .label(len.span, format!("this is {value}"))
                    .help("declare several arrays, or fewer elements"),
            );
        }
        known.map(|n| n as usize)
    }

    /// Initial values with their places: one for all, or a list of as many as there are elements.
    fn initial(
        &mut self,
        init: &'a ast::Expr,
        len: Option<usize>,
        measured: Option<Dimension>,
    ) -> Option<Vec<(f64, Span)>> {
        let mut constant = |value: &'a ast::Expr| match measured {
            Some(dimension) => self.constant_of(value, dimension),
            // The type is wrong, which has been reported.
            None => self.measured_constant(value).map(|(value, _)| value),
        };
        let ast::ExprKind::Array(list) = &init.without_parens().kind else {
            let value = (constant(init)?, init.span);
            return Some(vec![value; len.unwrap_or(1)]);
        };
        if Some(list.len()) != len {
            let wanted = len.map_or("a number".to_owned(), |len| format!("{len} values"));
            self.found.push(
                Diagnostic::error(Code::E0410, init.span, format!("{wanted} are needed here"))
                    .label(init.span, format!("a list of {}", list.len()))
                    .help("write one value for all elements, or one for each"),
            );
            return None;
        }
        list.iter().map(|value| Some((constant(value)?, value.span))).collect()
    }

    fn declare(&mut self, decl: &ast::Decl, name: String, ty: NumberType, value: f64) -> Binding {
        let name = self.qualified(&name);
        match decl.kind {
            ast::DeclKind::Param => {
                let (unit, scale) = unit_of(decl, ty.dimension);
                let own = |value| dimension::in_unit(value, scale);
                let Interval { low, high } = ty.interval;
                self.params.push(hir::Param {
                    name,
                    doc: decl.doc.clone(),
                    kind: ty.kind,
                    interval: Interval { low: own(low), high: own(high) },
                    default: own(value),
                    dimension: ty.dimension,
                    unit,
                    scale,
                    span: decl.name.span,
                });
                Binding::Param(self.params.len() - 1)
            }
            ast::DeclKind::State | ast::DeclKind::Input => {
                let scope = match decl.scope.map(|(scope, _)| scope) {
                    Some(ast::Scope::Synapse) => Scope::Synapse,
                    Some(ast::Scope::Neuron) => Scope::Neuron,
                    Some(ast::Scope::Row) => Scope::Row,
                    Some(ast::Scope::Rule) | None => Scope::Rule,
                };
                self.states.push(hir::State {
                    name,
                    scope,
                    kind: ty.kind,
                    interval: ty.interval,
                    dimension: ty.dimension,
                    frac: ty.frac,
                    initial: value,
                    input: decl.kind == ast::DeclKind::Input,
                    span: decl.name.span,
                });
                Binding::State(self.states.len() - 1)
            }
        }
    }

    fn poison(&mut self, decl: &ast::Decl) {
        let ty = NumberType {
            kind: Kind::Real,
            interval: Interval { low: -1.0, high: 1.0 },
            dimension: Dimension::NUMBER,
            frac: None,
        };
        let name = decl.name.name.clone();
        let binding = self.declare(decl, name.clone(), ty, 0.0);
        let (first, span) = (self.states.len().saturating_sub(1), decl.name.span);
        let is_array = decl.len.is_some() && decl.kind != ast::DeclKind::Param;
        let array = Binding::Array { first, len: 1, span };
        self.declare_name(&name, if is_array { array } else { binding });
    }

    fn check_initial(&mut self, decl: &ast::Decl, ty: NumberType, value: f64, span: Span) {
        let is_truth = [0.0, 1.0].iter().any(|truth| value.total_cmp(truth).is_eq());
        if ty.kind == Kind::Bool && !is_truth {
            let message = format!("`{}` is a truth value", decl.name.name);
            self.found.push(
                Diagnostic::error(Code::E0301, span, message)
                    .label(span, format!("this is {value}"))
                    .help("write `true` or `false`"),
            );
        } else if !ty.interval.contains(Interval::point(value)) {
            let (unit, scale) = unit_of(decl, ty.dimension);
            let unit = if unit.is_empty() { unit } else { format!(" {unit}") };
            let written = |x: f64| dimension::in_unit(x, scale);
            let (low, high) = (written(ty.interval.low), written(ty.interval.high));
            let name = &decl.name.name;
            let message =
                format!("the value of `{name}` lies outside its range {low}..{high}{unit}");
            let mut found = Diagnostic::error(Code::E0401, span, message)
                .label(span, format!("this is {}{unit}", written(value)))
                .help("widen the range or change the value");
            if let Some(ty) = &decl.ty {
                found = found.label(ty.span, "the range is declared here");
            }
            self.found.push(found);
        } else if ty.kind == Kind::Int && value.fract() != 0.0 {
            let message = format!("`{}` is an integer", decl.name.name);
            self.found.push(
                Diagnostic::error(Code::E0302, span, message)
                    .label(span, format!("{value} is none"))
                    .help("write a whole number, or declare it as `real in a .. b`"),
            );
        }
    }

    /// Refuses integers of a unit of which one is less than one of those in which values are kept.
    fn whole_units(&mut self, range: &ast::Range) -> Option<()> {
        let written = [&range.low, &range.high].into_iter().find_map(written_unit);
        let Some(unit) = written.filter(|unit| dimension::scale(*unit) < 1.0) else {
            return Some(());
        };
        let kept = dimension::dimension(unit).unit();
        let message = format!("integers with a unit are whole numbers of {kept}");
        self.found.push(
            Diagnostic::error(Code::E0302, range.span, message)
                .label(range.span, format!("one {} is less", unit.kind.name()))
                .help("declare it as `real in a .. b`"),
        );
        None
    }

    /// The kind and values of a written type, for lanes or for scalars.
    pub(super) fn number_type(&mut self, ty: &ast::Type, numbers: Numbers) -> Option<NumberType> {
        let of = |kind, low, high| NumberType {
            kind,
            interval: Interval { low, high },
            dimension: Dimension::NUMBER,
            frac: None,
        };
        let limits = |kind| match numbers {
            Numbers::Lanes => Interval { low: f64::from(i16::MIN), high: f64::from(i16::MAX) },
            Numbers::Scalars => build::scalar_limits(kind),
        };
        match &ty.kind {
            ast::TypeKind::Weight | ast::TypeKind::Address => Some(of(Kind::Int, 0.0, 63.0)),
            ast::TypeKind::Int(None) => {
                let Interval { low, high } = limits(Kind::Int);
                Some(of(Kind::Int, low, high))
            }
            ast::TypeKind::Int(Some(range)) => {
                let (interval, dimension) = self.range(range)?;
                self.whole_units(range)?;
                let limits = limits(Kind::Int);
                if !limits.contains(interval) {
                    let bits = if numbers == Numbers::Lanes { 16 } else { 32 };
                    let message = format!("an integer has {bits} bits");
                    self.found.push(
                        Diagnostic::error(Code::E0402, range.span, message)
                            .label(range.span, format!("these are {interval}"))
                            .help(format!("choose a range within {limits}")),
                    );
                    return None;
                }
                Some(NumberType { kind: Kind::Int, interval, dimension, frac: None })
            }
            ast::TypeKind::Real(None) if numbers == Numbers::Scalars => {
                let Interval { low, high } = limits(Kind::Real);
                Some(of(Kind::Real, low, high))
            }
            ast::TypeKind::Real(Some(range)) if numbers == Numbers::Scalars => {
                let (interval, dimension) = self.range(range)?;
                // The upper end may be written as the power of two that it is next to.
                let limits = limits(Kind::Real);
                if interval.low < limits.low || interval.high > limits.high.ceil() {
                    let message = "a real of `control` lies in -32768 .. 32768";
                    let is_time = dimension == Dimension::TIME;
                    let (unit, help) = match is_time {
                        true => (" us", "declare it as `int in a .. b`: whole microseconds"),
                        false => ("", "choose a narrower range"),
                    };
                    self.found.push(
                        Diagnostic::error(Code::E0402, range.span, message)
                            .label(range.span, format!("these are {interval}{unit}"))
                            .help(help),
                    );
                    return None;
                }
                let interval = interval.limited(limits);
                Some(NumberType { kind: Kind::Real, interval, dimension, frac: None })
            }
            ast::TypeKind::Real(Some(range)) => {
                let (interval, dimension) = self.range(range)?;
                Some(NumberType { kind: Kind::Real, interval, dimension, frac: None })
            }
            ast::TypeKind::Real(None) => {
                self.found.push(
                    Diagnostic::error(Code::E0407, ty.span, "a real needs a range")
                        .label(ty.span, "no range is given")
                        .help("write, for example, `real in -1.0 .. 1.0`"),
                );
                None
            }
            ast::TypeKind::Format { integer_bits, fraction_bits } => {
                let high = f64::from(1u32 << (*integer_bits).min(16));
                let lsb = 1.0 / f64::from(1u32 << (*fraction_bits).min(16));
                let interval = Interval { low: -high, high: high - lsb };
                let frac = Some(i32::from(*fraction_bits));
                let dimension = Dimension::NUMBER;
                Some(NumberType { kind: Kind::Real, interval, dimension, frac })
            }
            ast::TypeKind::Bool => Some(of(Kind::Bool, 0.0, 1.0)),
        }
    }

    /// Values of a range, and what they measure: both ends the same.
    fn range(&mut self, range: &ast::Range) -> Option<(Interval, Dimension)> {
        let (low, of_low) = self.measured_constant(&range.low)?;
        let (high, of_high) = self.measured_constant(&range.high)?;
        let dimension = if low == 0.0 { of_high } else { of_low };
        if of_high != dimension && high != 0.0 {
            self.found.push(of_high.mismatch(dimension, range.high.span));
            return None;
        }
        if low > high {
            self.found.push(
                Diagnostic::error(Code::E0405, range.span, "the range is empty")
                    .label(range.span, format!("{low} is larger than {high}"))
                    .help("write the smaller end first"),
            );
            return None;
        }
        Some((Interval { low, high }, dimension))
    }
}

/// Refuses the name of a quantity of the chip for something else; for what is called or stands beside
/// functions also that of a function of the language.
pub(super) fn taken(name: &ast::Ident, beside_functions: bool) -> Option<Diagnostic> {
    let what = if builtins::quantity(&name.name).is_some() {
        "a quantity of the chip"
    } else if beside_functions && builtins::function(&name.name).is_some() {
        "a function of the language"
    } else {
        return None;
    };
    let message = format!("`{}` is {what}", name.name);
    Some(
        Diagnostic::error(Code::E0202, name.span, message)
            .label(name.span, "declared again here")
            .help("choose another name"),
    )
}

/// The unit in which a param is set, and how many microseconds or megahertz one is: the first
/// that is written in its value or range, else that in which such numbers are kept.
fn unit_of(decl: &ast::Decl, dimension: Dimension) -> (String, f64) {
    let range = decl.ty.as_ref().and_then(|ty| match &ty.kind {
        ast::TypeKind::Int(range) | ast::TypeKind::Real(range) => range.as_ref(),
        ast::TypeKind::Bool
        | ast::TypeKind::Weight
        | ast::TypeKind::Address
        | ast::TypeKind::Format { .. } => None,
    });
    let ends = range.into_iter().flat_map(|range| [&range.high, &range.low]);
    let written = decl.init.iter().chain(ends).find_map(written_unit);
    match written.filter(|unit| dimension::dimension(*unit) == dimension) {
        Some(unit) => {
            let bio = if unit.bio { " bio" } else { "" };
            (format!("{}{bio}", unit.kind.name()), dimension::scale(unit))
        }
        None => (dimension.unit(), 1.0),
    }
}

/// The unit of a number, or of a negated one.
#[allow(clippy::wildcard_enum_match_arm, reason = "only numbers have units")]
fn written_unit(expr: &ast::Expr) -> Option<ast::Unit> {
    match &expr.without_parens().kind {
        ast::ExprKind::Number(number) => number.unit,
        ast::ExprKind::Unary { operand, .. } => written_unit(operand),
        _ => None,
    }
}
