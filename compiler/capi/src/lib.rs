//! The compiler's C interface: compile a rule from text, set its params and inputs, run updates on the
//! caller's own arrays, read states and records. `include/plc.h` is generated from this file; `examples/embed` uses it.
//!
//! Rules and instances are handles that the caller frees. A rule may be shared between threads, an
//! instance be used by one at a time. Functions that can fail give 0 or a null pointer and, where
//! `message` is not null, a text there that [`plc_string_free`] frees. No function unwinds into C:
//! a fault of the compiler ends the process with a message.

#![allow(unsafe_code, reason = "pointers from C are taken on trust, as each function says")]

use pl_driver::ir::io::{COLUMNS, UpdateIo};
use pl_driver::values::Role;
use pl_driver::{Engine, Instance, Place, Rule, Session};
use pl_fixed::{Format, rng};
use std::ffi::{CStr, CString, c_char};
use std::ptr;
use std::slice;

/// A compiled rule.
#[derive(Debug)]
pub struct PlcRule {
    rule: Rule,
    names: Vec<(CString, CString)>,
}

/// A rule at work on a view of one hemisphere: params, state, random numbers.
#[derive(Debug)]
pub struct PlcInstance {
    instance: Instance,
    rows: usize,
}

/// A param of a rule. The texts belong to the rule.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct PlcParam {
    /// Its name.
    pub name: *const c_char,
    /// Its unit; empty for pure numbers.
    pub unit: *const c_char,
    /// Smallest value allowed.
    pub low: f64,
    /// Largest value allowed.
    pub high: f64,
    /// Value until it is set.
    pub default_value: f64,
}

/// The caller's arrays for one update. Those of synapses hold `rows * 256` bytes, row by row; those
/// of neurons 256.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct PlcArrays {
    /// Hardware rows of the view, ascending; one byte a row. Of a rule that says `view signed`, rows
    /// are pairs and this is the first of each, an even number.
    pub row_numbers: *const u8,
    /// Sign of each row: 1 excitatory, -1 inhibitory, 0 neither or both.
    pub row_signs: *const i8,
    /// Columns of the view: 255 in, 0 out.
    pub columns: *const u8,
    /// Weights, 0 to 63, or -63 to 63 as signed bytes if the rule says `view signed`; written.
    pub weights: *mut u8,
    /// Addresses, 0 to 63; written.
    pub addresses: *mut u8,
    /// ADC codes of the causal branch.
    pub causal_codes: *const u8,
    /// ADC codes of the anticausal branch.
    pub acausal_codes: *const u8,
    /// Baselines of the causal branch, one a column.
    pub causal_baseline: *const u8,
    /// Baselines of the anticausal branch, one a column.
    pub acausal_baseline: *const u8,
    /// Rate counters, 255 if they overflowed.
    pub rates: *const u8,
    /// ADC codes of the membranes.
    pub membranes: *const u8,
    /// Written where a rule resets correlation sensors: bit 0 causal, bit 1 anticausal. Clear it
    /// before the update.
    pub correlation_reset: *mut u8,
    /// Written, not 0, where a rule resets rate counters. Clear it before the update.
    pub rate_reset: *mut u8,
    /// The same for resets of membranes.
    pub membrane_reset: *mut u8,
}

/// An event that a rule sent to the synapses of its hemisphere.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct PlcEvent {
    /// Synapse driver, 0 to 127: of rows `2 * driver` and `2 * driver + 1`.
    pub driver: u8,
    /// The address that synapses compare with theirs, 0 to 63.
    pub address: u8,
}

/// Stores `text` for the caller, if it wants it.
///
/// # Safety
/// `message` is null or may be written.
unsafe fn tell(message: *mut *mut c_char, text: &str) {
    if !message.is_null() {
        let text = CString::new(text.replace('\0', " ")).unwrap_or_default();
        // SAFETY: the caller of the interface vouches for the pointer.
        unsafe { *message = text.into_raw() };
    }
}

/// Compiles the rule of a text that has one. `name` is what messages call the text. Warnings are in
/// `message` even if a rule is given.
///
/// # Safety
/// `name` and `source` are texts that end with 0; `message` is null or may be written.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn plc_compile(
    name: *const c_char,
    source: *const c_char,
    message: *mut *mut c_char,
) -> *mut PlcRule {
    // SAFETY: the caller vouches for all of it.
    unsafe { plc_compile_rule(name, source, ptr::null(), message) }
}

