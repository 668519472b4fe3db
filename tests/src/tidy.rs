//! The layering of `README.md`, read from the manifests.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

/// Which crates of the workspace a crate may depend on, besides itself. `diag` and `fixed` are
/// open to every compiler crate, `fixed` and `isa` to every runtime crate.
const MAY_USE: &[(&str, &[&str])] = &[
    ("compiler/diag", &[]),
    ("compiler/syntax", &["pl-diag"]),
    ("compiler/sema", &["pl-syntax", "pl-ir", "pl-diag", "pl-fixed"]),
    ("compiler/ir", &["pl-fixed", "pl-diag"]),
    ("compiler/passes", &["pl-ir", "pl-fixed"]),
    ("compiler/clif", &["pl-ir", "pl-fixed"]),
    ("compiler/ppu", &["pl-ir", "pl-isa", "pl-fixed"]),
    ("compiler/export", &["pl-sema", "pl-ir", "pl-diag", "pl-fixed"]),
    (
        "compiler/driver",
        &[
            "pl-diag",
            "pl-syntax",
            "pl-sema",
            "pl-ir",
            "pl-passes",
            "pl-clif",
            "pl-ppu",
            "pl-export",
            "pl-stdlib",
            "pl-fixed",
        ],
    ),
    (
        "compiler/plc",
        &["pl-driver", "pl-diag", "pl-experiment", "pl-chip", "pl-iss", "pl-isa", "pl-fixed"],
    ),
    ("runtime/fixed", &[]),
    ("runtime/isa", &["pl-fixed"]),
    ("runtime/iss", &["pl-isa", "pl-fixed"]),
    ("runtime/chip", &["pl-iss", "pl-isa", "pl-fixed"]),
    ("runtime/experiment", &["pl-chip", "pl-iss", "pl-isa", "pl-fixed"]),
    ("stdlib", &[]),
];

/// Source files longer than this need a reason; tables and generated listings are exempt by name.
pub const LINES_MAX: usize = 1000;

/// Files that are tables: one row a fact.
const TABLES: &[&str] = &["codes.rs", "insns.rs", "op.rs"];

/// The root of the workspace.
#[must_use]
pub fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

/// Breaches of the layering: every `[dependencies]` line that names a crate it may not.
///
/// # Panics
/// If a manifest cannot be read.
#[must_use]
pub fn layering_breaches() -> Vec<String> {
    let mut breaches = Vec::new();
    let rows: BTreeMap<&str, BTreeSet<&str>> =
        MAY_USE.iter().map(|(folder, uses)| (*folder, uses.iter().copied().collect())).collect();
    for (folder, allowed) in rows {
        let path = root().join(folder).join("Cargo.toml");
        let text = std::fs::read_to_string(&path).unwrap_or_else(|e| panic!("{path:?}: {e}"));
        for name in dependencies(&text) {
            if name.starts_with("pl-") && !allowed.contains(name.as_str()) {
                breaches.push(format!("{folder} uses {name}"));
            }
        }
    }
    breaches
}

/// Names under `[dependencies]`; tests may cross layers through `[dev-dependencies]`.
fn dependencies(manifest: &str) -> Vec<String> {
    let mut inside = false;
    let mut names = Vec::new();
    for line in manifest.lines().map(str::trim) {
        if line.starts_with('[') {
            inside = line == "[dependencies]";
        } else if inside && let Some((key, _)) = line.split_once('=') {
            let name = key.split('.').next().unwrap_or(key);
            names.push(name.trim().to_owned());
        }
    }
    names
}

/// Source files beyond [`LINES_MAX`] lines that are not tables.
///
/// # Panics
/// If a source file cannot be read.
#[must_use]
pub fn long_files() -> Vec<String> {
    let mut found = Vec::new();
    for top in ["compiler", "runtime", "stdlib", "tests"] {
        visit(&root().join(top), &mut |path| {
            let name = path.file_name().and_then(|n| n.to_str()).unwrap_or_default();
            if path.extension().is_some_and(|e| e == "rs") && !TABLES.contains(&name) {
                let text =
                    std::fs::read_to_string(path).unwrap_or_else(|e| panic!("{path:?}: {e}"));
                let lines = text.lines().count();
                if lines > LINES_MAX {
                    found.push(format!("{}: {lines} lines", path.display()));
                }
            }
        });
    }
    found
}

fn visit(folder: &Path, see: &mut dyn FnMut(&Path)) {
    let Ok(entries) = std::fs::read_dir(folder) else { return };
    let mut paths: Vec<PathBuf> = entries.flatten().map(|entry| entry.path()).collect();
    paths.sort();
    for path in paths {
        if path.is_dir() {
            visit(&path, see);
        } else {
            see(&path);
        }
    }
}
