//! Kernels in C++ for the plasticity interface of pynn-brainscales and grenade.
//!
//! A kernel is written from the IR, so that it computes what the engines compute: lanes of 16 bits
//! become `VectorRowFracSat16`, ops its operators or a few functions of them. Files:
//!
//! ```text
//!   flow.rs   which blocks are loops, where branches meet      inst.rs   one instruction
//!   body.rs   a function: braces, names of values              uses.rs   what a rule needs
//! ```
//!
//! The interface is that of releases of grenade and libnux that pass rows as lists
//! (`view.rows[j]`). What its handles lack (addresses, resets of single lanes or branches, resets
//! of membranes) goes through libnux's row access; what neither offers is refused
//! ([`unsupported`]).

mod body;
mod flow;
mod inst;
mod uses;

pub use uses::unsupported;

use crate::names::Names;
use crate::template::filled;
use crate::{Rule, maker};
use pl_fixed::{lfsr, rng};
use pl_ir::io::COLUMNS;
use pl_ir::{Function, Generators, Module, Scope};
use std::fmt::Write as _;
use uses::Uses;

/// Name of a synapse view in the kernel.
const SYNAPSES: &str = "synapses";
/// Name of a neuron view in the kernel.
const NEURONS: &str = "neurons";

/// A rule with what things are called in its kernel.
pub(crate) struct Exported<'a> {
    pub(crate) module: &'a Module,
    name: &'a str,
    /// Names of the objects: variables, or symbols for inputs.
    objects: Vec<String>,
    /// Observables: names of the fields of each record.
    pub(crate) fields: Vec<Vec<String>>,
    pub(crate) uses: Uses,
}

impl<'a> Exported<'a> {
    pub(crate) fn new(rule: &'a Rule<'_>) -> Exported<'a> {
        let (module, name) = (&**rule.module, rule.hir.name.as_str());
        let mut names = Names::of_c();
        let objects = module.objects.iter().map(|object| {
            let kind = if object.input { "input" } else { "state" };
            names.add(&format!("rule_{name}_{kind}_{}", object.name))
        });
        let objects = objects.collect();
        let mut observables = Names::of_c();
        // Members of the struct that are not observables of ours.
        for taken in ["time", "records"] {
            observables.add(taken);
        }
        let fields = (module.records.iter())
            .map(|record| record.fields.iter().map(|field| observables.add(&field.name)).collect())
            .collect();
        Exported { module, name, objects, fields, uses: Uses::of(module) }
    }

    pub(crate) fn derived_symbol(&self) -> String {
        format!("rule_{}_derived", self.name)
    }

    pub(crate) fn keys_symbol(&self) -> String {
        format!("rule_{}_keys", self.name)
    }

    pub(crate) fn object(&self, index: usize) -> &str {
        &self.objects[index]
    }

    /// The observable of a field, and what it has values of.
    fn field(&self, record: usize, field: usize) -> (&str, Scope) {
        (&self.fields[record][field], self.module.records[record].fields[field].scope)
    }

    /// The view that says columns and hemisphere.
    fn view(&self) -> &'static str {
        if self.uses.synapses { SYNAPSES } else { NEURONS }
    }

    /// Observables that belong to views, of synapses and of neurons.
    fn viewed_fields(&self) -> impl Iterator<Item = &str> {
        let records = self.module.records.iter().zip(&self.fields);
        records.flat_map(|(record, names)| {
            let fields = record.fields.iter().zip(names);
            let viewed = fields.filter(|(field, _)| field.scope.is_vector());
            viewed.map(|(_, name)| name.as_str())
        })
    }

    /// Parameters of the functions of a kernel, as they are declared and as they are passed.
    fn parameters(&self) -> (String, String, String) {
        let mut names: Vec<&str> = Vec::new();
        if self.uses.synapses {
            names.push(SYNAPSES);
        }
        if self.uses.neurons {
            names.push(NEURONS);
        }
        if !self.module.records.is_empty() {
            names.push("recording");
        }
        names.extend(self.viewed_fields());
        let types: Vec<String> = (0..names.len()).map(|n| format!("typename T{n}")).collect();
        let declared = names.iter().enumerate();
        let declared: Vec<String> =
            declared.map(|(n, name)| format!("[[maybe_unused]] T{n}& {name}")).collect();
        (types.join(", "), declared.join(", "), names.join(", "))
    }
}