/// As [`plc_compile`], the rule called `rule` of a text that may have several.
///
/// # Safety
/// As for [`plc_compile`]; `rule` is null or a text that ends with 0.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn plc_compile_rule(
    name: *const c_char,
    source: *const c_char,
    rule: *const c_char,
    message: *mut *mut c_char,
) -> *mut PlcRule {
    if !message.is_null() {
        // SAFETY: the caller vouches for the pointer.
        unsafe { *message = ptr::null_mut() };
    }
    if name.is_null() || source.is_null() {
        // SAFETY: as above.
        unsafe { tell(message, "name and source must not be null") };
        return ptr::null_mut();
    }
    // SAFETY: not null, and the caller vouches for the 0 at the end.
    let [name, source] = [name, source].map(|text| unsafe { CStr::from_ptr(text) });
    let compiled = Session::default().compile_with(
        &name.to_string_lossy(),
        source.to_bytes(),
        &|_| None,
        &mut |_, _| {},
    );
    if !compiled.diagnostics.is_empty() {
        let style = pl_diag::render::Style::Plain;
        let text = pl_diag::render::render(&compiled.diagnostics, &compiled.sources, style);
        // SAFETY: as above.
        unsafe { tell(message, &text) };
    }
    // SAFETY: null, or the caller vouches for the 0 at the end.
    let wanted = (!rule.is_null()).then(|| unsafe { CStr::from_ptr(rule) }.to_string_lossy());
    let rule = match chosen(&compiled.rules, wanted.as_deref()) {
        Ok(rule) => rule.clone(),
        Err(text) => {
            // What is wrong with the text says more.
            if !compiled.has_errors() {
                // SAFETY: as above.
                unsafe { tell(message, &text) };
            }
            return ptr::null_mut();
        }
    };
    let text = |text: &str| CString::new(text.replace('\0', " ")).unwrap_or_default();
    let names = rule.params().iter().map(|param| (text(&param.name), text(&param.unit))).collect();
    Box::into_raw(Box::new(PlcRule { rule, names }))
}

/// The rule of this name, or the only one.
fn chosen<'a>(rules: &'a [Rule], wanted: Option<&str>) -> Result<&'a Rule, String> {
    let names = || rules.iter().map(Rule::name).collect::<Vec<&str>>().join(", ");
    match (rules, wanted) {
        ([], _) => Err("the text has no rule".to_owned()),
        ([only], None) => Ok(only),
        (_, None) => {
            Err(format!("the text has several rules, choose one by its name: {}", names()))
        }
        (_, Some(wanted)) => rules
            .iter()
            .find(|rule| rule.name() == wanted)
            .ok_or_else(|| format!("the text has no rule `{wanted}`; it has {}", names())),
    }
}

/// Number of params of a rule.
///
/// # Safety
/// `rule` comes from [`plc_compile`] and was not freed.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn plc_param_count(rule: *const PlcRule) -> usize {
    // SAFETY: the caller vouches for the handle.
    unsafe { rule.as_ref() }.map_or(0, |rule| rule.names.len())
}

/// Describes a param, counted from 0. Gives 1, or 0 if there is no such param.
///
/// # Safety
/// `rule` as for [`plc_param_count`]; `param` may be written.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn plc_param(
    rule: *const PlcRule,
    index: usize,
    param: *mut PlcParam,
) -> i32 {
    // SAFETY: the caller vouches for both pointers.
    let (Some(rule), Some(out)) = (unsafe { (rule.as_ref(), param.as_mut()) }) else { return 0 };
    let known = rule.rule.params().get(index).zip(rule.names.get(index));
    let Some((found, (name, unit))) = known else { return 0 };
    *out = PlcParam {
        name: name.as_ptr(),
        unit: unit.as_ptr(),
        low: found.interval.low,
        high: found.interval.high,
        default_value: found.default,
    };
    1
}

/// Time between updates of a rule, in ticks of 4 ns.
///
/// # Safety
/// `rule` as for [`plc_param_count`].
#[unsafe(no_mangle)]
pub unsafe extern "C" fn plc_period_ticks(rule: *const PlcRule) -> u64 {
    // SAFETY: the caller vouches for the handle.
    unsafe { rule.as_ref() }.map_or(0, |rule| rule.rule.period_ticks())
}

