//! Complete runs with fake programs: they take a second and need no engine.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::PathBuf;
use std::sync::Mutex;

#[path = "../../tests/common/programs.rs"]
mod programs;

use super::assemble::{self, RunMetadata};
use super::measure::Attempt;
use super::{
    EngineBuilds, MatrixEvent, MatrixRequest, MeasuredCell, Order, Results, Scheduler, remeasure, run, unless_panicked,
};
use crate::cell::{Limits, Retention};
use crate::engines::Absence;
use crate::guest;
use crate::lab::Lab;
use crate::machine::{Machine, sha256};
use crate::scenario;
use crate::store::cache::Cache;
use wasmlab_model::codes::Code;
use wasmlab_model::report::{NoteKind, RunReport, Selection};
use wasmlab_model::scenario::Scenario;
use wasmlab_model::verdict::{Change, Verdict};
use wasmlab_runtimes::{Runtime, Tool};

/// A program with wasmi's command line whose guests all exit with 0.
const EXITS: &str = "#!/bin/sh\n[ \"$1\" != --version ] || echo 'wasmi 2.0.0'\n";

/// A workspace with scenarios of one WAT file each, and two columns: one whose program is [`EXITS`], one that is
/// absent.
struct Workspace {
    dir: tempfile::TempDir,
    lab: Lab,
    scenarios: Vec<Scenario>,
}

impl Workspace {
    /// Creates scenarios from name, WAT, and the rest of `scenario.toml`.
    fn new(scenarios: &[(&str, &str, &str)]) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let cache = Cache::new(dir.path().join("cache"));
        let lab = Lab::new(dir.path().into(), cache, Machine::new(dir.path().join("machine.json")));
        for (name, wat, rest) in scenarios {
            let folder = lab.scenarios().join(name);
            fs::create_dir_all(&folder).unwrap();
            let head = "schema = 1\ntitle = \"t\"\nfamily = \"f\"\nroute = \"wat\"\n";
            let build = "[build]\ntoolchain = \"wat\"\nsource = \"guest.wat\"\n";
            fs::write(folder.join("scenario.toml"), format!("{head}{build}{rest}")).unwrap();
            fs::write(folder.join("guest.wat"), wat).unwrap();
        }
        let program = dir.path().join("program");
        programs::script(&program, EXITS);
        let scenarios = scenario::load_all(&lab.scenarios()).unwrap();
        Self { dir, lab, scenarios }
    }

    fn request(&self) -> MatrixRequest<'_> {
        let column = |id: &str, program: PathBuf| Runtime {
            custom_build: Some(program),
            reference_column: None,
            ..wasmlab_runtimes::find(id).unwrap().clone()
        };
        let program = self.dir.path().join("program");
        MatrixRequest {
            scenarios: &self.scenarios,
            runtimes: vec![column("wasmi-cli", program), column("wazero", "/no/such/program".into())],
            jobs: 2,
            use_cache: true,
            confirm: false,
            limits: Limits::default(),
            build: guest::BuildOptions { offline: true, require_built: false },
            given: BTreeMap::new(),
            inputs_are_complete: false,
            withheld: BTreeMap::new(),
            time_budget: None,
            engines: EngineBuilds::Built,
            sink: None,
            retention: Retention::default(),
        }
    }

    /// Runs the matrix; returns the results and its events in short form.
    fn run(&self) -> (Results, Vec<String>) {
        let events = Mutex::new(Vec::new());
        let results = run(&self.lab, &self.request(), &|event| {
            events.lock().unwrap().push(match event {
                MatrixEvent::Planned { cells } => format!("planned {cells}"),
                MatrixEvent::GuestStarted { scenario } => format!("start {scenario}"),
                MatrixEvent::GuestDone { scenario, guest } => format!("guest {scenario} {}", guest.is_ok()),
                MatrixEvent::CellDone { cell } => format!("cell {} {}", cell.scenario, cell.runtime),
                MatrixEvent::EnginesPlanned { engines, .. } => format!("engines {engines:?}"),
                MatrixEvent::EngineBuilding { engine, .. } | MatrixEvent::EngineDone { engine, .. } => {
                    format!("engine {engine}")
                }
            });
        });
        (results, events.into_inner().unwrap())
    }

    /// Runs the matrix and builds a report, compared with the workspace's snapshots.
    fn report(&self) -> RunReport {
        let (results, _) = self.run();
        let metadata = RunMetadata {
            command: "run-all",
            started: "2026-01-01T00:00:00Z".to_owned(),
            duration_ms: 1,
            interrupted: false,
            compare: true,
            selected: Selection::default(),
        };
        assemble::report(&self.lab, &self.request(), results, metadata)
    }

    fn notes(&self, kind: NoteKind) -> Vec<String> {
        self.report().notes.into_iter().filter(|note| note.kind == kind).map(|note| note.text).collect()
    }
}

