//! Kernels for the official interface: every rule of the library that has one, compiled with a
//! stand-in for the interface, leaves the bits of the evaluator; classes in Python give the same
//! kernels.

use crate::arrays::{Arrays, other_value};
use pl_driver::ir::io::{COLUMNS, ObjectValues};
use pl_driver::ir::{Record, Scope};
use pl_driver::{Engine, Instance, Place, Rule, Session, stdlib};
use pl_fixed::{lfsr, rng};
use std::fmt::Write as _;
use std::path::Path;
use std::process::{Command, Output};

const INTERFACE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/exports/interface");
const UPDATES: usize = 3;
/// Updates done before the first: samples of records every 100 and every 10 are due within three.
const BEFORE: u32 = 98;

/// What no rule of the library has.
const MORE: &str = "
rule more {
    param gain : real in -2.0 .. 2.0 = 1.5
    param lambda : int in 0 .. 7 = 3
    input drive : real in 0.0 .. 4.0 per neuron = 1.5
    input level : int in 0 .. 9 per row = 4
    input bias : real in -1.0 .. 1.0 per synapse = -0.25
    input reward : real in -1.0 .. 1.0 per rule = 0.5
    state trace : real in -8.0 .. 8.0 per synapse = 1
    state strongest : int in 0 .. 63 per neuron = 5
    state busy : bool per neuron = false
    state class : int in 0 .. 255 per rule = 1
    state steps[2] : int in 0 .. 300 per rule = 2
    rounding stochastic
    view rows <= 8
    every 1 ms {
        synapses {
            trace = 0.75 * trace + gain * bias * causal + drive * uniform(-1 .. 1)
            if trace > reward and row != 6 {
                weight += trace / 2 - level
                reset causal
            } else {
                if column >= class { address = randint(0, 64) }
                reset acausal
            }
        }
        neurons {
            strongest = max of weight over synapses
            busy = count of weight > 20 over synapses >= 2
            if busy { reset rate } else { reset membrane }
        }
        control {
            class = argmax of rate over neurons
            steps[0] = sum of strongest over neurons
            steps[1] += randint(0, 3) + hemisphere
        }
    }
    every 2 ms { synapses { weight -= min(lambda, membrane / 64) } }
    record trace, busy, class every 3 updates
    record weight, level every 1 updates
}
";

/// Draws from the chip's generators.
pub(crate) const HARDWARE: &str = "
rule rewires {
    rng hardware
    rounding stochastic
    state noise : real in -1.0 .. 1.0 per neuron = 0
    every 1 ms
    synapses {
        weight += uniform(-2.5 .. 2.5)
        if causal > randint(-100, 100) { address = randint(0, 64) }
    }
    neurons { noise = 0.5 * noise + uniform(-0.5 .. 0.5) }
}
";

/// Rules with the number of rows that they are run on.
fn rules() -> Vec<(Rule, usize)> {
    let sources = stdlib::RULES.iter().map(|rule| (rule.name, rule.source));
    let mut rules = Vec::new();
    for (name, source) in sources.chain([("more", MORE), ("rewires", HARDWARE)]) {
        let compiled = Session::default().compile(name, source);
        assert!(!compiled.has_errors(), "{name}: {:?}", compiled.diagnostics);
        let small = |rule: &Rule| 3.min(rule.hir().rows_max as usize);
        rules.extend(compiled.rules.into_iter().map(|rule| (rule.clone(), small(&rule))));
    }
    let count = rules.len();
    rules.retain(|(rule, _)| rule.kernel_files().is_ok());
    let has = |name: &str| rules.iter().any(|(rule, _)| rule.name() == name);
    assert!(has("more") && has("rewires"), "the rules of this file are refused");
    assert!(rules.len() + 4 >= count, "the interface has what nearly all rules need");
    rules
}

fn c_name(name: &str) -> String {
    let name = name.replace('.', "_");
    if name == "class" { "class_".to_owned() } else { name }
}

/// The struct that grenade would declare for the observables of a rule.
fn recording(rule: &Rule, rows: usize, columns: usize) -> String {
    let records = &rule.module().records;
    let mut out = format!("struct Recording_{} {{ uint64_t time;", rule.name());
    for record in records {
        for field in &record.fields {
            let values = match field.scope {
                Scope::Synapse => format!("std::array<std::array<int16_t, {columns}>, {rows}>"),
                Scope::Neuron => format!("std::array<int16_t, {columns}>"),
                Scope::Row => format!("std::array<uint16_t, {}>", 4 * rule.hir().rows_max),
                Scope::Rule => "std::array<uint16_t, 4>".to_owned(),
            };
            let ty = if field.scope.is_vector() {
                format!("std::tuple<{values}, {values}>")
            } else {
                values
            };
            let _ = write!(out, " {ty} {};", c_name(&field.name));
        }
    }
    let _ = writeln!(out, " std::array<uint8_t, {}> records; }};", records.len());
    out
}