/// A fresh instance on a view of `rows` rows (1 to 256) of a hemisphere (0 top, 1 bottom), with
/// default params and random numbers of this seed; null if there are too many rows. It keeps no
/// samples of records until [`plc_keep_samples`] says so.
///
/// # Safety
/// `rule` as for [`plc_param_count`]; it may be freed before the instance.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn plc_instance_new(
    rule: *const PlcRule,
    hemisphere: u8,
    rows: usize,
    seed: u64,
) -> *mut PlcInstance {
    // SAFETY: the caller vouches for the handle.
    let Some(rule) = (unsafe { rule.as_ref() }) else { return ptr::null_mut() };
    if rows == 0 || rows > rule.rule.hir().rows_max as usize || hemisphere > 1 {
        return ptr::null_mut();
    }
    let stream_key = rng::stream_key(seed, 0, hemisphere, 0);
    let place = Place { hemisphere, rows, stream_key, record_capacity: 0 };
    let instance = rule.rule.instance(Engine::Jit, &place);
    Box::into_raw(Box::new(PlcInstance { instance, rows }))
}

/// Sets a param; nothing is compiled anew. Gives 1, or 0 and a message.
///
/// # Safety
/// `instance` comes from [`plc_instance_new`]; `name` is a text that ends with 0; `message` is null
/// or may be written.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn plc_set_param(
    instance: *mut PlcInstance,
    name: *const c_char,
    value: f64,
    message: *mut *mut c_char,
) -> i32 {
    // SAFETY: the caller vouches for the handle.
    let Some(instance) = (unsafe { instance.as_mut() }) else { return 0 };
    if name.is_null() {
        return 0;
    }
    // SAFETY: not null, and the caller vouches for the 0 at the end.
    let name = unsafe { CStr::from_ptr(name) }.to_string_lossy();
    match instance.instance.set_param(&name, value) {
        Ok(()) => 1,
        Err(error) => {
            // SAFETY: the caller vouches for the pointer.
            unsafe { tell(message, &error.to_string()) };
            0
        }
    }
}

/// Sets an input, which keeps its values until it is set again: to one value everywhere, or to as many
/// as it has: `rows * 256` for one a synapse, row by row, 256 for one a neuron, `rows` for one a row.
/// Names are those of the rule, `pairs.gain` or `x.0`. Gives 1, or 0 and a message if there is no such
/// input or it may not have these values.
///
/// # Safety
/// `instance` and `name` as for [`plc_set_param`]; `values` has `count` numbers; `message` is null or
/// may be written.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn plc_set_input(
    instance: *mut PlcInstance,
    name: *const c_char,
    values: *const f64,
    count: usize,
    message: *mut *mut c_char,
) -> i32 {
    // SAFETY: the caller vouches for the handle.
    let Some(instance) = (unsafe { instance.as_mut() }) else { return 0 };
    if name.is_null() || values.is_null() {
        return 0;
    }
    // SAFETY: not null, and the caller vouches for the 0 at the end and for the numbers.
    let (name, values) =
        unsafe { (CStr::from_ptr(name).to_string_lossy(), slice::from_raw_parts(values, count)) };
    match instance.instance.set_values(Role::Input, &name, values) {
        Ok(()) => 1,
        Err(error) => {
            // SAFETY: the caller vouches for the pointer.
            unsafe { tell(message, &error.to_string()) };
            0
        }
    }
}

/// Reads a state, in values of the rule: writes the first `count` of as many as [`plc_set_input`] says
/// of inputs. Gives how many it has, or 0 and a message if there is no such state.
///
/// # Safety
/// `instance` and `name` as for [`plc_set_param`]; `values` is null or has room for `count` numbers;
/// `message` is null or may be written.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn plc_state(
    instance: *const PlcInstance,
    name: *const c_char,
    values: *mut f64,
    count: usize,
    message: *mut *mut c_char,
) -> usize {
    // SAFETY: the caller vouches for the handle.
    let Some(instance) = (unsafe { instance.as_ref() }) else { return 0 };
    if name.is_null() {
        return 0;
    }
    // SAFETY: not null, and the caller vouches for the 0 at the end.
    let name = unsafe { CStr::from_ptr(name) }.to_string_lossy();
    match instance.instance.values(Role::State, &name) {
        // SAFETY: the caller vouches for the numbers.
        Ok(found) => unsafe { give(&found, values, count) },
        Err(error) => {
            // SAFETY: the caller vouches for the pointer.
            unsafe { tell(message, &error.to_string()) };
            0
        }
    }
}

