//! Assembles results into a report: compares with snapshots, applies annotations, lists what is missing and what to do
//! next. It does not judge.

use std::collections::{BTreeMap, BTreeSet};

use crate::guest;
use crate::lab::Lab;
use crate::matrix::{GuestRow, MatrixRequest, Results, facts_of};
use crate::store::snapshots::{AcceptedLines, Snapshots};
use wasmlab_glob as glob;
use wasmlab_model::codes::Code;
use wasmlab_model::facts::Facts;
use wasmlab_model::names::rest;
use wasmlab_model::report::{
    Cell, CodeText, GuestInfo, MachineInfo, Note, NoteKind, Origin, RunReport, RuntimeInfo, SCHEMA_VERSION,
    ScenarioInfo, Selection, ToolInfo,
};
use wasmlab_model::scenario::{Known, Scenario};
use wasmlab_model::verdict::{Change, Verdict};
use wasmlab_report::visible::VisiblePath;
use wasmlab_runtimes::{Runtime, is_custom_build};
use wasmlab_toolchains as toolchains;

mod blame;
mod compare_columns;
mod cut_exit_codes;
mod imitated_messages;
pub mod merge;
mod next_steps;
mod predict;
mod remedies;
#[cfg(test)]
mod tests;

/// The form of [`RunReport::started`], for `strftime`: to the second, in UTC.
pub const RFC_3339: &str = "%FT%TZ";

/// Information about a run.
#[derive(Clone, Debug)]
pub struct RunMetadata {
    /// `run-all` or `check`.
    pub command: &'static str,
    /// Start time, RFC 3339.
    pub started: String,
    /// Duration, milliseconds.
    pub duration_ms: u64,
    /// The user interrupted it.
    pub interrupted: bool,
    /// Compare cells and guests with snapshots.
    pub compare: bool,
    /// The selection, if not everything was selected.
    pub selected: Selection,
}

/// Builds the report.
#[must_use]
pub fn report(lab: &Lab, request: &MatrixRequest, results: Results, metadata: RunMetadata) -> RunReport {
    let runtimes = runtimes(request, &results);
    let guests = guest_infos(request, &results.rows);
    let mut cells: Vec<Cell> = results.cells.into_values().collect();
    let store = Snapshots::new(lab.snapshots());
    // The files of a `check` are not scenarios of the lab, whatever their names.
    let elsewhere = if matches!(metadata.command, "check" | "suite") {
        AcceptedLines::new()
    } else {
        accepted_elsewhere(&store, &cells)
    };
    let mut of_same_guests = elsewhere.clone();
    let mut notes = Vec::new();
    // A damaged snapshot or a full disk must not lose the matrix: it becomes a note.
    let mut unusable = Vec::new();
    if metadata.compare {
        notes = compare_guests(&store, &guests, &mut of_same_guests, &mut unusable);
    }
    forget_changed_guests(&store, &runtimes, &cells, &mut of_same_guests);
    compare_cells(request, &guests, &store, &of_same_guests, &mut cells);
    if metadata.compare {
        unusable.extend(compare_with_snapshots(&store, &runtimes, &mut cells));
    }
    notes.extend(snapshots_unusable(&unusable));
    let is_whole = metadata.selected.is_everything() && !metadata.interrupted && metadata.command == "run-all";
    notes.extend(predict::add(lab, request, &runtimes, &guests, &mut cells, is_whole));
    for scenario in request.scenarios {
        let stale = annotate(scenario, &mut cells, &elsewhere);
        // With selected columns, an entry may be about one that was not selected.
        notes.extend(stale.into_iter().filter(|_| metadata.selected.runtimes.is_empty()));
        let guest = guests.iter().find(|a| a.scenario == scenario.name);
        notes.extend(guest.and_then(|guest| compare_prebuilt(lab, scenario, guest)));
    }
    notes.extend(compare_columns::differences(&request.runtimes, &runtimes, &cells));
    notes.extend(next_steps::missing(&runtimes, &results.rows, request.scenarios));
    let mut report = RunReport {
        schema: SCHEMA_VERSION,
        command: metadata.command.to_owned(),
        machine: machine(),
        started: metadata.started,
        duration_ms: metadata.duration_ms,
        interrupted: metadata.interrupted,
        selected: metadata.selected,
        baseline: None,
        toolchains: toolchains(lab, request.scenarios),
        runtimes,
        scenarios: request.scenarios.iter().map(scenario_info).collect(),
        guests,
        codes: CodeText::of(&cells),
        cells,
        notes,
    };
    report.notes.extend(next_steps::steps(&report));
    report.notes.sort();
    report.notes.dedup();
    report
}

