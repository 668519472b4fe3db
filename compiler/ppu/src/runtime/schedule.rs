//! Updates: one at a time, or on the time base; and the samples that they open.

use super::asm::{Asm, r};
use super::{Context, LOOP, ONE_UPDATE, RECORD_OPEN, SAMPLE_MEMBRANES, SAMPLE_RATES, UPDATE};
use crate::emit;
use crate::lower::EXTERNAL_DATA;
use crate::memory::{Memory, RecordTables, Schedule};
use crate::vcode::{Operand, Reg, Test};
use pl_isa::image::{Command, Status, symbol};
use pl_isa::{Opcode, Spr};

/// Where the run command goes.
pub(super) const RUN: &str = "plc_do_run";

/// One update: samples, the rule, counters.
pub(super) fn one_update(asm: &mut Asm, context: &Context<'_>) {
    let memory = context.memory;
    asm.function(ONE_UPDATE);
    asm.inst(emit::from_link(r(3)));
    asm.store(r(3), memory.link);
    if context.update.rates {
        asm.call(SAMPLE_RATES);
    }
    if context.update.membranes {
        asm.call(SAMPLE_MEMBRANES);
    }
    asm.call(UPDATE);
    asm.count(memory.update_index, r(3));
    asm.count(memory.schedule.executed, r(3));
    asm.load(r(3), memory.link);
    asm.inst(emit::to_link(r(3)));
    asm.ret();
}

fn time_base(asm: &mut Asm, to: Reg, half: Spr) {
    asm.op(Opcode::Mfspr, [to.into(), Operand::Imm(i32::from(half.0))]);
}

/// The run command: a due time that moves on by the period. An update that is due while another
/// runs is late; one is left out when as many periods have passed as it may be late. Times are compared modulo 2^32.
pub(super) fn run(asm: &mut Asm, context: &Context<'_>) {
    let (memory, words) = (context.memory, context.memory.schedule);
    let [again, unlimited, due, in_time, missed, end] = [(); 6].map(|()| asm.local());
    asm.function(RUN);
    asm.constant(r(4), Status::Busy.word().cast_signed());
    asm.store(r(4), memory.status);
    asm.constant(r(3), 0);
    let counts = [words.requested, words.executed, words.late, words.missed];
    let durations = [words.duration, words.duration_max, words.busy];
    for word in counts.into_iter().chain(durations) {
        asm.store(r(3), word);
    }
    time_base(asm, r(4), Spr::TBL);
    asm.load(r(5), words.phase);
    asm.op3(Opcode::Add, r(5), r(4), r(5));
    asm.store(r(5), memory.due);
    asm.constant(r(8), 1);
    asm.comment("the first update of a phase of 0 is in time");
    asm.jump(symbol::RUN_LOOP);

    asm.label(&again);
    asm.constant(r(8), 0);
    asm.comment("not waited yet");
    asm.function(symbol::RUN_LOOP);
    asm.load(r(3), memory.command);
    asm.compare(r(3), Command::Run.word().cast_signed());
    asm.branch(Test::Ne, &end);
    asm.load(r(4), words.stop_after);
    asm.compare(r(4), 0);
    asm.branch(Test::Eq, &unlimited);
    asm.load(r(5), words.requested);
    asm.compare_unsigned(r(5), r(4));
    asm.branch(Test::Ge, &end);
    asm.label(&unlimited);
    time_base(asm, r(4), Spr::TBL);
    asm.load(r(5), memory.due);
    asm.op3(Opcode::Subf, r(6), r(5), r(4));
    asm.compare(r(6), 0);
    asm.branch(Test::Ge, &due);
    asm.constant(r(8), 1);
    asm.jump(symbol::RUN_LOOP);

    asm.label(&due);
    asm.count(words.requested, r(3));
    asm.load(r(7), words.period);
    asm.op3(Opcode::Add, r(5), r(5), r(7));
    asm.store(r(5), memory.due);
    if context.patience_periods != 1 {
        asm.constant(r(5), context.patience_periods.cast_signed());
        asm.op3(Opcode::Mullw, r(7), r(7), r(5));
    }
    asm.compare_unsigned(r(6), r(7));
    asm.branch(Test::Ge, &missed);
    asm.compare(r(8), 0);
    asm.branch(Test::Ne, &in_time);
    asm.count(words.late, r(3));
    asm.label(&in_time);
    measured_update(asm, words);
    asm.jump(&again);
    asm.label(&missed);
    asm.count(words.missed, r(3));
    asm.jump(&again);

    asm.label(&end);
    asm.sync();
    asm.constant(r(4), Status::Ready.word().cast_signed());
    asm.store(r(4), memory.status);
    asm.compare(r(3), Command::Run.word().cast_signed());
    asm.branch(Test::Ne, LOOP);
    asm.constant(r(3), 0);
    asm.store(r(3), memory.command);
    asm.jump(LOOP);
}

