//! The contract between an image made by `plc compile --emit elf` and the host that drives it.
//!
//! An image is one PPU program for one rule instance. It starts at address 0, sets itself up and
//! polls [`symbol::COMMAND`]. The host pokes the symbols below (all sized, word aligned, values big
//! endian), writes a [`Command`] and waits until the image has cleared it again:
//!
//! ```text
//!   host                                     image
//!   load sections, poke view, seeds, ...     boot; status = Idle
//!   command = Start                          reset sensors, baselines, `start`; status = Ready
//!   command = Update   (instant mode)        one update; update_index += 1; status = Ready
//!   command = Run      (chip mode)           updates on the time base until `stop_after` of them
//!                                            were due or the command is overwritten with Stop
//!   command = Stop                           exit code 0 in RETURN_CODE_ADDRESS, status = Stopped, wait
//! ```
//!
//! Vectors of a row are stored in *parts* (see [`Place`]): `even-left, even-right, odd-left,
//! odd-right`, each one vector register of 64 halfwords, so that the vector unit loads them without
//! reordering. Byte planes are stored as two half rows of 128 bytes, even columns first.
//!
//! External memory: each PPU owns a region of the external DRAM that starts
//! [`symbol::EXTERNAL_BASE`] bytes into it, holding objects that do not fit inside and one buffer a
//! record statement. The host clears the region before it starts the image.

/// Names of the symbols, with size and meaning of each.
pub mod symbol {
    /// Word: a [`Command`](super::Command); the image clears it when it is carried out.
    pub const COMMAND: &str = "plc_command";
    /// Word: a [`Status`](super::Status).
    pub const STATUS: &str = "plc_status";
    /// Word: number of the next update, from 0.
    pub const UPDATE_INDEX: &str = "plc_update_index";
    /// Word: hemisphere, 0 top, 1 bottom (there is no register that says so).
    pub const HEMISPHERE: &str = "plc_hemisphere";
    /// Word: rows of the view, at most the rule's maximum.
    pub const VIEW_ROWS: &str = "plc_view_rows";
    /// A byte a row position: its hardware row, ascending.
    pub const VIEW_ROW_TABLE: &str = "plc_view_row_table";
    /// A signed byte a row position: +1, -1 or 0.
    pub const ROW_SIGNS: &str = "plc_row_signs";
    /// Two half rows of bytes: 1 for a column of the view, else 0.
    pub const COLUMN_MASK: &str = "plc_column_mask";
    /// A signed word a derived value, in the order of [`Info::derived`](super::Info::derived). The
    /// program relies on values that its params may give, and on states and inputs within their
    /// intervals: another host that writes these keeps to that.
    pub const DERIVED: &str = "plc_derived";
    /// Four parts of halfwords: last draw of each column's generator.
    pub const RNG_X: &str = "plc_rng_x";
    /// Four parts of halfwords: carry of each column's generator.
    pub const RNG_CARRY: &str = "plc_rng_carry";
    /// Word: state of the scalar generator, not 0.
    pub const RNG_WORD: &str = "plc_rng_word";
    /// Two half rows of bytes, of rules that draw from the chip's generators: what these are seeded with
    /// at the start.
    pub const RNG_SEED: &str = "plc_rng_seed";
    /// Two half rows of signed bytes: causal baseline code minus 128.
    pub const BASELINE_CAUSAL: &str = "plc_baseline_causal";
    /// Two half rows of signed bytes: acausal baseline code minus 128.
    pub const BASELINE_ACAUSAL: &str = "plc_baseline_acausal";
    /// Two half rows of bytes: rate counters as sampled at the start of the update.
    pub const RATES: &str = "plc_rates";
    /// Two half rows of bytes: membrane codes as sampled at the start of the update.
    pub const MEMBRANES: &str = "plc_membranes";
    /// Two half rows of bytes: scratch of a rate reset, not 0 for a counter to clear.
    pub const RATE_RESET: &str = "plc_rate_reset";
    /// Word: bytes from the start of the external DRAM to this PPU's region, a multiple of 128.
    pub const EXTERNAL_BASE: &str = "plc_external_base";
    /// A word a record: most samples its buffer holds.
    pub const RECORD_CAPACITY: &str = "plc_record_capacity";
    /// A word a record: samples taken.
    pub const RECORD_COUNT: &str = "plc_record_count";
    /// A word a record: samples that found the buffer full.
    pub const RECORD_DROPPED: &str = "plc_record_dropped";
    /// A word a record: offset of its buffer in the region, a multiple of 128.
    pub const RECORD_BASE: &str = "plc_record_base";
    /// A word a record: bytes of a sample, a multiple of 128.
    pub const RECORD_STRIDE: &str = "plc_record_stride";
    /// A word a field of all records in turn: offset in the sample.
    pub const RECORD_FIELDS: &str = "plc_record_fields";
    /// A word a record: offset in the region of the sample that puts go to. Before the first sample
    /// it must name one behind the buffer, which catches puts that no open sample wants.
    pub const RECORD_CURSOR: &str = "plc_record_cursor";
    /// Word: cycles between two updates of a run.
    pub const PERIOD: &str = "plc_period";
    /// Word: cycles from the start of a run to its first update.
    pub const PHASE: &str = "plc_phase";
    /// Word: due updates after which a run ends; 0 never.
    pub const STOP_AFTER: &str = "plc_stop_after";
    /// Word: updates that were due in the run so far.
    pub const REQUESTED: &str = "plc_requested";
    /// Word: updates executed.
    pub const EXECUTED: &str = "plc_executed";
    /// Word: updates that began after their time, by less than they may be late: a period, or the
    /// shortest one of a rule with several schedules.
    pub const LATE: &str = "plc_late";
    /// Word: updates left out because so much time had passed.
    pub const MISSED: &str = "plc_missed";
    /// Word: cycles that the last update of the run took, until all it wrote was stored.
    pub const DURATION: &str = "plc_duration";
    /// Word: cycles of the longest update of the run.
    pub const DURATION_MAX: &str = "plc_duration_max";
    /// Word: cycles of all updates of the run, modulo 2^32.
    pub const BUSY: &str = "plc_busy";
    /// Word: time base at which the next update of the run is due.
    pub const DUE: &str = "plc_due";
    /// Code: the loop in which the image waits for a command. Until one is there its rounds do
    /// nothing.
    pub const COMMAND_LOOP: &str = "plc_loop";
    /// Code: the loop in which a run waits for its next update. Until the time base has come to
    /// [`DUE`], or the host has written to [`COMMAND`] or [`STOP_AFTER`], its rounds do nothing.
    pub const RUN_LOOP: &str = "plc_run_loop";

