//! Calls, reductions and functions of the user.

use super::expr::not_here;
use super::items::ModuleId;
use super::{RuleChecker, Where, not_yet};
use crate::build::{self, Numbers};
use crate::builtins::{self, Function};
use crate::hir::{Expr, Over, Reduction};
use crate::host::{self, Operator};
use pl_diag::{Code, Diagnostic, Span, did_you_mean};
use pl_syntax::ast;

impl<'a> RuleChecker<'a> {
    pub(super) fn call(
        &mut self,
        name: &ast::Ident,
        args: &[ast::Expr],
        span: Span,
    ) -> Option<Expr> {
        if let Some((item, module)) = self.items.function(self.module, &name.name) {
            return self.inline(item, module, name, args);
        }
        let Some(info) = builtins::function(&name.name) else {
            self.found.push(self.unknown_function(name));
            return None;
        };
        if args.len() != info.arity {
            self.found.push(wrong_arity(name, info.usage, info.arity, args.len()));
            return None;
        }
        if info.function == Function::Uniform {
            return self.uniform(name, &args[0], span);
        }
        if info.function == Function::Send {
            self.found.push(
                Diagnostic::error(Code::E0205, span, "`send` gives no value")
                    .label(span, "a value is needed here")
                    .help("it is a statement of its own: `send(row, address)`"),
            );
            return None;
        }
        if info.function == Function::RandInt && !self.draws_here(name) {
            return None;
        }
        let args: Vec<Option<Expr>> = args.iter().map(|arg| self.expr(arg)).collect();
        let args: Vec<Expr> = args.into_iter().collect::<Option<_>>()?;
        let built = builtin(self.numbers(), info.function, &name.name, args, span);
        self.keep(built)
    }

    fn uniform(&mut self, name: &ast::Ident, arg: &ast::Expr, span: Span) -> Option<Expr> {
        let ast::ExprKind::Range(range) = &arg.kind else {
            self.found.push(wrong_arity(name, "uniform(a .. b)", 1, 1));
            return None;
        };
        if !self.draws_here(name) {
            return None;
        }
        let low = self.expr(&range.low);
        let high = self.expr(&range.high);
        let numbers = self.numbers();
        let built = build::uniform(numbers, low?, high?, span);
        self.keep(built)
    }

    /// A reduction: over synapses in a `neurons` block, over neurons in a `control` block.
    pub(super) fn reduce(
        &mut self,
        op: ast::ReduceOp,
        operand: &ast::Expr,
        (axis, axis_span): (ast::Axis, Span),
        span: Span,
    ) -> Option<Expr> {
        let reduction = match op {
            ast::ReduceOp::Sum => Reduction::Sum,
            ast::ReduceOp::Min => Reduction::Min,
            ast::ReduceOp::Max => Reduction::Max,
            ast::ReduceOp::Count => Reduction::Count,
            ast::ReduceOp::Argmax => Reduction::Argmax,
            ast::ReduceOp::Mean => Reduction::Mean,
        };
        let (outside_place, inside, joined) = match axis {
            ast::Axis::Synapses => {
                (Where::Neurons, Where::Synapses, (Over::Synapses, self.rows_max))
            }
            ast::Axis::Neurons => {
                (Where::Control, Where::Neurons, (Over::Neurons, self.columns_max))
            }
        };
        if self.place != outside_place {
            self.found.push(misplaced_reduction(axis, axis_span, span));
            return None;
        }
        self.place = inside;
        let outside = core::mem::take(&mut self.before);
        let operand = self.expr(operand);
        let lets = core::mem::replace(&mut self.before, outside);
        self.place = outside_place;
        let numbers = self.numbers();
        let built = build::reduction(numbers, reduction, joined, lets, operand?, span);
        self.keep(built)
    }

    /// Whether random numbers are drawn here: in blocks, not in declarations.
    fn draws_here(&mut self, name: &ast::Ident) -> bool {
        match self.place {
            Where::Neurons | Where::Synapses | Where::Control => true,
            Where::Declaration => {
                self.found.push(not_here(name, "a declaration draws no random numbers".to_owned()));
                false
            }
        }
    }

    pub(super) fn unknown_function(&self, name: &ast::Ident) -> Diagnostic {
        let known = builtins::FUNCTIONS.iter().map(|info| info.name);
        let own = self.items.names(self.module);
        let near = did_you_mean(&name.name, known.chain(own));
        Diagnostic::error(Code::E0204, name.span, format!("there is no function `{}`", name.name))
            .label(name.span, "an unknown function")
            .help(match near {
                Some(near) => format!("did you mean `{near}`?"),
                None => "LANGUAGE.md lists the functions; your own begin with `fn`".to_owned(),
            })
    }

