//! What an image stores: the table of data, with the names that hosts know.

use crate::needs::Needs;
use pl_fixed::{lfsr, rng};
use pl_ir::io::COLUMNS;
use pl_ir::{Module, Scope};
use pl_isa::image::{
    self, Extent, FieldInfo, Info, ObjectInfo, Place, ROW_BYTES, RecordInfo, Storage, VECTOR_BYTES,
    round_up, symbol,
};

/// A datum of the table.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Sym(u32);

impl Sym {
    /// Position in the table.
    pub(crate) fn index(self) -> usize {
        self.0 as usize
    }
}

/// Something in internal memory that is not code.
#[derive(Clone, Debug)]
pub(crate) struct Datum {
    /// Symbol.
    pub(crate) name: String,
    /// Size, a multiple of 4.
    pub(crate) bytes: u32,
    /// Alignment.
    pub(crate) align: u32,
    /// Contents, if they are not zero.
    pub(crate) contents: Option<Vec<u8>>,
}

/// Where an object of the module lives.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ObjectPlace {
    /// Internal memory.
    Internal(Sym),
    /// The external region, at this offset.
    External(u32),
}

/// Objects that an image keeps in external memory.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Spread {
    /// None: everything inside.
    Inside,
    /// Those of synapses.
    SynapsesOutside,
    /// Those of synapses and of neurons.
    VectorsOutside,
}

/// Data of the generators, if the rule draws.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Generators {
    pub(crate) x: Sym,
    pub(crate) carry: Sym,
}

/// The table of data of an image.
#[derive(Clone, Debug)]
pub(crate) struct Memory {
    data: Vec<Datum>,
    pub(crate) command: Sym,
    pub(crate) status: Sym,
    pub(crate) update_index: Sym,
    pub(crate) hemisphere: Sym,
    pub(crate) view_rows: Sym,
    pub(crate) view_row_table: Sym,
    pub(crate) row_signs: Sym,
    pub(crate) column_mask: Sym,
    pub(crate) derived: Sym,
    pub(crate) generators: Option<Generators>,
    /// Seeds of the chip's generators, if the rule draws from those.
    pub(crate) rng_seed: Option<Sym>,
    /// Word: the scalar generator.
    pub(crate) rng_word: Option<Sym>,
    pub(crate) baseline_causal: Option<Sym>,
    pub(crate) baseline_acausal: Option<Sym>,
    pub(crate) rates: Option<Sym>,
    pub(crate) membranes: Option<Sym>,
    pub(crate) rate_reset: Option<Sym>,
    pub(crate) columns: Option<Sym>,
    /// A row of halfwords that the scalar core joins.
    pub(crate) lanes: Option<Sym>,
    pub(crate) external_base: Sym,
    pub(crate) records: Option<RecordTables>,
    pub(crate) schedule: Schedule,
    /// Word: time base at which the next update of a run is due.
    pub(crate) due: Sym,
    /// Word: return address of an update.
    pub(crate) link: Sym,
    pub(crate) objects: Vec<ObjectPlace>,
    /// Bytes of external objects, with the raw initial value of each.
    pub(crate) external: Vec<ExternalObject>,
    /// What hosts are told.
    pub(crate) info: Info,
}

/// An object in external memory, to be set up at the start.
#[derive(Clone, Copy, Debug)]
pub(crate) struct ExternalObject {
    /// Offset in the region.
    pub(crate) offset: u32,
    /// Whether it has a row of values for each row position, or one.
    pub(crate) per_row: bool,
    /// Initial value of every lane.
    pub(crate) initial: i32,
}

/// Tables of the records, one word each a record, but `fields`.
#[derive(Clone, Copy, Debug)]
pub(crate) struct RecordTables {
    pub(crate) capacity: Sym,
    pub(crate) count: Sym,
    pub(crate) dropped: Sym,
    pub(crate) base: Sym,
    pub(crate) stride: Sym,
    pub(crate) cursor: Sym,
    /// A word a field, records in turn.
    pub(crate) fields: Sym,
}