/// Sets how many samples each record statement keeps from now on; what finds no room is lost. Forgets
/// the samples there are.
///
/// # Safety
/// `instance` comes from [`plc_instance_new`].
#[unsafe(no_mangle)]
pub unsafe extern "C" fn plc_keep_samples(instance: *mut PlcInstance, samples: usize) {
    // SAFETY: the caller vouches for the handle.
    let Some(instance) = (unsafe { instance.as_mut() }) else { return };
    for buffer in &mut instance.instance.state.records {
        buffer.capacity = samples;
        buffer.samples.clear();
        buffer.dropped = 0;
    }
}

/// Number of samples of a record statement, counted from 0, and in `lost`, if it is not null, how many
/// found no room.
///
/// # Safety
/// `instance` comes from [`plc_instance_new`]; `lost` is null or may be written.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn plc_sample_count(
    instance: *const PlcInstance,
    record: usize,
    lost: *mut u32,
) -> usize {
    // SAFETY: the caller vouches for both pointers.
    let (instance, lost) = unsafe { (instance.as_ref(), lost.as_mut()) };
    let Some(buffer) = instance.and_then(|own| own.instance.state.records.get(record)) else {
        return 0;
    };
    if let Some(lost) = lost {
        *lost = buffer.dropped;
    }
    buffer.samples.len()
}

/// Reads a quantity of a sample, in values of the rule, as [`plc_state`] does a state; in `update`, if
/// it is not null, the number of updates done when it was taken. Gives how many values it has, or 0 if
/// there is no such sample or it has no such quantity.
///
/// # Safety
/// `instance` and `name` as for [`plc_set_param`]; `update` is null or may be written; `values` is null
/// or has room for `count` numbers.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn plc_sample(
    instance: *const PlcInstance,
    record: usize,
    index: usize,
    name: *const c_char,
    update: *mut u32,
    values: *mut f64,
    count: usize,
) -> usize {
    // SAFETY: the caller vouches for the pointers.
    let (Some(instance), update) = (unsafe { (instance.as_ref(), update.as_mut()) }) else {
        return 0;
    };
    if name.is_null() {
        return 0;
    }
    // SAFETY: not null, and the caller vouches for the 0 at the end.
    let name = unsafe { CStr::from_ptr(name) }.to_string_lossy();
    let Instance { state, .. } = &instance.instance;
    let declared = instance.instance.rule().module().records.get(record);
    let sample = state.records.get(record).and_then(|buffer| buffer.samples.get(index));
    let Some((declared, sample)) = declared.zip(sample) else { return 0 };
    let mut fields = declared.fields.iter().zip(&sample.fields);
    let Some((field, raws)) = fields.find(|(field, _)| field.name == name) else { return 0 };
    if let Some(update) = update {
        *update = sample.update;
    }
    let format = Format::new(field.frac);
    let found: Vec<f64> = raws.iter().map(|raw| format.value(*raw)).collect();
    // SAFETY: the caller vouches for the numbers.
    unsafe { give(&found, values, count) }
}

/// Writes the first `count` of `found`; gives how many there are.
///
/// # Safety
/// `values` is null or has room for `count` numbers.
unsafe fn give(found: &[f64], values: *mut f64, count: usize) -> usize {
    if !values.is_null() {
        // SAFETY: not null; sizes are the caller's word.
        let room = unsafe { slice::from_raw_parts_mut(values, count) };
        room.iter_mut().zip(found).for_each(|(value, found)| *value = *found);
    }
    found.len()
}

/// Runs the rule's `start` blocks. Gives 1, or 0 and a message.
///
/// # Safety
/// As for [`plc_update`].
#[unsafe(no_mangle)]
pub unsafe extern "C" fn plc_start(
    instance: *mut PlcInstance,
    arrays: *const PlcArrays,
    message: *mut *mut c_char,
) -> i32 {
    // SAFETY: the caller vouches for all of it.
    unsafe { run(instance, arrays, message, Instance::start) }
}

/// Runs one update. Gives 1, or 0 and a message.
///
/// # Safety
/// `instance` comes from [`plc_instance_new`] and is used by nobody else meanwhile; every array of
/// `arrays` has its size and overlaps no other; `message` is null or may be written.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn plc_update(
    instance: *mut PlcInstance,
    arrays: *const PlcArrays,
    message: *mut *mut c_char,
) -> i32 {
    // SAFETY: the caller vouches for all of it.
    unsafe { run(instance, arrays, message, Instance::update) }
}

