//! The border between Rust and native code: everything unsafe of this crate.

use crate::context::{Context, Host};
use cranelift_jit::JITModule;
use pl_ir::io::Event;

/// A compiled function: takes the context, gives a [`crate::context::status`].
#[derive(Clone, Copy, Debug)]
pub(crate) struct Entry(unsafe extern "C" fn(*mut Context) -> i32);

impl Entry {
    /// The entry at an address that [`JITModule::get_finalized_function`] gave for a function with
    /// the signature of an entry.
    #[allow(unsafe_code, reason = "the address of finished code becomes a function")]
    pub(crate) fn at(address: *const u8) -> Entry {
        // SAFETY: the address is that of a function of this signature, which `Code::new` declares
        // for every function it defines.
        Entry(unsafe {
            core::mem::transmute::<*const u8, unsafe extern "C" fn(*mut Context) -> i32>(address)
        })
    }

    /// Runs the code. The caller keeps what the context points to alive and borrowed, with the
    /// sizes that `sizes::check` asserts, and owns the code's [`Memory`].
    #[allow(unsafe_code, reason = "native code is entered here and nowhere else")]
    pub(crate) fn call(self, context: &mut Context) -> i32 {
        // SAFETY: the code accesses the context and what it points to, nothing else. Lengths have
        // been checked before the context was made, row positions are checked by the code itself,
        // and every home is written before it is read, since definitions dominate uses.
        unsafe { (self.0)(context) }
    }
}

/// Owner of finished code.
pub(crate) struct Memory(Option<JITModule>);

impl Memory {
    /// Takes over a module whose definitions are final.
    pub(crate) fn new(finished: JITModule) -> Memory {
        Memory(Some(finished))
    }
}

// SAFETY: the code is finished and read-only, it keeps its state in the context of each call, and
// the module is only touched when the last owner drops it.
#[allow(unsafe_code, reason = "finished code is shared between threads")]
unsafe impl Send for Memory {}
// SAFETY: as above.
#[allow(unsafe_code, reason = "finished code is shared between threads")]
unsafe impl Sync for Memory {}

impl Drop for Memory {
    #[allow(unsafe_code, reason = "releases executable memory")]
    fn drop(&mut self) {
        if let Some(memory) = self.0.take() {
            // SAFETY: entries are only called through `Code::run`, which borrows the owner of this.
            unsafe { memory.free_memory() };
        }
    }
}

/// Type of [`record_open`].
pub(crate) type RecordOpen = extern "C" fn(*mut Host<'static>, u32) -> i32;
/// Type of [`record_field`].
pub(crate) type RecordField = extern "C" fn(*mut Host<'static>, u32, u32) -> *mut i32;
/// Type of [`send`].
pub(crate) type SendEvent = extern "C" fn(*mut Host<'static>, i32, i32);

/// Callback: opens a sample; 1, or 0 if the buffer is full.
#[allow(unsafe_code, reason = "called by native code with the host of the running call")]
pub(crate) extern "C" fn record_open(host: *mut Host<'static>, record: u32) -> i32 {
    // SAFETY: `Code::run` passes a host that outlives the call, and nothing else uses it meanwhile.
    let host = unsafe { &mut *host };
    i32::from(host.open(record as usize))
}

/// Callback: sends an event.
#[allow(unsafe_code, reason = "called by native code with the host of the running call")]
pub(crate) extern "C" fn send(host: *mut Host<'static>, row: i32, address: i32) {
    // SAFETY: as in `record_open`.
    let host = unsafe { &mut *host };
    host.events.extend(Event::to_row(row, address));
}

/// Callback: where the values of a field go.
#[allow(unsafe_code, reason = "called by native code with the host of the running call")]
pub(crate) extern "C" fn record_field(
    host: *mut Host<'static>,
    record: u32,
    field: u32,
) -> *mut i32 {
    // SAFETY: as in `record_open`.
    let host = unsafe { &mut *host };
    host.field(record as usize, field as usize)
}
