//! Drops what is put into a record that no instruction of the module opens: it has no sample that
//! could take it. The declaration stays, as positions of records are known outside.

use crate::{Changed, PassCx};
use pl_ir::{Function, Imm};

pub(crate) fn run(func: &mut Function, cx: &PassCx<'_>) -> Changed {
    let insts = &func.insts;
    let mut changed = false;
    for block in &mut func.blocks {
        let before = block.insts.len();
        block.insts.retain(|inst| {
            let Imm::Field(record, _) = insts[inst.index()].imm else { return true };
            cx.opened_records.get(record.index()).copied() != Some(false)
        });
        changed |= block.insts.len() != before;
    }
    changed.into()
}