    /// A function of the user or of a module: its arguments become locals before the statement.
    fn inline(
        &mut self,
        item: &'a ast::Fn,
        module: ModuleId,
        name: &ast::Ident,
        args: &[ast::Expr],
    ) -> Option<Expr> {
        if args.len() != item.params.len() {
            let params: Vec<&str> = item.params.iter().map(|p| p.name.name.as_str()).collect();
            let usage = format!("{}({})", name.name, params.join(", "));
            self.found.push(wrong_arity(name, &usage, params.len(), args.len()));
            return None;
        }
        let args: Vec<Option<Expr>> = args.iter().map(|arg| self.expr(arg)).collect();
        let args: Vec<Expr> = args.into_iter().collect::<Option<_>>()?;
        if !self.expand(&name.name, name.span) {
            return None;
        }
        let outside = core::mem::take(&mut self.scopes);
        // Functions of the rule's file see its names, others only those of their own file.
        let rule = outside.first().filter(|_| module == self.own_module());
        self.scopes = vec![rule.cloned().unwrap_or_default(), Default::default()];
        let outer_module = core::mem::replace(&mut self.module, module);
        for (param, arg) in item.params.iter().zip(args) {
            self.define(&param.name, arg);
        }
        let result = match &item.body {
            ast::FnBody::Value(value) => self.expr(value),
            ast::FnBody::Block { lets, result } => {
                for stmt in lets {
                    if let ast::StmtKind::Let { name, value, .. } = &stmt.kind {
                        if let Some(value) = self.expr(value) {
                            self.define(name, value);
                        }
                    } else {
                        self.found.push(not_yet(stmt.span, "statements but `let` in a function"));
                    }
                }
                self.expr(result)
            }
        };
        (self.scopes, self.module) = (outside, outer_module);
        self.expanding.pop();
        result
    }
}

/// A call of a function of the language with as many arguments as it takes.
fn builtin(
    numbers: Numbers,
    function: Function,
    name: &str,
    args: Vec<Expr>,
    span: Span,
) -> build::Built {
    let mut args = args.into_iter();
    let mut next = || args.next().unwrap_or_else(|| build::literal(0.0, true, span));
    match function {
        Function::Min => build::arithmetic(numbers, Operator::Min, next(), next(), span),
        Function::Max => build::arithmetic(numbers, Operator::Max, next(), next(), span),
        Function::Clamp => {
            let (x, low, high) = (next(), next(), next());
            let above = build::arithmetic(numbers, Operator::Max, x, low, span)?;
            build::arithmetic(numbers, Operator::Min, above, high, span)
        }
        Function::Abs => build::magnitude(next(), span),
        Function::Sign => build::sign(next(), span),
        Function::RandInt => build::randint(numbers, next(), next(), span),
        Function::WrappingAdd => build::wrapping_sum(numbers, next(), next(), span),
        Function::Exp => build::transcendental(numbers, host::Function::Exp, name, next(), span),
        Function::Ln => build::transcendental(numbers, host::Function::Ln, name, next(), span),
        Function::Sqrt => build::transcendental(numbers, host::Function::Sqrt, name, next(), span),
        Function::Pow => build::arithmetic(numbers, Operator::Pow, next(), next(), span),
        Function::Uniform | Function::Send => unreachable!("handled by the caller"),
    }
}
fn misplaced_reduction(axis: ast::Axis, axis_span: Span, span: Span) -> Diagnostic {
    let (message, block, example) = match axis {
        ast::Axis::Synapses => (
            "synapses are joined where their neuron is seen",
            "neurons",
            "neurons { total = sum of weight over synapses }",
        ),
        ast::Axis::Neurons => (
            "neurons are joined where the rule is seen",
            "control",
            "control { busy = count of rate > 10 over neurons }",
        ),
    };
    Diagnostic::error(Code::E0207, span, message)
        .label(axis_span, format!("this is no `{block}` block"))
        .help(format!("keep the result in a state: `{example}`, then use the state"))
}

fn wrong_arity(name: &ast::Ident, usage: &str, wanted: usize, given: usize) -> Diagnostic {
    let plural = if wanted == 1 { "" } else { "s" };
    let message = format!("`{}` takes {wanted} argument{plural}", name.name);
    let label =
        if wanted == given { "not as written here".to_owned() } else { format!("{given} given") };
    Diagnostic::error(Code::E0205, name.span, message)
        .label(name.span, label)
        .help(format!("write `{usage}`"))
}
