//! Loops over rows, which native code runs column by column.

use crate::engines::{EFFORTS, kernel, parsed, same};
use pl_ir::testing::State;

/// Draws scaled by a derived value, a sum over rows, bytes that are packed and chosen, the counter
/// in lanes, and vectors of the loop that are used behind it.
const LOOP: &str = "module \"m\" rows 256
derived d0 = 1024 \"range\"
object s0 = neuron \"sum\" init 0
object s1 = neuron \"last\" init 0
object s2 = rule \"count\" init 0

function update {
block0():
  v0:i32 = const 0
  v1:i16x256 = splat v0
  v2:i16x256 = read.rate
  v40:i32 = view_rows
  v3:i32 = derived d0
  jump block1(v0, v1)
block1(v4:i32, v5:i16x256):
  v6:i16x256 = splat v3
  v7:i16x256 = draw
  v8:i16x256 = shr_logical 1, v7
  v9:i16x256 = mul_frac v8, v6
  v10:i16x256 = draw
  v11:i16x256 = mul_frac v10, v6
  v12:i16x256 = read.weight v4
  v13:i16x256 = shl 8, v12
  v14:b256 = cmp.ge v13, v9
  v15:i16x256 = read.causal v4
  v16:i16x256 = read.acausal v4
  v17:i16x256 = add_sat v15, v16
  v18:i16x256 = shl 7, v17
  v19:i16x256 = mul_frac_round v18, v6
  v20:i16x256 = sub_sat v19, v2
  v21:i16x256 = shl 5, v12
  v22:i16x256 = add_sat v21, v20
  v23:i16x256 = splat v0
  v24:i16x256 = max v22, v23
  v25:i16x256 = shr_round 5, v24
  v26:i32 = const 63
  v27:i16x256 = splat v26
  v28:i16x256 = min v25, v27
  v29:i32 = const 18
  v30:i16x256 = splat v29
  v31:i16x256 = select v14, v28, v30
  write.weight v4, v31
  v32:i16x256 = read.weight v4
  v33:i16x256 = splat v4
  v34:i16x256 = add v32, v33
  v35:i16x256 = add v5, v34
  v36:i16x256 = add v35, v11
  v37:i32 = const 1
  v38:i32 = add v4, v37
  v39:i32 = cmp.lt v38, v40
  branch v39, block1(v38, v36), block2(v36, v34)
block2(v41:i16x256, v42:i16x256):
  store s0, v41
  store s1, v42
  store s2, v38
  return
}
";

#[test]
fn rows_of_several_tiles_leave_the_same_bits() {
    let module = parsed(LOOP);
    for effort in EFFORTS {
        let kernel = kernel(&module, effort);
        for rows in [1, 2, 32, 33, 100] {
            for range in [1024, 0, 1, -1, 3, -6, 255, 16384, 32767, -16384, -32767, -32768] {
                let mut state = State::random(&module, 5, rows);
                state.instance.derived[0] = range;
                let (_, end) = same(&module, &kernel, &state, 2);
                assert_eq!(end, Ok(()), "{rows} rows, range {range}");
            }
        }
    }
}