/// An event that the last start or update sent, counted from 0, for the caller to deliver. Gives 1,
/// or 0 if there is no such event.
///
/// # Safety
/// `instance` comes from [`plc_instance_new`]; `event` may be written.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn plc_event(
    instance: *const PlcInstance,
    index: usize,
    event: *mut PlcEvent,
) -> i32 {
    // SAFETY: the caller vouches for both pointers.
    let (Some(instance), Some(out)) = (unsafe { (instance.as_ref(), event.as_mut()) }) else {
        return 0;
    };
    let Some(sent) = instance.instance.state.events.get(index) else { return 0 };
    *out = PlcEvent { driver: sent.driver, address: sent.address };
    1
}

unsafe fn run(
    instance: *mut PlcInstance,
    arrays: *const PlcArrays,
    message: *mut *mut c_char,
    call: fn(&mut Instance, &mut UpdateIo<'_>) -> Result<(), pl_driver::RunError>,
) -> i32 {
    // SAFETY: the caller vouches for both.
    let (Some(instance), Some(arrays)) = (unsafe { (instance.as_mut(), arrays.as_ref()) }) else {
        return 0;
    };
    // SAFETY: as above.
    let result = match unsafe { lend(arrays, instance.rows) } {
        Some(mut io) => call(&mut instance.instance, &mut io).map_err(|error| error.to_string()),
        None => Err("an array is null".to_owned()),
    };
    match result {
        Ok(()) => 1,
        Err(text) => {
            // SAFETY: as above.
            unsafe { tell(message, &text) };
            0
        }
    }
}

/// The caller's arrays, if none is null.
///
/// # Safety
/// As for [`plc_update`].
unsafe fn lend<'a>(arrays: &PlcArrays, rows: usize) -> Option<UpdateIo<'a>> {
    let cells = rows * COLUMNS;
    // SAFETY: not null; sizes and lifetime are the caller's word.
    unsafe fn read<'a, T>(from: *const T, count: usize) -> Option<&'a [T]> {
        (!from.is_null()).then(|| unsafe { slice::from_raw_parts(from, count) })
    }
    // SAFETY: as above, and nobody else has the array.
    unsafe fn write<'a>(to: *mut u8, count: usize) -> Option<&'a mut [u8]> {
        (!to.is_null()).then(|| unsafe { slice::from_raw_parts_mut(to, count) })
    }
    // SAFETY: the caller vouches for every array.
    unsafe {
        Some(UpdateIo {
            rows: read(arrays.row_numbers, rows)?,
            row_signs: read(arrays.row_signs, rows)?,
            columns: read(arrays.columns, COLUMNS)?.first_chunk()?,
            weights: write(arrays.weights, cells)?,
            addresses: write(arrays.addresses, cells)?,
            causal_codes: read(arrays.causal_codes, cells)?,
            acausal_codes: read(arrays.acausal_codes, cells)?,
            causal_baseline: read(arrays.causal_baseline, COLUMNS)?.first_chunk()?,
            acausal_baseline: read(arrays.acausal_baseline, COLUMNS)?.first_chunk()?,
            rates: read(arrays.rates, COLUMNS)?.first_chunk()?,
            membranes: read(arrays.membranes, COLUMNS)?.first_chunk()?,
            correlation_reset: write(arrays.correlation_reset, cells)?,
            rate_reset: write(arrays.rate_reset, COLUMNS)?.first_chunk_mut()?,
            membrane_reset: write(arrays.membrane_reset, COLUMNS)?.first_chunk_mut()?,
        })
    }
}

/// Frees a rule; null is allowed.
///
/// # Safety
/// `rule` comes from [`plc_compile`] and is not used afterwards.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn plc_rule_free(rule: *mut PlcRule) {
    if !rule.is_null() {
        // SAFETY: made by `Box::into_raw`, and freed once.
        drop(unsafe { Box::from_raw(rule) });
    }
}

/// Frees an instance; null is allowed.
///
/// # Safety
/// `instance` comes from [`plc_instance_new`] and is not used afterwards.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn plc_instance_free(instance: *mut PlcInstance) {
    if !instance.is_null() {
        // SAFETY: made by `Box::into_raw`, and freed once.
        drop(unsafe { Box::from_raw(instance) });
    }
}

/// Frees a message; null is allowed.
///
/// # Safety
/// `text` comes from this interface and is not used afterwards.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn plc_string_free(text: *mut c_char) {
    if !text.is_null() {
        // SAFETY: made by `CString::into_raw`, and freed once.
        drop(unsafe { CString::from_raw(text) });
    }
}
