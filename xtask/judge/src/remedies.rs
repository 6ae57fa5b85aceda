//! Remedies from the row: columns in which the same guest passes. The last step, after [`row`](crate::row); pure, too.

mod changed_file;
mod targets;

use wasmlab_model::codes::Code;
use wasmlab_model::facts::Facts;
use wasmlab_model::names::listed_at_most;
use wasmlab_model::remedy::{Remedy, RemedyKind};
use wasmlab_model::subjects::{PREOPENED_SOCKET, RUNTIMES_COMPILER};
use wasmlab_protocol::Stage;

use super::components;
use super::obstacles::{self, FailedColumn};
use changed_file::{changes, rebuild_without_proposal, with_missing_import};
pub use targets::{Targets, names_target, with_targets};

/// The maximum number of columns that a remedy names.
const MAX_NAMED: usize = 4;

/// A cell that did not pass.
#[derive(Clone, Copy, Debug)]
pub struct FailedCell<'a> {
    /// Its reason.
    pub code: Code,
    /// The subject of the code.
    pub subject: Option<&'a str>,
    /// How far the guest got.
    pub stage: Option<Stage>,
    /// Its column.
    pub runtime: &'a str,
    /// Its remedy so far, if it is not the catalogue's.
    pub remedy: Option<&'a str>,
    /// How useful that remedy is.
    pub remedy_kind: RemedyKind,
    /// It differs from its row, and its runtime is blamed for that.
    pub differs: bool,
    /// The guest's facts.
    pub facts: Option<&'a Facts>,
    /// Nothing was run: the other columns are predictions.
    pub predicted: bool,
}

impl FailedCell<'_> {
    /// Its remedy so far, unless that only asks for some other runtime.
    fn own_change(&self) -> Option<&str> {
        self.remedy.filter(|_| self.remedy_kind != RemedyKind::SomeRuntime)
    }

    /// Whether the runtime's compiler reached one of the lab's limits.
    fn is_limit_of_compiler(&self) -> bool {
        matches!(self.code, Code::OutOfMemory | Code::CompileTimeout) && self.subject == Some(RUNTIMES_COMPILER)
    }

    /// The verb for the other columns.
    fn passes(&self) -> &'static str {
        if self.predicted { "should run" } else { "passes" }
    }
}

/// A column in which the guest passes: its id and its engine.
pub type ColumnRef<'a> = (&'a str, &'a str);

/// A remedy that the row suggests.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RowRemedy {
    /// Its sentences.
    pub text: String,
    /// The second obstacle, if `text` mentions one behind the first, and how to remove it: the end of `text`.
    pub next: Option<(Code, String)>,
}

/// The remedy of a cell, if the row suggests one. `passing`: the other columns in which the same guest passes; `failed`:
/// those in which it does not pass.
#[must_use]
pub fn row_remedy(cell: &FailedCell, passing: &[ColumnRef], failed: &[FailedColumn]) -> Option<RowRemedy> {
    let next = if passing.is_empty() { of_next_obstacle(cell, failed) } else { None };
    let of_passing = || before_start(cell, passing).or_else(|| after_start(cell, passing));
    next.or_else(|| Some(RowRemedy { text: of_passing()?, next: None }))
}

/// The remedy for the obstacle behind the first, unless the cell's own remedy already removes the first.
fn of_next_obstacle(cell: &FailedCell, failed: &[FailedColumn]) -> Option<RowRemedy> {
    let next = obstacles::remedy(cell, failed)?;
    match (cell.code, cell.own_change()) {
        (Code::NeedsComponentModel, _) | (_, None) => Some(next),
        // The remedy for the proposal comes first, then the one for the next obstacle.
        (Code::UnsupportedProposal, Some(remedy)) => {
            Some(RowRemedy { text: format!("{remedy} {}", next.text), ..next })
        }
        _ => None,
    }
}

/// The remedy of a guest that its runtime refused.
fn before_start(cell: &FailedCell, passing: &[ColumnRef]) -> Option<String> {
    let on_another = || with_a_layer(cell, passing).or_else(|| run_elsewhere(cell, passing));
    // The row names the runtimes to use, so a remedy that asks for some runtime need not.
    let build = cell.own_change();
    match cell.code {
        Code::NeedsComponentModel => {
            let core = cell.facts.is_some_and(components::could_be_core_module).then_some(components::AS_CORE_MODULE);
            joined(on_another(), core)
        }
        Code::MissingImport | Code::NeedsEmscriptenHost => joined(on_another(), build),
        Code::UnsupportedProposal => {
            let build = build
                .map(str::to_owned)
                .or_else(|| rebuild_without_proposal(cell))
                .map(|build| with_missing_import(build, cell));
            let is_exact = cell.remedy.is_none() && !changes(cell).is_empty();
            joined(on_another(), build.as_deref()).or(build.filter(|_| is_exact))
        }
        Code::EngineCompileError => {
            joined(run_elsewhere(cell, passing), Some(cell.remedy.unwrap_or(cell.code.entry().remedy)))
        }
        // The glue is the remedy; the row shows where it works.
        Code::NeedsJsGlue => {
            let remedy = cell.remedy.unwrap_or(cell.code.entry().remedy);
            let names = names(passing)?;
            Some(format!("{remedy} With its glue it {} on {names}.", cell.passes()))
        }
        // The lab's limit, reached by the runtime's compiler.
        _ if cell.is_limit_of_compiler() => {
            let smaller = build.map(|build| with_missing_import(build.to_owned(), cell));
            let is_enough = smaller.as_deref() == build;
            joined(run_elsewhere(cell, passing), smaller.as_deref().filter(|_| is_enough)).or(smaller)
        }
        _ => None,
    }
}

