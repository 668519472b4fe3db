//! Source positions, diagnostics and their code table.
