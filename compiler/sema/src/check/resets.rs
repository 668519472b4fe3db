//! Resets of correlation wait for the last block that reads it, or for the records that show it: within
//! an update a sensor has one value, whatever was reset since, and it is converted anew wherever it
//! is read.

use crate::hir::{Block, Due, Expr, ExprKind, Over, Record, Recorded, Rounding, Sensor, Stmt};
use pl_diag::{Code, Diagnostic, Span};
use pl_ir::Quantity;

/// Moves resets of all synapses behind the last block or record of an update that reads correlation,
/// both sensors' together as one write resets them; reports resets that only some lanes reach, which
/// cannot move, of a sensor that is read later.
pub(super) fn postpone(blocks: &mut Vec<Block>, records: &[Record]) -> Vec<Diagnostic> {
    let mut found = Vec::new();
    let reads = |block: &Block| SENSORS.map(|(_, quantity)| reading(&block.body, quantity));
    let reads: Vec<[Option<Span>; 2]> = blocks.iter().map(reads).collect();
    let recorded = SENSORS.map(|(_, quantity)| recording(records, quantity));
    let after_records = recorded.iter().any(Option::is_some);
    let last = reads.iter().rposition(|found| found.iter().any(Option::is_some));
    let Some(last) = last.or(after_records.then_some(0)) else { return found };
    let last = if after_records { blocks.len() } else { last };
    let mut waiting: Vec<(Due, Vec<Stmt>)> = Vec::new();
    for (index, block) in blocks.iter_mut().enumerate().take(last) {
        let of_synapse =
            |stmt: &mut Stmt| matches!(stmt, Stmt::Reset(sensor, _) if is_of_synapse(*sensor));
        let resets: Vec<Stmt> = block.body.extract_if(.., of_synapse).collect();
        match waiting.iter_mut().find(|(due, _)| *due == block.due) {
            Some((_, others)) => others.extend(resets),
            None if resets.is_empty() => {}
            None => waiting.push((block.due, resets)),
        }
        for (which, (sensor, _)) in SENSORS.into_iter().enumerate() {
            let later = reads[index + 1..].iter().rev().find_map(|found| found[which]);
            let read = later.or(recorded[which]);
            let chosen = reset_in(&block.body, sensor);
            found.extend(chosen.zip(read).map(|(reset, read)| too_early(reset, read)));
        }
    }
    for (due, body) in waiting {
        let reader = blocks.get_mut(last).filter(|b| b.over == Over::Synapses && b.due == due);
        if let Some(reader) = reader {
            reader.body.extend(body);
            continue;
        }
        let (over, rounding) = (Over::Synapses, Rounding::default());
        let place = (last + 1).min(blocks.len());
        blocks.insert(place, Block { due, over, rounding, after_records, body });
    }
    blocks.retain(|block| !block.body.is_empty());
    found
}

fn is_of_synapse(sensor: Sensor) -> bool {
    SENSORS.iter().any(|(of_synapse, _)| *of_synapse == sensor)
}

/// Where records show a quantity.
fn recording(records: &[Record], quantity: Quantity) -> Option<Span> {
    let shows = |record: &&Record| {
        record.fields.iter().any(|(_, source)| *source == Recorded::Quantity(quantity))
    };
    records.iter().find(shows).map(|record| record.span)
}

/// What `synapses` blocks reset, and what they then read anew.
const SENSORS: [(Sensor, Quantity); 2] =
    [(Sensor::Causal, Quantity::Causal), (Sensor::Acausal, Quantity::Acausal)];

fn too_early(reset: Span, read: Span) -> Diagnostic {
    let message = "this sensor is read again after its reset in some synapses";
    Diagnostic::error(Code::E0509, reset, message)
        .label(reset, "reset where an `if` says so")
        .label(read, "read later in the same update")
        .help("let the block that resets be the last one that reads, or keep the value in a state")
}

/// Where statements reset a sensor.
fn reset_in(body: &[Stmt], sensor: Sensor) -> Option<Span> {
    body.iter().find_map(|stmt| match stmt {
        Stmt::Reset(of, span) => (*of == sensor).then_some(*span),
        Stmt::If { then, otherwise, .. } => {
            reset_in(then, sensor).or_else(|| reset_in(otherwise, sensor))
        }
        Stmt::For { body, .. } => reset_in(body, sensor),
        Stmt::Let(..) | Stmt::Assign(..) | Stmt::AssignElement { .. } | Stmt::Send { .. } => None,
    })
}

/// Where statements read a quantity.
fn reading(body: &[Stmt], quantity: Quantity) -> Option<Span> {
    let of = |expr: &Expr| read_by(expr, quantity);
    body.iter().find_map(|stmt| match stmt {
        Stmt::Let(_, value) | Stmt::Assign(_, value) => of(value),
        Stmt::AssignElement { index, value, .. } => of(index).or_else(|| of(value)),
        Stmt::If { cond, then, otherwise } => {
            of(cond).or_else(|| reading(then, quantity)).or_else(|| reading(otherwise, quantity))
        }
        Stmt::For { body, .. } => reading(body, quantity),
        Stmt::Send { row, address } => of(row).or_else(|| of(address)),
        Stmt::Reset(..) => None,
    })
}

/// Where an expression reads a quantity.
fn read_by(expr: &Expr, quantity: Quantity) -> Option<Span> {
    if expr.kind == ExprKind::Quantity(quantity) {
        return Some(expr.span);
    }
    let lets = if let ExprKind::Reduce { lets, .. } = &expr.kind { lets.as_slice() } else { &[] };
    let within = || expr.operands().into_iter().find_map(|operand| read_by(operand, quantity));
    reading(lets, quantity).or_else(within)
}
