//! Obstacles behind the first one of a cell: the columns of its row that got past it show that, and without them the
//! module's imports do. A remedy for the first obstacle alone would only lead to the next one.

use wasmlab_protocol::Stage;

use super::imports;
use super::remedies::{ColumnRef, FailedCell, RowRemedy, names};
use wasmlab_model::codes::Code;
use wasmlab_model::names::listed;
use wasmlab_model::proposals::EXTERNREF;

/// A column of the same row in which the guest did not pass.
#[derive(Clone, Copy, Debug)]
pub struct FailedColumn<'a> {
    /// Its id and its engine.
    pub column: ColumnRef<'a>,
    /// Its reason.
    pub code: Code,
    /// The subject of the code.
    pub subject: Option<&'a str>,
    /// Its remedy.
    pub remedy: Option<&'a str>,
    /// The guest does better elsewhere, and this column's runtime is blamed for that.
    pub differs: bool,
}

/// How far a module got that failed for this reason; `None` if the reason does not show it.
fn depth(code: Code) -> Option<u8> {
    use Code::{
        CapabilityDenied, DiskFlood, HostRefused, LibraryUnsupported, MissingImport, NeedsComponentModel, NoEntryPoint,
        NotImplemented, OutputFlood, SocketsUnsupported, ThreadsUnsupported, Timeout, UnsupportedProposal,
    };
    Some(match code {
        NeedsComponentModel => 0,
        UnsupportedProposal => 1,
        MissingImport => 2,
        code if code.is_about_imports() => 3,
        NoEntryPoint => 4,
        // The guest runs.
        HostRefused | CapabilityDenied | NotImplemented | SocketsUnsupported | ThreadsUnsupported
        | LibraryUnsupported | Timeout | OutputFlood | DiskFlood => RUNS,
        code if code.is_guest_failure() => RUNS,
        _ => return None,
    })
}

/// The depth of a module that was started.
const RUNS: u8 = 5;

/// Reasons up to this depth are about the runtime; a deeper one is the same on every runtime that gets there.
const LAST_OF_RUNTIME: u8 = 2;

/// The remedy of a cell that has another obstacle behind its first one, if no column of the row passes.
pub fn remedy(cell: &FailedCell, row: &[FailedColumn]) -> Option<RowRemedy> {
    // A compiler that crashes stops at the depth at which others refuse a proposal.
    let crashed = cell.code == Code::Crashed && cell.stage == Some(Stage::Compile);
    let reached = if crashed { Some(1) } else { depth(cell.code) }.filter(|reached| *reached <= LAST_OF_RUNTIME)?;
    let first = match (cell.code, cell.subject) {
        (Code::Crashed, _) => "The crash".to_owned(),
        (Code::NeedsComponentModel, _) => "The lack of component support".to_owned(),
        (Code::UnsupportedProposal, Some(EXTERNREF)) => "The lack of the type externref".to_owned(),
        (Code::UnsupportedProposal, Some(proposals)) if proposals.contains(' ') => {
            format!("The lack of {}", listed(&proposals.split(' ').collect::<Vec<_>>()))
        }
        (Code::UnsupportedProposal, Some(proposal)) => format!("The lack of {proposal}"),
        (Code::MissingImport, Some(import)) => format!("The missing import {import}"),
        _ => return None,
    };
    let next = row_obstacle(cell, reached, row).or_else(|| import_obstacle(cell))?;
    let NextObstacle { met, code, remedy } = next;
    let text = format!("{first} is only the first obstacle: {met}. {remedy}");
    Some(RowRemedy { text, next: Some((code, remedy)) })
}

/// The obstacle behind the first one.
struct NextObstacle {
    /// Who meets it, and where.
    met: String,
    code: Code,
    remedy: String,
}

