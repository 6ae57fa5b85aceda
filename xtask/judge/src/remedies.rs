//! Remedies from the row: columns in which the same guest passes. The last step, after [`row`](crate::row); pure, too.

use wasmlab_model::codes::Code;
use wasmlab_model::facts::Facts;
use wasmlab_protocol::Stage;

use super::components;
use super::obstacles::{self, Further};

/// The most columns that a remedy names.
const MAX_NAMED: usize = 4;

/// A cell that fell short.
#[derive(Clone, Copy, Debug)]
pub struct Short<'a> {
    /// Its reason.
    pub code: Code,
    /// The subject of the code.
    pub subject: Option<&'a str>,
    /// How far the guest came.
    pub stage: Option<Stage>,
    /// Its column.
    pub runtime: &'a str,
    /// Its remedy so far, if it is not the catalogue's.
    pub own: Option<&'a str>,
    /// It differs from its row, and its runtime is blamed for that.
    pub differs: bool,
    /// The guest's facts.
    pub facts: Option<&'a Facts>,
}

/// A column in which the guest passes: its id and its engine.
pub type Passing<'a> = (&'a str, &'a str);

/// The remedy of a cell, if the row suggests one. `passing`: the other columns in which the same guest passes; `short`:
/// those in which it falls short.
#[must_use]
pub fn of_row(cell: &Short, passing: &[Passing], short: &[Further]) -> Option<String> {
    let has_general = cell.own.is_none_or(|own| own.starts_with("Use a runtime"));
    let is_open = passing.is_empty() && (has_general || cell.code == Code::NeedsComponentModel);
    if let Some(remedy) = is_open.then(|| obstacles::remedy(cell, short)).flatten() {
        return Some(remedy);
    }
    // The remedy for the proposal comes first, then the one for the next obstacle.
    if let (Code::UnsupportedProposal, Some(own), true) = (cell.code, cell.own, passing.is_empty())
        && let Some(next) = obstacles::remedy(cell, short)
    {
        return Some(format!("{own} {next}"));
    }
    let layer = with_a_layer(cell, passing);
    let place = || run_elsewhere(passing);
    // The row names the runtimes to use, so the general remedy need not.
    let build = cell.own.filter(|own| !own.starts_with("Use a runtime"));
    match cell.code {
        Code::NeedsComponentModel => {
            let core = cell.facts.is_some_and(components::could_be_core).then_some(components::AS_CORE_MODULE);
            joined(layer.or_else(place), core)
        }
        Code::MissingImport | Code::NeedsEmscriptenHost | Code::UnsupportedProposal => {
            joined(layer.or_else(place), build.or_else(|| without(cell)))
        }
        Code::NotImplemented => match cell.own {
            Some(own) => Some(format!("{own} It passes on {}.", names(passing)?)),
            None => place(),
        },
        // The glue is the remedy; the row shows where it works.
        Code::NeedsJsGlue => {
            let own = cell.own.unwrap_or(cell.code.entry().remedy);
            let names = names(passing)?;
            Some(format!("{own} With its JavaScript file it passes on {names}."))
        }
        Code::SocketsUnsupported if cell.subject == Some("preopened-socket") => Some(format!(
            "Run it on a runtime that can pass an open socket to the guest: it passes on {}.",
            names(passing)?
        )),
        Code::WrongOutput | Code::WrongExit | Code::Trap | Code::HostRefused if cell.differs && cell.own.is_none() => {
            Some(match names(passing) {
                Some(names) => {
                    format!(
                        "Run it on {names}, where it passes, and report the difference to this runtime's authors with the module."
                    )
                }
                None => "Report the difference to the runtime's authors with the module.".to_owned(),
            })
        }
        _ => None,
    }
}

/// Columns that were measured to run guests of the targets that remedies name.
#[derive(Clone, Debug, Default)]
pub struct Targets<'a> {
    /// Of WASI 0.2, with sockets.
    pub sockets: Vec<Passing<'a>>,
    /// Of WASIX.
    pub wasix: Vec<Passing<'a>>,
    /// Of wasi-threads.
    pub threads: Vec<Passing<'a>>,
}

