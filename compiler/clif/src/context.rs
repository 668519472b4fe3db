//! What native code is handed, and what it calls back.

use pl_ir::Module;
use pl_ir::io::{COLUMNS, Event, Instance, ObjectValues, RecordBuffer, UpdateIo};

/// Pointers and counters of one call. Offsets of its fields are part of the code.
#[repr(C)]
#[derive(Debug)]
pub(crate) struct Context {
    pub(crate) rows: *const u8,
    pub(crate) row_signs: *const i8,
    /// 0xff in columns of the view, else 0.
    pub(crate) columns: *const u8,
    pub(crate) weights: *mut u8,
    pub(crate) addresses: *mut u8,
    pub(crate) causal_codes: *const u8,
    pub(crate) acausal_codes: *const u8,
    pub(crate) causal_baseline: *const u8,
    pub(crate) acausal_baseline: *const u8,
    pub(crate) rates: *const u8,
    pub(crate) membranes: *const u8,
    pub(crate) correlation_reset: *mut u8,
    pub(crate) rate_reset: *mut u8,
    pub(crate) membrane_reset: *mut u8,
    pub(crate) derived: *const i32,
    pub(crate) rng_x: *mut u16,
    pub(crate) rng_carry: *mut u16,
    pub(crate) rng_word: *mut u32,
    /// First element of each object.
    pub(crate) objects: *const *mut u8,
    /// Memory for the vectors that runs hand to each other.
    pub(crate) homes: *mut Home,
    /// First argument of the callbacks.
    pub(crate) host: *mut Host<'static>,
    /// Instructions executed so far.
    pub(crate) steps: u64,
    pub(crate) view_rows: i32,
    pub(crate) update_index: u32,
    pub(crate) hemisphere: i32,
    /// The row position that was refused.
    pub(crate) fault_position: i32,
}

/// How native code ended.
pub(crate) mod status {
    /// It returned.
    pub(crate) const DONE: i32 = 0;
    /// It executed more instructions than allowed.
    pub(crate) const BUDGET: i32 = 1;
    /// A row position lies outside the view.
    pub(crate) const ROW_POSITION: i32 = 2;
}

/// What the callbacks work on.
#[derive(Debug)]
pub(crate) struct Host<'a> {
    pub(crate) module: &'a Module,
    pub(crate) records: &'a mut [RecordBuffer],
    pub(crate) events: &'a mut Vec<Event>,
    pub(crate) update_index: u32,
    pub(crate) rows: usize,
    /// Catches what is put into a record without samples.
    pub(crate) nowhere: Vec<i32>,
}

impl Host<'_> {
    /// Opens the next sample; `false` if the buffer is full.
    pub(crate) fn open(&mut self, record: usize) -> bool {
        self.records[record].open(&self.module.records[record], self.update_index, self.rows)
    }

    /// First value of a field of the newest sample.
    pub(crate) fn field(&mut self, record: usize, field: usize) -> *mut i32 {
        match self.records[record].samples.last_mut() {
            Some(sample) => sample.fields[field].as_mut_ptr(),
            None => {
                self.nowhere.resize(self.rows.max(1) * COLUMNS, 0);
                self.nowhere.as_mut_ptr()
            }
        }
    }
}

/// Name of [`crate::border::record_open`] in native code.
pub(crate) const RECORD_OPEN: &str = "plc_record_open";
/// Name of [`crate::border::send`] in native code.
pub(crate) const SEND: &str = "plc_send";
/// Name of [`crate::border::record_field`] in native code.
pub(crate) const RECORD_FIELD: &str = "plc_record_field";

/// A vector in memory: a row of lanes of 16 bits.
pub(crate) type Home = [i16; COLUMNS];

/// First element of each object.
pub(crate) fn object_pointers(objects: &mut [ObjectValues]) -> Vec<*mut u8> {
    let pointer = |object: &mut ObjectValues| match object {
        ObjectValues::Lanes(lanes) => lanes.as_mut_ptr().cast(),
        ObjectValues::Scalars(scalars) => scalars.as_mut_ptr().cast(),
    };
    objects.iter_mut().map(pointer).collect()
}

/// What a context points to besides instance and arrays; outlives it.
#[derive(Debug)]
pub(crate) struct Lent<'a> {
    pub(crate) columns: &'a [u8; COLUMNS],
    pub(crate) objects: &'a [*mut u8],
    pub(crate) homes: *mut Home,
    pub(crate) host: *mut Host<'static>,
}

impl Context {
    /// The context of a call.
    pub(crate) fn new(instance: &mut Instance, io: &mut UpdateIo<'_>, lent: &Lent<'_>) -> Context {
        Context {
            rows: io.rows.as_ptr(),
            row_signs: io.row_signs.as_ptr(),
            columns: lent.columns.as_ptr(),
            weights: io.weights.as_mut_ptr(),
            addresses: io.addresses.as_mut_ptr(),
            causal_codes: io.causal_codes.as_ptr(),
            acausal_codes: io.acausal_codes.as_ptr(),
            causal_baseline: io.causal_baseline.as_ptr(),
            acausal_baseline: io.acausal_baseline.as_ptr(),
            rates: io.rates.as_ptr(),
            membranes: io.membranes.as_ptr(),
            correlation_reset: io.correlation_reset.as_mut_ptr(),
            rate_reset: io.rate_reset.as_mut_ptr(),
            membrane_reset: io.membrane_reset.as_mut_ptr(),
            derived: instance.derived.as_ptr(),
            rng_x: instance.rng_x.as_mut_ptr(),
            rng_carry: instance.rng_carry.as_mut_ptr(),
            rng_word: &raw mut instance.rng_word,
            objects: lent.objects.as_ptr(),
            homes: lent.homes,
            host: lent.host,
            steps: 0,
            view_rows: i32::try_from(io.rows.len()).unwrap_or(i32::MAX),
            update_index: instance.update_index,
            hemisphere: i32::from(instance.hemisphere),
            fault_position: 0,
        }
    }
}
