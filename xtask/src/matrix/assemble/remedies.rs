//! Remedies that depend on more than one cell: switches or embedder calls of the runtime that provide what the guest
//! ran out of, features that no browser page has, columns in which the same guest passes, and columns that run the
//! target that a remedy names.

use std::collections::{BTreeMap, BTreeSet};

use crate::store::snapshots::{AcceptedLines, Snapshots};
use wasmlab_judge::obstacles::FailedColumn;
use wasmlab_judge::proposals::named_in;
use wasmlab_judge::remedies::{FailedCell, RowRemedy, Targets, data, names_target, row_remedy, with_targets};
use wasmlab_model::codes::{Blame, Code};
use wasmlab_model::phrases::only_in_library;
use wasmlab_model::remedy::{Remedy, RemedyKind};
use wasmlab_model::report::{Cell, GuestInfo};
use wasmlab_model::verdict::{ProposalRefusal, Verdict};
use wasmlab_protocol::Stage;
use wasmlab_runtimes::{Runtime, Source, is_custom_build};

/// Adds to each cell the columns in which its guest passes, in this run or according to snapshots, and the obstacle
/// behind its first one.
pub fn add_from_rows(cells: &mut [Cell], guests: &[GuestInfo], elsewhere: &AcceptedLines) {
    let rows = Rows { passing: passing(cells, elsewhere), failed: failed(cells) };
    let found: Vec<(Vec<Remedy>, Option<RowRemedy>)> = cells.iter().map(|cell| rows.remedies(cell, guests)).collect();
    for (cell, (remedies, remedy)) in cells.iter_mut().zip(found) {
        cell.remedies = remedies;
        if let Some(RowRemedy { text, next }) = remedy {
            cell.remedy = Some(text);
            (cell.next_obstacle, cell.next_obstacle_remedy) = next.unzip();
        }
    }
}

/// The results of each scenario.
struct Rows<'a> {
    /// The columns in which it passes.
    passing: BTreeMap<&'a str, BTreeSet<&'a str>>,
    /// The columns of this run in which it does not pass, in registry order.
    failed: BTreeMap<&'a str, Vec<FailedColumn<'a>>>,
}

fn passing<'a>(cells: &'a [Cell], elsewhere: &'a AcceptedLines) -> BTreeMap<&'a str, BTreeSet<&'a str>> {
    let mut passing: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    let passes = |cell: &&Cell| cell.verdict == Verdict::Pass && !is_custom_build(&cell.runtime);
    for cell in cells.iter().filter(passes) {
        passing.entry(&cell.scenario).or_default().insert(&cell.runtime);
    }
    for ((runtime, scenario), _) in elsewhere.iter().filter(|(_, line)| line.verdict == Verdict::Pass) {
        passing.entry(scenario).or_default().insert(runtime);
    }
    passing
}

fn failed(cells: &[Cell]) -> BTreeMap<&str, Vec<FailedColumn<'_>>> {
    let mut rows: BTreeMap<&str, Vec<FailedColumn>> = BTreeMap::new();
    for runtime in wasmlab_runtimes::all() {
        for cell in cells.iter().filter(|cell| cell.runtime == runtime.id()) {
            let Some(code) = cell.code else { continue };
            rows.entry(&cell.scenario).or_default().push(FailedColumn {
                column: (&cell.runtime, runtime.engine),
                code,
                subject: cell.subject.as_deref(),
                remedy: cell.remedy.as_deref(),
                differs: is_fault_of_runtime(code, &cell.blame),
            });
        }
    }
    rows
}

impl Rows<'_> {
    /// A cell's remedies as data, and the sentence that its row suggests.
    fn remedies(&self, cell: &Cell, guests: &[GuestInfo]) -> (Vec<Remedy>, Option<RowRemedy>) {
        let Some(code) = cell.code else {
            let switches = Remedy::Switch { switches: cell.switches.clone() };
            return (Some(switches).filter(|_| !cell.switches.is_empty()).into_iter().collect(), None);
        };
        let passing = self.passing.get(cell.scenario.as_str());
        let passes = |runtime: &Runtime| passing.is_some_and(|columns| columns.contains(runtime.id()));
        // In registry order, where the most common runtimes come first.
        let others = wasmlab_runtimes::all().iter().filter(|r| passes(r) && r.id() != cell.runtime);
        // A runtime that passes without the glue does not show that the glue would help.
        let others = others.filter(|runtime| code != Code::NeedsJsGlue || runtime.runs_glue());
        let passing: Vec<(&str, &str)> = others.map(|runtime| (runtime.id(), runtime.engine)).collect();
        let guest = guests.iter().find(|guest| guest.scenario == cell.scenario);
        let failed_cell = FailedCell {
            code,
            subject: cell.subject.as_deref(),
            stage: cell.stage,
            runtime: &cell.runtime,
            remedy: cell.remedy.as_deref().filter(|remedy| *remedy != code.entry().remedy),
            remedy_kind: cell.remedy_kind,
            differs: cell.blame == [Blame::Runtime],
            facts: guest.and_then(|guest| guest.facts.as_ref()),
            predicted: false,
        };
        let row = self.failed.get(cell.scenario.as_str()).map(Vec::as_slice).unwrap_or_default();
        let others: Vec<FailedColumn> = row.iter().filter(|other| other.column.0 != cell.runtime).copied().collect();
        (data(&failed_cell, &passing), row_remedy(&failed_cell, &passing, &others))
    }
}