/// Words of the scheduler.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Schedule {
    pub(crate) period: Sym,
    pub(crate) phase: Sym,
    pub(crate) stop_after: Sym,
    pub(crate) requested: Sym,
    pub(crate) executed: Sym,
    pub(crate) late: Sym,
    pub(crate) missed: Sym,
    pub(crate) duration: Sym,
    pub(crate) duration_max: Sym,
    pub(crate) busy: Sym,
    /// Time base at which the update that runs began.
    pub(crate) begun: Sym,
}

/// Collects data.
#[derive(Default)]
struct Table(Vec<Datum>);

impl Table {
    fn put(&mut self, name: &str, bytes: u32, align: u32, contents: Option<Vec<u8>>) -> Sym {
        let index = u32::try_from(self.0.len()).expect("few data");
        let bytes = bytes.max(4).next_multiple_of(4);
        let contents = contents.filter(|c| c.iter().any(|byte| *byte != 0)).map(|mut c| {
            c.resize(bytes as usize, 0);
            c
        });
        self.0.push(Datum { name: name.into(), bytes, align, contents });
        Sym(index)
    }

    /// Places a datum among those with contents, even if they are zero.
    fn keep_contents(&mut self, sym: Sym) {
        let datum = &mut self.0[sym.index()];
        datum.contents.get_or_insert_with(|| vec![0; datum.bytes as usize]);
    }

    fn word(&mut self, name: &str) -> Sym {
        self.put(name, 4, 4, None)
    }

    fn words(&mut self, name: &str, values: &[u32]) -> Sym {
        let bytes = values.iter().flat_map(|word| word.to_be_bytes()).collect::<Vec<u8>>();
        self.put(name, u32::try_from(bytes.len()).expect("few words"), 4, Some(bytes))
    }

    fn half_rows(&mut self, name: &str, byte: impl Fn(usize) -> u8) -> Sym {
        let mut bytes = vec![0; COLUMNS];
        for column in 0..COLUMNS {
            bytes[Place::of_column(column).byte_index()] = byte(column);
        }
        self.put(name, 2 * VECTOR_BYTES, VECTOR_BYTES, Some(bytes))
    }

    /// A row of halfwords in parts.
    fn row(&mut self, name: &str, halfword: impl Fn(usize) -> u16) -> Sym {
        let mut bytes = vec![0; 2 * COLUMNS];
        for column in 0..COLUMNS {
            let at = 2 * Place::of_column(column).halfword_index();
            bytes[at..at + 2].copy_from_slice(&halfword(column).to_be_bytes());
        }
        self.put(name, ROW_BYTES, VECTOR_BYTES, Some(bytes))
    }
}

/// Low 16 bits of a scalar, as a splat takes them.
pub(crate) fn low_half(value: i32) -> u16 {
    pl_ir::io::low_lane(value).cast_unsigned()
}

