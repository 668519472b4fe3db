//! Rules of the compiler as engines of experiments.

use crate::array_engine::ArrayEngine;
use crate::compare::{Compared, Comparison};
use crate::output::{self, Failure};
use crate::rule_inputs;
use pl_chip::Reference;
use pl_diag::SourceMap;
use pl_driver::ir::Generators;
use pl_driver::{Rule, Session};
use pl_experiment::Experiment;
use pl_experiment::engine::{Binding, Engine, EngineError, EngineFactory, ParamInfo, RuleInfo};
use pl_experiment::ppu_image::{PpuImage, PpuImageEngine};
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;
use std::path::Path;

/// What runs a rule in an experiment. All but the last give the same bits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Default)]
pub enum EngineKind {
    /// Native code.
    #[default]
    Jit,
    /// The reference evaluator of the IR.
    Eval,
    /// The PPU program on the instruction-set simulator.
    Ppu,
    /// The rule in real numbers, which rounds nothing but the weights that the chip sees.
    Ideal,
}

impl EngineKind {
    /// The engines that give the same bits.
    pub const EXACT: [EngineKind; 3] = [EngineKind::Jit, EngineKind::Eval, EngineKind::Ppu];

    /// Its name on the command line.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            EngineKind::Jit => "jit",
            EngineKind::Eval => "eval",
            EngineKind::Ppu => "ppu",
            EngineKind::Ideal => "ideal",
        }
    }
}

/// The compiled rules of an experiment.
#[derive(Clone, Debug)]
pub struct Compiler {
    kind: EngineKind,
    rules: BTreeMap<String, Compiled>,
    /// What runs beside the engines, if anything.
    pub(crate) comparison: Option<Comparison>,
}

#[derive(Clone, Debug)]
struct Compiled {
    rule: Rule,
    source_sha256: String,
    modules_sha256: Vec<(String, String)>,
}

impl Compiler {
    /// Compiles single rules given as (name in the experiment, source text).
    ///
    /// # Errors
    /// The rendered diagnostics of the first source with errors, or that it has not one rule.
    pub fn from_sources(kind: EngineKind, sources: &[(&str, &str)]) -> Result<Compiler, String> {
        Compiler::from_sources_by(Session::default(), kind, sources)
    }

    /// The same by a session of one's own, at another level of passes, say.
    ///
    /// # Errors
    /// As [`Compiler::from_sources`].
    pub fn from_sources_by(
        session: Session,
        kind: EngineKind,
        sources: &[(&str, &str)],
    ) -> Result<Compiler, String> {
        let mut rules = BTreeMap::new();
        for (name, text) in sources {
            let compiled = session.compile(name, text);
            if compiled.has_errors() {
                let style = pl_diag::render::Style::Plain;
                return Err(pl_diag::render::render(
                    &compiled.diagnostics,
                    &compiled.sources,
                    style,
                ));
            }
            let rule = pick(name, &compiled.rules)?;
            let compiled = Compiled::new(rule, text.as_bytes(), &compiled.sources);
            rules.insert((*name).to_owned(), compiled);
        }
        Ok(Compiler { kind, rules, comparison: None })
    }

    /// Reads and compiles the rules of an experiment whose file stands in `folder`; prints their
    /// diagnostics.
    pub(crate) fn load(
        kind: EngineKind,
        experiment: &Experiment,
        folder: &Path,
    ) -> Result<Compiler, Failure> {
        let mut rules = BTreeMap::new();
        let mut sound = true;
        for (name, config) in &experiment.rule {
            let source = if config.source.starts_with("std:") {
                config.source.clone()
            } else {
                folder.join(&config.source).display().to_string()
            };
            let (source, bytes) = output::read_source(&source)?;
            let beside = |path: &str| output::module_beside(&source, path);
            let compiled =
                Session::default().compile_with(&source, &bytes, &beside, &mut |_, _| {});
            let human = crate::cli::MessageFormat::Human;
            output::print_diagnostics(&compiled.diagnostics, &compiled.sources, human);
            if compiled.has_errors() {
                sound = false;
                continue;
            }
            let rule = pick(name, &compiled.rules)
                .map_err(|message| Failure::Invalid(format!("{source}: {message}")))?;
            rule_inputs::check(name, &rule, config).map_err(Failure::Invalid)?;
            rules.insert(name.clone(), Compiled::new(rule, &bytes, &compiled.sources));
        }
        if sound { Ok(Compiler { kind, rules, comparison: None }) } else { Err(Failure::Findings) }
    }
}

impl Compiled {
    /// A rule of a file; `sources` has the file first, then the modules it imports.
    fn new(rule: Rule, source: &[u8], sources: &SourceMap) -> Compiled {
        let modules = sources.iter().skip(1);
        let modules =
            modules.map(|(_, module)| (module.name.clone(), sha256(module.text.as_bytes())));
        Compiled { rule, source_sha256: sha256(source), modules_sha256: modules.collect() }
    }
}

/// SHA-256 in hexadecimal.
pub(crate) fn sha256(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect()
}

