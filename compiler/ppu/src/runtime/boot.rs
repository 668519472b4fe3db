//! Boot, exceptions, the command loop, and the start command.

use super::asm::{Asm, r, v};
use super::{Context, LOOP, ONE_UPDATE, RESET_RATES, SAMPLE_MEMBRANES, SAMPLE_RATES, START};
use super::{schedule, sensors};
use crate::lower::plane;
use crate::memory::{ExternalObject, Sym};
use crate::vcode::{Operand, R1, Test};
use pl_fixed::lfsr;
use pl_isa::image::{Command, RETURN_CODE_ADDRESS, Status};
use pl_isa::{Cond, Opcode};

/// Where a boot goes on.
const INIT: &str = "__init";
/// Where every exception goes: none is expected.
const EXCEPTION: &str = "plc_exception";
/// Leaves with the exit code in r3.
const EXIT: &str = "exit";
/// Exit code after an exception.
const EXIT_EXCEPTION: i32 = 1;
/// Exception vectors behind the reset vector (ppu-isa reference, 3.4).
const EXCEPTIONS: usize = 12;

/// Word 0 and the exception vectors.
pub(super) fn vectors(asm: &mut Asm) {
    asm.function("plc_vectors");
    asm.jump(INIT);
    for _ in 0..EXCEPTIONS {
        asm.jump(EXCEPTION);
    }
    asm.function(EXCEPTION);
    asm.constant(r(3), EXIT_EXCEPTION);
    asm.label(EXIT);
    asm.constant(r(4), RETURN_CODE_ADDRESS.cast_signed());
    asm.op(Opcode::Stw, [r(3).into(), Operand::Imm(0), r(4).into()]);
    asm.sync();
    asm.label("plc_sleep");
    asm.op(Opcode::Wait, []);
    asm.jump("plc_sleep");
}

/// Stack pointer, column switches, status.
pub(super) fn init(asm: &mut Asm, context: &Context<'_>) {
    let needs = context.needs;
    asm.function(INIT);
    asm.constant(R1, context.stack_top.cast_signed());
    if needs.causal || needs.acausal || needs.membranes {
        // Synapses to the converters (ppu-isa reference, 4.3).
        asm.splat(v(0), 0, r(3));
        asm.constant(r(4), plane::ADDRESS);
        for half in 0..2 {
            asm.constant(r(3), plane::SWITCH_INDEX + half);
            asm.write_if(v(0), Operand::Imm(0), r(3), Cond::Always);
            asm.write_if(v(0), r(4).into(), r(3), Cond::Always);
        }
    }
    set_status(asm, context, Status::Idle);
}

fn set_status(asm: &mut Asm, context: &Context<'_>, status: Status) {
    asm.constant(r(4), status.word().cast_signed());
    asm.store(r(4), context.memory.status);
}

/// Polls the command word and carries commands out.
pub(super) fn command_loop(asm: &mut Asm, context: &Context<'_>) {
    const DONE: &str = "plc_done";
    let targets = [
        (Command::Start, "plc_do_start"),
        (Command::Update, "plc_do_update"),
        (Command::Run, schedule::RUN),
        (Command::Stop, "plc_do_stop"),
    ];
    asm.function(LOOP);
    asm.load(r(3), context.memory.command);
    for (command, target) in targets {
        asm.compare(r(3), command.word().cast_signed());
        asm.branch(Test::Eq, target);
    }
    asm.jump(LOOP);

    asm.label("plc_do_start");
    set_status(asm, context, Status::Busy);
    start(asm, context);
    asm.jump(DONE);

    asm.label("plc_do_update");
    set_status(asm, context, Status::Busy);
    asm.call(ONE_UPDATE);

    asm.label(DONE);
    // What the vector unit wrote must be seen by a host that sees the command done.
    asm.sync();
    set_status(asm, context, Status::Ready);
    asm.constant(r(3), 0);
    asm.store(r(3), context.memory.command);
    asm.jump(LOOP);

    asm.label("plc_do_stop");
    set_status(asm, context, Status::Stopped);
    asm.constant(r(3), 0);
    asm.store(r(3), context.memory.command);
    asm.jump(EXIT);
}

/// The start command.
fn start(asm: &mut Asm, context: &Context<'_>) {
    let (memory, needs) = (context.memory, context.needs);
    for object in &memory.external {
        fill(asm, context, *object);
    }
    if let Some(seeds) = memory.rng_seed {
        seed_generators(asm, seeds);
    }
    if needs.rates || needs.resets_rates {
        asm.address(r(3), memory.column_mask);
        asm.call(RESET_RATES);
    }
    if needs.causal || needs.acausal {
        sensors::reset_correlation(asm, memory);
        let branches =
            [(memory.baseline_causal, plane::CAUSAL), (memory.baseline_acausal, plane::ACAUSAL)];
        for (baseline, plane) in branches {
            if let Some(baseline) = baseline {
                sensors::baseline(asm, context, baseline, plane);
            }
        }
    }
    if let Some(uses) = context.start {
        if uses.rates {
            asm.call(SAMPLE_RATES);
        }
        if uses.membranes {
            asm.call(SAMPLE_MEMBRANES);
        }
        asm.call(START);
    }
}

/// Seeds the chip's generators and reads them until nothing is left of the seed's form.
fn seed_generators(asm: &mut Asm, seeds: Sym) {
    asm.constant(r(3), plane::GENERATORS);
    for half in 0..2i32 {
        let again = asm.local();
        asm.op(Opcode::Addi, [r(4).into(), Operand::Imm(0), Operand::Addr(seeds, 128 * half)]);
        asm.vector(Opcode::Fxvlax, v(0), r(4));
        asm.constant(r(4), half);
        asm.write_if(v(0), r(3).into(), r(4), Cond::Always);
        asm.constant(r(5), lfsr::WARM_UP.cast_signed());
        asm.label(&again);
        asm.read(v(0), r(3), r(4));
        asm.add_constant(r(5), r(5), -1);
        asm.compare(r(5), 0);
        asm.branch(Test::Gt, &again);
    }
}

/// Writes the initial value to all rows of the view of an external object.
fn fill(asm: &mut Asm, context: &Context<'_>, object: ExternalObject) {
    let again = asm.local();
    asm.constant(r(3), object.initial);
    asm.op(Opcode::Fxvsplath, [v(0).into(), r(3).into()]);
    asm.load(r(4), context.memory.external_base);
    asm.field(r(4), r(4), 28, 4, 31);
    asm.constant(r(5), plane::EXTERNAL + (object.offset / 16).cast_signed());
    asm.op3(Opcode::Add, r(4), r(4), r(5));
    if object.per_row {
        asm.load(r(6), context.memory.view_rows);
        asm.field(r(6), r(6), 2, 0, 29);
        asm.comment("four cells a row");
    } else {
        asm.constant(r(6), 4);
    }
    asm.label(&again);
    asm.write_if(v(0), Operand::Imm(0), r(4), Cond::Always);
    asm.add_constant(r(4), r(4), plane::CELL);
    asm.add_constant(r(6), r(6), -1);
    asm.compare(r(6), 0);
    asm.branch(Test::Gt, &again);
}
