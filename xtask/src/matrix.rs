//! Plans and runs the cells, and emits events. It neither prints nor judges.
//!
//! One thread builds guests and another builds engines. A worker runs each cell as soon as its guest and engine are
//! ready, so the first verdicts arrive while the last engine is still compiling.

use std::cmp::Reverse;
use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind};

use crate::cell::{self, Limits};
use crate::engines::{self, Absence};
use crate::guest::{self, Guest, NotBuilt};
use crate::lab::Lab;
use crate::reading::{self, ReadError, Representation};
use crate::store::cache::Key;
use wasmlab_inspect as inspect;
use wasmlab_model::facts::Facts;
use wasmlab_model::report::{ByteLine, Cell};
use wasmlab_model::scenario::Scenario;
use wasmlab_model::verdict::NotAttempted;
use wasmlab_process as process;
use wasmlab_runtimes::{Runtime, Tool};
use wasmlab_toolchains::adapters::wat;

pub mod assemble;
mod cache_policy;
mod imports_only;
mod measure;
mod probing;
mod remeasure;
pub(crate) mod row;
mod scheduler;
mod single_run;
mod switches;
#[cfg(test)]
mod tests;
pub mod time_budget;

use measure::MeasuredCell;
pub use probing::ProbedColumn;
pub use remeasure::remeasure;
use scheduler::{Order, Scheduler};
use time_budget::TimeBudget;

/// The selected cells and how to run them.
pub struct MatrixRequest<'a> {
    /// Rows, sorted.
    pub scenarios: &'a [Scenario],
    /// Columns, in registry order.
    pub runtimes: Vec<Runtime>,
    /// Number of cells to run in parallel.
    pub jobs: usize,
    /// Reuse observations from the cache.
    pub use_cache: bool,
    /// Measure quick results again at the end if the machine's load may have caused them.
    pub confirm: bool,
    /// Limits of each cell.
    pub limits: Limits,
    /// How to build guests.
    pub build: guest::BuildOptions,
    /// Guests that need no build (for `check`), by scenario name.
    pub given: BTreeMap<String, Guest>,
    /// Guests in `given` have all inputs that they need: if one fails, nothing is said about missing inputs.
    pub inputs_are_complete: bool,
    /// Guests that the lab cannot run as it should, by scenario name, and why.
    pub withheld: BTreeMap<String, NotAttempted>,
    /// Time that several scenarios share on each runtime.
    pub time_budget: Option<&'a TimeBudget>,
    /// Which missing embedded engines to build.
    pub engines: EngineBuilds,
    /// Receives each process's events as they happen.
    pub sink: Option<cell::OutputSink<'a>>,
    /// How results are kept.
    pub retention: cell::Retention<'a>,
}

impl<'a> MatrixRequest<'a> {
    /// One scenario on one runtime, without cached results.
    #[must_use]
    pub fn one_cell(scenario: &'a [Scenario; 1], runtime: Runtime, limits: Limits, build: guest::BuildOptions) -> Self {
        Self {
            scenarios: scenario,
            runtimes: vec![runtime],
            jobs: 1,
            use_cache: false,
            confirm: false,
            limits,
            build,
            given: BTreeMap::new(),
            inputs_are_complete: false,
            withheld: BTreeMap::new(),
            time_budget: None,
            engines: EngineBuilds::All,
            sink: None,
            retention: cell::Retention::default(),
        }
    }
}

/// Which embedded engines to build.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum EngineBuilds {
    /// Every one.
    #[default]
    All,
    /// Only those that build in a minute or two.
    Quick,
    /// None: engines that are already built are used, the rest is absent.
    Built,
}

/// An event of a run.
#[derive(Debug)]
pub enum MatrixEvent<'a> {
    /// The run starts.
    Planned {
        /// Total number of cells.
        cells: usize,
    },
    /// A guest is being built.
    GuestStarted {
        /// Its scenario.
        scenario: &'a str,
    },
    /// A guest is ready, or there is none.
    GuestDone {
        /// Its scenario.
        scenario: &'a str,
        /// The result.
        guest: Result<&'a Guest, &'a NotBuilt>,
    },
    /// Engines have to be built before their columns can run.
    EnginesPlanned {
        /// Their names, in the order of the builds.
        engines: &'a [&'static str],
        /// Estimated total build time, minutes; 0: a minute or two.
        minutes: u32,
        /// Whether other columns run meanwhile.
        others: bool,
    },
    /// An engine is being built.
    EngineBuilding {
        /// Its name.
        engine: &'a str,
        /// Crates compiled so far.
        crates: usize,
        /// Total number of crates.
        of: usize,
        /// Cargo's last line.
        line: &'a str,
    },
    /// An engine is ready, or absent.
    EngineDone {
        /// Its name.
        engine: &'a str,
        /// Why it is absent.
        absent: Option<&'a Absence>,
    },
    /// A cell has its verdict.
    CellDone {
        /// The cell.
        cell: &'a Cell,
    },
}

