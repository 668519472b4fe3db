//! The syntax tree: the program as written, before names and types.
//!
//! Every node has the [`Span`] of its source. Nothing is simplified: parentheses, the spelling of
//! numbers and the order of declarations are kept, so that the formatter prints what was written.
//! Trees made by the parser are never deeper than [`NESTING_MAX`], so recursive walks are safe.

mod expr;

pub use expr::{
    Axis, BinaryOp, Expr, ExprKind, Number, NumberValue, ReduceOp, UnaryOp, Unit, UnitKind,
};
use pl_diag::Span;

/// Most operators and brackets that may be nested in one another.
pub const NESTING_MAX: usize = 200;

/// A name with its place. Names of what a used rule declares have dots: `homeostasis.target`.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Ident {
    /// The name.
    pub name: String,
    /// Where it is written.
    pub span: Span,
}

/// A source file.
#[derive(Clone, Debug, PartialEq)]
pub struct Module {
    /// Text of the `//!` comments, without the slashes.
    pub doc: String,
    /// Items in the order written.
    pub items: Vec<Item>,
}

/// A declaration at the top of a file.
#[derive(Clone, Debug, PartialEq)]
pub enum Item {
    /// `import std.terms { decay }`
    Import(Import),
    /// `const tau = 10 us`
    Const(Const),
    /// `fn decay(x) = x - x / 8`
    Fn(Fn),
    /// `rule stdp { ... }`
    Rule(Rule),
    /// `test potentiates for stdp { ... }`
    Test(Test),
}

/// Makes constants and functions of another module visible.
#[derive(Clone, Debug, PartialEq)]
pub struct Import {
    /// Path of the module, outermost part first.
    pub path: Vec<Ident>,
    /// The names to import; `None` imports all.
    pub names: Option<Vec<Ident>>,
    /// The whole item.
    pub span: Span,
}

/// A named constant.
#[derive(Clone, Debug, PartialEq)]
pub struct Const {
    /// Text of the `///` comments.
    pub doc: String,
    /// Its name.
    pub name: Ident,
    /// Its type, if written.
    pub ty: Option<Type>,
    /// Its value.
    pub value: Expr,
    /// The whole item.
    pub span: Span,
}

/// A pure function, inlined where it is called.
#[derive(Clone, Debug, PartialEq)]
pub struct Fn {
    /// Text of the `///` comments.
    pub doc: String,
    /// Its name.
    pub name: Ident,
    /// Its parameters.
    pub params: Vec<FnParam>,
    /// Type of the result, if written.
    pub result: Option<Type>,
    /// What it computes.
    pub body: FnBody,
    /// The whole item.
    pub span: Span,
}

/// A parameter of a function.
#[derive(Clone, Debug, PartialEq)]
pub struct FnParam {
    /// Its name.
    pub name: Ident,
    /// Its type, if written; else that of the argument.
    pub ty: Option<Type>,
}

/// Body of a function.
#[derive(Clone, Debug, PartialEq)]
pub enum FnBody {
    /// `= expression`
    Value(Expr),
    /// `{ let ...; expression }`
    Block {
        /// Statements before the result.
        lets: Vec<Stmt>,
        /// The last expression.
        result: Expr,
    },
}

/// A plasticity rule.
#[derive(Clone, Debug, PartialEq)]
pub struct Rule {
    /// Text of the `///` comments.
    pub doc: String,
    /// Its name.
    pub name: Ident,
    /// Its declarations, schedules and blocks in the order written.
    pub members: Vec<Member>,
    /// The whole item.
    pub span: Span,
}

/// A part of a rule.
#[derive(Clone, Debug, PartialEq)]
pub enum Member {
    /// `view rows <= 32`, `view signed`
    View(View),
    /// `rounding floor`
    Rounding {
        /// How stores round.
        mode: Rounding,
        /// The whole line.
        span: Span,
    },
    /// `rng hardware`
    HardwareRng(Span),
    /// `replicated`
    Replicated(Span),
    /// `param`, `state` or `input`
    Decl(Decl),
    /// `every 1 ms`, `at 5 ms { ... }`
    Schedule(Schedule),
    /// `start { ... }`
    Start(Start),
    /// A block that belongs to the schedule of the whole rule.
    Block(Block),
    /// `record weight every 10 updates`
    Record(Record),
    /// `use homeostasis as slow every 10 ms`
    Use(Use),
}

/// Another rule whose declarations and blocks are part of this one.
#[derive(Clone, Debug, PartialEq)]
pub struct Use {
    /// The rule.
    pub rule: Ident,
    /// What its names are prefixed with; the rule's name if not given.
    pub alias: Option<Ident>,
    /// When it runs, instead of what the rule says itself.
    pub schedule: Option<Schedule>,
    /// The whole line.
    pub span: Span,
}

impl Use {
    /// What the names of the used rule are prefixed with.
    #[must_use]
    pub fn prefix(&self) -> &Ident {
        self.alias.as_ref().unwrap_or(&self.rule)
    }
}

/// A demand on the view the rule is bound to.
#[derive(Clone, Debug, PartialEq)]
pub struct View {
    /// What is demanded.
    pub kind: ViewKind,
    /// The whole line.
    pub span: Span,
}