/// The kernel of a rule with default params and random numbers of seed 0, for rules that
/// [`unsupported`] says nothing of. `cost` is said in its first lines.
#[must_use]
pub fn kernel(rule: &Rule<'_>, cost: &str) -> String {
    with_words(rule, cost, &Words::Defaults)
}

/// What the words have that a host may change.
pub(crate) enum Words {
    /// Default params, seed 0.
    Defaults,
    /// The name of a gap: `@derived@`, `@keys@`, `@INPUT@`.
    Gaps,
}

pub(crate) fn with_words(rule: &Rule<'_>, cost: &str, words: &Words) -> String {
    let exported = Exported::new(rule);
    let writer = Writer { rule, exported: &exported, words };
    let recording =
        if exported.module.records.is_empty() { "" } else { ",\n    Recording& recording" };
    let generators = exported.uses.draws && exported.module.generators == Generators::Hardware;
    let words = [
        ("name", rule.hir.name.as_str()),
        ("maker", maker()),
        ("cost", cost),
        ("generators", if generators { "#include \"libnux/vx/parallel_rng.h\"\n" } else { "" }),
        ("notes", &writer.notes()),
        ("symbols", &writer.symbols()),
        ("space", &format!("rule_{}", rule.hir.name)),
        ("sections", &writer.sections()),
        ("storage", &writer.storage()),
        ("functions", &writer.functions()),
        ("recording_parameter", recording),
        ("entry", &writer.entry()),
    ];
    filled(include_str!("../templates/kernel.cpp"), &words)
}

struct Writer<'a> {
    rule: &'a Rule<'a>,
    exported: &'a Exported<'a>,
    words: &'a Words,
}

