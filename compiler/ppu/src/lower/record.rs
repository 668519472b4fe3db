//! Records: samples in this PPU's region of the external DRAM.

use super::{At, Lowering, index};
use crate::memory::RecordTables;
use crate::runtime;
use crate::vcode::{Class, Inst, Operand, R3, Reg, Work};
use pl_ir::{Imm, InstData, RecordId};
use pl_isa::Opcode;

impl Lowering<'_> {
    fn tables(&self) -> RecordTables {
        self.memory.records.expect("a module with records has their tables")
    }

    /// Calls the routine that opens a sample; it says whether there was room.
    pub(super) fn record_open(&mut self, inst: &InstData) {
        let Imm::Record(id) = inst.imm else { unreachable!("verified: it names a record") };
        let to = self.result(inst, 0);
        let offset = Operand::Imm(4 * index(id.index()));
        self.emit(Opcode::Addi, vec![R3.into(), Operand::Imm(0), offset]);
        let call = Inst::call(runtime::RECORD_OPEN, &[R3]);
        self.push(call.working(Work::RecordOpen));
        self.push(Inst::copy(Class::Scalar, to, R3));
    }

    /// Where a field of the open sample begins, in bytes from the start of the region.
    fn field_offset(&mut self, id: RecordId, field: u32) -> Reg {
        let tables = self.tables();
        let earlier = self.module.records[..id.index()].iter().map(|r| r.fields.len());
        let place = earlier.sum::<usize>() + field as usize;
        let (cursor, within) = (self.new_scalar(), self.new_scalar());
        let address = Operand::Addr(tables.cursor, 4 * index(id.index()));
        self.emit(Opcode::Lwz, vec![cursor.into(), address, Operand::Imm(0)]);
        let address = Operand::Addr(tables.fields, 4 * index(place));
        self.emit(Opcode::Lwz, vec![within.into(), address, Operand::Imm(0)]);
        self.apply(Opcode::Add, cursor, within)
    }

    /// The cell that part 0 of a vector goes to, from the sample that is open now.
    pub(super) fn prepare_record_put(&mut self, id: pl_ir::Inst, inst: &InstData) {
        let Imm::Field(record, field) = inst.imm else { unreachable!("verified: a field") };
        let mut offset = self.field_offset(record, field);
        if let [row, _] = *inst.args {
            let rows = self.scaled(row, 9);
            offset = self.apply(Opcode::Add, offset, rows);
        }
        let (cells, window) = (self.new_scalar(), self.windows().0);
        let field = [28, 4, 31].map(Operand::Imm);
        self.emit(Opcode::Rlwinm, [&[cells.into(), offset.into()], &field[..]].concat());
        let first = self.apply(Opcode::Add, cells, window);
        self.state.cells.insert(id, first);
    }

    pub(super) fn record_put(&mut self, id: pl_ir::Inst, inst: &InstData, at: At) {
        let Imm::Field(record, field) = inst.imm else { unreachable!("verified: a field") };
        let (value, row) = inst.args.split_last().expect("verified: a put has a value");
        match at {
            At::Part(part) => {
                let (from, first) = (self.part(*value, part), self.state.cells[&id]);
                self.write_cell(from, first, part);
            }
            At::Scalar => {
                let mut offset = self.field_offset(record, field);
                if let Some(row) = row.first() {
                    let rows = self.scaled(*row, 2);
                    offset = self.apply(Opcode::Add, offset, rows);
                }
                let (from, window) = (self.scalar(*value), self.windows().1);
                self.emit(Opcode::Stwx, vec![from.into(), window.into(), offset.into()]);
            }
        }
    }
}