    /// Symbol of an object in internal memory: its name behind a prefix, and its number if an
    /// earlier object has the same name.
    #[must_use]
    pub fn object(names: &[&str], index: usize) -> String {
        let name = names.get(index).copied().unwrap_or_default();
        match names.iter().position(|other| *other == name) {
            Some(first) if first < index => format!("plc_object_{name}.{index}"),
            _ => format!("plc_object_{name}"),
        }
    }
}

/// Name of the section that holds [`Info`] as text; no loader copies it into memory.
pub const INFO_SECTION: &str = ".plc_info";
/// First byte above image and stack (ppu-isa reference, 4.1).
pub const STACK_TOP: u32 = 0x2ff0;
/// Word in which a stopped program leaves its exit code.
pub const RETURN_CODE_ADDRESS: u32 = 0x2ffc;
/// Bytes of the external DRAM that each PPU owns: half of 256 MiB.
pub const EXTERNAL_REGION_BYTES: u32 = 0x0800_0000;
/// Columns of a hemisphere.
const COLUMNS: usize = pl_fixed::chip::COLUMNS as usize;
/// Bytes of a vector register.
pub const VECTOR_BYTES: u32 = 128;
/// Vector registers that a row of halfwords fills.
pub const PARTS: u32 = 4;
/// Bytes of a row of halfwords.
pub const ROW_BYTES: u32 = PARTS * VECTOR_BYTES;
/// Bytes before the fields of a sample: update (word), time base (two words), hemisphere (word).
pub const SAMPLE_HEADER_BYTES: u32 = VECTOR_BYTES;