/// The remedy of a guest that ran.
fn after_start(cell: &FailedCell, passing: &[ColumnRef]) -> Option<String> {
    let place = || run_elsewhere(cell, passing);
    match cell.code {
        Code::Timeout if cell.differs => joined(place(), Some("If it is only slow here, raise `--timeout`.")),
        Code::NotImplemented => match cell.remedy {
            Some(remedy) => Some(format!("{remedy} It {} on {}.", cell.passes(), names(passing)?)),
            None => place(),
        },
        // Most other runtimes open the path, so it is inside the directory.
        Code::CapabilityDenied if cell.differs && cell.subject == Some("path_open") => {
            let by_name = "Find the directory's descriptor by its name (`fd_prestat_dir_name`), as the C library does, since \
                           runtimes number them differently; and open a path relative to it, without a leading slash.";
            joined(place(), Some(by_name))
        }
        Code::SocketsUnsupported if cell.subject == Some(PREOPENED_SOCKET) => Some(format!(
            "Run it on a runtime that can pass an open socket to the guest: it {} on {}.",
            cell.passes(),
            names(passing)?
        )),
        code if code.is_guest_failure() || code == Code::HostRefused => {
            let is_open = cell.remedy.is_none() || cell.remedy_kind == RemedyKind::Inspection;
            (cell.differs && is_open).then(|| match names(passing) {
                Some(names) => {
                    format!(
                        "Run it on {names}, where it passes. Report the difference to this runtime's authors, and attach the module."
                    )
                }
                None => "Report the difference to the runtime's authors, and attach the module.".to_owned(),
            })
        }
        _ => None,
    }
}

/// A cell's remedy as data: `passing` are the other columns in which the same guest passes.
#[must_use]
pub fn data(cell: &FailedCell, passing: &[ColumnRef]) -> Vec<Remedy> {
    let runtimes: Vec<String> = passing.iter().map(|(id, _)| (*id).to_owned()).collect();
    let elsewhere = (!runtimes.is_empty()).then_some(Remedy::Runtime { runtimes });
    changes(cell).into_iter().chain(elsewhere).collect()
}

/// The same engine with the host layer that it lacks.
fn with_a_layer(cell: &FailedCell, passing: &[ColumnRef]) -> Option<String> {
    let (column, _) = passing.iter().find(|(id, _)| {
        let layered = id.strip_prefix(cell.runtime).and_then(|rest| rest.strip_prefix('+'));
        layered.is_some_and(|layer| !layer.is_empty())
    })?;
    let layer = column.rsplit_once('+').map_or("", |(_, layer)| layer);
    let how = match layer {
        "jco" => "Translate it with jco (`jco transpile`)",
        "wasi-shim" => "Load it with a WASI 0.1 shim (@bjorn3/browser_wasi_shim)",
        "workers-wasi" => "Load it with Cloudflare's WASI 0.1 for workers (@cloudflare/workers-wasi)",
        "emscripten" => "Run it on a host that implements Emscripten's system calls",
        _ => return None,
    };
    Some(format!("{how}: with that, it {}.", cell.passes()))
}

fn run_elsewhere(cell: &FailedCell, passing: &[ColumnRef]) -> Option<String> {
    names(passing).map(|names| format!("Run it on {names}, where it {}.", cell.passes()))
}