const HEALTHY: &str = "(module (func (export \"_start\")))";

fn workspace() -> Workspace {
    Workspace::new(&[
        ("broken", "(module (nonsense))", ""),
        ("healthy", HEALTHY, ""),
        ("wrong-exit", HEALTHY, "[expect]\nexit = 5\n"),
    ])
}

#[test]
fn every_cell_gets_a_verdict_and_its_events() {
    let workspace = workspace();
    let (results, events) = workspace.run();
    let verdicts: Vec<(Verdict, Option<Code>)> = results.cells.values().map(|cell| (cell.verdict, cell.code)).collect();
    let not_built = (Verdict::NotBuilt, Some(Code::CompileError));
    let absent = (Verdict::Absent, None);
    assert_eq!(
        verdicts,
        [not_built, not_built, (Verdict::Pass, None), absent, (Verdict::Fail, Some(Code::WrongExit)), absent]
    );
    assert_eq!(events[0], "planned 6");
    let cells: BTreeSet<&String> = events.iter().filter(|event| event.starts_with("cell ")).collect();
    assert_eq!((cells.len(), events.len()), (6, 1 + 3 + 3 + 6), "{events:?}");
    let at = |event: &str| events.iter().position(|e| e == event).unwrap();
    assert!(at("start healthy") < at("guest healthy true"));
    assert!(at("guest healthy true") < at("cell healthy wasmi-cli"), "{events:?}");
    assert!(events.contains(&"guest broken false".to_owned()));
}

/// The run ends, and the cells that need what the lab could not provide are errors.
#[test]
fn panic_of_the_lab_fails_only_the_cells_concerned() {
    let workspace = workspace();
    let (lab, mut request) = (&workspace.lab, workspace.request());
    let mut results = run(lab, &request, &|event| {
        if let MatrixEvent::GuestDone { scenario: "healthy", .. } = event {
            panic!("guest");
        }
    });
    let is_error = |results: &Results, at: (usize, usize), why: &str| {
        let cell = &results.cells[&at];
        cell.verdict == Verdict::Error && cell.detail.contains(why)
    };
    assert!(is_error(&results, (1, 0), "guest") && is_error(&results, (1, 1), "guest"));
    let verdicts = [(0, 0), (2, 0), (2, 1)].map(|at| results.cells[&at].verdict);
    assert_eq!(verdicts, [Verdict::NotBuilt, Verdict::Fail, Verdict::Absent]);
    request.runtimes[0].commands = |_, _| panic!("command");
    remeasure(lab, &request, &mut results, |cell, _| cell.verdict == Verdict::Fail, |_| (), &|_| ());
    assert!(is_error(&results, (2, 0), "command"));
}

