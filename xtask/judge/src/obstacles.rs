//! Obstacles behind the first one of a cell: the columns of its row that got past it show that, and without them the
//! module's imports do. A remedy for the first obstacle alone would send its reader from one wall to the next.

use wasmlab_protocol::Stage;

use super::imports;
use super::proposals::EXTERNREF;
use super::remedies::{FailedCell, Passing, names};
use wasmlab_model::codes::Code;
use wasmlab_model::names::listed;
use wasmlab_model::remedy::FIRST_OBSTACLE;

/// A column of the same row that fell short.
#[derive(Clone, Copy, Debug)]
pub struct FailedColumn<'a> {
    /// Its id and its engine.
    pub column: Passing<'a>,
    /// Its reason.
    pub code: Code,
    /// The subject of the code.
    pub subject: Option<&'a str>,
    /// Its detail.
    pub detail: &'a str,
    /// Its remedy.
    pub remedy: Option<&'a str>,
    /// The guest does better elsewhere, and this column's runtime is blamed for that.
    pub differs: bool,
}

/// How far a module came that fell short for this reason; `None` for reasons that say nothing of that.
fn depth(code: Code) -> Option<u8> {
    use Code::{
        CapabilityDenied, ComponentPart, CustomHost, DiskFlood, HostRefused, LibraryUnsupported, MissingImport,
        NeedsComponentModel, NeedsEmscriptenHost, NeedsJsGlue, NeedsNapiHost, NoEntryPoint, NotImplemented,
        OutputFlood, SideModule, SocketsUnsupported, ThreadsUnsupported, Timeout, Trap, UnresolvedSymbol,
        UnsupportedProposal, WrongExit, WrongOutput,
    };
    Some(match code {
        NeedsComponentModel => 0,
        UnsupportedProposal => 1,
        MissingImport => 2,
        SideModule | ComponentPart | NeedsNapiHost | NeedsEmscriptenHost | NeedsJsGlue | CustomHost
        | UnresolvedSymbol => 3,
        NoEntryPoint => 4,
        // The guest runs.
        Trap | WrongExit | WrongOutput | HostRefused | CapabilityDenied | NotImplemented | SocketsUnsupported
        | ThreadsUnsupported | LibraryUnsupported | Timeout | OutputFlood | DiskFlood => RUNS,
        _ => return None,
    })
}

/// The depth of a module that was started.
const RUNS: u8 = 5;

/// Reasons up to this depth are about the runtime; what is deeper is the same on all that get there.
const LAST_OF_RUNTIME: u8 = 2;

/// The remedy of a cell that has another obstacle behind its first one, if no column of the row passes.
pub fn remedy(cell: &FailedCell, row: &[FailedColumn]) -> Option<String> {
    // A compiler that crashed stopped where others refuse a proposal.
    let crashed = cell.code == Code::Crashed && cell.stage == Some(Stage::Compile);
    let here = if crashed { Some(1) } else { depth(cell.code) }.filter(|here| *here <= LAST_OF_RUNTIME)?;
    let first = match (cell.code, cell.subject) {
        (Code::Crashed, _) => "The crash".to_owned(),
        (Code::NeedsComponentModel, _) => "The component model".to_owned(),
        (Code::UnsupportedProposal, Some(EXTERNREF)) => "The type externref".to_owned(),
        (Code::UnsupportedProposal, Some(proposals)) if proposals.contains(' ') => {
            format!("The lack of {}", listed(&proposals.split(' ').collect::<Vec<_>>()))
        }
        (Code::UnsupportedProposal, Some(proposal)) => format!("The proposal {proposal}"),
        (Code::MissingImport, Some(import)) => format!("The import {import}"),
        _ => return None,
    };
    let (next, remedy) = of_row(cell, here, row).or_else(|| of_facts(cell))?;
    Some(format!("{first}{FIRST_OBSTACLE}{next}. {remedy}"))
}

