//! Params, states and inputs, and the types they are declared with.

use super::{Binding, RuleChecker, declared_twice, not_yet};
use crate::builtins;
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
    pub(super) frac: Option<i32>,
}

impl<'a> RuleChecker<'a> {
    pub(super) fn decl(&mut self, decl: &'a ast::Decl) {
        if let Some(len) = &decl.len {
            self.found.push(not_yet(len.span, "arrays"));
        }
        if builtins::quantity(&decl.name.name).is_some() {
            let message = format!("`{}` is a quantity of the chip", decl.name.name);
            self.found.push(
                Diagnostic::error(Code::E0202, decl.name.span, message)
                    .label(decl.name.span, "declared again here")
                    .help("choose another name"),
            );
            return;
        }
        let ty = decl.ty.as_ref().and_then(|ty| self.number_type(ty));
        let init = decl.init.as_ref().and_then(|init| Some((self.constant(init)?, init.span)));
        let (Some(ty), Some((value, span))) = (ty, init) else {
            // Reported already; bind the name so that its uses are not reported too.
            self.poison(decl);
            return;
        };
        self.check_initial(decl, ty, value, span);
        let before = match self.lookup(&decl.name.name) {
            Some(Binding::Param(index)) => Some(self.params[*index].span),
            Some(Binding::State(index)) => Some(self.states[*index].span),
            Some(Binding::Local(_)) | None => None,
        };
        if let Some(before) = before {
            self.found.push(declared_twice(&decl.name, before));
        }
        self.declare(decl, ty, value);
    }

    fn declare(&mut self, decl: &ast::Decl, ty: NumberType, value: f64) {
        let name = decl.name.name.clone();
        let binding = match decl.kind {
            ast::DeclKind::Param => {
                self.params.push(hir::Param {
                    name: name.clone(),
                    doc: decl.doc.clone(),
                    kind: ty.kind,
                    interval: ty.interval,
                    default: value,
                    unit: String::new(),
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
                    name: name.clone(),
                    scope,
                    kind: ty.kind,
                    interval: ty.interval,
                    frac: ty.frac,
                    initial: value,
                    input: decl.kind == ast::DeclKind::Input,
                    span: decl.name.span,
                });
                Binding::State(self.states.len() - 1)
            }
        };
        self.bind(&name, binding);
    }

    fn poison(&mut self, decl: &ast::Decl) {
        let ty = NumberType {
            kind: Kind::Real,
            interval: Interval { low: -1.0, high: 1.0 },
            frac: None,
        };
        self.declare(decl, ty, 0.0);
    }

    fn check_initial(&mut self, decl: &ast::Decl, ty: NumberType, value: f64, span: Span) {
        if !ty.interval.contains(Interval::point(value)) {
            let message =
                format!("the value of `{}` lies outside its range {}", decl.name.name, ty.interval);
            let mut found = Diagnostic::error(Code::E0401, span, message)
                .label(span, format!("this is {value}"))
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

    /// The kind and values of a written type.
    pub(super) fn number_type(&mut self, ty: &ast::Type) -> Option<NumberType> {
        let of =
            |kind, low, high| NumberType { kind, interval: Interval { low, high }, frac: None };
        match &ty.kind {
            ast::TypeKind::Weight | ast::TypeKind::Address => Some(of(Kind::Int, 0.0, 63.0)),
            ast::TypeKind::Int(None) => {
                Some(of(Kind::Int, f64::from(i16::MIN), f64::from(i16::MAX)))
            }
            ast::TypeKind::Int(Some(range)) => {
                let interval = self.range(range)?;
                let limit = f64::from(i16::MAX);
                if interval.low < -limit - 1.0 || interval.high > limit {
                    self.found.push(
                        Diagnostic::error(Code::E0402, range.span, "an integer has 16 bits")
                            .label(range.span, format!("these are {interval}"))
                            .help("choose a range within -32768 .. 32767"),
                    );
                    return None;
                }
                Some(NumberType { kind: Kind::Int, interval, frac: None })
            }
            ast::TypeKind::Real(Some(range)) => {
                let interval = self.range(range)?;
                Some(NumberType { kind: Kind::Real, interval, frac: None })
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
                Some(NumberType { kind: Kind::Real, interval, frac })
            }
            ast::TypeKind::Bool => {
                self.found.push(not_yet(ty.span, "declarations of type `bool`"));
                None
            }
        }
    }

    fn range(&mut self, range: &ast::Range) -> Option<Interval> {
        let low = self.constant(&range.low)?;
        let high = self.constant(&range.high)?;
        if low > high {
            self.found.push(
                Diagnostic::error(Code::E0405, range.span, "the range is empty")
                    .label(range.span, format!("{low} is larger than {high}"))
                    .help("write the smaller end first"),
            );
            return None;
        }
        Some(Interval { low, high })
    }
}