#[test]
fn cells_without_guest_and_program_fail_once() {
    let workspace = workspace();
    let (request, scheduler) = (workspace.request(), Scheduler::new(3, 2));
    let failed = Mutex::new(0);
    let fail = |cells: &[(usize, usize)]| {
        let emit = |_: MatrixEvent| *failed.lock().unwrap() += 1;
        let made: Option<()> = unless_panicked(&request, &scheduler, cells.iter().copied(), &emit, || panic!("lab"));
        assert!(made.is_none());
    };
    fail(&[(1, 0), (1, 1)]);
    fail(&[(0, 1), (1, 1), (2, 1)]);
    assert_eq!(*failed.lock().unwrap(), 4);
    scheduler.finish_column(0, Ok(Tool::default()));
    for row in [0, 2] {
        scheduler.finish_row(row, super::row::read(&workspace.lab, Err(none())));
        assert_eq!(scheduler.next(Order::Arrival).map(|(at, _)| at), Some((row, 0)));
        scheduler.done(((row, 0), Attempt::First), None);
    }
    assert!(scheduler.next(Order::Arrival).is_none(), "none is left");
}

#[test]
fn second_run_uses_cached_observations() {
    let workspace = workspace();
    let cached = || workspace.run().0.cells.values().filter(|cell| cell.cached).count();
    assert_eq!((cached(), cached()), (0, 2));
    // Expectations are not part of an observation.
    let mut workspace = workspace;
    workspace.scenarios[2].spec.expect.exit = 0;
    let (results, _) = workspace.run();
    assert!(results.cells[&(2, 0)].cached && results.cells[&(2, 0)].verdict == Verdict::Pass);
}

#[test]
fn unrepeatable_results_are_measured_again_at_the_end() {
    let scheduler = Scheduler::new(2, 2);
    let absence = || Err(Absence::new("why", "how"));
    let row = || super::row::read(&workspace().lab, Err(none()));
    scheduler.finish_row(0, row());
    scheduler.finish_column(1, absence());
    scheduler.finish_column(0, Ok(Tool::default()));
    scheduler.finish_row(1, row());
    let mut order = Vec::new();
    while let Some((at, turn)) = scheduler.next(Order::Arrival) {
        order.push((at, turn == Attempt::Second));
        let cell = crate::sample::cells().remove(0);
        scheduler.done((at, turn), Some(MeasuredCell { cell, remeasure: order.len() == 1 }));
    }
    let first = [(0, 1), (0, 0), (1, 0), (1, 1)].map(|at| (at, false));
    assert_eq!(order, [&first[..], &[((0, 1), true)]].concat());
}

#[test]
fn one_worker_takes_the_largest_guests_first() {
    let scheduler = Scheduler::new(3, 2);
    for column in 0..2 {
        scheduler.finish_column(column, Ok(Tool::default()));
    }
    for (index, bytes) in [10, 30, 20].into_iter().enumerate() {
        scheduler.finish_row(index, super::GuestRow { bytes, ..super::row::read(&workspace().lab, Err(none())) });
    }
    let next = |order| scheduler.next(order).map(|(at, _)| at);
    assert_eq!(next(Order::LargestFirst), Some((1, 0)));
    assert_eq!(next(Order::Arrival), Some((0, 0)));
    assert_eq!(next(Order::LargestFirst), Some((1, 1)));
    assert_eq!(next(Order::LargestFirst), Some((2, 0)));
    assert_eq!(next(Order::Arrival), Some((0, 1)));
}

fn none() -> guest::NotBuilt {
    guest::NotBuilt { code: Code::CompileError, detail: "why".to_owned(), remedy: None, symbols: Vec::new() }
}

