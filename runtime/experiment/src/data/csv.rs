//! Samples from comma-separated values.

use super::{Dataset, classes_of};
use csv::{ReaderBuilder, StringRecord, Trim};

/// Name of the label column, if there is a header.
const LABEL: &str = "label";

/// One sample a line. A first line with a field `label` is a header that names the label's column;
/// without one the label stands last. Labels are any text, values are numbers.
pub(super) fn parse(bytes: &[u8]) -> Result<Dataset, String> {
    let mut reader =
        ReaderBuilder::new().has_headers(false).flexible(true).trim(Trim::All).from_reader(bytes);
    let mut label_column = None;
    let mut fields = None;
    let (mut values, mut labels) = (Vec::new(), Vec::new());
    for (index, record) in reader.records().enumerate() {
        let record = record.map_err(|error| match utf8_error_line(&error) {
            Some(line) => format!("line {line} is not UTF-8 text"),
            None => error.to_string(),
        })?;
        let line = record.position().map_or(0, csv::Position::line);
        let width = *fields.get_or_insert(record.len());
        if record.len() != width {
            return Err(format!("line {line} has {} fields, the first has {width}", record.len()));
        }
        if index == 0
            && let Some(column) = record.iter().position(|field| field == LABEL)
        {
            label_column = Some(column);
            continue;
        }
        read(&record, label_column.unwrap_or(width - 1), &mut values, &mut labels)
            .map_err(|message| format!("line {line}: {message}"))?;
    }
    let (classes, labels) = classes_of(&labels);
    let features = fields.map_or(0, |fields| fields - 1);
    Ok(Dataset { features, image_width: None, classes, values, labels })
}

fn read(
    record: &StringRecord,
    label_column: usize,
    values: &mut Vec<f64>,
    labels: &mut Vec<String>,
) -> Result<(), String> {
    for (column, field) in record.iter().enumerate() {
        if column == label_column {
            labels.push(field.to_owned());
        } else {
            let value = field.parse().map_err(|_| {
                format!("`{field}` is no number (a header must name a column `{LABEL}`)")
            })?;
            values.push(value);
        }
    }
    Ok(())
}

/// The line of text that is not UTF-8, if that is what is wrong.
fn utf8_error_line(error: &csv::Error) -> Option<u64> {
    if let csv::ErrorKind::Utf8 { pos, .. } = error.kind() {
        Some(pos.as_ref().map_or(0, csv::Position::line))
    } else {
        None
    }
}