/// The obstacle that most columns met after the first one, the nearest to it first.
fn row_obstacle(cell: &FailedCell, reached: u8, row: &[FailedColumn]) -> Option<NextObstacle> {
    // A column that lacks the same import has not got past it.
    let same = |c: &&FailedColumn| cell.code == Code::MissingImport && c.subject == cell.subject;
    let deeper = row.iter().filter(|c| !c.differs && !same(c) && depth(c.code).is_some_and(|other| other > reached));
    let deeper: Vec<&FailedColumn> = deeper.collect();
    // Obstacles of single runtimes count only if no column got further.
    let depths = || deeper.iter().filter_map(|c| depth(c.code));
    let nearest = depths().filter(|other| *other > LAST_OF_RUNTIME).min().or_else(|| depths().max())?;
    let near: Vec<&FailedColumn> = deeper.into_iter().filter(|c| depth(c.code) == Some(nearest)).collect();
    let alike = |one: &FailedColumn| near.iter().filter(|c| (c.code, c.subject) == (one.code, one.subject)).count();
    let most = near.iter().rev().max_by_key(|c| alike(c))?;
    let columns: Vec<ColumnRef> =
        near.iter().filter(|c| (c.code, c.subject) == (most.code, most.subject)).map(|c| c.column).collect();
    let (code, all) = (most.code, names(&columns)?);
    // Columns of one engine are named once.
    let is_one = columns.iter().all(|(_, engine)| *engine == columns[0].1);
    let (gets, stops, finds, ends) =
        if is_one { ("gets", "stops", "finds", "ends") } else { ("get", "stop", "find", "end") };
    let met = match (code, most.subject) {
        (Code::NoEntryPoint, Some(name)) => format!("{finds} no `{name}` to call"),
        (_, Some(subject)) if nearest <= 3 => format!("{stops} at {subject} ({code})"),
        _ => format!("{ends} with {code}"),
    };
    let remedy = most.remedy.unwrap_or(code.entry().remedy).to_owned();
    Some(NextObstacle { met: format!("{all} {gets} past it and {met}"), code, remedy })
}

/// The first import that no WASI host defines.
fn import_obstacle(cell: &FailedCell) -> Option<NextObstacle> {
    let (import, code, remedy) = imports::unsatisfiable_import_reason(cell.facts?)?;
    // An import that is missing already is no further obstacle.
    if cell.code == Code::MissingImport && depth(code).is_none_or(|there| there <= LAST_OF_RUNTIME) {
        return None;
    }
    let remedy = remedy.unwrap_or_else(|| code.entry().remedy.to_owned());
    Some(NextObstacle { met: format!("the module also imports {import} ({code})"), code, remedy })
}

#[cfg(test)]
mod tests {
    use super::{FailedColumn, remedy};
    use crate::remedies::tests::FAILED;
    use crate::remedies::{FailedCell, RowRemedy};
    use wasmlab_model::codes::Code;
    use wasmlab_protocol::Stage;

    const NO_PROGRAM: FailedColumn = FailedColumn {
        column: ("wasmtime-cli", "wasmtime"),
        code: Code::NoEntryPoint,
        subject: Some("_start"),
        remedy: Some("Name an export."),
        differs: false,
    };
    const ADDON: FailedColumn = FailedColumn {
        column: ("node", "node"),
        code: Code::NeedsNapiHost,
        subject: Some("env.memory"),
        remedy: Some("Load it through emnapi."),
        differs: false,
    };
    const NO_THREADS: FailedColumn = FailedColumn {
        column: ("wasmi", "wasmi"),
        code: Code::ThreadsUnsupported,
        subject: Some("threads"),
        remedy: Some("Build for WASIX."),
        differs: false,
    };

    const LOGGING: FailedColumn = FailedColumn {
        column: ("wasmtime-cli", "wasmtime"),
        code: Code::MissingImport,
        subject: Some("wasi:logging/logging"),
        remedy: Some("Compose it."),
        differs: false,
    };
    /// It differs from the others that ran the guest.
    const WRONG_CLOCK: FailedColumn = FailedColumn {
        column: ("wamr-zig", "wamr-zig"),
        code: Code::WrongOutput,
        subject: Some("clock"),
        differs: true,
        ..NO_THREADS
    };
    const ABORT: &str = "(import \"env\" \"abort\" (func (param i32 i32 i32 i32)))";
    const EXIT: &str = "wasi_snapshot_preview1.proc_exit";