/// What a `view` line demands.
#[derive(Clone, Debug, PartialEq)]
pub enum ViewKind {
    /// `view rows <= n`: no more than this many rows.
    Rows(Expr),
    /// `view columns <= n`: no more than this many columns.
    Columns(Expr),
    /// `view signed`: an excitatory and an inhibitory row make one synapse.
    Signed,
}

/// How stores round.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Rounding {
    /// To the nearest value.
    Nearest,
    /// To the next smaller value.
    Floor,
    /// Up with the probability of the lost fraction.
    Stochastic,
}

impl Rounding {
    /// All modes with their words.
    pub const ALL: [(Rounding, &'static str); 3] = [
        (Rounding::Nearest, "nearest"),
        (Rounding::Floor, "floor"),
        (Rounding::Stochastic, "stochastic"),
    ];

    /// Its word.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Rounding::Nearest => "nearest",
            Rounding::Floor => "floor",
            Rounding::Stochastic => "stochastic",
        }
    }
}

/// Declaration of a param, a state or an input.
#[derive(Clone, Debug, PartialEq)]
pub struct Decl {
    /// Text of the `///` comments.
    pub doc: String,
    /// Which of the three.
    pub kind: DeclKind,
    /// Its name.
    pub name: Ident,
    /// Number of elements of an array: `state x[32] : ...`.
    pub len: Option<Expr>,
    /// Its type; `None` if missing, which has been reported.
    pub ty: Option<Type>,
    /// `per neuron`: where it has values.
    pub scope: Option<(Scope, Span)>,
    /// Its initial value; `None` if missing, which has been reported.
    pub init: Option<Expr>,
    /// The whole declaration.
    pub span: Span,
}

/// What a declaration declares.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum DeclKind {
    /// A run-time value set by the host.
    Param,
    /// Memory of the rule.
    State,
    /// A value written by host or experiment while the rule runs.
    Input,
}

impl DeclKind {
    /// Its keyword.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            DeclKind::Param => "param",
            DeclKind::State => "state",
            DeclKind::Input => "input",
        }
    }
}

/// Where a declared value exists.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Scope {
    /// One for each synapse.
    Synapse,
    /// One for each neuron (column).
    Neuron,
    /// One for each row.
    Row,
    /// One for each instance of the rule.
    Rule,
}

impl Scope {
    /// All scopes with their words.
    pub const ALL: [(Scope, &'static str); 4] = [
        (Scope::Synapse, "synapse"),
        (Scope::Neuron, "neuron"),
        (Scope::Row, "row"),
        (Scope::Rule, "rule"),
    ];

    /// Its word.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Scope::Synapse => "synapse",
            Scope::Neuron => "neuron",
            Scope::Row => "row",
            Scope::Rule => "rule",
        }
    }
}

/// A type as written.
#[derive(Clone, Debug, PartialEq)]
pub struct Type {
    /// Which one.
    pub kind: TypeKind,
    /// Where it is written.
    pub span: Span,
}

/// The types that can be written.
#[derive(Clone, Debug, PartialEq)]
pub enum TypeKind {
    /// `int`, `int in a .. b`
    Int(Option<Box<Range>>),
    /// `real`, `real in a .. b`
    Real(Option<Box<Range>>),
    /// `bool`
    Bool,
    /// `weight`: 0..63.
    Weight,
    /// `address`: 0..63.
    Address,
    /// `q7.8`: a sign, 7 integer bits and 8 fraction bits, 8 or 16 together.
    Format {
        /// Integer bits without the sign.
        integer_bits: u8,
        /// Fraction bits.
        fraction_bits: u8,
    },
}

/// Two values with `..` between them; whether `high` belongs to it depends on the place.
#[derive(Clone, Debug, PartialEq)]
pub struct Range {
    /// The lower value.
    pub low: Expr,
    /// The upper value.
    pub high: Expr,
    /// Both.
    pub span: Span,
}

/// When blocks run.
#[derive(Clone, Debug, PartialEq)]
pub struct Schedule {
    /// The times.
    pub kind: ScheduleKind,
    /// The blocks it owns; `None` if it is the schedule of the whole rule.
    pub blocks: Option<Vec<Block>>,
    /// The times with their keywords, without the blocks.
    pub head: Span,
    /// All of it.
    pub span: Span,
}

/// Times of a schedule.
#[derive(Clone, Debug, PartialEq)]
pub enum ScheduleKind {
    /// `every period phase time`
    Every {
        /// Time between updates.
        period: Expr,
        /// Time of the first update; the period if not given.
        phase: Option<Expr>,
    },
    /// `at time`
    At {
        /// Time of the only update.
        time: Expr,
    },
}

/// What runs once, before the first update.
#[derive(Clone, Debug, PartialEq)]
pub struct Start {
    /// Blocks and scalar statements in the order written.
    pub steps: Vec<StartStep>,
    /// All of it.
    pub span: Span,
}

/// A part of `start`.
#[derive(Clone, Debug, PartialEq)]
pub enum StartStep {
    /// `neurons`, `synapses` or `control`.
    Block(Block),
    /// A statement as in `control`.
    Stmt(Stmt),
}