impl Writer<'_> {
    /// What users should know of this kernel.
    fn notes(&self) -> String {
        let mut out = String::new();
        if self.exported.uses.addresses {
            out.push_str("// Addresses are read and written past the view handles, which do not have them.\n");
        }
        if self.exported.uses.rates {
            out.push_str("// Counters are read and reset in every invocation; what the rule keeps is counted here.\n");
        }
        out
    }

    /// Words that the host may change.
    fn symbols(&self) -> String {
        let (module, mut out) = (self.exported.module, String::new());
        if !module.derived.is_empty() {
            let _ = write!(out, "// In this order:");
            for derived in &module.derived {
                let _ = write!(out, "\n//   {}", derived.name);
            }
            let values = module.derived.iter().map(|derived| derived.default.to_string());
            let values = self.word("derived", &values.collect::<Vec<String>>().join(", "));
            let (name, count) = (self.exported.derived_symbol(), module.derived.len());
            let _ = writeln!(out, "\nalignas(4) int32_t {name}[{count}] = {{{values}}};");
        }
        if self.exported.uses.draws {
            let keys = [0, 1].map(|hemisphere| rng::stream_key(0, 0, hemisphere, 0));
            let keys = keys.map(|key| format!("0x{:08x}, 0x{:08x}", key >> 32, key & 0xffff_ffff));
            let keys = self.word("keys", &keys.join(", "));
            let name = self.exported.keys_symbol();
            let _ = writeln!(
                out,
                "// Keys of the random numbers, top and bottom, the upper word first.\nalignas(4) \
                 uint32_t {name}[4] = {{{keys}}};"
            );
        }
        for (object, name) in module.objects.iter().zip(&self.exported.objects) {
            if object.input {
                let (ty, count) = input_type(object.scope, module.rows_max);
                let values = vec![object.initial.to_string(); count].join(", ");
                let values = self.word(name, &values);
                let _ = writeln!(out, "alignas(4) {ty} {name}[{count}] = {{{values}}};");
            }
        }
        out
    }

    fn word(&self, gap: &str, value: &str) -> String {
        match self.words {
            Words::Defaults => value.to_owned(),
            Words::Gaps => format!("@{gap}@"),
        }
    }

    /// Functions that not every rule needs.
    fn sections(&self) -> String {
        let uses = &self.exported.uses;
        let half = (rng::MULTIPLIER / 2).to_string();
        let words = [
            ("multiplier", rng::MULTIPLIER.to_string()),
            ("half", half),
            ("carries", (rng::MULTIPLIER - 2).to_string()),
            ("keys", self.exported.keys_symbol()),
            ("readings", lfsr::READINGS.to_string()),
            ("warm_up", lfsr::WARM_UP.to_string()),
        ];
        let words: Vec<(&str, &str)> =
            words.iter().map(|(name, value)| (*name, value.as_str())).collect();
        let columns = match self.exported.module.generators {
            Generators::Own => include_str!("../templates/kernel_draws.cpp"),
            Generators::Hardware => include_str!("../templates/kernel_generators.cpp"),
        };
        let parts = [
            (uses.draws, include_str!("../templates/kernel_random.cpp")),
            (uses.draws, columns),
            (uses.correlation, include_str!("../templates/kernel_correlation.cpp")),
            (uses.columns, include_str!("../templates/kernel_columns.cpp")),
            (uses.reductions, include_str!("../templates/kernel_reductions.cpp")),
            (uses.scalars, include_str!("../templates/kernel_scalars.cpp")),
            (uses.membrane_resets, include_str!("../templates/kernel_membranes.cpp")),
            (uses.lane_inputs, include_str!("../templates/kernel_inputs.cpp")),
            (
                !self.exported.module.records.is_empty(),
                include_str!("../templates/kernel_records.cpp"),
            ),
        ];
        parts.into_iter().filter(|(used, _)| *used).map(|(_, text)| filled(text, &words)).collect()
    }

    fn storage(&self) -> String {
        let mut out = String::new();
        let module = self.exported.module;
        for (object, name) in module.objects.iter().zip(&self.exported.objects) {
            if !object.input {
                let (ty, extent) = match object.scope {
                    Scope::Rule => ("int32_t", String::new()),
                    Scope::Row => ("int32_t", format!("[{}]", module.rows_max)),
                    Scope::Neuron => ("Lanes", String::new()),
                    Scope::Synapse => ("Lanes", format!("[{}]", module.rows_max)),
                };
                let _ = writeln!(out, "static {ty} {name}{extent};");
            }
        }
        if self.exported.uses.rates {
            out.push_str("static Lanes counted; // spikes since the rule's last reset\n");
        }
        out
    }

    fn functions(&self) -> String {
        let (types, declared, passed) = self.exported.parameters();
        let module = self.exported.module;
        let mut out = String::new();
        for func in &module.functions {
            let _ = write!(
                out,
                "template <{types}>\nstatic void {}({declared})\n{{\n{}{}}}\n\n",
                func.name,
                self.samples(func),
                body::body(self.exported, func),
            );
        }
        let start = module.functions.iter().any(|func| func.name == "start");
        let _ = write!(
            out,
            "template <{types}>\nstatic void begin({declared})\n{{\n{}{}}}\n\n",
            self.beginning(),
            if start { format!("\tstart({passed});\n") } else { String::new() },
        );
        out
    }

    /// Sensors that a function has sampled before it begins.
    fn samples(&self, func: &Function) -> String {
        let mut out = String::new();
        if self.exported.uses.rates {
            out.push_str(
                "\tcounted = smaller(counted + widened(neurons.get_rate_counters(true)), \
                 Lanes(255));\n\t[[maybe_unused]] Lanes const rates = counted;\n",
            );
        }
        if uses::reads_membranes(func) {
            out.push_str("\tLanes const membranes = widened(neurons.get_analog_readouts());\n");
        }
        out
    }

    /// What happens before the rule's `start`.
    fn beginning(&self) -> String {
        let (module, uses) = (self.exported.module, &self.exported.uses);
        let view = self.exported.view();
        let mut out = String::new();
        if uses.synapses {
            let _ = writeln!(
                out,
                "\tif ({SYNAPSES}.rows.size() > {}) {{\n\t\texit(1); // the rule's limit\n\t}}",
                module.rows_max
            );
        }
        for (object, name) in module.objects.iter().zip(&self.exported.objects) {
            let initial = object.initial;
            let _ = match object.scope {
                _ if object.input => Ok(()),
                Scope::Rule => writeln!(out, "\t{name} = {initial};"),
                Scope::Neuron => writeln!(out, "\t{name} = Lanes({initial});"),
                Scope::Row => {
                    writeln!(out, "\tfor (auto& value : {name}) {{\n\t\tvalue = {initial};\n\t}}")
                }
                Scope::Synapse => writeln!(
                    out,
                    "\tfor (auto& value : {name}) {{\n\t\tvalue = Lanes({initial});\n\t}}"
                ),
            };
        }
        if uses.draws {
            let _ = writeln!(out, "\tseed(static_cast<size_t>({view}.hemisphere));");
        }
        if uses.rates {
            out.push_str("\tneurons.get_rate_counters(true);\n\tcounted = Lanes(0);\n");
        }
        if uses.correlation {
            let _ = writeln!(out, "\tmeasure_baselines({SYNAPSES});");
        }
        out
    }

    /// The statements of the kernel itself.
    fn entry(&self) -> String {
        let (uses, module) = (&self.exported.uses, self.exported.module);
        let handles = [
            (uses.synapses, SYNAPSES, "SynapseArrayViewHandle"),
            (uses.neurons, NEURONS, "NeuronViewHandle"),
        ];
        let (mut declared, mut walked) = (Vec::new(), Vec::new());
        for (_, name, ty) in handles.into_iter().filter(|(used, ..)| *used) {
            declared.push(format!("grenade::vx::ppu::{ty}& {name}"));
            walked.push(name.to_owned());
        }
        for field in self.exported.viewed_fields() {
            declared.push(format!("auto& {field}"));
            walked.push(format!("recording.{field}"));
        }
        let mut out = String::new();
        if uses.synapses && uses.neurons {
            out.push_str(
                "\tstatic_assert(NS == NN, \"a view of neurons for each of synapses\");\n",
            );
        }
        if !module.records.is_empty() {
            out.push_str(
                "\trecording.time = now();\n\tfor (auto& taken : recording.records) {\n\t\ttaken = \
                 0;\n\t}\n",
            );
        }
        let words = [
            ("declared", declared.join(", ").as_str()),
            ("walked", &walked.join(", ")),
            ("passed", &self.exported.parameters().2),
            ("view", self.exported.view()),
            ("apart", if starts_apart(self.rule) { "\t\t\t    return;\n" } else { "" }),
        ]
        .map(|(name, text)| (name, text.to_owned()));
        let words: Vec<(&str, &str)> =
            words.iter().map(|(name, text)| (*name, text.as_str())).collect();
        out + &filled(include_str!("../templates/kernel_entry.cpp"), &words)
    }
}

/// Type of an input's values, and how many there are.
pub(crate) fn input_type(scope: Scope, rows_max: u32) -> (&'static str, usize) {
    let rows = rows_max as usize;
    match scope {
        Scope::Rule => ("int32_t", 1),
        Scope::Row => ("int32_t", rows),
        Scope::Neuron => ("int16_t", COLUMNS),
        Scope::Synapse => ("int16_t", COLUMNS * rows),
    }
}

/// Whether there is an invocation before the first update: a period before it.
pub(crate) fn starts_apart(rule: &Rule<'_>) -> bool {
    let schedule = rule.hir.schedule;
    schedule.phase_ticks >= schedule.period_ticks
}