/// The remedy plus the columns that were measured to run the targets it names; `None` if there are none.
#[must_use]
pub fn with_targets(remedy: &str, targets: &Targets) -> Option<String> {
    let known = [
        ("wasm32-wasip2", "wasi:sockets", &targets.sockets),
        ("WASIX", "WASIX", &targets.wasix),
        ("wasm32-wasip1-threads", "wasi-threads", &targets.threads),
    ];
    let named = known.into_iter().filter(|(target, ..)| remedy.contains(target));
    let seen: Vec<String> =
        named.filter_map(|(_, what, columns)| names(columns).map(|names| format!("{what} on {names}"))).collect();
    (!seen.is_empty()).then(|| format!("{remedy} Measured here: {}.", seen.join("; ")))
}

/// A rebuild without the feature, unless the cell has a better remedy. A language whose objects are the engine's cannot
/// leave out anything.
fn without(cell: &Short) -> Option<&'static str> {
    let needs_collector = cell.facts.is_some_and(|facts| facts.proposals.iter().any(|name| name == "gc"));
    (cell.code == Code::UnsupportedProposal && !needs_collector).then_some("Compile without that feature.")
}

/// The same engine with the host layer that it lacks.
fn with_a_layer(cell: &Short, passing: &[Passing]) -> Option<String> {
    let (column, _) = passing.iter().find(|(id, _)| {
        let layered = id.strip_prefix(cell.runtime).and_then(|rest| rest.strip_prefix('+'));
        layered.is_some_and(|layer| !layer.is_empty())
    })?;
    let layer = column.rsplit_once('+').map_or("", |(_, layer)| layer);
    let how = match layer {
        "jco" => "Translate it with jco (`jco transpile`)",
        "wasi-shim" => "Load it with a WASI 0.1 polyfill (@bjorn3/browser_wasi_shim)",
        "workers-wasi" => "Load it with Cloudflare's WASI 0.1 for workers (@cloudflare/workers-wasi)",
        "emscripten" => "Run it on a host that implements Emscripten's system calls",
        _ => return None,
    };
    Some(format!("{how}: with that, it passes."))
}

fn run_elsewhere(passing: &[Passing]) -> Option<String> {
    names(passing).map(|names| format!("Run it on {names}, where it passes."))
}

/// `wasmi, node and 3 more`: one column per engine, preferring the plain engine to one with a host layer.
pub fn names(passing: &[Passing]) -> Option<String> {
    let mut engines: Vec<&str> = Vec::new();
    let mut shown: Vec<&str> = Vec::new();
    let (plain, layered): (Vec<&Passing>, Vec<&Passing>) = passing.iter().partition(|(id, _)| !id.contains('+'));
    for (id, engine) in plain.into_iter().chain(layered) {
        if !engines.contains(engine) {
            engines.push(engine);
            shown.push(id);
        }
    }
    let more = shown.len().saturating_sub(MAX_NAMED);
    shown.truncate(MAX_NAMED);
    match (shown.split_last()?, more) {
        ((last, []), 0) => Some((*last).to_owned()),
        ((last, before), 0) => Some(format!("{} and {last}", before.join(", "))),
        (_, more) => Some(format!("{} and {more} more", shown.join(", "))),
    }
}

/// Two remedies, either of which is enough.
fn joined(first: Option<String>, second: Option<&str>) -> Option<String> {
    let first = first?;
    let Some(second) = second else { return Some(first) };
    // A remedy that begins with a name or an option keeps its case.
    let mut letters = second.chars();
    let rest = match letters.next() {
        Some(letter) if letters.clone().next().is_some_and(char::is_lowercase) => {
            format!("{}{}", letter.to_lowercase(), letters.as_str())
        }
        _ => second.to_owned(),
    };
    Some(format!("{first} Or {rest}"))
}

#[cfg(test)]
mod tests {
    use super::{Short, Targets, of_row, with_targets};
    use wasmlab_model::codes::Code;

