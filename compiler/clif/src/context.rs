//! What native code is handed, and what it calls back.

use crate::border;
use pl_ir::Module;
use pl_ir::io::{COLUMNS, Event, Instance, ObjectValues, RecordBuffer, UpdateIo};

/// A field of the context, for programs in C.
struct Field {
    /// Its declaration in C.
    declaration: &'static str,
    /// What it is.
    doc: &'static str,
}

/// The context of a call as a type of C, `plc_context`: what functions of objects are called with.
#[must_use]
pub fn context_in_c() -> String {
    let fields = FIELDS.iter();
    let fields =
        fields.map(|Field { declaration, doc }| format!("    {declaration}; /* {doc} */\n"));
    format!("typedef struct plc_context {{\n{}}} plc_context;\n", fields.collect::<String>())
}

macro_rules! context {
    ($($(#[doc = $doc:literal])+ $name:ident: $ty:ty, $c:literal;)+) => {
        /// Pointers and counters of one call. Offsets of its fields are part of the code; objects
        /// hand the same structure to programs in C ([`context_in_c`]).
        #[repr(C)]
        #[derive(Debug)]
        pub(crate) struct Context {
            $($(#[doc = $doc])+ pub(crate) $name: $ty,)+
        }

        /// The fields of the context, in order.
        const FIELDS: &[Field] =
            &[$(Field { declaration: $c, doc: concat!($($doc,)+).trim_ascii() },)+];
    };
}

context! {
    /// Hardware rows of the view, ascending.
    rows: *const u8, "const uint8_t *rows";
    /// Sign of each row.
    row_signs: *const i8, "const int8_t *row_signs";
    /// 0xff in columns of the view, else 0.
    columns: *const u8, "const uint8_t *columns";
    /// Weights.
    weights: *mut u8, "uint8_t *weights";
    /// Addresses.
    addresses: *mut u8, "uint8_t *addresses";
    /// ADC codes of the causal branch.
    causal_codes: *const u8, "const uint8_t *causal_codes";
    /// ADC codes of the acausal branch.
    acausal_codes: *const u8, "const uint8_t *acausal_codes";
    /// Baselines of the causal branch.
    causal_baseline: *const u8, "const uint8_t *causal_baseline";
    /// Baselines of the acausal branch.
    acausal_baseline: *const u8, "const uint8_t *acausal_baseline";
    /// Rate counters.
    rates: *const u8, "const uint8_t *rates";
    /// Membrane codes.
    membranes: *const u8, "const uint8_t *membranes";
    /// Where correlation sensors are reset.
    correlation_reset: *mut u8, "uint8_t *correlation_reset";
    /// Where rate counters are reset.
    rate_reset: *mut u8, "uint8_t *rate_reset";
    /// Where membranes are reset.
    membrane_reset: *mut u8, "uint8_t *membrane_reset";
    /// Values of the derived table.
    derived: *const i32, "const int32_t *derived";
    /// Last draw of each column's generator.
    rng_x: *mut u16, "uint16_t *rng_x";
    /// Carry of each column's generator.
    rng_carry: *mut u16, "uint16_t *rng_carry";
    /// State of the scalar generator.
    rng_word: *mut u32, "uint32_t *rng_word";
    /// First element of each object.
    objects: *const *mut u8, "void *const *objects";
    /// Memory for the vectors that runs hand to each other.
    homes: *mut Home, "int16_t (*homes)[256]";
    /// First argument of the callbacks.
    host: *mut Host<'static>, "void *host";
    /// Callback: opens the next sample of a record; 1, or 0 if it is not taken.
    record_open: border::RecordOpen, "int32_t (*record_open)(void *host, uint32_t record)";
    /// Callback: where the values of a field of the newest sample go.
    record_field: border::RecordField,
        "int32_t *(*record_field)(void *host, uint32_t record, uint32_t field)";
    /// Callback: sends an event, none if the row is negative.
    send: border::SendEvent, "void (*send)(void *host, int32_t row, int32_t address)";
    /// Instructions executed so far.
    steps: u64, "uint64_t steps";
    /// Rows of the view.
    view_rows: i32, "int32_t view_rows";
    /// Number of this update, from 0.
    update_index: u32, "uint32_t update_index";
    /// Hemisphere, 0 or 1.
    hemisphere: i32, "int32_t hemisphere";
    /// The row position or index that was refused.
    fault_position: i32, "int32_t fault_position";
    /// Elements of the array that was asked for.
    fault_len: u32, "uint32_t fault_len";
}

/// How native code ended.
pub mod status {
    /// It returned.
    pub const DONE: i32 = 0;
    /// It executed more instructions than allowed.
    pub const BUDGET: i32 = 1;
    /// A row position lies outside the view.
    pub const ROW_POSITION: i32 = 2;
    /// An index lies outside of its array.
    pub const ELEMENT: i32 = 3;
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
            record_open: border::record_open,
            record_field: border::record_field,
            send: border::send,
            steps: 0,
            view_rows: i32::try_from(io.rows.len()).unwrap_or(i32::MAX),
            update_index: instance.update_index,
            hemisphere: i32::from(instance.hemisphere),
            fault_position: 0,
            fault_len: 0,
        }
    }
}
