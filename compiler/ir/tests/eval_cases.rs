//! The evaluator against cases computed by hand.

use pl_ir::eval::{self, EvalError};
use pl_ir::io::{Instance, ObjectValues};
use pl_ir::testing::{OwnedIo, State};
use pl_ir::{Module, Verified, parse, verify};

fn module(text: &str) -> Verified<Module> {
    let module = parse::module(text).unwrap_or_else(|errors| panic!("{errors:?}\n{text}"));
    verify(module).unwrap_or_else(|errors| panic!("{errors:?}\n{text}"))
}

/// A module of one function over two neuron objects and two rule objects.
fn one_block(body: &str) -> Verified<Module> {
    module(&format!(
        "module \"case\" rows 4\nderived d0 = 300 \"gain\"\nobject s0 = neuron \"x\" init 0\n\
         object s1 = neuron \"y\" init 0\nobject s2 = rule \"n\" init 0\n\
         function update {{\nblock0():\n{body}\nreturn\n}}"
    ))
}

/// A state of known contents: rows 3 and 200, everything 0 but the generators.
fn plain(module: &Module) -> State {
    let mut io = OwnedIo::random(1, 2);
    (io.rows, io.row_signs) = (vec![3, 200], vec![1, -1]);
    *io.columns = [0xff; 256];
    for plane in [&mut io.weights, &mut io.addresses, &mut io.causal_codes, &mut io.acausal_codes] {
        plane.fill(0);
    }
    for row in [&mut io.causal_baseline, &mut io.acausal_baseline, &mut io.rates, &mut io.membranes]
    {
        row.fill(0);
    }
    State { instance: Instance::new(module, 1, 2, 99, 2), io }
}

fn lanes(state: &State, object: usize) -> &[i16] {
    match &state.instance.objects[object] {
        ObjectValues::Lanes(lanes) => lanes,
        ObjectValues::Scalars(_) => panic!("s{object} has lanes"),
    }
}

fn scalars(state: &State, object: usize) -> &[i32] {
    match &state.instance.objects[object] {
        ObjectValues::Scalars(scalars) => scalars,
        ObjectValues::Lanes(_) => panic!("s{object} has scalars"),
    }
}

/// `op` on halfwords `a` and `b`.
fn lane(op: &str, a: i16, b: i16) -> i16 {
    let module = one_block(&format!(
        "v0:i16x256 = load s0\nv1:i16x256 = load s1\nv2:i16x256 = {op} v0, v1\nstore s0, v2"
    ));
    let mut state = plain(&module);
    state.instance.objects[0] = ObjectValues::Lanes(vec![a; 256]);
    state.instance.objects[1] = ObjectValues::Lanes(vec![b; 256]);
    state.evaluate(&module, 1).expect("runs");
    let result = lanes(&state, 0);
    assert!(result.iter().all(|x| *x == result[0]));
    result[0]
}

/// `op` on one halfword.
fn shifted(op: &str, a: i16) -> i16 {
    let module = one_block(&format!("v0:i16x256 = load s0\nv1:i16x256 = {op}, v0\nstore s0, v1"));
    let mut state = plain(&module);
    state.instance.objects[0] = ObjectValues::Lanes(vec![a; 256]);
    state.evaluate(&module, 1).expect("runs");
    lanes(&state, 0)[0]
}

/// `op` on scalars.
fn scalar(op: &str, a: i32, b: i32) -> i32 {
    let module = one_block(&format!(
        "v0:i32 = const {a}\nv1:i32 = const {b}\nv2:i32 = {op} v0, v1\nstore s2, v2"
    ));
    let mut state = plain(&module);
    state.evaluate(&module, 1).expect("runs");
    scalars(&state, 2)[0]
}

#[test]
fn lanes_wrap_saturate_and_round() {
    assert_eq!(lane("add", 32767, 1), -32768);
    assert_eq!(lane("add_sat", 32767, 1), 32767);
    assert_eq!(lane("sub", -32768, 1), 32767);
    assert_eq!(lane("sub_sat", -32768, 1), -32768);
    assert_eq!(lane("mul", 300, 300), 24464, "90000 - 65536");
    assert_eq!(lane("min", -5, 3), -5);
    assert_eq!(lane("max", -5, 3), 3);
    // q0.15: 0.5 * 0.5 and -1 * -1.
    assert_eq!(lane("mul_frac", 16384, 16384), 8192);
    assert_eq!(lane("mul_frac", -32768, -32768), 32767);
    // 3 * 16384 / 32768 = 1.5.
    assert_eq!([lane("mul_frac", 3, 16384), lane("mul_frac", -3, 16384)], [1, -2]);
    assert_eq!([lane("mul_frac_round", 3, 16384), lane("mul_frac_round", -3, 16384)], [2, -1]);
}

