//! The order of the stages, in one place.

use crate::limits;
use crate::rule::Rule;
use pl_diag::{Diagnostic, FileId, SourceMap};
use pl_ir::Module;
use pl_passes::{Level, Target};
use pl_sema::test::Test;
use std::collections::BTreeMap;

/// What may be chosen about a compilation.
#[derive(Clone, Copy, Debug)]
pub struct Options {
    /// How much the passes do; the meaning is the same at every level.
    pub level: Level,
    /// Whether to make the PPU program at once and say where it does not fit the processor (E0601,
    /// E0602, W0711). Whoever wants native code only can do without: it takes most of the time.
    pub processor_limits: bool,
}

impl Default for Options {
    fn default() -> Options {
        Options { level: Level::default(), processor_limits: true }
    }
}

/// Compiles sources. Cheap to make, without state, usable from several threads.
#[derive(Clone, Copy, Debug, Default)]
pub struct Session {
    options: Options,
}

/// What came of a source: rules if there were no errors, and everything there is to say.
#[derive(Debug)]
pub struct Compilation {
    /// The files that spans refer to.
    pub sources: SourceMap,
    /// The file's rules, empty if there were errors.
    pub rules: Vec<Rule>,
    /// Its tests, for [`crate::test_run`]; empty if there were errors.
    pub tests: Vec<Test>,
    /// Errors and warnings, in the order of the text.
    pub diagnostics: Vec<Diagnostic>,
}

impl Compilation {
    /// Whether an error forbids code generation.
    #[must_use]
    pub fn has_errors(&self) -> bool {
        self.diagnostics.iter().any(Diagnostic::is_error)
    }
}

impl Session {
    /// A session with these options.
    #[must_use]
    pub fn new(options: Options) -> Session {
        Session { options }
    }

    /// Compiles a text; `name` is what messages call it.
    ///
    /// ```
    /// use pl_driver::Session;
    ///
    /// let source = "rule up {\n    every 1 ms\n    synapses { weight += 1 }\n}\n";
    /// let compiled = Session::default().compile("up.pl", source);
    /// assert_eq!(compiled.rules[0].name(), "up");
    /// ```
    #[must_use]
    pub fn compile(&self, name: &str, text: &str) -> Compilation {
        self.compile_with(name, text.as_bytes(), &|_| None, &mut |_, _| {})
    }

    /// Compiles a file as it was read, UTF-8 or not. `load` gives the name and the text of a module
    /// by its dotted path; those of the library (`std.`) are there already. Calls `after` with the
    /// name of each pass and what it left, `lower` first; passes for one target come later, from
    /// [`Rule::module_for_ppu`].
    pub fn compile_with(
        &self,
        name: &str,
        bytes: &[u8],
        load: &dyn Fn(&str) -> Option<(String, String)>,
        after: &mut dyn FnMut(&str, &Module),
    ) -> Compilation {
        let mut sources = SourceMap::new();
        let (file, not_text) = sources.add_bytes(name, bytes);
        let (checked, mut tests, mut diagnostics) = front_end(&mut sources, file, load);
        diagnostics.extend(not_text);
        let mut rules = Vec::new();
        if !diagnostics.iter().any(Diagnostic::is_error) {
            for hir in checked {
                let rule = self.back_end(hir, after);
                if self.options.processor_limits {
                    diagnostics.extend(limits::check(&rule));
                }
                rules.push(rule);
            }
        }
        diagnostics.sort_by_key(Diagnostic::span);
        if diagnostics.iter().any(Diagnostic::is_error) {
            rules.clear();
            tests.clear();
        }
        Compilation { sources, rules, tests, diagnostics }
    }

    /// A source in the layout of all sources: indentation, blank lines, ends of lines.
    ///
    /// # Errors
    /// What is wrong with a source that cannot be read; it should stay as it is.
    pub fn format(&self, name: &str, bytes: &[u8]) -> Result<String, (SourceMap, Vec<Diagnostic>)> {
        let mut sources = SourceMap::new();
        let (file, not_text) = sources.add_bytes(name, bytes);
        let text = sources.get(file).map_or("", |source| source.text.as_str());
        let (_, mut found) = pl_syntax::parse(file, text);
        found.extend(not_text);
        if found.iter().any(Diagnostic::is_error) {
            return Err((sources, found));
        }
        Ok(pl_syntax::format(text))
    }

    /// Names of the passes, in the order in which they run.
    pub fn pass_names() -> impl Iterator<Item = &'static str> {
        pl_passes::PIPELINE.iter().map(|pass| pass.name)
    }

    fn back_end(&self, hir: pl_sema::hir::Rule, after: &mut dyn FnMut(&str, &Module)) -> Rule {
        let lowered = pl_sema::lower::lower(&hir);
        after("lower", &lowered.module);
        let verified = pl_ir::verify(lowered.module).unwrap_or_else(|errors| {
            unreachable!("a checked rule lowers to sound IR, but: {errors:?}")
        });
        let level = self.options.level;
        let module = pl_passes::optimise(verified, level, Target::Any, after);
        Rule::new(hir, module, lowered.derived, level)
    }
}

/// Syntax and meaning: typed rules, their tests and what is wrong with them.
fn front_end(
    sources: &mut SourceMap,
    file: FileId,
    load: &dyn Fn(&str) -> Option<(String, String)>,
) -> (Vec<pl_sema::hir::Rule>, Vec<Test>, Vec<Diagnostic>) {
    let parse = |sources: &SourceMap, file| {
        let text = sources.get(file).map_or("", |source| source.text.as_str());
        pl_syntax::parse(file, text)
    };
    let (module, mut diagnostics) = parse(sources, file);
    let Some(module) = module else { return (Vec::new(), Vec::new(), diagnostics) };
    let mut modules = BTreeMap::new();
    let mut wanted = imports(&module);
    while let Some(path) = wanted.pop() {
        if modules.contains_key(&path) {
            continue;
        }
        let library = pl_stdlib::find_module(&path).map(|text| (path.clone(), text.to_owned()));
        let Some((name, text)) = library.or_else(|| load(&path)) else { continue };
        let file = sources.add(&name, &text);
        let (imported, found) = parse(sources, file);
        diagnostics.extend(found);
        if let Some(imported) = imported {
            wanted.extend(imports(&imported));
            modules.insert(path, imported);
        }
    }
    let program = pl_sema::Program { file: &module, modules: &modules };
    let (rules, found) = pl_sema::check(&program);
    diagnostics.extend(found);
    let (tests, found) = pl_sema::check_tests(&program, &rules);
    diagnostics.extend(found);
    (rules, tests, diagnostics)
}

/// Paths that a module imports.
fn imports(module: &pl_syntax::ast::Module) -> Vec<String> {
    let items = module.items.iter();
    let imports = items.filter_map(|item| match item {
        pl_syntax::ast::Item::Import(import) => Some(pl_sema::import_path(import)),
        pl_syntax::ast::Item::Const(_)
        | pl_syntax::ast::Item::Fn(_)
        | pl_syntax::ast::Item::Rule(_)
        | pl_syntax::ast::Item::Test(_) => None,
    });
    imports.collect()
}
