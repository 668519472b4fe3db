//! Sizes of the arrays of a call, which native code trusts.

use pl_ir::io::{COLUMNS, Instance, ObjectValues, UpdateIo};
use pl_ir::{Module, Scope};

/// Whether values of this scope are lanes, and how many there are for a view of `rows` rows.
pub(crate) fn extent(scope: Scope, rows: usize) -> (bool, usize) {
    match scope {
        Scope::Synapse => (true, rows * COLUMNS),
        Scope::Neuron => (true, COLUMNS),
        Scope::Row => (false, rows),
        Scope::Rule => (false, 1),
    }
}

/// Asserts that every array has the length that the view and the module give it.
pub(crate) fn check(module: &Module, instance: &Instance, io: &UpdateIo<'_>) {
    let rows = io.rows.len();
    let cells = rows * COLUMNS;
    assert!(rows <= COLUMNS, "a view of {rows} rows");
    assert_eq!(io.row_signs.len(), rows, "row signs");
    let planes = [
        io.weights.len(),
        io.addresses.len(),
        io.causal_codes.len(),
        io.acausal_codes.len(),
        io.correlation_reset.len(),
    ];
    assert_eq!(planes, [cells; 5], "arrays of synapses of {rows} rows");
    assert_eq!(instance.derived.len(), module.derived.len(), "derived values");
    assert_eq!(instance.objects.len(), module.objects.len(), "objects");
    for (object, values) in module.objects.iter().zip(&instance.objects) {
        let found = match values {
            ObjectValues::Lanes(lanes) => (true, lanes.len()),
            ObjectValues::Scalars(scalars) => (false, scalars.len()),
        };
        assert_eq!(found, extent(object.scope, rows), "object `{}`", object.name);
    }
    samples(module, instance, rows);
}

/// A rule may go on with a sample that an earlier call has opened, so the newest ones must fit too.
fn samples(module: &Module, instance: &Instance, rows: usize) {
    assert_eq!(instance.records.len(), module.records.len(), "records");
    for (record, buffer) in module.records.iter().zip(&instance.records) {
        let Some(sample) = buffer.samples.last() else { continue };
        assert_eq!(sample.fields.len(), record.fields.len(), "fields of a sample");
        for (field, values) in record.fields.iter().zip(&sample.fields) {
            assert_eq!(values.len(), extent(field.scope, rows).1, "field `{}`", field.name);
        }
    }
}