/// The obstacle that most columns met after the first one, the nearest to it first.
fn of_row(cell: &FailedCell, here: u8, row: &[FailedColumn]) -> Option<(String, String)> {
    // Who lacks the same import has not got past it.
    let same = |c: &&FailedColumn| {
        cell.code == Code::MissingImport && cell.subject.is_some_and(|import| c.detail.contains(import))
    };
    let deeper = row.iter().filter(|c| !c.differs && !same(c) && depth(c.code).is_some_and(|there| there > here));
    let deeper: Vec<&FailedColumn> = deeper.collect();
    // What only some runtimes lack counts where none got further.
    let depths = || deeper.iter().filter_map(|c| depth(c.code));
    let nearest = depths().filter(|there| *there > LAST_OF_RUNTIME).min().or_else(|| depths().max())?;
    let near: Vec<&FailedColumn> = deeper.into_iter().filter(|c| depth(c.code) == Some(nearest)).collect();
    let alike = |one: &FailedColumn| near.iter().filter(|c| (c.code, c.subject) == (one.code, one.subject)).count();
    let most = near.iter().rev().max_by_key(|c| alike(c))?;
    let columns: Vec<Passing> =
        near.iter().filter(|c| (c.code, c.subject) == (most.code, most.subject)).map(|c| c.column).collect();
    let (code, all) = (most.code, names(&columns)?);
    let (gets, stops, finds, ends) =
        if columns.len() == 1 { ("gets", "stops", "finds", "ends") } else { ("get", "stop", "find", "end") };
    let met = match (code, most.subject) {
        (Code::NoEntryPoint, Some(name)) => format!("{finds} no `{name}` to call"),
        (_, Some(subject)) if nearest <= 3 => format!("{stops} at {subject} ({code})"),
        _ => format!("{ends} with {code}"),
    };
    let remedy = most.remedy.unwrap_or(code.entry().remedy);
    Some((format!("{all} {gets} past it and {met}"), remedy.to_owned()))
}

/// The first import that no WASI host defines.
fn of_facts(cell: &FailedCell) -> Option<(String, String)> {
    let (import, code, remedy) = imports::foreign_reason(cell.facts?)?;
    // An import that is missing already is no further obstacle.
    if cell.code == Code::MissingImport && depth(code).is_none_or(|there| there <= LAST_OF_RUNTIME) {
        return None;
    }
    let remedy = remedy.unwrap_or_else(|| code.entry().remedy.to_owned());
    Some((format!("the module also imports {import} ({code})"), remedy))
}

#[cfg(test)]
mod tests {
    use super::{FailedColumn, remedy};
    use crate::remedies::FailedCell;
    use wasmlab_model::codes::Code;
    use wasmlab_protocol::Stage;

    const NO_PROGRAM: FailedColumn = FailedColumn {
        column: ("wasmtime-cli", "wasmtime"),
        code: Code::NoEntryPoint,
        subject: Some("_start"),
        detail: "exports no function `_start`",
        remedy: Some("Name an export."),
        differs: false,
    };
    const ADDON: FailedColumn = FailedColumn {
        column: ("node", "node"),
        code: Code::NeedsNapiHost,
        subject: Some("env.memory"),
        detail: "does not define env.memory",
        remedy: Some("Load it through emnapi."),
        differs: false,
    };
    const NO_THREADS: FailedColumn = FailedColumn {
        column: ("wasmi", "wasmi"),
        code: Code::ThreadsUnsupported,
        subject: Some("threads"),
        detail: "threads: Not supported (os error 58) (refused without calling the host)",
        remedy: Some("Build for WASIX."),
        differs: false,
    };