/// One update, and how long it takes: until everything that it wrote is stored.
fn measured_update(asm: &mut Asm, words: Schedule) {
    let shorter = asm.local();
    time_base(asm, r(4), Spr::TBL);
    asm.store(r(4), words.begun);
    asm.call(ONE_UPDATE);
    asm.sync();
    time_base(asm, r(4), Spr::TBL);
    asm.load(r(5), words.begun);
    asm.op3(Opcode::Subf, r(4), r(5), r(4));
    asm.store(r(4), words.duration);
    asm.load(r(5), words.busy);
    asm.op3(Opcode::Add, r(5), r(5), r(4));
    asm.store(r(5), words.busy);
    asm.load(r(5), words.duration_max);
    asm.compare_unsigned(r(4), r(5));
    asm.branch(Test::Lt, &shorter);
    asm.store(r(4), words.duration_max);
    asm.label(&shorter);
}

/// Opens a sample: room, header, cursor.
pub(super) fn record_open(asm: &mut Asm, memory: &Memory, tables: &RecordTables) {
    let (full, time) = (asm.local(), asm.local());
    asm.function(RECORD_OPEN);
    asm.load_at(r(4), tables.count, r(3));
    asm.load_at(r(5), tables.capacity, r(3));
    asm.compare_unsigned(r(4), r(5));
    asm.branch(Test::Ge, &full);
    asm.load_at(r(6), tables.stride, r(3));
    asm.op3(Opcode::Mullw, r(6), r(6), r(4));
    asm.load_at(r(7), tables.base, r(3));
    asm.op3(Opcode::Add, r(6), r(6), r(7));
    asm.store_at(r(6), tables.cursor, r(3));
    asm.add_constant(r(4), r(4), 1);
    asm.store_at(r(4), tables.count, r(3));
    asm.load(r(5), memory.external_base);
    asm.op3(Opcode::Add, r(6), r(6), r(5));
    asm.op(Opcode::Oris, [r(6).into(), r(6).into(), Operand::Imm(EXTERNAL_DATA >> 16)]);
    asm.load(r(4), memory.update_index);
    asm.add_constant(r(4), r(4), 1);
    put_header(asm, r(4), 0);
    asm.label(&time);
    time_base(asm, r(4), Spr::TBU);
    time_base(asm, r(5), Spr::TBL);
    time_base(asm, r(7), Spr::TBU);
    asm.op(Opcode::Cmpw, [Operand::Imm(0), r(4).into(), r(7).into()]);
    asm.branch(Test::Ne, &time);
    put_header(asm, r(4), 4);
    put_header(asm, r(5), 8);
    asm.load(r(4), memory.hemisphere);
    put_header(asm, r(4), 12);
    asm.constant(r(3), 1);
    asm.ret();
    asm.label(&full);
    asm.load_at(r(4), tables.dropped, r(3));
    asm.add_constant(r(4), r(4), 1);
    asm.store_at(r(4), tables.dropped, r(3));
    asm.constant(r(3), 0);
    asm.ret();
}

fn put_header(asm: &mut Asm, from: Reg, offset: i32) {
    asm.op(Opcode::Stw, [from.into(), offset.into(), r(6).into()]);
}
