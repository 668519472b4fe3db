//! `plc doc`: a page a rule, and a catalogue of them.
//!
//! ```text
//!   mod.rs         pages and catalogue
//!   equation.rs    what a rule does, a line for each assignment
//!   expression.rs  expressions in signs of mathematics
//! ```

mod equation;
mod expression;

use crate::cli::{DocArgs, MessageFormat};
use crate::html::{escaped, page, table};
use crate::modules::{Modules, SourceFile};
use crate::output::{self, Failure};
use pl_chip::time::us_from_ticks;
use pl_driver::sema::hir::{Param, State};
use pl_driver::stdlib::StdModule;
use pl_driver::syntax::ast::Item;
use pl_driver::{Rule, Session};
use std::fmt::Write as _;
use std::rc::Rc;

/// A rule with the files it comes from.
struct Documented {
    rule: Rule,
    modules: Rc<Modules>,
}

/// Writes pages for every rule of the files, and `index.html`; with the library also for its modules.
pub(crate) fn run(args: &DocArgs) -> Result<(), Failure> {
    let library = pl_driver::stdlib::RULES.iter().map(|rule| format!("std:{}", rule.name));
    let mut names = args.files.clone();
    names.extend(library.filter(|_| args.library));
    if names.is_empty() {
        return Err(Failure::Usage("name files, or say `--library`".into()));
    }
    let session = Session::default();
    let mut documented = Vec::new();
    let mut sound = true;
    for name in &names {
        let compiled = output::compile(&session, name, MessageFormat::Human, &mut |_, _| {})?;
        sound &= !compiled.has_errors();
        let modules = Rc::new(Modules::new(&compiled.sources));
        let rules = compiled.rules.into_iter();
        documented.extend(rules.map(|rule| Documented { rule, modules: Rc::clone(&modules) }));
    }
    if !sound {
        return Err(Failure::Findings);
    }
    let mut files: Vec<(String, Vec<u8>)> = Vec::new();
    for documented in &documented {
        let name = format!("{}.html", documented.rule.name());
        if files.iter().any(|(other, _)| *other == name) {
            let message = format!("two rules are called `{}`", documented.rule.name());
            return Err(Failure::Invalid(message));
        }
        files.push((name, rule_page(documented)?.into_bytes()));
    }
    let modules = if args.library { pl_driver::stdlib::MODULES } else { &[] };
    for module in modules {
        files.push((format!("{}.html", module.path), module_page(module).into_bytes()));
    }
    files.push(("index.html".into(), catalogue(&documented, modules).into_bytes()));
    output::write_all(&args.out, &files)?;
    outln!("{}", args.out.join("index.html").display());
    Ok(())
}

fn catalogue(documented: &[Documented], modules: &[StdModule]) -> String {
    let link = |name: &str| format!("<a href=\"{name}.html\">{name}</a>");
    let row = |documented: &Documented| {
        let hir = documented.rule.hir();
        let about = with_code(&escaped(&first_sentence(&hir.doc)));
        vec![link(&escaped(documented.rule.name())), about, time(hir.schedule.period_ticks)]
    };
    let rows: Vec<Vec<String>> = documented.iter().map(row).collect();
    let mut out = format!("<h1>Rules</h1>\n{}", table(&["rule", "", "period"], &rows));
    if !modules.is_empty() {
        let row = |module: &StdModule| {
            vec![link(module.path), escaped(&first_sentence(&module_doc(module)))]
        };
        let rows: Vec<Vec<String>> = modules.iter().map(row).collect();
        let _ = write!(out, "<h1>Modules</h1>\n{}", table(&["module", ""], &rows));
    }
    page("Rules", &out)
}

/// The text before the first full stop that ends a sentence.
fn first_sentence(text: &str) -> String {
    let words = text.split("\n\n").next().unwrap_or_default().split_whitespace();
    let mut sentence: Vec<&str> = Vec::new();
    for word in words {
        sentence.push(word);
        if word.ends_with('.') {
            break;
        }
    }
    sentence.join(" ")
}

/// Hardware time in a readable unit, in one piece.
fn time(ticks: u64) -> String {
    let us = us_from_ticks(ticks);
    if us < 1000.0 { format!("{us}&nbsp;us") } else { format!("{}&nbsp;ms", us / 1000.0) }
}