/// Whether a guest ran and failed by its runtime's fault alone, so that no other column would have the same problem.
fn is_fault_of_runtime(code: Code, blame: &[Blame]) -> bool {
    let went_wrong = code.is_guest_failure() || matches!(code, Code::HostRefused | Code::Timeout);
    blame == [Blame::Runtime] && went_wrong
}

/// Adds to each remedy that names a target the columns that run guests of this target, according to snapshots.
pub fn add_columns_of_targets(cells: &mut [Cell], store: &Snapshots) {
    let names_one = |cell: &&mut Cell| {
        let remedy = cell.remedy.as_ref().filter(|_| cell.code != Some(Code::ToolchainMissing));
        remedy.is_some_and(|remedy| names_target(remedy))
    };
    let mut naming = cells.iter_mut().filter(names_one).peekable();
    if naming.peek().is_none() {
        return;
    }
    let registry: Vec<&str> = wasmlab_runtimes::all().iter().map(Runtime::id).collect();
    let accepted = store.unmeasured_lines(&registry, &[]);
    let passing = accepted.iter().filter(|(_, line)| line.verdict == Verdict::Pass);
    let mut by_scenario: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for ((runtime, scenario), _) in passing {
        by_scenario.entry(scenario).or_default().insert(runtime);
    }
    let imports: Vec<(Vec<String>, BTreeSet<&str>)> =
        by_scenario.into_iter().map(|(scenario, columns)| (store.accepted_imports(scenario), columns)).collect();
    let runs = |start: &str| -> Vec<(&str, &str)> {
        let asks = |names: &[String]| names.iter().any(|name| name.starts_with(start));
        let columns: BTreeSet<&str> =
            imports.iter().filter(|(names, _)| asks(names)).flat_map(|(_, c)| c).copied().collect();
        let known = wasmlab_runtimes::all().iter().filter(|runtime| columns.contains(runtime.id()));
        known.map(|runtime| (runtime.id(), runtime.engine)).collect()
    };
    let targets =
        Targets { sockets: runs("wasi:sockets/tcp"), wasix: runs("wasix_32v1."), threads: runs("wasi.thread-spawn") };
    for cell in naming {
        for remedy in [&mut cell.remedy, &mut cell.next_obstacle_remedy].into_iter().flatten() {
            if let Some(with_columns) = with_targets(remedy, &targets) {
                *remedy = with_columns;
            }
        }
    }
}

/// Explains results of a module with an export `""` beside `_start`: some runtimes start `""`, by design.
pub fn explain_unnamed_start(runtimes: &[Runtime], guests: &[GuestInfo], cells: &mut [Cell]) {
    let has_both = |cell: &Cell| {
        let guest = guests.iter().find(|guest| guest.scenario == cell.scenario);
        let facts = guest.and_then(|guest| guest.facts.as_ref());
        facts.is_some_and(|facts| facts.exports_function("_start") && facts.exports_function(""))
    };
    let starts_empty_name = |cell: &Cell| {
        let runtime = runtimes.iter().find(|runtime| runtime.id() == cell.runtime);
        runtime.and_then(|runtime| runtime.output_parser.as_ref()).is_some_and(|parser| parser.starts_empty_name)
    };
    for cell in
        cells.iter_mut().filter(|cell| cell.stage == Some(Stage::Run) && starts_empty_name(cell) && has_both(cell))
    {
        cell.detail += "; this runtime starts the export `\"\"`, not `_start`";
        if cell.code.is_some_and(Code::is_guest_failure) {
            cell.blame = vec![Blame::Toolchain];
            cell.remedy =
                Some("Rename or remove the export `\"\"`; `_start` is then what this runtime starts.".to_owned());
            cell.remedy_kind = RemedyKind::Change;
        }
    }
}

