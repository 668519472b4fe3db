//! Commands other than single updates: runs on the time base, stop, and what exceptions do.

use crate::machine::Machine;
use pl_ir::io::ObjectValues;
use pl_ir::testing::State;
use pl_ir::{parse, verify};
use pl_isa::image::{Command, RETURN_CODE_ADDRESS, Status, symbol};
use pl_iss::{Cpu, Exception, PlainBus, Step};
use pl_ppu::Options;

/// Counts, taking a sample and some time.
const COUNTING: &str = r#"
module "counting" rows 4
object s0 = rule "count" init 0
record r0 every 1: "count" rule frac 0

function update {
block0():
  v0:i32 = const 0
  v1:i32 = const 1
  v2:i32 = const 200
  v3:i32 = load s0
  v4:i32 = record_open r0
  branch v4, block1(), block2(v0)
block1():
  record_put r0.0, v3
  jump block2(v0)
block2(v5:i32):
  v6:i32 = add v5, v1
  v7:i32 = cmp.lt v6, v2
  branch v7, block2(v6), block3()
block3():
  v8:i32 = add v3, v1
  store s0, v8
  return
}
"#;

/// Samples that fit.
const SAMPLES: usize = 8;
/// Longer than an update of the module takes, with the time base read in between.
const SLOW: u32 = 4000;
/// Most cycles from the time an update is due to its sample.
const POLL_CYCLES: u64 = 100;

/// What a run counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Counts {
    requested: u32,
    executed: u32,
    late: u32,
    missed: u32,
}

impl Machine {
    fn counting() -> Machine {
        let module = verify(parse::module(COUNTING).expect("it reads")).expect("well formed");
        let program = pl_ppu::compile(&module, &Options::default()).expect("it fits");
        let mut state = State::random(&module, 1, 4);
        state.instance.update_index = 0;
        state.instance.objects[0] = ObjectValues::Scalars(vec![0]);
        state.instance.records[0].capacity = SAMPLES;
        let mut machine = Machine::new(program, &state);
        machine.command(Command::Start);
        machine
    }

    fn run(&mut self, period: u32, phase: u32, stop_after: u32) -> Counts {
        self.set(symbol::PERIOD, period);
        self.set(symbol::PHASE, phase);
        self.set(symbol::STOP_AFTER, stop_after);
        self.command(Command::Run);
        assert_eq!(Status::from_word(self.get(symbol::STATUS)), Some(Status::Ready));
        self.counts()
    }

    fn counts(&self) -> Counts {
        Counts {
            requested: self.get(symbol::REQUESTED),
            executed: self.get(symbol::EXECUTED),
            late: self.get(symbol::LATE),
            missed: self.get(symbol::MISSED),
        }
    }

    fn count(&self) -> u32 {
        self.get("plc_object_count")
    }

    /// Time base of each sample, and what it holds.
    fn samples(&self) -> Vec<(u64, u32)> {
        let region = self.get(symbol::EXTERNAL_BASE);
        let base = region + self.get(symbol::RECORD_BASE);
        let stride = self.get(symbol::RECORD_STRIDE);
        let sample = |index| {
            let at = base + index * stride;
            let [upper, lower] = [at + 4, at + 8].map(|at| self.bus.external_word(at));
            let count = self.bus.external_word(at + self.get(symbol::RECORD_FIELDS));
            (u64::from(upper) << 32 | u64::from(lower), count)
        };
        (0..self.get(symbol::RECORD_COUNT)).map(sample).collect()
    }

    /// Steps until the core sleeps; the exceptions on the way.
    fn until_asleep(&mut self) -> Vec<Exception> {
        let mut raised = Vec::new();
        for _ in 0..100_000 {
            match self.cpu.step(&mut self.bus).expect("no trap") {
                Step::Executed => {}
                Step::Interrupted(exception) => raised.push(exception),
                Step::Asleep => return raised,
            }
        }
        panic!("still awake at {:#x}\n{}", self.cpu.pc, self.program.listing());
    }
}