impl Memory {
    /// The data of a module that uses what `needs` says.
    pub(crate) fn new(module: &Module, needs: &Needs, spread: Spread) -> Memory {
        let mut table = Table::default();
        let (objects, storage, external) = place_objects(module, &mut table, needs, spread);
        let info = info(module, &storage, external.iter().map(|e| e.1).max().unwrap_or(0));
        let default_rows = core::iter::successors(Some(0u8), |row| row.checked_add(1));
        let rows: Vec<u8> = default_rows.take(module.rows_max as usize).collect();
        let derived: Vec<u32> = module.derived.iter().map(|d| d.default.cast_unsigned()).collect();
        let (stream_key, hardware) =
            (rng::stream_key(0, 0, 0, 0), module.generators == pl_ir::Generators::Hardware);
        let streams = |column| {
            let column = u16::try_from(column).unwrap_or(u16::MAX);
            rng::Column::seeded(stream_key, column)
        };
        let two_rows = |table: &mut Table, wanted: bool, name: &str| {
            wanted.then(|| table.put(name, 2 * VECTOR_BYTES, VECTOR_BYTES, None))
        };
        Memory {
            command: table.word(symbol::COMMAND),
            status: table.word(symbol::STATUS),
            update_index: table.word(symbol::UPDATE_INDEX),
            hemisphere: table.word(symbol::HEMISPHERE),
            view_rows: table.words(symbol::VIEW_ROWS, &[module.rows_max]),
            view_row_table: table.put(symbol::VIEW_ROW_TABLE, module.rows_max, 4, Some(rows)),
            row_signs: table.put(symbol::ROW_SIGNS, module.rows_max, 4, None),
            column_mask: table.half_rows(symbol::COLUMN_MASK, |_| 1),
            derived: table.words(symbol::DERIVED, &derived),
            rng_seed: (needs.draws && hardware).then(|| {
                table.half_rows(symbol::RNG_SEED, |column| {
                    lfsr::seed(stream_key, u16::try_from(column).unwrap_or(u16::MAX))
                })
            }),
            generators: (needs.draws && !hardware).then(|| Generators {
                x: table.row(symbol::RNG_X, |column| streams(column).x),
                carry: table.row(symbol::RNG_CARRY, |column| streams(column).carry),
            }),
            rng_word: needs.draws_words.then(|| {
                let seed = rng::scalar_seed(rng::stream_key(0, 0, 0, 0));
                table.words(symbol::RNG_WORD, &[seed])
            }),
            baseline_causal: two_rows(&mut table, needs.causal, symbol::BASELINE_CAUSAL),
            baseline_acausal: two_rows(&mut table, needs.acausal, symbol::BASELINE_ACAUSAL),
            rates: two_rows(&mut table, needs.rates, symbol::RATES),
            membranes: two_rows(&mut table, needs.membranes, symbol::MEMBRANES),
            rate_reset: two_rows(&mut table, needs.resets_rates, symbol::RATE_RESET),
            columns: needs.columns.then(|| {
                table.half_rows("plc_columns", |column| u8::try_from(column).unwrap_or(0))
            }),
            lanes: (needs.sums || needs.minima || needs.maxima)
                .then(|| table.put("plc_lanes", ROW_BYTES, VECTOR_BYTES, None)),
            external_base: table.word(symbol::EXTERNAL_BASE),
            records: (!module.records.is_empty()).then(|| record_tables(&mut table, &info)),
            schedule: schedule(&mut table),
            due: table.word(symbol::DUE),
            link: table.word("plc_link"),
            external: external.into_iter().map(|(object, _)| object).collect(),
            data: table.0,
            objects,
            info,
        }
    }

    /// The data in order.
    pub(crate) fn data(&self) -> &[Datum] {
        &self.data
    }
}

/// An object outside, with the end of its bytes.
type Outside = (ExternalObject, u32);

fn place_objects(
    module: &Module,
    table: &mut Table,
    needs: &Needs,
    spread: Spread,
) -> (Vec<ObjectPlace>, Vec<Storage>, Vec<Outside>) {
    let (mut places, mut storage, mut external) = (Vec::new(), Vec::new(), Vec::new());
    let names: Vec<&str> = module.objects.iter().map(|object| object.name.as_str()).collect();
    let mut next = 0u32;
    for (index, object) in module.objects.iter().enumerate() {
        let bytes = extent(object.scope).bytes(module.rows_max);
        let outside = match object.scope {
            Scope::Synapse => spread != Spread::Inside,
            Scope::Neuron => spread == Spread::VectorsOutside,
            Scope::Row | Scope::Rule => false,
        };
        if outside {
            let per_row = object.scope.per_row();
            let end = next.saturating_add(round_up(bytes));
            external.push((ExternalObject { offset: next, per_row, initial: object.initial }, end));
            places.push(ObjectPlace::External(next));
            storage.push(Storage::External(next));
            next = end;
            continue;
        }
        let name = symbol::object(&names, index);
        let element: &[u8] = &match object.scope.is_vector() {
            true => low_half(object.initial).to_be_bytes().to_vec(),
            false => object.initial.to_be_bytes().to_vec(),
        };
        let align = if object.scope.is_vector() { VECTOR_BYTES } else { 4 };
        let contents = element.iter().copied().cycle().take(bytes as usize).collect();
        let sym = table.put(&name, bytes, align, Some(contents));
        if object.scope == Scope::Rule && needs.indexes {
            // Words with contents stand together, in order, whatever these are.
            table.keep_contents(sym);
        }
        places.push(ObjectPlace::Internal(sym));
        storage.push(Storage::Internal);
    }
    (places, storage, external)
}

