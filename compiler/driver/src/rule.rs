//! A compiled rule: what it can be told and records, its IR, native code and PPU program.

use crate::instance::{Engine, Instance, ParamError, Place};
use pl_clif::Kernel;
use pl_diag::Diagnostic;
use pl_ir::{Imm, Module, Op, Quantity, Verified};
use pl_passes::{Level, Target};
use pl_ppu::Program;
use pl_sema::hir;
use pl_sema::lower::DerivedValue;
use std::sync::{Arc, OnceLock};

/// A compiled rule. Cheap to clone; clones share code, and it may be used from several threads.
#[derive(Clone)]
pub struct Rule {
    inner: Arc<Inner>,
}

/// What a program in C needs of a rule.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ObjectFiles {
    /// The object file `RULE.o`.
    pub object: Vec<u8>,
    /// The header `RULE.h`.
    pub header: String,
    /// The header `plc_rule.h`, the same for all rules.
    pub shared_header: String,
}

/// A rule for the interface of pynn-brainscales and grenade.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KernelFiles {
    /// The kernel in C++, with default params and random numbers of seed 0.
    pub cxx: String,
    /// A module in Python with a `PlasticityRule` that has the kernel, params, inputs and records.
    pub python: String,
}

struct Inner {
    hir: hir::Rule,
    module: Verified<Module>,
    derived: Vec<DerivedValue>,
    level: Level,
    kernel: OnceLock<Result<Kernel, String>>,
    program: OnceLock<Result<Program, pl_ppu::Error>>,
}

impl core::fmt::Debug for Rule {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("Rule").field("name", &self.inner.hir.name).finish_non_exhaustive()
    }
}

impl Rule {
    pub(crate) fn new(
        hir: hir::Rule,
        module: Verified<Module>,
        derived: Vec<DerivedValue>,
        level: Level,
    ) -> Rule {
        let (kernel, program) = (OnceLock::new(), OnceLock::new());
        Rule { inner: Arc::new(Inner { hir, module, derived, level, kernel, program }) }
    }