macro_rules! words {
    ($(#[$doc:meta])* $name:ident { $($(#[$variant_doc:meta])* $variant:ident = $value:literal,)+ }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum $name {
            $($(#[$variant_doc])* $variant = $value,)+
        }

        impl $name {
            /// The value in memory.
            #[must_use]
            pub const fn word(self) -> u32 {
                self as u32
            }

            /// What a word in memory says, if anything.
            #[must_use]
            pub const fn from_word(word: u32) -> Option<$name> {
                match word {
                    $($value => Some($name::$variant),)+
                    _ => None,
                }
            }
        }
    };
}

words! {
    /// What the host asks for.
    Command {
        /// Nothing; also the answer to a command that is done.
        None = 0,
        /// Reset the view's sensors, measure baselines, set external objects up, run `start`.
        Start = 1,
        /// Run one update now.
        Update = 2,
        /// Run updates on the time base.
        Run = 3,
        /// Leave: exit code 0, then sleep for ever.
        Stop = 4,
    }
}

words! {
    /// What the image does.
    Status {
        /// Not yet booted.
        Boot = 0,
        /// Booted, no start yet.
        Idle = 1,
        /// Carrying out a command.
        Busy = 2,
        /// Started, waiting for the next command.
        Ready = 3,
        /// Left; sleeps.
        Stopped = 4,
    }
}

/// Where the value of a column lies in a row that is stored in parts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Place {
    /// Half row: 0 even columns, 1 odd columns.
    pub half: usize,
    /// Byte lane in the half row.
    pub byte_lane: usize,
    /// Part: `2 * half` left, `2 * half + 1` right.
    pub part: usize,
    /// Halfword lane in the part.
    pub halfword_lane: usize,
}

impl Place {
    /// The place of a column (ppu-isa reference, 2.6 and 4.3): unpacking sends bytes 0 to 7 of each
    /// 16-byte slice to the left and bytes 8 to 15 to the right register.
    ///
    /// # Panics
    /// If there is no such column.
    #[must_use]
    pub const fn of_column(column: usize) -> Place {
        assert!(column < COLUMNS);
        let (half, byte_lane) = (column % 2, column / 2);
        let (slice, side, lane) = (byte_lane / 16, byte_lane % 16 / 8, byte_lane % 8);
        Place { half, byte_lane, part: 2 * half + side, halfword_lane: 8 * slice + lane }
    }

    /// Index in a row of halfwords stored in parts.
    #[must_use]
    pub const fn halfword_index(self) -> usize {
        64 * self.part + self.halfword_lane
    }

    /// Index in a row of bytes stored in half rows.
    #[must_use]
    pub const fn byte_index(self) -> usize {
        128 * self.half + self.byte_lane
    }
}

/// Which values an object or a field of a record has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Extent {
    /// A halfword a synapse: a row in parts for each row position.
    Synapse,
    /// A halfword a neuron: one row in parts.
    Neuron,
    /// A word a row position.
    Row,
    /// One word.
    Rule,
}

impl Extent {
    const NAMES: [(Extent, &'static str); 4] = [
        (Extent::Synapse, "synapse"),
        (Extent::Neuron, "neuron"),
        (Extent::Row, "row"),
        (Extent::Rule, "rule"),
    ];

    /// Name in the info text.
    #[must_use]
    pub fn name(self) -> &'static str {
        Self::NAMES.iter().find(|(extent, _)| *extent == self).map_or("", |(_, name)| name)
    }

    /// Bytes for a view of `rows` rows, before rounding up.
    #[must_use]
    pub const fn bytes(self, rows: u32) -> u32 {
        match self {
            Extent::Synapse => ROW_BYTES.saturating_mul(rows),
            Extent::Neuron => ROW_BYTES,
            Extent::Row => rows.saturating_mul(4),
            Extent::Rule => 4,
        }
    }
}

/// A field of a record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FieldInfo {
    /// Name in the source.
    pub name: String,
    /// Which values.
    pub extent: Extent,
    /// Fraction bits.
    pub frac: i32,
}

/// A record statement.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RecordInfo {
    /// Updates between samples.
    pub every: u32,
    /// What a sample holds, in order.
    pub fields: Vec<FieldInfo>,
}

/// Layout of the samples of a record for one view.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SampleLayout {
    /// Offset of each field in a sample, a multiple of 128.
    pub fields: Vec<u32>,
    /// Bytes of a sample, a multiple of 128.
    pub stride: u32,
}

impl RecordInfo {
    /// Layout for a view of `rows` rows.
    #[must_use]
    pub fn layout(&self, rows: u32) -> SampleLayout {
        let mut stride = SAMPLE_HEADER_BYTES;
        let place = |field: &FieldInfo| {
            let offset = stride;
            stride = stride.saturating_add(round_up(field.extent.bytes(rows)));
            offset
        };
        let fields = self.fields.iter().map(place).collect();
        SampleLayout { fields, stride }
    }
}

