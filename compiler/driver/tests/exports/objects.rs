//! Object files: every rule of the library, linked into one C program, leaves the bits that native
//! code in memory leaves.

use crate::arrays::{Arrays, other_value};
use crate::kernels::HARDWARE;
use pl_driver::ir::Scope;
use pl_driver::ir::io::{COLUMNS, ObjectValues};
use pl_driver::{Engine, Instance, Place, Rule, Session, stdlib};
use pl_fixed::rng;
use std::fmt::Write as _;
use std::path::Path;
use std::process::Command;

const SEED: u64 = 11;
const UPDATES: usize = 3;
/// Updates done before the first: samples of records every 100 and every 10 are due within three.
const BEFORE: u32 = 98;

/// Sends events and keeps a state in every scope, which no rule of the library does.
const SENDS: &str = "
rule sends {
    param gain : real in 0.0 .. 2.0 = 1.5
    param step : int in 0 .. 7 = 3
    state trace : real in -8.0 .. 8.0 per synapse = 1
    state count : int in 0 .. 1000 per neuron = 5
    state level : real in 0.0 .. 1.0 per row = 0.25
    state double : int in 0 .. 63 per rule = 1
    state many[2] : int in 0 .. 63 per rule = 2
    every 1 ms
    start { control { send(3, 9) } }
    control {
        double += step + randint(0, 3)
        many[1] += double
        send(double, 5)
        send(7, many[1])
    }
    synapses {
        trace += gain * level * uniform(-1 .. 1)
        if trace > 0 { weight += trace }
        reset causal
    }
    neurons { count += 1; reset rate; reset membrane }
    record trace, count, level every 3 updates
}
";

/// What native code in memory leaves, in the order in which the C program writes it.
fn expected(rule: &Rule, instance: &mut Instance, arrays: &mut Arrays) -> Vec<u8> {
    instance.start(&mut arrays.io()).unwrap();
    let mut out = events(instance);
    instance.state.update_index = BEFORE;
    for _ in 0..UPDATES {
        instance.update(&mut arrays.io()).unwrap();
        out.extend(events(instance));
    }
    out.extend(arrays.planes[..2].iter().flatten());
    out.extend(&arrays.resets.0);
    out.extend(arrays.resets.1);
    out.extend(arrays.resets.2);
    for object in &instance.state.objects {
        match object {
            ObjectValues::Lanes(lanes) => out.extend(lanes.iter().flat_map(|x| x.to_le_bytes())),
            ObjectValues::Scalars(words) => out.extend(words.iter().flat_map(|x| x.to_le_bytes())),
        }
    }
    out.extend(instance.state.derived.iter().flat_map(|x| x.to_le_bytes()));
    out.extend(instance.state.rng_x.iter().flat_map(|x| x.to_le_bytes()));
    for (record, buffer) in rule.module().records.iter().zip(&instance.state.records) {
        let sample = buffer.samples.last();
        out.extend(sample.map_or(0, |sample| sample.update).to_le_bytes());
        for (field, decl) in record.fields.iter().enumerate() {
            let rows = arrays.rows.len();
            let count = match decl.scope {
                Scope::Synapse => rows * COLUMNS,
                Scope::Neuron => COLUMNS,
                Scope::Row => rows,
                Scope::Rule => 1,
            };
            let values = sample.map_or(vec![0; count], |sample| sample.fields[field].clone());
            out.extend(values.iter().flat_map(|x| x.to_le_bytes()));
        }
    }
    out
}

fn events(instance: &Instance) -> Vec<u8> {
    let events = &instance.state.events;
    let mut out = vec![u8::try_from(events.len()).unwrap()];
    out.extend(events.iter().flat_map(|event| [event.driver, event.address]));
    out
}