#[test]
fn shifts_differ_in_rounding_only() {
    assert_eq!(shifted("shl 1", 0x4001), -32766, "0x8002");
    assert_eq!(shifted("shr_logical 4", -1), 0x0fff);
    // -5/2 = -2.5 and 5/2 = 2.5.
    let halves = |op: &str| [-5, 5].map(|x| shifted(&format!("{op} 1"), x));
    assert_eq!(halves("shr_floor"), [-3, 2]);
    assert_eq!(halves("shr_round"), [-2, 3]);
    assert_eq!(halves("shr_round_away"), [-3, 3]);
    assert_eq!(shifted("shr_round 15", 32767), 1, "the half is added one width up");
}

#[test]
fn scalars_are_32_bit() {
    assert_eq!(scalar("add", i32::MAX, 1), i32::MIN);
    assert_eq!(scalar("add_sat", i32::MAX, 1), i32::MAX);
    assert_eq!(scalar("sub_sat", i32::MIN, 1), i32::MIN);
    assert_eq!(scalar("mul", 65536, 65537), 65536);
    assert_eq!([scalar("rem_u", 7, 3), scalar("rem_u", 7, 0)], [1, 7]);
    assert_eq!(scalar("rem_u", -1, 10), 5, "4294967295 rem 10");
    assert_eq!([scalar("cmp.lt", -1, 0), scalar("cmp.ge", -1, 0)], [1, 0]);
    assert_eq!([scalar("mul_sat", 65536, -65536), scalar("mul_sat", 3, -4)], [i32::MIN, -12]);
    // 1.5 * -0.5; a half of the smallest step is rounded up.
    assert_eq!(
        [scalar("mul_real", 0x1_8000, -0x8000), scalar("mul_real", -1, 0x8000)],
        [-0xc000, 0]
    );
    assert_eq!([scalar("div_real", 1, 4), scalar("div_real", -7, 0)], [0x4000, i32::MIN]);
    assert_eq!(scalar("mul_high_u", -1, 8), 7, "4294967295 * 8 div 2^32");
}

#[test]
fn masks_choose_lanes() {
    let module = one_block(
        "v0:i16x256 = column
         v1:i32 = const 65636  ; a splat takes the low 16 bits: 100
         v2:i16x256 = splat v1
         v3:b256 = cmp.lt v0, v2
         v4:i32 = const 200
         v5:i16x256 = splat v4
         v6:b256 = cmp.ge v0, v5
         v7:b256 = mask_or v3, v6
         v8:i16x256 = select v7, v2, v5
         store s0, v8
         v9:b256 = mask_not v3
         v10:b256 = mask_and v9, v6
         v11:i16x256 = select v10, v0, v2
         store s1, v11",
    );
    let mut state = plain(&module);
    state.evaluate(&module, 1).expect("runs");
    let picked = |object, columns: [usize; 4]| columns.map(|column| lanes(&state, object)[column]);
    assert_eq!(picked(0, [99, 100, 199, 200]), [100, 200, 200, 100]);
    assert_eq!(picked(1, [0, 199, 200, 255]), [100, 100, 200, 255]);
}

#[test]
fn byte_lanes_are_bytes() {
    let module = one_block(
        "v0:i32 = const 200  ; as a byte -56
         v1:i8x256 = splat v0
         v2:i8x256 = add_sat v1, v1  ; -112
         v3:i8x256 = add_sat v2, v1  ; -128
         v4:i32 = const 128
         v5:i8x256 = splat v4
         v6:b256 = cmp.eq v3, v5
         v7:i16x256 = splat v0
         v8:i16x256 = column
         v9:i16x256 = select v6, v7, v8
         store s0, v9",
    );
    let mut state = plain(&module);
    state.evaluate(&module, 1).expect("runs");
    assert_eq!(lanes(&state, 0), [200; 256]);
}

#[test]
fn narrowing_keeps_the_low_byte_and_widening_its_sign() {
    let module = one_block(
        "v0:i16x256 = load s0
         v1:i8x256 = narrow v0
         v2:i16x256 = widen v1
         store s1, v2",
    );
    for (lane, expected) in [(127, 127), (128, -128), (-129, 127), (0x12ff, -1), (-256, 0)] {
        let mut state = plain(&module);
        state.instance.objects[0] = ObjectValues::Lanes(vec![lane; 256]);
        state.evaluate(&module, 1).expect("runs");
        assert_eq!(lanes(&state, 1), [expected; 256], "{lane}");
    }
}

/// Walks over the rows of the view and acts on the chip.
const ROWS: &str = "module \"rows\" rows 4
object s0 = row \"hardware row\" init 0
object s1 = synapse \"correlation\" init 7
function update {
block0():
  v0:i32 = view_rows
  v1:i32 = const 0
  jump block1(v1)
block1(v2:i32):
  v3:i32 = view_row v2
  v4:i32 = row_sign v2
  v5:i32 = mul v3, v4
  store s0, v2, v5
  v6:i16x256 = read.causal v2
  v7:i16x256 = read.acausal v2
  v8:i16x256 = add v6, v7
  store s1, v2, v8
  v9:i16x256 = read.weight v2
  v10:i32 = const 60
  v11:i16x256 = splat v10
  v12:i16x256 = add v9, v11
  write.weight v2, v12
  write.correlation_reset v2, v12
  v13:i32 = const 1
  v14:i32 = add v2, v13
  v15:i32 = cmp.lt v14, v0
  branch v15, block1(v14), block2()
block2():
  v16:i16x256 = read.rate
  write.rate_reset v16
  return
}";