/// Adds what only a comparison shows: whether a message is the guest's, whether an exit code was cut, who is to blame,
/// and which other column or target would help.
fn compare_cells(
    request: &MatrixRequest,
    guests: &[GuestInfo],
    store: &Snapshots,
    of_same_guests: &AcceptedLines,
    cells: &mut [Cell],
) {
    imitated_messages::correct(cells);
    cut_exit_codes::correct(cells, request.scenarios);
    blame::compare(cells, of_same_guests);
    remedies::explain_unnamed_start(&request.runtimes, guests, cells);
    remedies::share_trap_remedies(cells);
    remedies::add_from_runtimes(&request.runtimes, cells);
    remedies::add_from_rows(cells, guests, of_same_guests);
    remedies::add_columns_of_targets(cells, store);
}

/// The accepted results of cells that were not measured here.
fn accepted_elsewhere(store: &Snapshots, cells: &[Cell]) -> AcceptedLines {
    let registry: Vec<&str> = wasmlab_runtimes::all().iter().map(Runtime::id).collect();
    store.unmeasured_lines(&registry, cells)
}

/// Notes on guests that differ from their snapshots; removes from `elsewhere` what was accepted for a different guest.
fn compare_guests(
    store: &Snapshots,
    guests: &[GuestInfo],
    elsewhere: &mut AcceptedLines,
    unusable: &mut Vec<std::io::Error>,
) -> Vec<Note> {
    let mut notes = Vec::new();
    for guest in guests {
        match store.compare_guest(guest) {
            Ok(None) => {}
            Ok(Some(note)) => {
                elsewhere.retain(|(_, scenario), _| *scenario != guest.scenario);
                notes.push(note);
            }
            Err(error) => unusable.push(error),
        }
    }
    notes
}

/// Removes what was accepted for guests that have probably changed: the same version of a runtime passed with the
/// accepted guest, and now has a wrong result.
fn forget_changed_guests(store: &Snapshots, runtimes: &[RuntimeInfo], cells: &[Cell], elsewhere: &mut AcceptedLines) {
    let failed: Vec<&Cell> = cells.iter().filter(|cell| cell.verdict == Verdict::Fail).collect();
    let columns: BTreeSet<&str> = failed.iter().map(|cell| cell.runtime.as_str()).collect();
    let accepted = store.unmeasured_lines(&columns.into_iter().collect::<Vec<_>>(), &[]);
    let version =
        |id: &str| runtimes.iter().find(|runtime| runtime.id == id).and_then(|runtime| runtime.tool.version.as_deref());
    for cell in failed {
        let line = accepted.get(&(cell.runtime.clone(), cell.scenario.clone()));
        let passed = line
            .is_some_and(|line| line.verdict == Verdict::Pass && Some(line.version.as_str()) == version(&cell.runtime));
        if passed {
            elsewhere.retain(|(_, scenario), _| *scenario != cell.scenario);
        }
    }
}

/// Compares each cell with its snapshot. Custom builds have no snapshots.
fn compare_with_snapshots(store: &Snapshots, runtimes: &[RuntimeInfo], cells: &mut [Cell]) -> Vec<std::io::Error> {
    let compared = runtimes.iter().filter(|r| !is_custom_build(&r.id)).filter_map(|runtime| {
        let version = runtime.tool.version.as_deref().unwrap_or_default();
        let mut column: Vec<&mut Cell> = cells.iter_mut().filter(|c| c.runtime == runtime.id).collect();
        store.compare_column(&runtime.id, version, &mut column).err()
    });
    compared.collect()
}