/// What a module says of itself.
fn module_doc(module: &StdModule) -> String {
    let lines = module.source.lines().map_while(|line| line.strip_prefix("//!"));
    lines.map(str::trim).collect::<Vec<&str>>().join("\n")
}

fn module_page(module: &StdModule) -> String {
    let name = escaped(module.path);
    let (about, source) = (escaped(&module_doc(module)), escaped(module.source));
    let content = format!(
        "<p><a href=\"index.html\">Rules</a></p>\n<h1>{name}</h1>\n<p>{}</p>\n<pre>{source}</pre>\n",
        with_code(&about)
    );
    page(module.path, &content)
}

/// Text with what stands between backticks, equations above all, as code.
fn with_code(text: &str) -> String {
    let parts = text.split('`').enumerate();
    let part = |(index, part): (usize, &str)| match index % 2 {
        0 => part.to_owned(),
        _ => format!("<code>{part}</code>"),
    };
    parts.map(part).collect()
}

fn rule_page(documented: &Documented) -> Result<String, Failure> {
    let rule = &documented.rule;
    let hir = rule.hir();
    let name = escaped(rule.name());
    let mut out = format!("<p><a href=\"index.html\">Rules</a></p>\n<h1>{name}</h1>\n");
    for paragraph in hir.doc.split("\n\n") {
        let _ = writeln!(out, "<p>{}</p>", with_code(&escaped(paragraph)));
    }
    let [period, first] = [hir.schedule.period_ticks, hir.schedule.phase_ticks].map(time);
    let _ = writeln!(out, "<p>Updated every {period}, first at {first} (hardware time).</p>");
    let own = documented.modules.own();
    let written = own.and_then(|own| documented.modules.rule(own, rule.name()));
    if let Some((file, written)) = written {
        out += &equation::section(&documented.modules, file, written);
    }
    if !hir.params.is_empty() {
        let rows: Vec<Vec<String>> = hir.params.iter().map(param_row).collect();
        out += "<h2>Parameters</h2>\n";
        out += &table(&["name", "values", "default", ""], &rows);
    }
    if !hir.states.is_empty() {
        let rows: Vec<Vec<String>> = hir.states.iter().map(state_row).collect();
        out += "<h2>State and inputs</h2>\n";
        out += &table(&["name", "", "of each", "values", "initially"], &rows);
    }
    let program = rule.program().map_err(|error| Failure::Invalid(error.to_string()))?;
    let (rows, columns) = (hir.rows_max, hir.columns_max);
    let full = us_from_ticks(program.cost.update_cycles(rows, columns));
    let _ = write!(
        out,
        "<h2>Cost</h2>\n<p>At most {full:.0} us for {rows} rows and {columns} columns on the \
         processor, by its cycle model.</p>\n<pre>{}</pre>\n",
        escaped(&program.cost.to_string())
    );
    if let Some((file, _)) = written {
        let source = escaped(&source_of(file, rule.name()));
        let _ = write!(out, "<h2>Source</h2>\n<pre>{source}</pre>\n");
    }
    Ok(page(rule.name(), &out))
}

/// The text of a file without other rules and their tests.
fn source_of(file: &SourceFile, rule: &str) -> String {
    let mut source = String::new();
    let mut from = 0;
    for item in &file.module.items {
        let (of, span) = match item {
            Item::Rule(item) => (&item.name.name, item.span),
            Item::Test(item) => (&item.rule.name, item.span),
            Item::Import(_) | Item::Const(_) | Item::Fn(_) => continue,
        };
        if of != rule {
            source += file.text.get(from..span.start as usize).unwrap_or_default();
            from = span.end as usize;
        }
    }
    source += file.text.get(from..).unwrap_or_default();
    pl_driver::syntax::format(&source)
}

fn param_row(param: &Param) -> Vec<String> {
    let values = format!("{} {}", param.interval, param.unit);
    vec![
        escaped(&param.name),
        escaped(values.trim()),
        param.default.to_string(),
        escaped(&param.doc),
    ]
}

fn state_row(state: &State) -> Vec<String> {
    let kind = if state.input { "input" } else { "state" };
    vec![
        escaped(&state.name),
        kind.into(),
        state.scope.name().into(),
        format!("{} {}", state.interval, state.dimension.unit()).trim().to_owned(),
        state.initial.to_string(),
    ]
}
