//! temp
#![allow(clippy::unwrap_used, reason = "t")]
use pl_clif::{Kernel, Options};
use pl_ir::testing::State;
use pl_ir::verify;
#[test]
fn frame() {
    for n in [20usize, 500, 5000] {
        let mut t = String::from("module \"r\" rows 4\n\nfunction update {\nblock0():\n");
        for i in 0..n { t += &format!("  v{i}:i16x256 = draw\n"); }
        t += "  jump block1()\nblock1():\n";
        for i in 0..n { t += &format!("  write.rate_reset v{i}\n"); }
        t += "  return\n}\n";
        let m = verify(pl_ir::parse::module(&t).unwrap()).unwrap();
        let at = std::time::Instant::now();
        let k = Kernel::compile(&m, Options::default()).unwrap();
        println!("{n} compiled {:?}", at.elapsed());
        let mut s = State::random(&m, 1, 2);
        s.drive(&m, 1, |f, i, io| k.run(f, i, io)).unwrap();
        println!("{n} ran");
    }
}