/// The rule of a file that an experiment means by `name`: the only one, or else that of the name.
fn pick(name: &str, rules: &[Rule]) -> Result<Rule, String> {
    let found = match rules {
        [only] => Some(only),
        several => several.iter().find(|rule| rule.name() == name),
    };
    found.cloned().ok_or_else(|| {
        let names: Vec<&str> = rules.iter().map(Rule::name).collect();
        format!(
            "the file has the rules {}; [rule.{name}] must have the name of one",
            names.join(", ")
        )
    })
}

impl EngineFactory for Compiler {
    fn build(&self, binding: &Binding) -> Result<Box<dyn Engine>, EngineError> {
        let rule = self.bound(binding)?;
        let on_arrays = |executor| -> Result<Box<dyn Engine>, EngineError> {
            Ok(Box::new(ArrayEngine::new(rule, executor, binding)?))
        };
        let engine = match self.kind {
            EngineKind::Jit => on_arrays(pl_driver::Engine::Jit)?,
            EngineKind::Eval => on_arrays(pl_driver::Engine::Eval)?,
            EngineKind::Ideal => on_arrays(pl_driver::Engine::Ideal)?,
            EngineKind::Ppu => Box::new(PpuImageEngine::from(self.program(binding)?)),
        };
        let Some(Comparison { ledger, sensors }) = &self.comparison else { return Ok(engine) };
        let shadow = || ArrayEngine::new(rule, pl_driver::Engine::Ideal, binding);
        let mut shadows = vec![shadow()?];
        if *sensors {
            for reference in [Reference::Spread, Reference::Nearest, Reference::All] {
                shadows.push(shadow()?.reading(reference));
            }
            if rule.changes_weights_alone() {
                shadows.push(shadow()?.reading_in_steps());
            }
        }
        let Binding { rule, arm, chip, hemisphere, instance, run_seed, .. } = binding;
        let arm = if arm.is_empty() { String::new() } else { format!("{arm}_") };
        let chip = if *chip == 0 { String::new() } else { format!("chip_{chip}_") };
        let name = format!("{arm}{chip}{rule}_{hemisphere}_{instance}");
        Ok(Box::new(Compared::new(engine, shadows, (*run_seed, &name), ledger.clone())))
    }

    fn program(&self, binding: &Binding) -> Result<PpuImage, EngineError> {
        let rule = self.bound(binding)?;
        let mut params: Vec<f64> = rule.params().iter().map(|param| param.default).collect();
        for (name, value) in &binding.params {
            let index = rule
                .check_param(name, *value)
                .map_err(|error| EngineError::new(error.to_string()))?;
            params[index] = *value;
        }
        let program = rule.program().map_err(|error| EngineError::new(error.to_string()))?;
        let image = PpuImage::new(&program.to_elf(), binding, rule.derived_values(&params))?;
        let inputs = rule_inputs::courses(rule, binding, image.rows())?;
        Ok(image.with_inputs(inputs))
    }

    fn rule_info(&self, rule: &str) -> Result<RuleInfo, EngineError> {
        let Compiled { rule, source_sha256, modules_sha256 } = self.get(rule)?;
        let param = |param: &pl_driver::sema::hir::Param| ParamInfo {
            name: param.name.clone(),
            default: param.default,
            unit: param.unit.clone(),
            low: param.interval.low,
            high: param.interval.high,
        };
        Ok(RuleInfo {
            name: rule.name().to_owned(),
            source_sha256: source_sha256.clone(),
            modules_sha256: modules_sha256.clone(),
            period_ticks: rule.period_ticks(),
            phase_ticks: rule.phase_ticks(),
            one_hemisphere: rule.hir().is_of_one_hemisphere() && !rule.hir().replicated,
            chip_generators: rule.module().generators == Generators::Hardware,
            params: rule.params().iter().map(param).collect(),
        })
    }
}

impl Compiler {
    fn get(&self, name: &str) -> Result<&Compiled, EngineError> {
        let unknown = || EngineError::new(format!("the experiment has no table [rule.{name}]"));
        self.rules.get(name).ok_or_else(unknown)
    }

    /// For each rule its name and the hashes of its source and of the modules it imports.
    pub(crate) fn source_hashes(&self) -> Vec<String> {
        let hashes = |(name, compiled): (&String, &Compiled)| {
            format!("{name} {} {:?}", compiled.source_sha256, compiled.modules_sha256)
        };
        self.rules.iter().map(hashes).collect()
    }

    /// The rule of a binding, whose view is not too large for it.
    fn bound(&self, binding: &Binding) -> Result<&Rule, EngineError> {
        let rule = &self.get(&binding.rule)?.rule;
        let hir = rule.hir();
        for (what, count, limit) in [
            ("rows", binding.rows.len() / if hir.signed { 2 } else { 1 }, hir.rows_max),
            ("columns", binding.columns.len(), hir.columns_max),
        ] {
            if count > limit as usize {
                return Err(EngineError::new(format!(
                    "it is bound to {count} {what}, but says `view {what} <= {limit}`"
                )));
            }
        }
        Ok(rule)
    }
}