/// A core in the state of another, with this time base.
fn at_time(cpu: &Cpu, time: u64) -> Cpu {
    let set = pl_isa::assemble("mtspr 285, 3\n mtspr 284, 4").expect("it assembles");
    let mut bus = PlainBus::new(8).with_words(0, &set.text_words());
    let [a, b, c, d, e, f, g, h] = time.to_be_bytes();
    let mut changed = cpu.clone();
    changed.pc = 0;
    changed.gpr[3] = u32::from_be_bytes([a, b, c, d]);
    changed.gpr[4] = u32::from_be_bytes([e, f, g, h]);
    assert_eq!(changed.run(&mut bus, 2), Ok(pl_iss::Exit::Budget));
    changed.pc = cpu.pc;
    changed.gpr = cpu.gpr;
    changed
}

#[test]
fn runs_keep_their_period_and_phase() {
    // The second begins shortly before the lower half of the time base wraps.
    for time in [1000, (7 << 32) - u64::from(SLOW) * 2] {
        let mut machine = Machine::counting();
        machine.cpu = at_time(&machine.cpu, time);
        let counts = machine.run(SLOW, 500, 5);
        assert_eq!(counts, Counts { requested: 5, executed: 5, late: 0, missed: 0 });
        assert_eq!((machine.count(), machine.get(symbol::UPDATE_INDEX)), (5, 5));
        let samples = machine.samples();
        assert_eq!(samples.len(), 5);
        for (number, (at, count)) in (0u32..).zip(samples) {
            let due = time + 500 + u64::from(number) * u64::from(SLOW);
            assert!((due..due + POLL_CYCLES).contains(&at), "{number}: {at}, due {due}");
            assert_eq!(count, number);
        }
    }
}

#[test]
fn a_run_begins_anew_and_goes_on_counting_updates() {
    let mut machine = Machine::counting();
    machine.command(Command::Update);
    machine.run(SLOW, 0, 2);
    let counts = machine.run(SLOW, 0, 3);
    assert_eq!(counts, Counts { requested: 3, executed: 3, late: 0, missed: 0 });
    assert_eq!((machine.count(), machine.get(symbol::UPDATE_INDEX)), (6, 6));
    assert_eq!(machine.run(SLOW, 0, 3).executed, 3);
    assert_eq!(machine.samples().len(), SAMPLES);
    assert_eq!(machine.get(symbol::RECORD_DROPPED), 1);
}

#[test]
fn updates_longer_than_the_period_are_late_or_missed() {
    let mut machine = Machine::counting();
    let before = machine.cpu.timebase();
    machine.command(Command::Update);
    let update = u32::try_from(machine.cpu.timebase() - before).expect("a short update");

    let late = machine.run(update - update / 8, 0, 4);
    assert_eq!((late.requested, late.executed, late.missed), (4, 4, 0));
    assert_eq!(late.late, 3);

    let missed = machine.run(update / 4, 0, 20);
    assert_eq!(missed.requested, 20);
    assert_eq!(missed.executed + missed.missed, 20);
    assert!((3..=5).contains(&missed.executed), "{missed:?}");
    assert_eq!(machine.count(), 1 + 4 + missed.executed);
}

#[test]
fn stop_ends_a_run_and_the_program() {
    let mut machine = Machine::counting();
    machine.set(symbol::PERIOD, SLOW);
    machine.set(symbol::COMMAND, Command::Run.word());
    machine.bus.set_word(RETURN_CODE_ADDRESS, 0xdead);
    while machine.get(symbol::EXECUTED) < 3 {
        machine.cpu.step(&mut machine.bus).expect("no trap");
    }
    machine.set(symbol::COMMAND, Command::Stop.word());
    assert_eq!(machine.until_asleep(), []);
    assert_eq!(machine.bus.word(RETURN_CODE_ADDRESS), 0);
    assert_eq!(Status::from_word(machine.get(symbol::STATUS)), Some(Status::Stopped));
    assert_eq!(Command::from_word(machine.get(symbol::COMMAND)), Some(Command::None));
    assert_eq!((machine.count(), machine.counts().executed), (3, 3));
}

#[test]
fn exceptions_end_the_program_with_a_code() {
    let mut machine = Machine::counting();
    let trap = pl_isa::assemble("trap").expect("it assembles").text_words()[0];
    machine.set("plc_update", trap);
    machine.set(symbol::COMMAND, Command::Update.word());
    assert_eq!(machine.until_asleep(), [Exception::Program]);
    assert_eq!(machine.bus.word(RETURN_CODE_ADDRESS), 1);
    assert_eq!(machine.count(), 0);
}