/// The C function that runs a rule.
fn c_function(rule: &Rule, rows: usize, lines: &mut String) {
    let name = rule.name();
    let field =
        |name: &str| if name == "double" { "double_".to_owned() } else { name.replace('.', "_") };
    let size = |scope: Scope, bytes: usize| match scope {
        Scope::Synapse => rows * COLUMNS * bytes,
        Scope::Neuron => COLUMNS * bytes,
        Scope::Row => rows * 4,
        Scope::Rule => 4,
    };
    let _ = writeln!(
        lines,
        "static {name}_instance {name};\nstatic void run_{name}(void) {{\n    read_arrays({rows});\n    \
         check({name}_init(&{name}, {rows}, 1, plc_stream_key({SEED}, 2, 1, 0)));"
    );
    let settable: Vec<usize> =
        (0..rule.params().len()).filter(|index| !is_fixed(rule, *index)).collect();
    if !settable.is_empty() {
        let _ = writeln!(lines, "    {name}_params params = {name}_defaults();");
        for index in settable {
            let param = &rule.params()[index];
            let _ =
                writeln!(lines, "    params.{} = {:?};", field(&param.name), other_value(param));
        }
        let _ = writeln!(lines, "    check({name}_set_params(&{name}, &params));");
    }
    let _ = writeln!(
        lines,
        "    check({name}_start(&{name}, &arrays) == PLC_DONE);\n    put_events({name}.events, \
         {name}.event_count);\n    {name}.update_index = {BEFORE};\n    for (int i = 0; i < {UPDATES}; \
         i++) {{\n        check({name}_update(&{name}, &arrays) == PLC_DONE);\n        \
         put_events({name}.events, {name}.event_count);\n    }}\n    put_arrays({rows});"
    );
    let mut put = |what: &str, bytes: usize| {
        let _ = writeln!(lines, "    put(&{name}.{what}, {bytes});");
    };
    for object in &rule.module().objects {
        put(&field(&object.name), size(object.scope, 2));
    }
    put("derived", 4 * rule.module().derived.len());
    put("rng_x", 2 * COLUMNS);
    for (number, record) in rule.module().records.iter().enumerate() {
        put(&format!("record_{number}.update"), 4);
        for decl in &record.fields {
            put(&format!("record_{number}.{}", field(&decl.name)), size(decl.scope, 4));
        }
    }
    lines.push_str("}\n");
}

/// Whether the header has no place for a param.
fn is_fixed(rule: &Rule, index: usize) -> bool {
    rule.name() == "power_law_stdp" && rule.params()[index].name == "mu"
}

const MAIN: &str = r#"
#include <stdio.h>
#include <stdlib.h>
static uint8_t rows[256], columns[256], planes[4][65536], lines[4][256];
static int8_t signs[256];
static uint8_t reset[65536], rate_reset[256], membrane_reset[256];
static const plc_arrays arrays = {rows, signs, columns, planes[0], planes[1], planes[2], planes[3],
    lines[0], lines[1], lines[2], lines[3], reset, rate_reset, membrane_reset};
static void check(int good) { if (!good) { fprintf(stderr, "refused\n"); exit(1); } }
static void get(void *to, size_t size) { check(fread(to, 1, size, stdin) == size); }
static void put(const void *from, size_t size) { check(fwrite(from, 1, size, stdout) == size); }
static void put_events(const plc_event *events, uint32_t count) {
    uint8_t byte = (uint8_t)count;
    put(&byte, 1);
    put(events, 2 * count);
}
static void read_arrays(size_t count) {
    get(rows, count); get(signs, count); get(columns, 256);
    for (int i = 0; i < 4; i++) get(planes[i], count * 256);
    for (int i = 0; i < 4; i++) get(lines[i], 256);
    memset(reset, 0, sizeof reset); memset(rate_reset, 0, 256); memset(membrane_reset, 0, 256);
}
static void put_arrays(size_t count) {
    put(planes[0], count * 256); put(planes[1], count * 256);
    put(reset, count * 256); put(rate_reset, 256); put(membrane_reset, 256);
}
"#;

/// Rules with the number of rows that they are run on.
fn rules() -> Vec<(Rule, usize)> {
    let sources = stdlib::RULES.iter().map(|rule| (rule.name, rule.source));
    let mut rules = Vec::new();
    for (name, source) in sources.chain([("sends", SENDS), ("rewires", HARDWARE)]) {
        let compiled = Session::default().compile(name, source);
        assert!(!compiled.has_errors(), "{name}: {:?}", compiled.diagnostics);
        for rule in compiled.rules {
            let rows = 3.min(rule.hir().rows_max as usize);
            rules.push((rule, rows));
        }
    }
    rules
}