/// A kernel and the function that runs it.
fn program(rule: &Rule, rows: usize, columns: usize) -> String {
    let name = rule.name();
    let files = rule.kernel_files().unwrap();
    let token = "PLASTICITY_RULE_KERNEL";
    assert_eq!(files.cxx.matches(token).count(), 1);
    let kernel = files.cxx.replace(token, &format!("kernel_{name}"));
    let records = &rule.module().records;
    let mut out = recording(rule, rows, columns);
    let _ = write!(
        out,
        "#define Recording Recording_{name}\n{kernel}#undef Recording\nstatic void run_{name}() {{\n    \
         using namespace rule_{name};\n    Views views({rows});\n"
    );
    let call = if records.is_empty() {
        format!("kernel_{name}(views.synapses, views.neurons);")
    } else {
        let _ = writeln!(out, "    static Recording_{name} recording;");
        format!("kernel_{name}(views.synapses, views.neurons, recording);")
    };
    let _ = write!(
        out,
        "    views.begin();\n    {call}\n    views.go();\n    update_index = {BEFORE};\n    for (int i = 0; i \
         < {UPDATES}; i++) {{\n        views.spikes();\n        {call}\n"
    );
    for (number, record) in records.iter().enumerate() {
        let _ = writeln!(out, "        put(&recording.records[{number}], 1);");
        let _ = writeln!(out, "        if (recording.records[{number}]) {{");
        for field in &record.fields {
            let member = format!("recording.{}", c_name(&field.name));
            let first = format!("std::get<0>({member})");
            let _ = match field.scope {
                Scope::Synapse | Scope::Neuron => {
                    writeln!(out, "            put(&{first}, sizeof {first});")
                }
                Scope::Row => writeln!(out, "            put_words(&{member}[0], {rows});"),
                Scope::Rule => writeln!(out, "            put_words(&{member}[0], 1);"),
            };
        }
        out.push_str("        }\n");
    }
    out.push_str("    }\n    views.end();\n");
    for object in rule.module().objects.iter().filter(|object| !object.input) {
        let state = format!("rule_{name}_state_{}", object.name.replace('.', "_"));
        let _ = match object.scope {
            Scope::Synapse => writeln!(
                out,
                "    for (int row = 0; row < {rows}; row++) views.lanes([&](size_t c) {{ return \
                 at({state}[row], c); }});"
            ),
            Scope::Neuron => {
                writeln!(out, "    views.lanes([&](size_t c) {{ return at({state}, c); }});")
            }
            Scope::Row => writeln!(out, "    put({state}, 4 * {rows});"),
            Scope::Rule => writeln!(out, "    put(&{state}, 4);"),
        };
    }
    if files.cxx.contains("static Bits rng_x;") {
        out.push_str("    for (size_t c = 0; c < 256; c++) put(&at(rng_x, c), 2);\n");
    }
    if files.cxx.contains("parallel_rng_rand") {
        out.push_str("    put(chip.generators, 512);\n");
    }
    out + "}\n"
}

const MAIN: &str = r#"#include "interface.h"
#include <cstdio>
#include <cstring>
volatile libnux::vx::PPUOnDLS ppu = libnux::vx::PPUOnDLS::top;
using libnux::vx::chip;
static void get(void *to, size_t size) { if (fread(to, 1, size, stdin) != size) abort(); }
static void put(void const *from, size_t size) { if (fwrite(from, 1, size, stdout) != size) abort(); }
static void put_words(uint16_t const* halves, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		uint32_t const word = uint32_t(halves[2 * i]) << 16 | halves[2 * i + 1];
		put(&word, 4);
	}
}
// A view of the top hemisphere and an empty one of the bottom, which this PPU must leave alone.
struct Views {
	std::array<grenade::vx::ppu::SynapseArrayViewHandle, 2> synapses{};
	std::array<grenade::vx::ppu::NeuronViewHandle, 2> neurons{};
	size_t count;
	uint8_t columns[256], codes[2][65536], rates[256];
	Views(size_t rows) : count(rows)
	{
		uint8_t numbers[256], signs[256];
		get(numbers, rows); get(signs, rows); get(columns, 256);
		get(chip.planes[0], 256 * rows); get(chip.planes[1], 256 * rows);
		get(codes[0], 256 * rows); get(codes[1], 256 * rows);
		get(chip.baselines, 512); get(rates, 256); get(chip.membranes, 256);
		auto& view = synapses[0];
		view.rows.assign(numbers, numbers + rows);
		for (size_t c = 0; c < 256; c++) {
			view.column_mask[c] = columns[c] ? 1 : 0;
			if (columns[c]) view.columns.push_back(c);
		}
		neurons[0].columns = view.columns;
		synapses[1].hemisphere = neurons[1].hemisphere = libnux::vx::PPUOnDLS::bottom;
	}
	void begin() { chip.fresh = true; memset(chip.counters, 9, 256); }
	void go()
	{
		chip.fresh = false;
		memcpy(chip.planes[2], codes[0], sizeof codes[0]);
		memcpy(chip.planes[3], codes[1], sizeof codes[1]);
		memset(chip.resets, 0, sizeof chip.resets);
		memset(chip.membrane_resets, 0, 256);
	}
	void spikes()
	{
		for (size_t c = 0; c < 256; c++) {
			int const sum = chip.counters[c] + rates[c] / 2;
			chip.counters[c] = sum > 255 ? 255 : sum;
		}
	}
	void end()
	{
		put(chip.planes[0], 256 * count); put(chip.planes[1], 256 * count);
		put(chip.resets, 256 * count); put(chip.membrane_resets, 256);
	}
	template <typename F>
	void lanes(F f) { for (auto const c : synapses[0].columns) { int16_t const x = f(c); put(&x, 2); } }
};
"#;