/// Lists the first errors in full, because a full disk causes thousands of identical ones.
fn snapshots_unusable(errors: &[std::io::Error]) -> Vec<Note> {
    const MAX_SHOWN: usize = 3;
    let note = |text| Note::new(NoteKind::SnapshotUnusable, "snapshots", text);
    let more = rest(errors.len(), MAX_SHOWN, "error").map(|rest| format!("{rest} of this kind"));
    errors.iter().take(MAX_SHOWN).map(ToString::to_string).chain(more).map(note).collect()
}

/// This machine.
#[must_use]
pub fn machine() -> MachineInfo {
    MachineInfo {
        os: std::env::consts::OS.to_owned(),
        arch: std::env::consts::ARCH.to_owned(),
        cpus: std::thread::available_parallelism().map_or(1, usize::from),
        lab_version: env!("CARGO_PKG_VERSION").to_owned(),
    }
}

fn runtimes(request: &MatrixRequest, results: &Results) -> Vec<RuntimeInfo> {
    let pairs = request.runtimes.iter().zip(&results.columns);
    pairs
        .map(|(runtime, column)| {
            let tool = match column {
                Some(Ok(tool)) => ToolInfo { present: true, version: Some(tool.version.clone()), missing: None },
                Some(Err(absence)) => ToolInfo {
                    present: false,
                    version: None,
                    missing: Some(format!("{}; {}", absence.reason, absence.remedy)),
                },
                None => ToolInfo { present: false, version: None, missing: Some(ToolInfo::NOT_LOOKED_FOR.to_owned()) },
            };
            let id = runtime.id();
            RuntimeInfo {
                id: id.to_owned(),
                engine: runtime.engine.to_owned(),
                mode: runtime.mode().to_owned(),
                note: runtime.note.map(str::to_owned),
                constant_switches: runtime.constant_switches.iter().map(|f| (*f).to_owned()).collect(),
                custom_build: is_custom_build(id),
                tool,
            }
        })
        .collect()
}

fn scenario_info(scenario: &Scenario) -> ScenarioInfo {
    ScenarioInfo {
        name: scenario.name.clone(),
        title: scenario.spec.title.clone(),
        family: scenario.spec.family.clone(),
        route: scenario.spec.route.clone(),
        rank: scenario.spec.rank,
    }
}

fn guest_infos(request: &MatrixRequest, rows: &[Option<GuestRow>]) -> Vec<GuestInfo> {
    let pairs = request.scenarios.iter().zip(rows);
    pairs
        .filter_map(|(scenario, row)| {
            let row = row.as_ref()?;
            let guest = row.guest.as_ref().ok()?;
            Some(GuestInfo {
                scenario: scenario.name.clone(),
                sha256: guest.sha256.clone(),
                bytes: row.bytes,
                origin: guest.origin,
                toolchain: guest.toolchain.clone(),
                build_ms: guest.build_ms,
                facts: row.facts.clone().ok(),
                annotated: row.annotated.clone(),
            })
        })
        .collect()
}

fn toolchains(lab: &Lab, scenarios: &[Scenario]) -> BTreeMap<String, ToolInfo> {
    let mut found = BTreeMap::new();
    for scenario in scenarios {
        let build = &scenario.spec.build;
        let Some(toolchain) = toolchains::find(&build.toolchain) else { continue };
        let target = build.target.as_ref().map(|t| format!(" {t}")).unwrap_or_default();
        found.entry(format!("{}{target}", build.toolchain)).or_insert_with(|| {
            if let Some(error) = (toolchain.preflight_error)(build, &lab.machine) {
                return ToolInfo {
                    present: false,
                    version: None,
                    missing: Some(format!("{}: {}", error.detail, error.remedy)),
                };
            }
            match (toolchain.find)(scenario, &lab.machine) {
                Ok(tool) => ToolInfo { present: true, version: Some(tool.version), missing: None },
                Err(missing) => ToolInfo {
                    present: false,
                    version: None,
                    missing: Some(format!("{}: {}", missing.what, missing.remedy)),
                },
            }
        });
    }
    found
}