fn extent(scope: Scope) -> Extent {
    match scope {
        Scope::Synapse => Extent::Synapse,
        Scope::Neuron => Extent::Neuron,
        Scope::Row => Extent::Row,
        Scope::Rule => Extent::Rule,
    }
}

fn info(module: &Module, storage: &[Storage], records_offset: u32) -> Info {
    let object = |(object, storage): (&pl_ir::Object, &Storage)| ObjectInfo {
        name: object.name.clone(),
        extent: extent(object.scope),
        storage: *storage,
        input: object.input,
    };
    let field = |field: &pl_ir::Field| FieldInfo {
        name: field.name.clone(),
        extent: extent(field.scope),
        frac: field.frac,
    };
    let record = |record: &pl_ir::Record| RecordInfo {
        every: record.every,
        fields: record.fields.iter().map(field).collect(),
    };
    Info {
        rule: module.name.clone(),
        rows_max: module.rows_max,
        columns_max: module.columns_max,
        signed: module.signed,
        records_offset,
        derived: module.derived.iter().map(|d| (d.default, d.name.clone())).collect(),
        objects: module.objects.iter().zip(storage).map(object).collect(),
        records: module.records.iter().map(record).collect(),
    }
}

/// Tables for the largest view, the region shared out evenly; hosts may write other values.
fn record_tables(table: &mut Table, info: &Info) -> RecordTables {
    let count = u32::try_from(info.records.len()).unwrap_or(u32::MAX);
    let room = image::EXTERNAL_REGION_BYTES.saturating_sub(info.records_offset) / count;
    let room = room / VECTOR_BYTES * VECTOR_BYTES;
    let layouts: Vec<_> = info.records.iter().map(|r| r.layout(info.rows_max)).collect();
    let strides: Vec<u32> = layouts.iter().map(|layout| layout.stride).collect();
    // One sample more than the capacity: where puts go when no sample is open.
    let capacity: Vec<u32> = strides.iter().map(|s| (room / s).saturating_sub(1)).collect();
    let base: Vec<u32> = (0..count).map(|i| info.records_offset + i * room).collect();
    let cursor: Vec<u32> =
        base.iter().zip(&strides).zip(&capacity).map(|((b, s), c)| b + s * c).collect();
    let fields: Vec<u32> = layouts.iter().flat_map(|layout| layout.fields.clone()).collect();
    let zeros = vec![0; info.records.len()];
    RecordTables {
        capacity: table.words(symbol::RECORD_CAPACITY, &capacity),
        count: table.words(symbol::RECORD_COUNT, &zeros),
        dropped: table.words(symbol::RECORD_DROPPED, &zeros),
        base: table.words(symbol::RECORD_BASE, &base),
        stride: table.words(symbol::RECORD_STRIDE, &strides),
        cursor: table.words(symbol::RECORD_CURSOR, &cursor),
        fields: table.words(symbol::RECORD_FIELDS, &fields),
    }
}

fn schedule(table: &mut Table) -> Schedule {
    Schedule {
        period: table.word(symbol::PERIOD),
        phase: table.word(symbol::PHASE),
        stop_after: table.word(symbol::STOP_AFTER),
        requested: table.word(symbol::REQUESTED),
        executed: table.word(symbol::EXECUTED),
        late: table.word(symbol::LATE),
        missed: table.word(symbol::MISSED),
        duration: table.word(symbol::DURATION),
        duration_max: table.word(symbol::DURATION_MAX),
        busy: table.word(symbol::BUSY),
        begun: table.word("plc_begun"),
    }
}