/// Statements that run over synapses, over neurons, or once.
#[derive(Clone, Debug, PartialEq)]
pub struct Block {
    /// Which of the three.
    pub kind: BlockKind,
    /// Its statements.
    pub body: Vec<Stmt>,
    /// All of it.
    pub span: Span,
}

/// What a block runs over.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum BlockKind {
    /// `neurons`: all columns at once.
    Neurons,
    /// `synapses`: a row at a time.
    Synapses,
    /// `control`: scalar code, once.
    Control,
}

impl BlockKind {
    /// Its keyword.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            BlockKind::Neurons => "neurons",
            BlockKind::Synapses => "synapses",
            BlockKind::Control => "control",
        }
    }
}

/// `record weight, address every 100 updates`
#[derive(Clone, Debug, PartialEq)]
pub struct Record {
    /// Names of quantities and states.
    pub quantities: Vec<Ident>,
    /// Updates between records.
    pub every: Expr,
    /// The whole line.
    pub span: Span,
}

/// A statement.
#[derive(Clone, Debug, PartialEq)]
pub struct Stmt {
    /// Which one.
    pub kind: StmtKind,
    /// All of it.
    pub span: Span,
}

/// The statements.
#[derive(Clone, Debug, PartialEq)]
pub enum StmtKind {
    /// `let name : type = value`
    Let {
        /// The new name.
        name: Ident,
        /// Its type, if written.
        ty: Option<Type>,
        /// Its value.
        value: Expr,
    },
    /// `target = value`, `target += value`
    Assign {
        /// Where the value goes.
        target: Place,
        /// Which assignment.
        op: AssignOp,
        /// The value.
        value: Expr,
    },
    /// `if ... { } else if ... { } else { }`
    If {
        /// Conditions with their statements, at least one.
        arms: Vec<IfArm>,
        /// Statements after the last `else`.
        otherwise: Option<Vec<Stmt>>,
    },
    /// `for i in 0 .. 10 { }`; the upper bound is not reached.
    For {
        /// The counter.
        var: Ident,
        /// Its values.
        range: Box<Range>,
        /// What is repeated.
        body: Vec<Stmt>,
    },
    /// `reset causal, acausal`
    Reset(Vec<Ident>),
    /// A call for its effect: `send(row, address)`.
    Expr(Expr),
}

/// A condition with its statements.
#[derive(Clone, Debug, PartialEq)]
pub struct IfArm {
    /// The condition.
    pub cond: Expr,
    /// What happens where it holds.
    pub body: Vec<Stmt>,
}

/// What can be assigned to.
#[derive(Clone, Debug, PartialEq)]
pub struct Place {
    /// Quantity, state or local.
    pub name: Ident,
    /// Element of an array.
    pub index: Option<Expr>,
    /// All of it.
    pub span: Span,
}

/// The assignments.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum AssignOp {
    /// `=`
    Set,
    /// `+=`
    Add,
    /// `-=`
    Sub,
    /// `*=`
    Mul,
}

impl AssignOp {
    /// As written.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            AssignOp::Set => "=",
            AssignOp::Add => "+=",
            AssignOp::Sub => "-=",
            AssignOp::Mul => "*=",
        }
    }

    /// The operator between the old value and the new one, if the old value matters.
    #[must_use]
    pub const fn operator(self) -> Option<BinaryOp> {
        match self {
            AssignOp::Set => None,
            AssignOp::Add => Some(BinaryOp::Add),
            AssignOp::Sub => Some(BinaryOp::Sub),
            AssignOp::Mul => Some(BinaryOp::Mul),
        }
    }
}

/// A test of a rule, run on every engine by `plc test`.
#[derive(Clone, Debug, PartialEq)]
pub struct Test {
    /// Text of the `///` comments.
    pub doc: String,
    /// Its name.
    pub name: Ident,
    /// The rule under test.
    pub rule: Ident,
    /// What it does, in order.
    pub steps: Vec<TestStep>,
    /// The whole item.
    pub span: Span,
}

/// A line of a test.
#[derive(Clone, Debug, PartialEq)]
pub struct TestStep {
    /// Which one.
    pub kind: TestStepKind,
    /// All of it.
    pub span: Span,
}

/// The lines of a test.
#[derive(Clone, Debug, PartialEq)]
pub enum TestStepKind {
    /// `view 2 rows, 8 columns`: the synapses the rule is bound to.
    View {
        /// Number of rows.
        rows: Expr,
        /// Number of columns.
        columns: Expr,
    },
    /// `seed 7`
    Seed(Expr),
    /// `set gain = 0.5, theta = 3`: values of params.
    Set(Vec<(Ident, Expr)>),
    /// `given weight = 10, causal = [1, 2]`: values of quantities, states and inputs. A single value
    /// goes everywhere, `[..]` holds one a column (or row), `[[..], ..]` one list a row.
    Given(Vec<(Place, Expr)>),
    /// `run 3 updates`
    Run(Expr),
    /// `expect weight == [12, 13]`: a condition that holds for every synapse or neuron.
    Expect(Expr),
}
