//! `plc check --numerics`: what fixed point makes of each expression that is stored, named or compared.

use pl_diag::SourceMap;
use pl_driver::Rule;
use pl_driver::sema::hir::Rounding;
use pl_driver::sema::numerics::{Part, Stored, numerics};
use std::fmt::Write as _;

/// Columns of text that an expression has.
const TEXT: usize = 56;

/// The table of a rule.
pub(crate) fn table(rule: &Rule, sources: &SourceMap) -> String {
    let mut out = format!("rule {}\n", rule.name());
    for stored in numerics(rule.hir()) {
        let Some(first) = stored.parts.first() else { continue };
        let line = sources.get(first.span.file).map(|file| file.position(first.span.start).line);
        let _ = writeln!(out, "  line {}", line.unwrap_or(0));
        let _ = writeln!(
            out,
            "    {:<TEXT$}{:<24} {:<9} {:>9}",
            "expression", "values", "format", "error"
        );
        for part in &stored.parts {
            write_part(&mut out, part, sources);
        }
        write_store(&mut out, &stored);
    }
    out
}

fn write_part(out: &mut String, part: &Part, sources: &SourceMap) {
    let source = sources.get(part.span.file);
    let words = source.map_or("", |file| file.slice(part.span)).split_whitespace();
    let mut text = "  ".repeat(part.depth) + &words.collect::<Vec<_>>().join(" ");
    if text.chars().count() > TEXT - 2 {
        text = text.chars().take(TEXT - 5).chain("...".chars()).collect();
    }
    let values = format!("{} .. {}", short(part.interval.low), short(part.interval.high));
    let (format, error) = (part.format.to_string(), short(part.error));
    let _ = writeln!(out, "    {text:<TEXT$}{values:<24} {format:<9} {error:>9}");
}

fn write_store(out: &mut String, stored: &Stored) {
    let how = match stored.rounding {
        None => "",
        Some(Rounding::Nearest) => ", rounded to nearest",
        Some(Rounding::Floor) => ", rounded down",
        Some(Rounding::Stochastic) => ", rounded at random",
    };
    let _ = write!(out, "    = {}{how}, error at most {}", stored.format, short(stored.error));
    if let Some(range) = stored.range.filter(|_| stored.saturates()) {
        let _ = write!(out, "; limited to {range}");
    }
    if let Some(zone) = stored.dead_zone {
        let _ = write!(out, "; changes below {} are lost", short(zone));
    }
    out.push('\n');
}

/// A number with five digits at most.
fn short(x: f64) -> String {
    if x == 0.0 {
        return "0".into();
    }
    let digits = if x.abs() >= 1e4 {
        0
    } else if x.abs() >= 1.0 {
        3
    } else {
        6
    };
    let text = format!("{x:.digits$}");
    if text.contains('.') {
        text.trim_end_matches('0').trim_end_matches('.').to_owned()
    } else {
        text
    }
}
