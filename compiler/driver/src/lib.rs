//! The whole compiler behind one [`Session`], for embedding.
//!
//! ```text
//!   source --syntax--> tree --sema--> typed rule --lower--> IR --passes--> IR
//!                                                            |-> clif: native code (Instance)
//!                                                            |-> ppu:  machine code (Program)
//!                                                            `-> clif, export: files for C
//! ```
//!
//! No files, clock, environment or console here: text goes in, values come out. A [`Session`] may
//! be used from several threads, and so may the [`Rule`]s it makes.
//!
//! ```
//! use pl_driver::ir::io::UpdateIo;
//! use pl_driver::{Engine, Place, Session};
//!
//! let source = "
//! rule hebb {
//!     param gain : real in 0.0 .. 1.0 = 0.5
//!     every 1 ms
//!     synapses { weight += gain * causal }
//! }
//! ";
//! let compiled = Session::default().compile("hebb.pl", source);
//! assert!(!compiled.has_errors());
//! let place = Place { hemisphere: 0, rows: 1, stream_key: 7, record_capacity: 0 };
//! let mut instance = compiled.rules[0].instance(Engine::Jit, &place);
//! instance.set_param("gain", 0.25)?; // nothing is recompiled
//!
//! // One synapse row: sensors that read 20 codes below their baselines.
//! let (mut weights, mut addresses) = ([10; 256], [0; 256]);
//! let (codes, baseline) = ([100; 256], [120; 256]);
//! let (mut correlation_reset, mut rate_reset) = ([0; 256], [0; 256]);
//! let mut membrane_reset = [0; 256];
//! let mut io = UpdateIo {
//!     rows: &[3],
//!     row_signs: &[1],
//!     columns: &[0xff; 256],
//!     weights: &mut weights,
//!     addresses: &mut addresses,
//!     causal_codes: &codes,
//!     acausal_codes: &codes,
//!     causal_baseline: &baseline,
//!     acausal_baseline: &baseline,
//!     rates: &[0; 256],
//!     membranes: &[0; 256],
//!     correlation_reset: &mut correlation_reset,
//!     rate_reset: &mut rate_reset,
//!     membrane_reset: &mut membrane_reset,
//! };
//! instance.update(&mut io)?;
//! assert_eq!(weights, [15; 256]);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod instance;
mod limits;
mod rule;
mod session;
pub mod test_run;
pub mod values;

pub use instance::{Engine, Instance, ParamError, Place, RunError, Step};
pub use pl_clif as clif;
pub use pl_ir as ir;
pub use pl_ppu as ppu;
pub use pl_sema as sema;
pub use pl_stdlib as stdlib;
pub use pl_syntax as syntax;
pub use rule::{KernelFiles, ObjectFiles, Rule};
pub use session::{Compilation, Options, Session};