/// `wasmi, node and 3 more`: one column per engine, preferring the plain engine to one with a host layer.
pub fn names(passing: &[ColumnRef]) -> Option<String> {
    let mut engines: Vec<&str> = Vec::new();
    let mut shown: Vec<&str> = Vec::new();
    let (plain, layered): (Vec<&ColumnRef>, Vec<&ColumnRef>) = passing.iter().partition(|(id, _)| !id.contains('+'));
    for (id, engine) in plain.into_iter().chain(layered) {
        if !engines.contains(engine) {
            engines.push(engine);
            shown.push(id);
        }
    }
    (!shown.is_empty()).then(|| listed_at_most(&shown, MAX_NAMED))
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
pub(crate) mod tests {
    use super::{FailedCell, RowRemedy, row_remedy};
    use wasmlab_model::codes::Code;
    use wasmlab_model::remedy::RemedyKind;

    pub const ROW: &[(&str, &str)] = &[
        ("wasmtime-cranelift", "wasmtime"),
        ("wasmtime-winch", "wasmtime"),
        ("wasmi", "wasmi"),
        ("node", "node"),
        ("deno", "deno"),
        ("bun", "bun"),
        ("chromium+wasi-shim", "chromium"),
    ];

    pub const FAILED: FailedCell = FailedCell {
        code: Code::CapabilityDenied,
        subject: Some("path_open"),
        stage: None,
        runtime: "wasmer-cranelift",
        remedy: None,
        remedy_kind: RemedyKind::Change,
        differs: false,
        facts: None,
        predicted: false,
    };

    pub fn row_remedy_text(cell: &FailedCell, passing: &[(&str, &str)]) -> Option<String> {
        let remedy = row_remedy(cell, passing, &[]);
        assert!(remedy.as_ref().is_none_or(|RowRemedy { next, .. }| next.is_none()), "{remedy:?}");
        remedy.map(|remedy| remedy.text)
    }

    fn check_kind(
        code: Code,
        runtime: &str,
        remedy: Option<(&str, RemedyKind)>,
        row: &[(&str, &str)],
        expected: Option<&str>,
    ) {
        let (remedy, remedy_kind) = remedy.map_or((None, RemedyKind::Change), |(remedy, kind)| (Some(remedy), kind));
        let subject = Some(wasmlab_model::subjects::PREOPENED_SOCKET);
        let cell = FailedCell { code, subject, runtime, remedy, remedy_kind, differs: true, ..FAILED };
        assert_eq!(row_remedy_text(&cell, row).as_deref(), expected, "{code} {runtime}");
    }

    fn check(code: Code, runtime: &str, remedy: Option<&str>, row: &[(&str, &str)], expected: Option<&str>) {
        check_kind(code, runtime, remedy.map(|remedy| (remedy, RemedyKind::Change)), row, expected);
    }

    #[test]
    fn remedy_names_columns_that_pass() {
        let rebuild = Some("Rebuild it with a current toolchain.");
        let names = "wasmtime-cranelift, wasmi, node, deno and 2 more";
        let run = format!("Run it on {names}, where it passes.");
        check(Code::MissingImport, "tinywasm", None, ROW, Some(&run));
        let or = format!("{run} Or rebuild it with a current toolchain.");
        check(Code::MissingImport, "tinywasm", rebuild, ROW, Some(&or));
        let shim = "Load it with a WASI 0.1 shim (@bjorn3/browser_wasi_shim): with that, it passes.";
        check(Code::MissingImport, "chromium", None, ROW, Some(shim));
        let wasix = ("Use a runtime that supports WASIX (wasmer).", RemedyKind::SomeRuntime);
        check_kind(Code::MissingImport, "tinywasm", Some(wasix), ROW, Some(&run));
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
        let glue = "Run it by its file. With its glue it passes on node.";
        check(Code::NeedsJsGlue, "wasmi", Some("Run it by its file."), &ROW[3..4], Some(glue));
        let socket = "Run it on a runtime that can pass an open socket to the guest: it passes on wasmi.";
        check(Code::SocketsUnsupported, "node", Some("x"), &ROW[2..3], Some(socket));
        let report =
            "Run it on wasmi, where it passes. Report the difference to this runtime's authors, and attach the module.";
        check(Code::WrongOutput, "node", None, &ROW[2..3], Some(report));
        check(Code::WrongOutput, "node", Some("Rebuild it."), ROW, None);
        check(Code::Trap, "node", Some("Rebuild it."), &ROW[2..3], None);
        let hint = ("Look at the function that the detail names.", RemedyKind::Inspection);
        check_kind(Code::Trap, "node", Some(hint), &ROW[2..3], Some(report));
        let mut cell = FailedCell { remedy: Some("Open a path without a leading slash."), differs: true, ..FAILED };
        let by_name = "Run it on wasmi, where it passes. Or find the directory's descriptor by its name \
                       (`fd_prestat_dir_name`), as the C library does, since runtimes number them differently; and open a \
                       path relative to it, without a leading slash.";
        assert_eq!(row_remedy_text(&cell, &ROW[2..3]).as_deref(), Some(by_name));
        cell.differs = false;
        assert_eq!(row_remedy_text(&cell, &ROW[2..3]), None);
        let compiler = "Run it on wasmi, where it passes. Or report it to the runtime's authors, and attach the module; if the runtime \
                        has several compilers, try another.";
        check(Code::EngineCompileError, "wasmi-cli", None, &ROW[2..3], Some(compiler));
        check(Code::EngineCompileError, "wasmi-cli", None, &[], None);
        let slow = "Run it on wasmi, where it passes. Or if it is only slow here, raise `--timeout`.";
        check(Code::Timeout, "node", None, &ROW[2..3], Some(slow));
        check(
            Code::WrongOutput,
            "node",
            None,
            &[],
            Some("Report the difference to the runtime's authors, and attach the module."),
        );
        check(Code::CustomHost, "node", None, ROW, None);
        let page = "A page has no sockets: run it outside of one.";
        let expected = format!("{page} It passes on node.");
        check(Code::NotImplemented, "chromium+jco", Some(page), &ROW[3..4], Some(&expected));
        check(Code::NotImplemented, "deno", None, &ROW[3..4], Some("Run it on node, where it passes."));
    }
}