    #[test]
    fn obstacle_behind_the_first_comes_from_the_row_or_the_imports() {
        let check = |code: Code, subject: &str, imports: &str, row: &[FailedColumn], wanted: Option<&str>| {
            let facts = wasmlab_inspect::facts(&wat::parse_str(format!("(module {imports})")).unwrap()).unwrap();
            let subject = Some(subject).filter(|subject| !subject.is_empty());
            let stage = Some(Stage::Compile);
            let cell = FailedCell {
                code,
                subject,
                stage,
                runtime: "wasmi",
                own: None,
                differs: false,
                facts: Some(&facts),
                predicted: false,
            };
            assert_eq!(remedy(&cell, row).as_deref(), wanted, "{code} {subject:?}");
        };
        let lacks = Code::UnsupportedProposal;
        let threads = "The proposal threads is only the first obstacle: node gets past it and stops at env.memory \
                       (needs-napi-host). Load it through emnapi.";
        check(lacks, "threads", "", &[NO_PROGRAM, ADDON], Some(threads));
        let wasi = "The import wasi_snapshot_preview1.args_get is only the first obstacle: wasmtime-cli gets past it and \
                    finds no `_start` to call. Name an export.";
        check(Code::MissingImport, "wasi_snapshot_preview1.args_get", "", &[NO_PROGRAM], Some(wasi));
        let abort = "(import \"env\" \"abort\" (func (param i32 i32 i32 i32)))";
        let simd = "The proposal simd is only the first obstacle: the module also imports env.abort (needs-js-glue). \
                    Define `env.abort` in the program that embeds it (JavaScript: `{ env: { abort() { throw Error() } } \
                    }`); or compile it without: `asc --use abort=`.";
        check(lacks, "simd", abort, &[], Some(simd));
        let host = "The component model is only the first obstacle: the module also imports mine.call (custom-host). Embed the \
                    runtime in a program that defines this import (from mine); if mine is a module, link it with `wasmtime \
                    run --preload mine=FILE`.";
        check(Code::NeedsComponentModel, "", "(import \"mine\" \"call\" (func))", &[], Some(host));
        let crash = "The crash is only the first obstacle: node gets past it and stops at env.memory (needs-napi-host). Load \
                     it through emnapi.";
        check(Code::Crashed, "", "", &[ADDON], Some(crash));
        check(lacks, "externref", "", &[ADDON], Some(&threads.replace("proposal threads", "type externref")));
        check(
            lacks,
            "simd threads",
            "",
            &[ADDON],
            Some(&threads.replace("proposal threads", "lack of simd and threads")),
        );
        // What another runtime lacks counts if none got further, but not the same import under another code.
        let logging = FailedColumn {
            column: ("wasmtime-cli", "wasmtime"),
            code: Code::MissingImport,
            subject: Some("wasi:logging/logging"),
            detail: "does not define wasi:logging/logging#log",
            remedy: Some("Compose it."),
            differs: false,
        };
        let next = "The component model is only the first obstacle: wasmtime-cli gets past it and stops at \
                    wasi:logging/logging (missing-import). Compose it.";
        check(Code::NeedsComponentModel, "", "", &[logging], Some(next));
        let part = FailedColumn { code: Code::ComponentPart, ..logging };
        check(Code::MissingImport, "wasi:logging/logging", "", &[part], None);
        // What most of those met that ran it, and not what only one did that differs from them.
        let wrong_clock = FailedColumn {
            column: ("wamr-zig", "wamr-zig"),
            code: Code::WrongOutput,
            subject: Some("clock"),
            differs: true,
            ..NO_THREADS
        };
        let (exit, node) =
            ("wasi_snapshot_preview1.proc_exit", FailedColumn { column: ("node", "node"), ..NO_THREADS });
        let runs = "The import wasi_snapshot_preview1.proc_exit is only the first obstacle: wasmi and node get past it and \
                    end with threads-unsupported. Build for WASIX.";
        check(Code::MissingImport, exit, "", &[wrong_clock, NO_THREADS, node], Some(runs));
        check(Code::MissingImport, exit, "", &[wrong_clock], None);
        for code in [Code::SocketsUnsupported, Code::LibraryUnsupported, Code::Timeout] {
            let all = [FailedColumn { code, ..NO_THREADS }, FailedColumn { code, ..node }];
            let runs = runs.replace("threads-unsupported", code.id());
            check(Code::MissingImport, exit, "", &all, Some(&runs));
        }
        // Nothing stands behind it, or the obstacle is not about the runtime.
        check(lacks, "simd", "", &[], None);
        check(Code::NeedsNapiHost, "env.memory", abort, &[NO_PROGRAM], None);
    }
}