#[test]
fn rows_are_read_and_written_in_the_columns_of_the_view() {
    let module = module(ROWS);
    let mut state = plain(&module);
    state.io.columns[5] = 0;
    state.io.weights[256 + 5] = 1;
    state.io.weights[256 + 6] = 5;
    state.io.causal_baseline[6] = 200;
    state.io.causal_codes[256 + 6] = 10;
    state.io.acausal_codes[256 + 6] = 130;
    state.io.rates[8] = 255;
    state.evaluate(&module, 1).expect("runs");
    assert_eq!(scalars(&state, 0), [3, -200]);
    // 200 - 10 saturates at 127, 0 - 130 at -128.
    assert_eq!(lanes(&state, 1)[256 + 6], -1);
    // Weights keep 6 bits: 60 stays, 65 becomes 1; column 5 lies outside the view.
    assert_eq!(state.io.weights[..2], [60, 60]);
    assert_eq!(state.io.weights[256 + 4..256 + 7], [60, 1, 1]);
    assert_eq!(state.io.correlation_reset[256 + 4..256 + 7], [0, 0, 1]);
    assert_eq!(state.io.rate_reset[7..9], [0, 1]);
}

#[test]
fn draws_step_every_column() {
    let module = one_block("v0:i16x256 = draw\nv1:i16x256 = draw\nstore s0, v0\nstore s1, v1");
    let mut state = plain(&module);
    let mut column = pl_fixed::rng::Column::seeded(99, 17);
    let draws = [column.draw(), column.draw()].map(u16::cast_signed);
    state.evaluate(&module, 1).expect("runs");
    assert_eq!([lanes(&state, 0)[17], lanes(&state, 1)[17]], draws);
    assert_eq!(state.instance.rng_x[17].cast_signed(), draws[1]);
    assert_eq!(state.instance.rng_carry[17], column.carry);
}

#[test]
fn records_fill_up_and_count_what_they_drop() {
    let module = module(
        "module \"records\" rows 4
record r0 every 1: \"update\" rule frac 0, \"row\" row frac 0, \"column\" neuron frac 0
function update {
block0():
  v0:i32 = record_open r0
  branch v0, block1(), block2()
block1():
  v1:i32 = update_index
  record_put r0.0, v1
  v2:i32 = const 1
  record_put r0.1, v2, v1
  v3:i16x256 = column
  record_put r0.2, v3
  jump block2()
block2():
  return
}",
    );
    let mut state = plain(&module);
    state.evaluate(&module, 5).expect("runs");
    let buffer = &state.instance.records[0];
    assert_eq!((buffer.samples.len(), buffer.dropped), (2, 3));
    assert_eq!(buffer.samples[1].update, 2);
    assert_eq!(buffer.samples[1].fields[..2], [vec![1], vec![0, 1]]);
    assert_eq!(buffer.samples[1].fields[2][255], 255);
}

#[test]
fn scalars_of_the_instance_and_derived_values() {
    let module = one_block(
        "v0:i32 = hemisphere
         v1:i32 = derived d0
         v2:i32 = add v0, v1
         v3:i32 = load s2
         v4:i32 = select v3, v2, v1
         store s2, v4",
    );
    let mut state = plain(&module);
    state.evaluate(&module, 1).expect("runs");
    assert_eq!(scalars(&state, 2), [300]);
    state.instance.derived[0] = -3;
    state.evaluate(&module, 1).expect("runs");
    assert_eq!(scalars(&state, 2), [-2]);
}

#[test]
fn stops_with_an_error_and_not_otherwise() {
    let outside = one_block("v0:i32 = const 2\nv1:i32 = view_row v0");
    let error = plain(&outside).evaluate(&outside, 1);
    assert_eq!(error, Err(EvalError::RowPosition(2, 2)));
    let negative = one_block("v0:i32 = const -1\nv1:i16x256 = read.weight v0");
    assert_eq!(plain(&negative).evaluate(&negative, 1), Err(EvalError::RowPosition(-1, 2)));
    let endless = one_block("jump block1()\nblock1():\njump block1()\nblock2():");
    assert_eq!(plain(&endless).evaluate(&endless, 1), Err(EvalError::Budget));
    let mut state = plain(&endless);
    let missing = eval::run(&endless, "begin", &mut state.instance, &mut state.io.lend());
    assert_eq!(missing, Err(EvalError::NoFunction("begin".into())));
}
