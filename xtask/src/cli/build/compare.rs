//! The guests of one family side by side: what each route costs in bytes, imports and proposals.

use std::collections::BTreeMap;

use super::{BuildResult, took};
use crate::cli::output;
use crate::cli::text_table::names;
use crate::lab::Lab;
use crate::matrix::facts_of;
use wasmlab_model::facts::{Facts, Import};
use wasmlab_model::text::bytes;
use wasmlab_report::text::wrapped;

/// The text: a table of sizes, then imports by module and proposals, each ordered by rank.
pub fn table(lab: &Lab, made: &[BuildResult]) -> String {
    let mut rows: Vec<Vec<String>> = Vec::new();
    let mut add = |cells: &[&str]| rows.push(cells.iter().map(|&cell| cell.to_owned()).collect());
    let (mut imports, mut proposals) = (String::new(), String::new());
    let width = output::render_options().width;
    for (scenario, guest) in made {
        let Ok(guest) = guest else {
            add(&[&scenario.name, "not built"]);
            continue;
        };
        let size = |hash: &String| std::fs::metadata(lab.cache.object(hash)).map_or(0, |m| m.len());
        let beside: u64 = guest.companions.values().map(size).sum();
        let beside = if beside == 0 { String::new() } else { bytes(beside) };
        let binary = std::fs::read(lab.cache.object(&guest.sha256)).unwrap_or_default();
        let name = format!("  {:<width$} ", scenario.name, width = widest(made));
        let rest = " ".repeat(name.len());
        match facts_of(lab, &guest.sha256, &binary) {
            Ok(facts) => {
                let sizes = facts.sizes;
                let [total, code, data, debug] =
                    [sizes.total, sizes.code, sizes.data, sizes.debug + sizes.names].map(bytes);
                add(&[&scenario.name, &total, &code, &data, &debug, &beside, &took(guest)]);
                imports += &(wrapped(width, &name, &rest, &by_module(&facts)) + "\n");
                proposals += &(wrapped(width, &name, &rest, &needs(&facts)) + "\n");
            }
            Err(message) => {
                add(&[&scenario.name, &bytes(binary.len() as u64), "malformed"]);
                imports += &(wrapped(width, &name, &rest, &message) + "\n");
            }
        }
    }
    let [beside, took] = [names("beside").dropped_at(2), names("built in").dropped_at(1)];
    let columns = [names("scenario"), names("total"), names("code"), names("data"), names("debug"), beside, took];
    let table = output::table(&columns, &rows);
    format!("{table}\nimports, by module\n{imports}\nproposals\n{proposals}")
}

fn widest(made: &[BuildResult]) -> usize {
    made.iter().map(|(scenario, _)| scenario.name.len()).max().unwrap_or(0)
}

fn needs(facts: &Facts) -> String {
    let names = facts.proposals.iter().cloned().collect::<Vec<_>>().join(" ");
    if names.is_empty() { "none: WebAssembly 1.0".to_owned() } else { names }
}

/// `wasi_snapshot_preview1 4, env 2`; a component's interfaces by package: `wasi:cli@0.2.3 5`.
fn by_module(facts: &Facts) -> String {
    let mut modules: BTreeMap<String, usize> = BTreeMap::new();
    for import in &facts.imports {
        *modules.entry(module_of(import)).or_default() += 1;
    }
    if modules.is_empty() {
        return "none".to_owned();
    }
    modules.iter().map(|(module, count)| format!("{module} {count}")).collect::<Vec<_>>().join(", ")
}

fn module_of(import: &Import) -> String {
    if !import.module.is_empty() {
        return import.module.clone();
    }
    // A component's import is a whole interface: `wasi:cli/environment@0.2.3`.
    match (import.name.split_once('/'), import.name.split_once('@')) {
        (Some((package, _)), Some((_, version))) => format!("{package}@{version}"),
        (Some((package, _)), None) => package.to_owned(),
        _ => import.name.clone(),
    }
}