/// Applies a scenario's `[[known]]` entries. A gap that an entry names is a known gap. A pass where an entry names a
/// gap is a fixed gap. An entry that matches nothing measured, here or (according to snapshots) elsewhere, is stale.
fn annotate(scenario: &Scenario, cells: &mut [Cell], elsewhere: &AcceptedLines) -> Vec<Note> {
    let mut notes = Vec::new();
    let entries: Vec<(&Known, globset::GlobMatcher)> =
        scenario.spec.known.iter().filter_map(|k| Some((k, glob::parse(&k.runtime).ok()?.compile_matcher()))).collect();
    for (known, glob) in &entries {
        let (mut named, mut matched, mut passed) = (0, 0, 0);
        for cell in
            cells.iter_mut().filter(|c| c.scenario == scenario.name && is_answered(c) && glob.is_match(&c.runtime))
        {
            named += 1;
            if matches!(cell.verdict, Verdict::Gap | Verdict::NotBuilt)
                && cell.code.is_some_and(|c| c.id() == known.code)
            {
                matched += 1;
                cell.known = Some(known.because.clone());
            } else if cell.verdict == Verdict::Pass {
                passed += 1;
                if is_custom_build(&cell.runtime) {
                    continue;
                }
                cell.change = Change::FixedGap;
                cell.accepted_result = Some(format!("known gap {}: {}", known.code, known.because));
            }
        }
        let fits_elsewhere = elsewhere.iter().any(|((runtime, name), line)| {
            *name == scenario.name && glob.is_match(runtime) && line.code.is_some_and(|c| c.id() == known.code)
        });
        if named > 0 && matched == 0 && passed == 0 && !fits_elsewhere {
            notes.push(Note::new(
                NoteKind::KnownStale,
                scenario.name.clone(),
                format!(
                    "[[known]] {} on `{}` matches nothing that was measured: correct it, or remove it",
                    known.code, known.runtime
                ),
            ));
        }
    }
    notes
}

/// Whether a `[[known]]` entry can be right or wrong about a cell: only if a runtime or compiler gave the answer, not
/// if something is missing on this machine.
fn is_answered(cell: &Cell) -> bool {
    let of_compiler = cell.verdict == Verdict::NotBuilt && cell.code.is_some_and(Code::is_compiler_diagnostic);
    cell.verdict.is_measured() || of_compiler
}

/// Compares a guest built here with its prebuilt copy.
fn compare_prebuilt(lab: &Lab, scenario: &Scenario, built: &GuestInfo) -> Option<Note> {
    let facts = built.facts.as_ref().filter(|_| built.origin == Origin::Built)?;
    let note = |text: String| {
        let text = format!("{text}: `cargo xtask accept --guests` replaces it");
        Some(Note::new(NoteKind::PrebuiltDiffers, scenario.name.clone(), text))
    };
    let provenance = match guest::provenance(lab, scenario) {
        Ok(provenance) => provenance?,
        Err(message) => return note(message),
    };
    let path = lab.fixture(&scenario.name).join(&provenance.file);
    let Ok(bytes) = std::fs::read(&path) else { return note(format!("`{}` cannot be read", path.visible())) };
    if let Some(name) = guest::altered_file(lab, &scenario.name, &provenance) {
        return note(format!("`{name}` is not what its provenance.toml describes"));
    }
    if guest::sources_hash(lab, scenario).ok().as_ref() != Some(&provenance.sources) {
        return note("its sources changed after the prebuilt guest was made".to_owned());
    }
    let imports = |facts: &Facts| {
        let mut imports: Vec<_> =
            facts.imports.iter().map(|i| (i.module.clone(), i.name.clone(), i.ty.clone())).collect();
        imports.sort();
        imports
    };
    match facts_of(lab, &provenance.sha256, &bytes) {
        Ok(prebuilt) if imports(&prebuilt) == imports(facts) => None,
        // Another standard library may import other functions; the guest's snapshot reports that.
        Ok(_) if provenance.toolchain != built.toolchain => None,
        Ok(_) => note("its prebuilt guest has other imports than what was built here".to_owned()),
        Err(message) => note(format!("its prebuilt guest is not a module ({message})")),
    }
}