    /// Name of the rule.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.inner.hir.name
    }

    /// The typed rule.
    #[must_use]
    pub fn hir(&self) -> &hir::Rule {
        &self.inner.hir
    }

    /// Its params, in the order declared.
    #[must_use]
    pub fn params(&self) -> &[hir::Param] {
        &self.inner.hir.params
    }

    /// Time between updates, in 4 ns ticks.
    #[must_use]
    pub fn period_ticks(&self) -> u64 {
        self.inner.hir.schedule.period_ticks
    }

    /// Time of the first update, in 4 ns ticks.
    #[must_use]
    pub fn phase_ticks(&self) -> u64 {
        self.inner.hir.schedule.phase_ticks
    }

    /// The IR, optimised for any engine: native code and the evaluator run this.
    #[must_use]
    pub fn module(&self) -> &Verified<Module> {
        &self.inner.module
    }

    /// The IR after the passes that pay on the processor for plasticity alone, with lanes in bytes
    /// where that may pay: its program is made of this or of [`Rule::module_in_halfwords`]. Calls
    /// `after` with the name of each pass and what it left.
    #[must_use]
    pub fn module_for_ppu(&self, after: &mut dyn FnMut(&str, &Module)) -> Verified<Module> {
        let halfwords = self.module_in_halfwords(after);
        self.in_bytes(halfwords, after)
    }

    fn in_bytes(
        &self,
        halfwords: Verified<Module>,
        after: &mut dyn FnMut(&str, &Module),
    ) -> Verified<Module> {
        pl_passes::optimise(halfwords, self.inner.level, Target::Ppu, after)
    }

    /// The IR for the processor with all lanes in halfwords. Calls `after` as
    /// [`Rule::module_for_ppu`] does.
    #[must_use]
    pub fn module_in_halfwords(&self, after: &mut dyn FnMut(&str, &Module)) -> Verified<Module> {
        let Inner { module, level, .. } = &*self.inner;
        pl_passes::optimise(module.clone(), *level, Target::PpuHalfwords, after)
    }

    /// Whether an update changes nothing but weights and draws nothing, all its blocks run in every
    /// update, and each sensor and counter that it reads is started anew in all of the view: then its
    /// changes of weights may be read as rates of change.
    #[must_use]
    pub fn changes_weights_alone(&self) -> bool {
        let update = self.module().function("update");
        let blocks = || update.iter().flat_map(|func| func.blocks.iter().map(move |b| (func, b)));
        let insts = || blocks().flat_map(|(func, b)| b.insts.iter().map(|inst| func.inst(*inst)));
        let has = |op: Op, quantity: Quantity| {
            insts().any(|inst| inst.op == op && inst.imm == Imm::Quantity(quantity))
        };
        let others = [Op::Draw, Op::DrawWord, Op::Store, Op::StoreElement, Op::Send];
        let blocks = &self.hir().blocks;
        let anew = |sensor: hir::Sensor| {
            let all = |stmt: &hir::Stmt| matches!(stmt, hir::Stmt::Reset(own, _) if *own == sensor);
            blocks.iter().any(|block| block.body.iter().any(all))
        };
        let sensors = [
            (Quantity::Causal, hir::Sensor::Causal),
            (Quantity::Acausal, hir::Sensor::Acausal),
            (Quantity::Rate, hir::Sensor::Rate),
        ];
        blocks.iter().all(|block| block.due == hir::Due::Always)
            && !insts().any(|inst| others.contains(&inst.op))
            && !has(Op::Write, Quantity::Address)
            && !has(Op::Write, Quantity::MembraneReset)
            && sensors.iter().all(|(read, reset)| !has(Op::Read, *read) || anew(*reset))
    }

    /// Raw values of the module's derived table for these params.
    #[must_use]
    pub fn derived_values(&self, params: &[f64]) -> Vec<i32> {
        self.inner.derived.iter().map(|value| value.host.raw(value.format, params)).collect()
    }

    /// Native code, made at the first call.
    ///
    /// # Errors
    /// What Cranelift said if it could not compile the rule: our mistake, not the user's.
    pub fn kernel(&self) -> Result<&Kernel, String> {
        let make = || {
            Kernel::compile(&self.inner.module, pl_clif::Options::default())
                .map_err(|error| error.to_string())
        };
        self.inner.kernel.get_or_init(make).as_ref().map_err(Clone::clone)
    }

    /// Steps of the common schedule by which an update may be late: those of the shortest period, as
    /// far as 31 bits hold it.
    fn patience(&self) -> u32 {
        let schedule = self.hir().schedule;
        let period = schedule.period_ticks.max(1);
        let shortest = schedule.shortest_ticks.min(u64::from(i32::MAX.unsigned_abs()));
        u32::try_from(shortest / period).unwrap_or(1).max(1)
    }

    /// The PPU program, made at the first call: with lanes in bytes where that may pay or all in
    /// halfwords, whichever takes fewer cycles in the largest view by the compiler's worst case.
    ///
    /// # Errors
    /// If the rule does not fit the PPU; a [`crate::Session`] reports that.
    pub fn program(&self) -> Result<&Program, pl_ppu::Error> {
        let make = || {
            let options =
                pl_ppu::Options { patience_periods: self.patience(), ..Default::default() };
            let compile = |module| pl_ppu::compile(module, &options);
            let halfwords = self.module_in_halfwords(&mut |_, _| ());
            let bytes = self.in_bytes(halfwords.clone(), &mut |_, _| ());
            let program = compile(&bytes);
            if bytes == halfwords {
                return program;
            }
            let (rows, columns) = (self.hir().rows_max, self.hir().columns_max);
            let cycles = |program: &Program| program.cost.update_cycles(rows, columns);
            match (program, compile(&halfwords)) {
                (Ok(bytes), Ok(halfwords)) if cycles(&halfwords) < cycles(&bytes) => Ok(halfwords),
                (bytes, halfwords) => bytes.or(halfwords),
            }
        };
        self.inner.program.get_or_init(make).as_ref().map_err(Clone::clone)
    }

    /// The rule as an object file for this machine, with the headers for programs in C.
    ///
    /// # Errors
    /// What Cranelift said if it could not compile the rule: our mistake, not the user's.
    pub fn object(&self) -> Result<ObjectFiles, String> {
        let prefix = format!("plc_{}", self.name());
        let options = pl_clif::Options::default();
        let object = Kernel::object(&self.inner.module, &prefix, options)
            .map_err(|error| error.to_string())?;
        Ok(ObjectFiles {
            header: pl_export::c::header(&self.exported(), object.homes, &object.machine),
            shared_header: pl_export::c::shared_header(&pl_clif::context_in_c()),
            object: object.bytes,
        })
    }

    /// The rule for the official interface of the chip: a kernel in C++, and a class in Python with
    /// this kernel.
    ///
    /// # Errors
    /// What of the rule the interface cannot do (E0605).
    pub fn kernel_files(&self) -> Result<KernelFiles, Vec<Diagnostic>> {
        let rule = self.exported();
        let refused = pl_export::cxx::unsupported(&rule);
        if !refused.is_empty() {
            return Err(refused);
        }
        let (rows, columns) = (self.hir().rows_max, self.hir().columns_max);
        let cycles = self.program().map(|program| program.cost.update_cycles(rows, columns));
        let cost = cycles.map_or_else(
            |_| String::new(),
            |cycles| {
                format!(
                    "the rule's own PPU program needs at most {cycles} cycles for an update of {rows} rows"
                )
            },
        );
        Ok(KernelFiles {
            cxx: pl_export::cxx::kernel(&rule, &cost),
            python: pl_export::python::module(&rule, &cost),
        })
    }

    fn exported(&self) -> pl_export::Rule<'_> {
        let Inner { hir, module, derived, .. } = &*self.inner;
        pl_export::Rule { hir, module, derived }
    }

    /// The same rule with other defaults of params.
    ///
    /// # Errors
    /// [`ParamError`] if there is no such param or the value is not allowed.
    pub fn with_defaults(&self, values: &[(String, f64)]) -> Result<Rule, ParamError> {
        let mut hir = self.inner.hir.clone();
        for (name, value) in values {
            hir.params[self.check_param(name, *value)?].default = *value;
        }
        let params: Vec<f64> = hir.params.iter().map(|param| param.default).collect();
        let mut module = Module::clone(&self.inner.module);
        for (derived, raw) in module.derived.iter_mut().zip(self.derived_values(&params)) {
            derived.default = raw;
        }
        let module = pl_ir::verify(module)
            .unwrap_or_else(|errors| unreachable!("only defaults have changed, but: {errors:?}"));
        Ok(Rule::new(hir, module, self.inner.derived.clone(), self.inner.level))
    }

    /// A fresh instance with default params.
    #[must_use]
    pub fn instance(&self, engine: Engine, place: &Place) -> Instance {
        Instance::new(self.clone(), engine, place)
    }

    /// Position of a param, if it may have this value.
    ///
    /// # Errors
    /// [`ParamError`] if there is no such param or the value is not allowed.
    pub fn check_param(&self, name: &str, value: f64) -> Result<usize, ParamError> {
        let position = self.params().iter().position(|param| param.name == name);
        let Some(index) = position else {
            let known: Vec<&str> = self.params().iter().map(|p| p.name.as_str()).collect();
            let known = if known.is_empty() { "none".to_owned() } else { known.join(", ") };
            let (rule, name) = (self.name().to_owned(), name.to_owned());
            return Err(ParamError::Unknown { rule, name, known });
        };
        let param = &self.params()[index];
        let name = name.to_owned();
        if !(param.interval.low..=param.interval.high).contains(&value) {
            let (low, high) = (param.interval.low, param.interval.high);
            return Err(ParamError::Range { name, value, low, high });
        }
        if param.kind == hir::Kind::Int && value.fract() != 0.0 {
            return Err(ParamError::Integer { name, value });
        }
        Ok(index)
    }
}
