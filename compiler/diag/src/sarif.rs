//! Diagnostics as SARIF 2.1.0, for code hosts and editors (OASIS Static Analysis Results
//! Interchange Format, 2020).

use crate::{CODES, Diagnostic, Severity, SourceMap, Span};
use serde_json::{Value, json};

/// A log of one run: every code as a rule, every diagnostic as a result. Columns count characters
/// from 1.
#[must_use]
pub fn log(version: &str, found: &[(&Diagnostic, &SourceMap)]) -> String {
    let rules: Vec<Value> = CODES
        .iter()
        .map(|code| {
            json!({
                "id": code.name,
                "shortDescription": { "text": code.title },
                "fullDescription": { "text": code.explanation },
            })
        })
        .collect();
    let results: Vec<Value> =
        found.iter().map(|(diagnostic, sources)| result(diagnostic, sources)).collect();
    let log = json!({
        "$schema": "https://json.schemastore.org/sarif-2.1.0.json",
        "version": "2.1.0",
        "runs": [{
            "tool": { "driver": { "name": "plc", "version": version, "rules": rules } },
            "columnKind": "unicodeCodePoints",
            "results": results,
        }],
    });
    format!("{log:#}\n")
}

fn result(diagnostic: &Diagnostic, sources: &SourceMap) -> Value {
    let level = match diagnostic.severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
    };
    let text = match &diagnostic.help {
        Some(help) => format!("{} ({help})", diagnostic.message),
        None => diagnostic.message.clone(),
    };
    let places = |labels: &[(Span, String)]| -> Vec<Value> {
        labels.iter().filter_map(|(span, label)| location(*span, label, sources)).collect()
    };
    let (first, others) = diagnostic.labels.split_at(diagnostic.labels.len().min(1));
    json!({
        "ruleId": diagnostic.code.info().name,
        "level": level,
        "message": { "text": text },
        "locations": places(first),
        "relatedLocations": places(others),
    })
}

fn location(span: Span, label: &str, sources: &SourceMap) -> Option<Value> {
    let source = sources.get(span.file)?;
    let (start, end) = (source.position(span.start), source.position(span.end));
    Some(json!({
        "physicalLocation": {
            "artifactLocation": { "uri": source.name.replace('\\', "/") },
            "region": {
                "startLine": start.line,
                "startColumn": start.column,
                "endLine": end.line,
                "endColumn": end.column,
            },
        },
        "message": { "text": label },
    }))
}