/// Lanes of the columns of the view, as the C++ program writes them.
fn inside<'a>(arrays: &Arrays, lanes: impl Iterator<Item = &'a i16>) -> Vec<u8> {
    let columns = arrays.columns.iter().cycle();
    let pairs = lanes.zip(columns).filter(|(_, column)| **column != 0);
    pairs.flat_map(|(lane, _)| lane.to_le_bytes()).collect()
}

fn sampled(arrays: &Arrays, record: &Record, fields: &[Vec<i32>]) -> Vec<u8> {
    let mut out = Vec::new();
    for (field, values) in record.fields.iter().zip(fields) {
        if field.scope.is_vector() {
            let lanes: Vec<i16> = values.iter().map(|x| i16::try_from(*x).unwrap()).collect();
            out.extend(inside(arrays, lanes.iter()));
        } else {
            out.extend(values.iter().flat_map(|x| x.to_le_bytes()));
        }
    }
    out
}

/// What the evaluator leaves, in the order in which the C++ program writes it.
fn expected(rule: &Rule, instance: &mut Instance, arrays: &mut Arrays) -> Vec<u8> {
    let codes = [arrays.planes[2].clone(), arrays.planes[3].clone()];
    let spikes = arrays.lines[2].map(|rate| rate / 2);
    for branch in 0..2 {
        let baseline = arrays.lines[branch];
        arrays.planes[2 + branch]
            .chunks_mut(COLUMNS)
            .for_each(|row| row.copy_from_slice(&baseline));
    }
    arrays.lines[2] = [0; COLUMNS];
    instance.start(&mut arrays.io()).unwrap();
    [arrays.planes[2], arrays.planes[3]] = codes;
    arrays.resets = (vec![0; arrays.resets.0.len()], [0; COLUMNS], [0; COLUMNS]);
    instance.state.update_index = BEFORE;
    let mut out = Vec::new();
    for _ in 0..UPDATES {
        for (rate, spikes) in arrays.lines[2].iter_mut().zip(spikes) {
            *rate = rate.saturating_add(spikes);
        }
        instance.state.records.iter_mut().for_each(|record| record.samples.clear());
        instance.update(&mut arrays.io()).unwrap();
        for (rate, reset) in arrays.lines[2].iter_mut().zip(&mut arrays.resets.1) {
            *rate = if core::mem::take(reset) != 0 { 0 } else { *rate };
        }
        for (record, buffer) in rule.module().records.iter().zip(&instance.state.records) {
            match buffer.samples.last() {
                Some(sample) => {
                    out.push(1);
                    out.extend(sampled(arrays, record, &sample.fields));
                }
                None => out.push(0),
            }
        }
    }
    out.extend(arrays.planes[..2].iter().flatten());
    out.extend(&arrays.resets.0);
    out.extend(arrays.resets.2.map(|reset| u8::from(reset != 0)));
    let objects = rule.module().objects.iter().zip(&instance.state.objects);
    for (_, values) in objects.filter(|(object, _)| !object.input) {
        match values {
            ObjectValues::Lanes(lanes) => out.extend(inside(arrays, lanes.iter())),
            ObjectValues::Scalars(words) => out.extend(words.iter().flat_map(|x| x.to_le_bytes())),
        }
    }
    let kernel = rule.kernel_files().unwrap().cxx;
    if ["static Bits rng_x;", "parallel_rng_rand"].iter().any(|word| kernel.contains(word)) {
        out.extend(instance.state.rng_x.iter().flat_map(|x| x.to_le_bytes()));
    }
    out
}

fn succeeded(output: &Output) {
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}

