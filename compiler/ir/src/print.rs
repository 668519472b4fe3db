//! The text form, printing side.

use crate::{Imm, InstData};

/// An instruction on one line, without the type of its result.
#[must_use]
pub fn instruction(inst: &InstData) -> String {
    let mut out = String::new();
    if let Some(result) = inst.result {
        out += &format!("{result} = ");
    }
    out += inst.op.name();
    match inst.imm {
        Imm::None => {}
        Imm::Int(x) => out += &format!(" {x}"),
        Imm::Shift(places) => out += &format!(" {places}"),
        Imm::Cond(cond) => out += &format!(".{}", cond.name()),
        Imm::Quantity(q) => out += &format!(".{}", q.name()),
        Imm::Derived(id) => out += &format!(" {id}"),
        Imm::Object(id) => out += &format!(" {id}"),
        Imm::Record(id) => out += &format!(" {id}"),
        Imm::Field(id, field) => out += &format!(" {id}.{field}"),
    }
    for (index, arg) in inst.args.iter().enumerate() {
        let comma = index > 0 || !matches!(inst.imm, Imm::None | Imm::Cond(_) | Imm::Quantity(_));
        out += if comma { ", " } else { " " };
        out += &arg.to_string();
    }
    out
}