/// For a guest that traps in the same way everywhere, the remedies of the runtime with the most details apply to the
/// others.
pub fn share_trap_remedies(cells: &mut [Cell]) {
    let is_trap = |cell: &&Cell| cell.code == Some(Code::Trap) && cell.blame == [Blame::Guest];
    let explained: Vec<Cell> =
        cells.iter().filter(is_trap).filter(|cell| cell.remedy_kind == RemedyKind::Change).cloned().collect();
    for cell in cells.iter_mut().filter(|cell| is_trap(&&**cell) && cell.remedy_kind == RemedyKind::Inspection) {
        let same = |other: &&Cell| other.scenario == cell.scenario && other.subject == cell.subject;
        if let Some(other) = explained.iter().find(same) {
            (cell.remedy, cell.remedy_kind) = (other.remedy.clone(), RemedyKind::Change);
        }
    }
}

/// Adds to each cell what its runtime offers.
pub fn add_from_runtimes(runtimes: &[Runtime], cells: &mut [Cell]) {
    for cell in cells.iter_mut().filter(|cell| is_socket_of_page(runtimes, cell)) {
        cell.remedy = Some(
            "A page has no sockets: run it outside a browser, or use HTTP (`wasi:http/outgoing-handler`).".to_owned(),
        );
    }
    for cell in cells.iter_mut().filter(|cell| is_denied_socket_of_python(runtimes, cell)) {
        cell.remedy = Some(
            "The Python package uses wasmtime's C API, which can allow addresses but cannot enable TCP: embed wasmtime \
             in Rust (`WasiCtxBuilder::allow_tcp`), or use `wasmtime run -S inherit-network`."
                .to_owned(),
        );
    }
    for cell in cells.iter_mut().filter(|cell| cell.code == Some(Code::UnsupportedProposal)) {
        let runtime = runtimes.iter().find(|runtime| runtime.id() == cell.runtime);
        let disabled = disabled_in(cell);
        if let Some(library) = runtime.and_then(|runtime| runtime.library_may_enable).filter(|_| !disabled.is_empty()) {
            cell.detail += &format!("; {}", only_in_library(library, &disabled.join(" and ")));
        }
    }
    for cell in cells.iter_mut().filter(|cell| is_stack_overflow(cell)) {
        let runtime = runtimes.iter().find(|runtime| runtime.id() == cell.runtime);
        if let Some(switch) = runtime.and_then(|runtime| runtime.stack_hint) {
            cell.remedy =
                Some(format!("Give it a larger stack: {switch}; no stack is large enough for infinite recursion."));
        }
    }
}

/// The proposals that the runtime's message names as disabled. Empty if the cell also lacks one that the message does
/// not name, because enabling the others would then not help.
fn disabled_in(cell: &Cell) -> Vec<String> {
    let Some(ProposalRefusal { message, .. }) = &cell.refusal else { return Vec::new() };
    let is_disabled = ["is disabled", "not enabled"].iter().any(|phrase| message.contains(phrase));
    let lacking: Vec<&str> = cell.subject.as_deref().unwrap_or_default().split(' ').collect();
    let named = if is_disabled { named_in(message, lacking.iter().copied()) } else { Vec::new() };
    let knows_all = named.len() == lacking.len();
    named.into_iter().filter(|_| knows_all).map(str::to_owned).collect()
}

/// Whether the cell lacks a socket function that the shim provides on a page, without implementing it.
fn is_socket_of_page(runtimes: &[Runtime], cell: &Cell) -> bool {
    let of_sockets = |subject: &str| subject.starts_with("sock_") || subject.starts_with("wasi:sockets/");
    let is_page = |runtime: &Runtime| matches!(runtime.source, Source::Driver { driver: "browser", .. });
    let in_page = |runtime: &&Runtime| runtime.id() == cell.runtime && is_page(runtime);
    cell.code == Some(Code::NotImplemented)
        && cell.subject.as_deref().is_some_and(of_sockets)
        && runtimes.iter().any(|runtime| in_page(&runtime))
}

/// Whether wasmtime's Python package denied a socket although the network is open.
fn is_denied_socket_of_python(runtimes: &[Runtime], cell: &Cell) -> bool {
    cell.code == Some(Code::CapabilityDenied)
        && cell.subject.as_deref().is_some_and(|subject| subject.starts_with("wasi:sockets/"))
        && runtimes.iter().any(|runtime| runtime.id() == cell.runtime && runtime.python_package == Some("wasmtime"))
}