#[test]
fn report_compares_cells_with_snapshots() {
    let mut workspace = workspace();
    let changes = |report: &RunReport| report.cells.iter().map(|cell| cell.change).collect::<Vec<_>>();
    let first = workspace.report();
    assert_eq!(first.cells.len(), 6);
    assert_eq!(first.codes.len(), 2, "a text for each code");
    assert!(first.runtimes[0].tool.present && !first.runtimes[1].tool.present);
    assert_eq!(first.guests.len(), 2, "a guest that was not built is not a guest");
    assert!(changes(&first).contains(&Change::New));
    let store = crate::store::snapshots::Snapshots::new(workspace.lab.snapshots());
    store.accept(&|_, _| true).unwrap();
    let second = workspace.report();
    assert!(changes(&second).iter().all(|change| *change == Change::Same), "{:?}", changes(&second));
    workspace.scenarios[1].spec.expect.exit = 7;
    let third = workspace.report();
    let worse: Vec<&str> =
        third.cells.iter().filter(|c| c.change == Change::Worse).map(|c| c.scenario.as_str()).collect();
    assert_eq!(worse, ["healthy"]);
}

/// A prebuilt guest is compared with one built from the same sources.
#[test]
fn built_guest_is_compared_with_its_prebuilt_one() {
    let workspace = Workspace::new(&[("healthy", HEALTHY, "artifact = \"guest.wasm\"\n")]);
    let built = workspace.report().guests.remove(0);
    let binary = fs::read(workspace.lab.cache.object(&built.sha256)).unwrap();
    let sources = guest::sources_hash(&workspace.lab, &workspace.scenarios[0]).unwrap();
    let importing = wat::parse_str("(module (import \"a\" \"b\" (func)) (func (export \"_start\")))").unwrap();
    let (ours, other) = (built.toolchain.as_str(), "wat 0.1");
    let folder = workspace.lab.fixture("healthy");
    fs::create_dir_all(&folder).unwrap();
    let check = |bytes: &[u8], hash: &str, sources: &str, toolchain: &str, expected: Option<&str>| {
        fs::write(folder.join("guest.wasm"), bytes).unwrap();
        let size = bytes.len();
        let provenance = format!(
            "schema = 1\nfile = \"guest.wasm\"\nsha256 = \"{hash}\"\nbytes = {size}\nsources = \"{sources}\"\n\
             toolchain = \"{toolchain}\"\ncommand = \"\"\n"
        );
        fs::write(folder.join("provenance.toml"), provenance).unwrap();
        let notes = workspace.notes(NoteKind::PrebuiltDiffers);
        match expected {
            None => assert_eq!(notes, Vec::<String>::new()),
            Some(expected) => {
                assert!(notes.len() == 1 && notes[0].contains(expected), "{notes:?} does not say {expected}")
            }
        }
    };
    check(&binary, &sha256(&binary), &sources, ours, None);
    check(&binary, &sha256(b"other"), &sources, ours, Some("is not what its provenance.toml describes"));
    check(&binary, &sha256(&binary), "other", ours, Some("its sources changed after the prebuilt guest was made"));
    check(&importing, &sha256(&importing), &sources, ours, Some("has other imports than what was built here"));
    // Another compiler version may come with another standard library.
    check(&importing, &sha256(&importing), &sources, other, None);
    check(b"text", &sha256(b"text"), &sources, ours, Some("is not a module"));
    fs::remove_file(folder.join("guest.wasm")).unwrap();
    assert!(workspace.notes(NoteKind::PrebuiltDiffers)[0].contains("cannot be read"));
    fs::write(folder.join("provenance.toml"), "schema = 1\nfile = 2\n").unwrap();
    assert!(workspace.notes(NoteKind::PrebuiltDiffers)[0].contains("provenance.toml"));
    // The lab writes files of these names to the folder of a cell.
    for names in ["file = \"../guest.wasm\"", "file = \"guest.wasm\"\ncompanions = { \"../../x\" = \"\" }"] {
        let rest = "sha256 = \"\"\nbytes = 1\nsources = \"\"\ntoolchain = \"\"\ncommand = \"\"";
        fs::write(folder.join("provenance.toml"), format!("schema = 1\n{rest}\n{names}\n")).unwrap();
        assert!(workspace.notes(NoteKind::PrebuiltDiffers)[0].contains("are not the artifact"), "{names}");
    }
}