    /// A cell that did not pass, with `code (subject)`, of a module with these imports, in this row; and its remedy:
    /// the first obstacle and the next one, then how to remove the next one.
    fn check(code: Code, subject: &str, imports: &str, row: &[FailedColumn], expected: Option<(&str, &str)>) {
        let facts = wasmlab_inspect::facts(&wat::parse_str(format!("(module {imports})")).unwrap()).unwrap();
        let cell = FailedCell {
            code,
            subject: Some(subject).filter(|subject| !subject.is_empty()),
            stage: Some(Stage::Compile),
            runtime: "wasmi",
            facts: Some(&facts),
            ..FAILED
        };
        let expected = expected.map(|(obstacles, next)| (format!("{obstacles}. {next}"), Some(next.to_owned())));
        let found = remedy(&cell, row).map(|RowRemedy { text, next }| (text, next.map(|(_, remedy)| remedy)));
        assert_eq!(found, expected, "{code} {subject:?}");
    }

    #[test]
    fn next_obstacle_comes_from_the_columns_that_got_further() {
        let lacks = Code::UnsupportedProposal;
        let addon = "node gets past it and stops at env.memory (needs-napi-host)";
        for (code, subject, row, first, reached, next) in [
            (lacks, "threads", &[NO_PROGRAM, ADDON][..], "The lack of threads", addon, "Load it through emnapi."),
            (lacks, "externref", &[ADDON], "The lack of the type externref", addon, "Load it through emnapi."),
            (lacks, "simd threads", &[ADDON], "The lack of simd and threads", addon, "Load it through emnapi."),
            (Code::Crashed, "", &[ADDON], "The crash", addon, "Load it through emnapi."),
            (
                Code::MissingImport,
                "wasi_snapshot_preview1.args_get",
                &[NO_PROGRAM],
                "The missing import wasi_snapshot_preview1.args_get",
                "wasmtime-cli gets past it and finds no `_start` to call",
                "Name an export.",
            ),
            // What another runtime lacks counts only if no column got further.
            (
                Code::NeedsComponentModel,
                "",
                &[LOGGING],
                "The lack of component support",
                "wasmtime-cli gets past it and stops at wasi:logging/logging (missing-import)",
                "Compose it.",
            ),
        ] {
            let obstacles = format!("{first} is only the first obstacle: {reached}");
            check(code, subject, "", row, Some((&obstacles, next)));
        }
    }

    #[test]
    fn next_obstacle_is_what_most_columns_met_that_ran_the_guest() {
        let node = FailedColumn { column: ("node", "node"), ..NO_THREADS };
        for code in [Code::ThreadsUnsupported, Code::SocketsUnsupported, Code::LibraryUnsupported, Code::Timeout] {
            let row = [WRONG_CLOCK, FailedColumn { code, ..NO_THREADS }, FailedColumn { code, ..node }];
            let both = format!(
                "The missing import {EXIT} is only the first obstacle: wasmi and node get past it and end with {code}"
            );
            check(Code::MissingImport, EXIT, "", &row, Some((&both, "Build for WASIX.")));
        }
    }

    #[test]
    fn next_obstacle_comes_from_the_imports_if_no_column_got_further() {
        let abort = (
            "The lack of simd is only the first obstacle: the module also imports env.abort (needs-js-glue)",
            "Define `env.abort` in the program that embeds it (JavaScript: `{ env: { abort() { throw Error() } } }`); or \
             compile it without `env.abort`: `asc --use abort=`.",
        );
        check(Code::UnsupportedProposal, "simd", ABORT, &[], Some(abort));
        let host = (
            "The lack of component support is only the first obstacle: the module also imports mine.call (custom-host)",
            "Embed the runtime in a program that defines this import (from mine); if mine is a module, link it with \
             `wasmtime run --preload mine=FILE`.",
        );
        check(Code::NeedsComponentModel, "", "(import \"mine\" \"call\" (func))", &[], Some(host));
    }

    #[test]
    fn nothing_stands_behind_the_last_obstacle() {
        let part = FailedColumn { code: Code::ComponentPart, ..LOGGING };
        for (code, subject, imports, row) in [
            (Code::UnsupportedProposal, "simd", "", &[][..]),
            // The obstacle is not about the runtime.
            (Code::NeedsNapiHost, "env.memory", ABORT, &[NO_PROGRAM]),
            // The same import under another code.
            (Code::MissingImport, "wasi:logging/logging", "", &[part]),
            (Code::MissingImport, EXIT, "", &[WRONG_CLOCK]),
        ] {
            check(code, subject, imports, row, None);
        }
    }
}