#[test]
fn kernels_leave_the_bits_of_the_evaluator() {
    if Command::new("g++").arg("--version").output().is_err() {
        eprintln!("skipped: there is no C++ compiler (`g++`)");
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let (mut text, mut main) =
        (MAIN.to_owned(), "int main() {\n    get(chip.taps, 512);\n".to_owned());
    let taps = lfsr::POLYNOMIALS.iter().flat_map(|p| p.reverse_bits().to_le_bytes());
    let (mut input, mut wanted, mut random) = (taps.collect::<Vec<u8>>(), Vec::new(), 5);
    for (rule, rows) in &rules() {
        let mut arrays = Arrays::random(*rows, rule.hir().columns_max as usize, &mut random);
        let columns = arrays.columns.iter().filter(|column| **column != 0).count();
        text += &program(rule, *rows, columns);
        let _ = writeln!(main, "    run_{}();", rule.name());
        input.extend(arrays.bytes());
        let stream_key = rng::stream_key(0, 0, 0, 0);
        let place = Place { hemisphere: 0, rows: *rows, stream_key, record_capacity: 4 };
        let mut instance = rule.instance(Engine::Eval, &place);
        let name = rule.name().to_owned();
        wanted.push((name, expected(rule, &mut instance, &mut arrays)));
    }
    std::fs::write(folder.path().join("main.cpp"), text + &main + "}\n").unwrap();
    std::fs::write(folder.path().join("input"), input).unwrap();
    let built = Command::new("g++")
        .current_dir(folder.path())
        .args([
            "-std=gnu++17",
            "-O1",
            "-Wall",
            "-Wextra",
            "-Werror",
            "-Wno-missing-field-initializers",
        ])
        .args(["-I", INTERFACE, "main.cpp", "-o", "main"])
        .output()
        .unwrap();
    succeeded(&built);
    let input = std::fs::File::open(folder.path().join("input")).unwrap();
    let run = Command::new(folder.path().join("main")).stdin(input).output().unwrap();
    succeeded(&run);
    let mut rest = run.stdout.as_slice();
    for (name, wanted) in wanted {
        let (own, behind) = rest.split_at(wanted.len().min(rest.len()));
        let first = own.iter().zip(&wanted).position(|(a, b)| a != b);
        assert!(own == wanted, "{name}: other bits from byte {first:?} of {} on", wanted.len());
        rest = behind;
    }
    assert!(rest.is_empty());
}

/// Runs Python with the stand-in for pynn-brainscales in a folder of classes.
fn python(folder: &Path, script: &str) -> Output {
    let interface = Path::new(INTERFACE);
    Command::new("python3")
        .current_dir(folder)
        .env("PYTHONPATH", interface)
        .args(["-c", script])
        .output()
        .unwrap()
}

#[test]
fn classes_in_python_give_the_same_kernels() {
    if Command::new("python3").arg("--version").output().is_err() {
        eprintln!("skipped: there is no Python (`python3`)");
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let mut script = "from pynn_brainscales import check\n".to_owned();
    for (rule, _) in rules() {
        let name = rule.name();
        let write = |ending: &str, text: &str| {
            std::fs::write(folder.path().join(format!("{name}{ending}")), text).unwrap();
        };
        let files = rule.kernel_files().unwrap();
        write(".py", &files.python);
        write("_default.cpp", &files.cxx);
        // `mu` of `power_law_stdp` goes through `pow`.
        let settable = rule.params().iter().filter(|param| param.name != "mu");
        let values: Vec<(String, f64)> =
            settable.map(|param| (param.name.clone(), other_value(param))).collect();
        let other = rule.with_defaults(&values).unwrap().kernel_files().unwrap();
        write("_other.cpp", &other.cxx);
        let params: Vec<String> =
            values.iter().map(|(name, value)| format!("\"{name}\": {value:?}")).collect();
        let _ = writeln!(script, "check.rule(\"{name}\", {{{}}})", params.join(", "));
    }
    let keys = [0, 1].map(|hemisphere| rng::stream_key(5, 1, hemisphere, 0));
    let _ = writeln!(script, "check.more({keys:?})");
    succeeded(&python(folder.path(), &script));
}

#[test]
fn what_the_interface_cannot_do_is_refused_with_its_place() {
    let source = "rule r {\n    every 2 ms phase 1 ms\n    control { send(3, 5) }\n    synapses { weight += \
                  row_sign * causal }\n}\n";
    let compiled = Session::default().compile("r.pl", source);
    let refused = compiled.rules[0].kernel_files().unwrap_err();
    let style = pl_diag::render::Style::Plain;
    let text = pl_diag::render::render(&refused, &compiled.sources, style);
    assert_eq!(text.matches("E0605").count(), 3, "{text}");
    for part in ["`send` is not in", "`row_sign` is not in", "3:20", "4:26"] {
        assert!(text.contains(part), "{part}: {text}");
    }
}