/// Receives events; called from several threads.
pub type EventSink<'a> = &'a (dyn Fn(MatrixEvent) + Sync);

/// A guest and its facts.
#[derive(Clone, Debug)]
pub struct GuestRow {
    /// The guest.
    pub guest: Result<Guest, NotBuilt>,
    /// Its facts, or why it is not a valid binary.
    pub facts: Result<Facts, String>,
    /// The remedy if the file itself is invalid: not WebAssembly, or truncated.
    pub invalid: Option<&'static str>,
    /// A name in a component that would run as code in the JavaScript that jco generates.
    pub script_name: Option<String>,
    /// Its size, bytes.
    pub bytes: u64,
    /// Every byte with its meaning, if it is small.
    pub annotated: Vec<ByteLine>,
}

/// The results of a run.
pub struct Results {
    /// Guests, in the order of the scenarios; `None` if not reached.
    pub rows: Vec<Option<GuestRow>>,
    /// Programs, in column order; `None` if not reached.
    pub columns: Vec<Option<Result<Tool, Absence>>>,
    /// Cells, by row and column.
    pub cells: BTreeMap<(usize, usize), Cell>,
}

/// A warning about limits that the lab was started with; `None` if there are none.
#[must_use]
pub fn inherited_limits_text() -> Option<String> {
    let limits = process::inherited_limits();
    let text = || {
        format!(
            "this shell limits every process to {}: a runtime that works under the usual limits may fail here",
            limits.join(", ")
        )
    };
    (!limits.is_empty()).then(text)
}

/// Runs all cells; returns when done, or when [`process::cancel`] was called.
#[must_use]
pub fn run(lab: &Lab, request: &MatrixRequest, emit: EventSink) -> Results {
    let (rows, columns) = (request.scenarios.len(), request.runtimes.len());
    emit(MatrixEvent::Planned { cells: rows * columns });
    let scheduler = Scheduler::new(rows, columns);
    std::thread::scope(|scope| {
        scope.spawn(|| build_guests(lab, request, &scheduler, emit));
        scope.spawn(|| build_engines(lab, request, &scheduler, emit));
        for worker in 0..request.jobs.max(1) {
            let order = if worker == 1 { Order::LargestFirst } else { Order::Arrival };
            let scheduler = &scheduler;
            scope.spawn(move || work(lab, request, scheduler, order, emit));
        }
    });
    process::end_orphans();
    scheduler.into_results()
}

fn build_guests(lab: &Lab, request: &MatrixRequest, scheduler: &Scheduler, emit: EventSink) {
    let mut order: Vec<usize> = (0..request.scenarios.len()).collect();
    // Guests that need no compiler come first, so that their verdicts are not delayed.
    order.sort_by_key(|i| request.scenarios[*i].spec.build.toolchain != wat::TOOLCHAIN.id);
    for index in order {
        if process::cancelled() {
            return;
        }
        let scenario = &request.scenarios[index];
        emit(MatrixEvent::GuestStarted { scenario: &scenario.name });
        let obtain = || {
            let guest = match request.given.get(&scenario.name) {
                Some(guest) => Ok(guest.clone()),
                None => guest::obtain(lab, scenario, request.build),
            };
            emit(MatrixEvent::GuestDone { scenario: &scenario.name, guest: guest.as_ref() });
            row::read(lab, guest)
        };
        let cells = (0..request.runtimes.len()).map(|column| (index, column));
        if let Some(row) = unless_panicked(request, scheduler, cells, emit, obtain) {
            scheduler.finish_row(index, row);
        }
    }
}

/// What `make` returns. If the lab panics in it, the run goes on, and these cells, which need the result, are errors.
fn unless_panicked<T>(
    request: &MatrixRequest,
    scheduler: &Scheduler,
    cells: impl Iterator<Item = (usize, usize)>,
    emit: EventSink,
    make: impl FnOnce() -> T,
) -> Option<T> {
    let why = match catch_unwind(AssertUnwindSafe(make)) {
        Ok(made) => return Some(made),
        Err(why) => why,
    };
    for at in cells {
        let MeasuredCell { cell, .. } = measure::panicked(request, at, why.as_ref());
        if scheduler.fail(at, &cell) {
            emit(MatrixEvent::CellDone { cell: &cell });
        }
    }
    None
}