/// `bytes` rounded up to whole vectors.
#[must_use]
pub const fn round_up(bytes: u32) -> u32 {
    bytes.saturating_add(VECTOR_BYTES - 1) / VECTOR_BYTES * VECTOR_BYTES
}

/// Where an object is stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Storage {
    /// Internal memory, under the name that [`symbol::object`] gives.
    Internal,
    /// This PPU's region of the external DRAM, at this offset, a multiple of 128.
    External(u32),
}

/// State or input of the rule.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ObjectInfo {
    /// Name in the source.
    pub name: String,
    /// Which values.
    pub extent: Extent,
    /// Where.
    pub storage: Storage,
    /// Whether the host writes it and the rule only reads.
    pub input: bool,
}

/// What a host must know about an image besides its symbols; travels in [`INFO_SECTION`] as text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Info {
    /// Name of the rule.
    pub rule: String,
    /// Largest number of rows of a view.
    pub rows_max: u32,
    /// Largest number of columns of a view.
    pub columns_max: u32,
    /// Whether a row of the view is a pair of hardware rows: the table of rows has the first of each,
    /// an even one that excites; the row behind it inhibits.
    pub signed: bool,
    /// First byte of the region behind the external objects: record buffers begin here.
    pub records_offset: u32,
    /// Derived values: default and expression.
    pub derived: Vec<(i32, String)>,
    /// Objects.
    pub objects: Vec<ObjectInfo>,
    /// Record statements.
    pub records: Vec<RecordInfo>,
}

/// A line of an info text that cannot be read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InfoError {
    /// Line, from 1.
    pub line: usize,
    /// What was expected.
    pub expected: &'static str,
}

impl core::fmt::Display for InfoError {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        write!(f, "line {} of {INFO_SECTION}: expected {}", self.line, self.expected)
    }
}

impl core::error::Error for InfoError {}

/// First line of an info text.
const MAGIC: &str = "plc-image 1";

impl Info {
    /// Symbol of an object in internal memory.
    #[must_use]
    pub fn object_symbol(&self, index: usize) -> String {
        let names: Vec<&str> = self.objects.iter().map(|object| object.name.as_str()).collect();
        symbol::object(&names, index)
    }

    /// The text form: one line an item, names last because they may hold spaces.
    #[must_use]
    pub fn to_text(&self) -> String {
        let line = |name: &str| name.replace(['\n', '\r'], " ");
        let mut out = format!("{MAGIC}\nrule {}\n", line(&self.rule));
        out += &format!("rows_max {}\ncolumns_max {}\n", self.rows_max, self.columns_max);
        if self.signed {
            out += "view signed\n";
        }
        out += &format!("records_offset {}\n", self.records_offset);
        for (default, name) in &self.derived {
            out += &format!("derived {default} {}\n", line(name));
        }
        for object in &self.objects {
            let kind = if object.input { "input" } else { "state" };
            let place = match object.storage {
                Storage::Internal => "internal".to_owned(),
                Storage::External(offset) => offset.to_string(),
            };
            out += &format!("{kind} {} {place} {}\n", object.extent.name(), line(&object.name));
        }
        for record in &self.records {
            out += &format!("record {}\n", record.every);
            for field in &record.fields {
                let FieldInfo { name, extent, frac } = field;
                out += &format!("field {} {frac} {}\n", extent.name(), line(name));
            }
        }
        out
    }

    /// Reads the text form.
    ///
    /// # Errors
    /// The first line that is not as [`Info::to_text`] writes it.
    pub fn parse(text: &str) -> Result<Info, InfoError> {
        let mut lines = text.lines().enumerate();
        if lines.next().map(|(_, line)| line) != Some(MAGIC) {
            return Err(InfoError { line: 1, expected: MAGIC });
        }
        let mut info = Info {
            rule: String::new(),
            rows_max: 0,
            columns_max: 256,
            signed: false,
            records_offset: 0,
            derived: Vec::new(),
            objects: Vec::new(),
            records: Vec::new(),
        };
        for (index, line) in lines {
            info.line(line).map_err(|expected| InfoError { line: index + 1, expected })?;
        }
        Ok(info)
    }