fn is_stack_overflow(cell: &Cell) -> bool {
    cell.code == Some(Code::Trap) && cell.subject.as_deref() == Some("stack-overflow")
}

#[cfg(test)]
mod tests {
    use super::{add_from_runtimes, share_trap_remedies};
    use wasmlab_model::codes::{Blame, Code};
    use wasmlab_model::remedy::RemedyKind;
    use wasmlab_model::report::Cell;
    use wasmlab_model::verdict::ProposalRefusal;

    #[test]
    fn trap_that_one_runtime_explains_is_explained_on_all() {
        let check = |subject: &str, expected: &str| {
            let cell = crate::sample::cells().remove(0);
            let of = |subject: &str, remedy: &str, kind| {
                let (code, blame) = (Some(Code::Trap), vec![Blame::Guest]);
                let (subject, remedy) = (Some(subject.to_owned()), Some(remedy.to_owned()));
                Cell { code, blame, subject, remedy, remedy_kind: kind, ..cell.clone() }
            };
            let mut cells = [
                of("memory-out-of-bounds", "look at it", RemedyKind::Inspection),
                of(subject, "larger stack", RemedyKind::Change),
            ];
            share_trap_remedies(&mut cells);
            assert_eq!(cells[0].remedy.as_deref(), Some(expected), "{subject}");
        };
        check("memory-out-of-bounds", "larger stack");
        check("unreachable", "look at it");
    }

    #[test]
    fn proposal_without_a_switch_may_exist_in_the_library() {
        let disabled = "not supported as feature \"exception-handling\" is disabled";
        let tail_call = "return_call invalid as feature \"tail-call\" is disabled";
        for (runtime, subject, message, in_library) in [
            ("wasmi", "tail-call", tail_call, false),
            ("wazero", "tail-call", tail_call, true),
            ("wazero", "exceptions", disabled, true),
            // It implements only one of the forms.
            ("wazero", "exceptions legacy-exceptions", disabled, false),
            // It implements no gc, in its library either.
            ("wazero", "gc", "section type: read 0-th type: invalid byte: 0x5f != 0x60", false),
        ] {
            let refusal = Some(ProposalRefusal { lacks: Some(subject.to_owned()), message: message.to_owned() });
            let (code, subject) = (Some(Code::UnsupportedProposal), subject.to_owned());
            let detail = format!("lacks {subject}: {message}; {subject} first used at byte 0x1");
            let more = format!("; its Go library can enable {subject}, but its command line cannot");
            let expected = if in_library { format!("{detail}{more}") } else { detail.clone() };
            let (cell, runtime) = (crate::sample::cells().remove(0), runtime.to_owned());
            let mut cells = [Cell { runtime, code, subject: Some(subject), detail, refusal, ..cell }];
            add_from_runtimes(wasmlab_runtimes::all(), &mut cells);
            assert_eq!(cells[0].detail, expected);
        }
    }

    #[test]
    fn stack_overflow_remedy_names_the_runtimes_switch() {
        let check = |runtime: &str, code, subject: &str, message: Option<&str>| {
            let (runtime, subject) = (runtime.to_owned(), Some(subject.to_owned()));
            let cell = crate::sample::cells().remove(0);
            let mut cells = [Cell { runtime, code: Some(code), subject, remedy: None, ..cell }];
            add_from_runtimes(wasmlab_runtimes::all(), &mut cells);
            let remedy = cells[0].remedy.as_deref();
            assert_eq!(remedy.is_some(), message.is_some(), "{remedy:?}");
            assert!(message.is_none_or(|message| remedy.is_some_and(|remedy| remedy.contains(message))), "{remedy:?}");
        };
        check("wasmtime-cli", Code::Trap, "stack-overflow", Some("-W max-wasm-stack="));
        check("node", Code::Trap, "stack-overflow", Some("--stack-size="));
        check("wasmi", Code::Trap, "stack-overflow", Some("set_max_recursion_depth"));
        check("node", Code::Trap, "unreachable", None);
        let function = "wasi:sockets/tcp-create-socket#create-tcp-socket";
        check("chromium+jco", Code::NotImplemented, function, Some("A page has no sockets"));
        check("wasmtime-py", Code::CapabilityDenied, function, Some("allow_tcp"));
        check("deno", Code::CapabilityDenied, function, None);
        check("deno", Code::NotImplemented, "sock_recv", None);
        check("node", Code::Timeout, "stack-overflow", None);
    }
}