fn build_engines(lab: &Lab, request: &MatrixRequest, scheduler: &Scheduler, emit: EventSink) {
    let cells_of = |column: usize| (0..request.scenarios.len()).map(move |row| (row, column));
    let mut unbuilt: Vec<(&'static str, Vec<usize>)> = Vec::new();
    for (index, runtime) in request.runtimes.iter().enumerate() {
        let find = || engines::find_tool(lab, runtime);
        let Some(found) = unless_panicked(request, scheduler, cells_of(index), emit, find) else { continue };
        match (found, runtime.source.built()) {
            (Ok(tool), _) => scheduler.finish_column(index, Ok(tool)),
            (Err(Some(absence)), _) => scheduler.finish_column(index, Err(absence)),
            (Err(None), Some(engine)) if excludes(request.engines, runtime) => {
                scheduler.finish_column(index, Err(excluded(engine)));
            }
            (Err(None), Some(engine)) => match unbuilt.iter_mut().find(|(name, _)| *name == engine) {
                Some((_, columns)) => columns.push(index),
                None => unbuilt.push((engine, vec![index])),
            },
            (Err(None), None) => unreachable!("a program is found or absent"),
        }
    }
    let minutes_of = |columns: &[usize]| columns.iter().map(|c| request.runtimes[*c].build_minutes).max().unwrap_or(0);
    // For early verdicts: quick builds first, then the engines that most columns wait for.
    unbuilt.sort_by_key(|(_, columns)| (minutes_of(columns) > 0, Reverse(columns.len())));
    if unbuilt.is_empty() {
        return;
    }
    let engines: Vec<&str> = unbuilt.iter().map(|(engine, _)| *engine).collect();
    let on_two_cores: u32 = unbuilt.iter().map(|(_, columns)| minutes_of(columns)).sum();
    let cores = std::thread::available_parallelism().map_or(2, |n| u32::try_from(n.get()).unwrap_or(2));
    let minutes = (on_two_cores * 2).div_ceil(cores);
    let others = unbuilt.iter().map(|(_, columns)| columns.len()).sum::<usize>() < request.runtimes.len();
    emit(MatrixEvent::EnginesPlanned { engines: &engines, minutes, others });
    for (engine, columns) in unbuilt {
        if process::cancelled() {
            break;
        }
        let progress = |crates, of, line: &str| emit(MatrixEvent::EngineBuilding { engine, crates, of, line });
        let build = || {
            let built = engines::build(lab, engine, request.build.offline, &progress);
            emit(MatrixEvent::EngineDone { engine, absent: built.as_ref().err() });
            built
        };
        let cells = columns.iter().flat_map(|index| cells_of(*index));
        let Some(built) = unless_panicked(request, scheduler, cells, emit, build) else { continue };
        for index in columns {
            let find = || match &built {
                Err(absence) => Err(absence.clone()),
                Ok(()) => engines::find_tool(lab, &request.runtimes[index]).map_err(|absence| {
                    let gone = || format!("the engine {engine} was built, but its binary is gone");
                    absence.unwrap_or_else(|| Absence::new(gone(), "run it again"))
                }),
            };
            if let Some(column) = unless_panicked(request, scheduler, cells_of(index), emit, find) {
                scheduler.finish_column(index, column);
            }
        }
    }
    engines::remove_build_files(lab);
}

fn excludes(engines: EngineBuilds, runtime: &Runtime) -> bool {
    match engines {
        EngineBuilds::All => false,
        EngineBuilds::Quick => runtime.build_minutes > 0,
        EngineBuilds::Built => true,
    }
}

fn excluded(engine: &str) -> Absence {
    let why = format!("the engine {engine} is not built yet, and --engines excludes it");
    Absence::new(why, "run without --engines")
}

fn work(lab: &Lab, request: &MatrixRequest, scheduler: &Scheduler, order: Order, emit: EventSink) {
    while let Some((at, turn)) = scheduler.next(order) {
        let measured = match scheduler.settled(at) {
            (Some(guest), Some(tool)) => measure::cell(lab, request, at, turn, &guest, &tool),
            // A cell is ready only when both are settled.
            _ => None,
        };
        if let Some(MeasuredCell { cell, remeasure: false }) = &measured {
            emit(MatrixEvent::CellDone { cell });
        }
        scheduler.done((at, turn), measured);
    }
}

/// The facts of a binary, cached under its hash and that of the lab.
pub fn facts_of(lab: &Lab, sha256: &str, bytes: &[u8]) -> Result<Facts, String> {
    facts_by(lab, sha256, || inspect::facts(bytes).map_err(|e| e.to_string()))
}

/// The facts of a file that anybody may have made, an object in the cache: a child process with limits reads it.
pub fn facts_of_given(lab: &Lab, sha256: &str) -> Result<Facts, ReadError> {
    facts_by(lab, sha256, || reading::facts(&lab.cache.object(sha256), Representation::Facts))
}

/// The same, with the facts read by `read`.
fn facts_by<E>(lab: &Lab, sha256: &str, read: impl FnOnce() -> Result<Facts, E>) -> Result<Facts, E> {
    let lab_itself = std::env::current_exe().ok().and_then(|exe| lab.machine.sha256(&exe).ok());
    let key = lab_itself.map(|hash| Key::of("facts", &(hash, sha256)));
    if let Some(facts) = key.as_ref().and_then(|key| lab.cache.get::<Facts>(key)) {
        return Ok(facts);
    }
    let facts = read()?;
    if let Some(key) = key {
        let _ = lab.cache.put(&key, &facts);
    }
    Ok(facts)
}