    const ROW: &[(&str, &str)] = &[
        ("wasmtime-cranelift", "wasmtime"),
        ("wasmtime-winch", "wasmtime"),
        ("wasmi", "wasmi"),
        ("node", "node"),
        ("deno", "deno"),
        ("bun", "bun"),
        ("chromium+wasi-shim", "chromium"),
    ];

    fn check(code: Code, runtime: &str, own: Option<&str>, row: &[(&str, &str)], wanted: Option<&str>) {
        let cell =
            Short { code, subject: Some("preopened-socket"), runtime, own, stage: None, differs: true, facts: None };
        assert_eq!(of_row(&cell, row, &[]).as_deref(), wanted, "{code} {runtime}");
    }

    #[test]
    fn targets_are_named_with_columns_that_run_them() {
        let check = |remedy: &str, targets: &Targets, wanted: Option<&str>| {
            assert_eq!(with_targets(remedy, targets).as_deref(), wanted);
        };
        let both = "Build for wasm32-wasip2 or WASIX.";
        let targets =
            Targets { sockets: ROW[..3].to_vec(), wasix: vec![("wasmer-cranelift", "wasmer")], ..Targets::default() };
        let all = "Build for wasm32-wasip2 or WASIX. Measured here: wasi:sockets on wasmtime-cranelift and wasmi; WASIX on \
                   wasmer-cranelift.";
        check(both, &targets, Some(all));
        check(both, &Targets::default(), None);
        check("Build it again.", &targets, None);
    }

    #[test]
    fn remedy_names_columns_that_pass() {
        let rebuild = Some("Rebuild it with a toolchain of today.");
        let names = "wasmtime-cranelift, wasmi, node, deno and 2 more";
        let run = format!("Run it on {names}, where it passes.");
        check(Code::MissingImport, "tinywasm", None, ROW, Some(&run));
        let or = format!("{run} Or rebuild it with a toolchain of today.");
        check(Code::MissingImport, "tinywasm", rebuild, ROW, Some(&or));
        let shim = "Load it with a WASI 0.1 polyfill (@bjorn3/browser_wasi_shim): with that, it passes.";
        check(Code::MissingImport, "chromium", None, ROW, Some(shim));
        check(Code::MissingImport, "tinywasm", Some("Use a runtime that has WASIX (wasmer)."), ROW, Some(&run));
        check(Code::MissingImport, "tinywasm", None, &[], None);
        let jco = "Translate it with jco (`jco transpile`): with that, it passes.";
        check(Code::NeedsComponentModel, "node-24", None, &[("node+jco", "node"), ("node-24+jco", "node")], Some(jco));
        check(
            Code::NeedsComponentModel,
            "wasmi",
            None,
            &[("node+jco", "node")],
            Some("Run it on node+jco, where it passes."),
        );
        let compile = "Run it on wasmi and node, where it passes. Or compile without that feature.";
        check(Code::UnsupportedProposal, "bun", None, &ROW[2..4], Some(compile));
        let glue = "Run it by its file. With its JavaScript file it passes on node.";
        check(Code::NeedsJsGlue, "wasmi", Some("Run it by its file."), &ROW[3..4], Some(glue));
        let socket = "Run it on a runtime that can pass an open socket to the guest: it passes on wasmi.";
        check(Code::SocketsUnsupported, "node", Some("x"), &ROW[2..3], Some(socket));
        let report =
            "Run it on wasmi, where it passes, and report the difference to this runtime's authors with the module.";
        check(Code::WrongOutput, "node", None, &ROW[2..3], Some(report));
        check(Code::WrongOutput, "node", Some("Rebuild it."), ROW, None);
        check(
            Code::WrongOutput,
            "node",
            None,
            &[],
            Some("Report the difference to the runtime's authors with the module."),
        );
        check(Code::CustomHost, "node", None, ROW, None);
        let page = "A page has no sockets: run it outside of one.";
        let said = format!("{page} It passes on node.");
        check(Code::NotImplemented, "chromium+jco", Some(page), &ROW[3..4], Some(&said));
        check(Code::NotImplemented, "deno", None, &ROW[3..4], Some("Run it on node, where it passes."));
    }
}
