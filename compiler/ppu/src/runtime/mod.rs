//! The part of an image that is the same for every rule: boot, command loop, sensors, scheduler.
//!
//! Routines use r0 and r3 to r12 and no vector registers, but for those of the start command and
//! the membrane sampler, which run when no function of the rule does. Commands are carried out
//! with an empty stack.

mod asm;
mod boot;
mod reduce;
mod scalar;
mod schedule;
mod sensors;

use crate::emit::Line;
use crate::memory::Memory;
use crate::needs::Needs;
use asm::Asm;
use pl_ir::Module;
use pl_isa::image::symbol;

/// Resets the rate counters flagged in the half rows of bytes that r3 points to.
pub(crate) const RESET_RATES: &str = "plc_reset_rates";
/// Opens a sample of the record whose number times 4 is in r3; 1 in r3, or 0 if there is no room.
pub(crate) const RECORD_OPEN: &str = "plc_record_open";
/// Samples the rate counters of the view.
const SAMPLE_RATES: &str = "plc_sample_rates";
/// Samples the membranes.
const SAMPLE_MEMBRANES: &str = "plc_sample_membranes";
/// Joins the lanes of the row of halfwords at `plc_lanes` in columns of the view, into r3.
pub(crate) const REDUCE_ADD: &str = "plc_reduce_add";
/// The smallest of the same.
pub(crate) const REDUCE_MIN: &str = "plc_reduce_min";
/// The largest of the same.
pub(crate) const REDUCE_MAX: &str = "plc_reduce_max";
/// Product of the integers in r3 and r4, saturating, in r3.
pub(crate) const MULTIPLY: &str = "plc_multiply";
/// Product of the reals in r3 and r4, in r3.
pub(crate) const MULTIPLY_REALS: &str = "plc_multiply_reals";
/// Quotient of r3 and r4 as a real, in r3.
pub(crate) const DIVIDE: &str = "plc_divide";
/// Steps the scalar generator; the draw in r3.
pub(crate) const DRAW_WORD: &str = "plc_draw_word";
/// Function of the rule that runs once.
pub(crate) const START: &str = "plc_start";
/// Function of the rule that is one update.
pub(crate) const UPDATE: &str = "plc_update";
/// Waits for commands.
const LOOP: &str = symbol::COMMAND_LOOP;
/// One update with its samples and counters.
const ONE_UPDATE: &str = "plc_one_update";

/// What the routines depend on.
struct Context<'a> {
    memory: &'a Memory,
    needs: Needs,
    stack_top: u32,
    patience_periods: u32,
    /// What `start` and `update` use; nothing if there is no `start`.
    start: Option<Needs>,
    update: Needs,
}

/// Lines of the runtime, from address 0.
pub(crate) fn runtime(
    module: &Module,
    memory: &Memory,
    stack_top: u32,
    patience_periods: u32,
) -> Vec<Line> {
    let of = |name: &str| module.function(name).map(Needs::of_function);
    let context = Context {
        memory,
        needs: Needs::of_module(module),
        stack_top,
        patience_periods,
        start: of("start"),
        update: of("update").unwrap_or_default(),
    };
    let mut asm = Asm::default();
    boot::vectors(&mut asm);
    boot::init(&mut asm, &context);
    boot::command_loop(&mut asm, &context);
    schedule::run(&mut asm, &context);
    schedule::one_update(&mut asm, &context);
    if context.needs.rates {
        sensors::sample_rates(&mut asm, memory);
    }
    if context.needs.rates || context.needs.resets_rates {
        sensors::reset_rates(&mut asm, memory);
    }
    if context.needs.membranes {
        sensors::sample_membranes(&mut asm, memory);
    }
    let Needs { sums, minima, maxima, .. } = context.needs;
    for (wanted, name) in [(sums, REDUCE_ADD), (minima, REDUCE_MIN), (maxima, REDUCE_MAX)] {
        if wanted {
            reduce::routine(&mut asm, memory, name);
        }
    }
    let Needs { multiplies, multiplies_reals, divides, .. } = context.needs;
    for (wanted, routine) in [
        (multiplies, scalar::multiply as fn(&mut Asm)),
        (multiplies_reals, scalar::multiply_reals),
        (divides, scalar::divide),
    ] {
        if wanted {
            routine(&mut asm);
        }
    }
    if let Some(word) = memory.rng_word {
        scalar::draw_word(&mut asm, word);
    }
    if let Some(records) = memory.records {
        schedule::record_open(&mut asm, memory, &records);
    }
    asm.lines
}

/// Bytes of stack that the runtime itself uses: sums of the baselines.
pub(crate) fn stack_bytes(needs: Needs, stack_top: u32) -> u32 {
    match needs.causal || needs.acausal {
        true => stack_top - sensors::sums_address(stack_top),
        false => 0,
    }
}