    fn line(&mut self, line: &str) -> Result<(), &'static str> {
        let (keyword, rest) = line.split_once(' ').ok_or("a keyword and its values")?;
        match keyword {
            "rule" => self.rule = rest.to_owned(),
            "rows_max" => self.rows_max = number(rest)?,
            "columns_max" => self.columns_max = number(rest)?,
            "view" if rest == "signed" => self.signed = true,
            "records_offset" => self.records_offset = number(rest)?,
            "derived" => {
                let (default, name) = rest.split_once(' ').ok_or("a default and a name")?;
                self.derived.push((number(default)?, name.to_owned()));
            }
            "state" | "input" => {
                let (extent, rest) = extent(rest)?;
                let (place, name) = rest.split_once(' ').ok_or("a place and a name")?;
                let storage = match place {
                    "internal" => Storage::Internal,
                    offset => Storage::External(number(offset)?),
                };
                let (name, input) = (name.to_owned(), keyword == "input");
                self.objects.push(ObjectInfo { name, extent, storage, input });
            }
            "record" => {
                self.records.push(RecordInfo { every: number(rest)?, fields: Vec::new() });
            }
            "field" => {
                let (extent, rest) = extent(rest)?;
                let (frac, name) = rest.split_once(' ').ok_or("fraction bits and a name")?;
                let field = FieldInfo { name: name.to_owned(), extent, frac: number(frac)? };
                self.records.last_mut().ok_or("a record before its fields")?.fields.push(field);
            }
            _ => return Err("a known keyword"),
        }
        Ok(())
    }
}

fn number<T: core::str::FromStr>(text: &str) -> Result<T, &'static str> {
    text.parse().map_err(|_| "a number in range")
}

fn extent(text: &str) -> Result<(Extent, &str), &'static str> {
    let (name, rest) = text.split_once(' ').ok_or("a scope and more")?;
    let found = Extent::NAMES.iter().find(|(_, n)| *n == name).ok_or("a scope")?;
    Ok((found.0, rest))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_column_has_its_own_place() {
        let mut halfwords = [false; COLUMNS];
        let mut bytes = [false; COLUMNS];
        for column in 0..COLUMNS {
            let place = Place::of_column(column);
            assert!(!core::mem::replace(&mut halfwords[place.halfword_index()], true));
            assert!(!core::mem::replace(&mut bytes[place.byte_index()], true));
        }
        // ppu-isa reference, vectors 116, 117 and 127.
        assert_eq!(Place::of_column(77).half, 1);
        assert_eq!(Place::of_column(77).byte_lane, 38);
        let right = Place::of_column(2 * (16 + 8 + 3));
        assert_eq!((right.part, right.halfword_lane), (1, 8 + 3));
    }

    #[test]
    fn info_text_reads_back() {
        let info = Info {
            rule: "structural".into(),
            rows_max: 32,
            columns_max: 200,
            signed: true,
            records_offset: 16_384,
            derived: vec![(-3, "a * b - 1".into()), (7, "c".into())],
            objects: vec![
                ObjectInfo {
                    name: "trace".into(),
                    extent: Extent::Synapse,
                    storage: Storage::External(128),
                    input: false,
                },
                ObjectInfo {
                    name: "reward".into(),
                    extent: Extent::Rule,
                    storage: Storage::Internal,
                    input: true,
                },
            ],
            records: vec![RecordInfo {
                every: 10,
                fields: vec![FieldInfo { name: "weight".into(), extent: Extent::Synapse, frac: 0 }],
            }],
        };
        assert_eq!(Info::parse(&info.to_text()), Ok(info));
    }

    #[test]
    fn bad_info_names_its_line() {
        let bad = format!("{MAGIC}\nrule x\nfield synapse 0 w\n");
        assert_eq!(Info::parse(&bad).map_err(|e| e.line), Err(3));
        assert_eq!(Info::parse("").map_err(|e| e.line), Err(1));
        assert_eq!(Info::parse("\u{0}\n\n").map_err(|e| e.line), Err(1));
    }

    #[test]
    fn samples_are_whole_vectors() {
        let field = |extent| FieldInfo { name: "x".into(), extent, frac: 0 };
        let record = RecordInfo {
            every: 1,
            fields: vec![field(Extent::Rule), field(Extent::Synapse), field(Extent::Row)],
        };
        let layout = record.layout(3);
        assert_eq!(layout.fields, [128, 256, 256 + 3 * 512]);
        assert_eq!(layout.stride, 256 + 3 * 512 + 128);
    }
}