#[test]
fn objects_leave_the_bits_of_native_code_in_memory() {
    if Command::new("cc").arg("--version").output().is_err() {
        eprintln!("skipped: there is no C compiler (`cc`)");
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, bytes: &[u8]| std::fs::write(folder.path().join(name), bytes).unwrap();
    let (mut program, mut main) = (String::new(), "int main(void) {\n".to_owned());
    let (mut input, mut wanted, mut objects) = (Vec::new(), Vec::new(), Vec::new());
    let mut random = SEED;
    let mut includes = String::new();
    for (rule, rows) in &rules() {
        let (name, rows) = (rule.name(), *rows);
        let files = rule.object().unwrap();
        write(&format!("{name}.o"), &files.object);
        write(&format!("{name}.h"), files.header.as_bytes());
        write("plc_rule.h", files.shared_header.as_bytes());
        let _ = writeln!(
            includes,
            "#define {}_ROWS {rows}\n#include \"{name}.h\"",
            name.to_uppercase()
        );
        c_function(rule, rows, &mut program);
        let _ = writeln!(main, "    run_{name}();");
        objects.push(format!("{name}.o"));
        let place = Place {
            hemisphere: 1,
            rows,
            stream_key: rng::stream_key(SEED, 2, 1, 0),
            record_capacity: 4,
        };
        let mut instance = rule.instance(Engine::Jit, &place);
        for (index, param) in rule.params().iter().enumerate() {
            if !is_fixed(rule, index) {
                instance.set_param(&param.name, other_value(param)).unwrap();
            }
        }
        let mut arrays = Arrays::random(rows, rule.hir().columns_max as usize, &mut random);
        input.extend(arrays.bytes());
        wanted.push((name.to_owned(), expected(rule, &mut instance, &mut arrays)));
    }
    write("main.c", format!("{includes}{MAIN}{program}{main}    return 0;\n}}\n").as_bytes());
    let found = output_of(folder.path(), &objects, &input);
    let mut rest = found.as_slice();
    for (name, wanted) in wanted {
        let (own, behind) = rest.split_at(wanted.len().min(rest.len()));
        assert!(own == wanted, "{name}: the object leaves other bits");
        rest = behind;
    }
    assert!(rest.is_empty());
}

/// What the C program of a folder prints.
fn output_of(folder: &Path, objects: &[String], input: &[u8]) -> Vec<u8> {
    let built = Command::new("cc")
        .current_dir(folder)
        .args(["-std=c99", "-Wall", "-Wextra", "-Werror", "-O1", "main.c", "-o", "main"])
        .args(objects)
        .arg("-lm")
        .output()
        .unwrap();
    assert!(built.status.success(), "{}", String::from_utf8_lossy(&built.stderr));
    std::fs::write(folder.join("input"), input).unwrap();
    let input = std::fs::File::open(folder.join("input")).unwrap();
    let run = Command::new(folder.join("main")).stdin(input).output().unwrap();
    assert!(run.status.success(), "{}", String::from_utf8_lossy(&run.stderr));
    run.stdout
}

#[test]
fn a_fixed_param_is_what_it_was_compiled_with() {
    let source = stdlib::find("power_law_stdp").unwrap().source;
    let compiled = Session::default().compile("power_law_stdp.pl", source);
    let rule = &compiled.rules[0];
    let header = rule.object().unwrap().header;
    assert!(header.contains("Param `mu` is 0.5 for good"), "{header}");
    assert!(!header.contains("double mu;"), "{header}");
    let linear = rule.with_defaults(&[("mu".to_owned(), 1.0)]).unwrap();
    assert!(linear.object().unwrap().header.contains("Param `mu` is 1 for good"));
    let (before, after) = (&rule.module().derived, &linear.module().derived);
    assert_ne!(before, after, "derived values follow their defaults");
    assert!(rule.with_defaults(&[("mu".to_owned(), 2.0)]).is_err());
}
