//! From results to report: compares with snapshots, applies annotations, says what is missing and what
//! to do next. Judges nothing anew.

use std::collections::BTreeMap;

use anyhow::Result;
use globset::Glob;

use crate::lab::Lab;
use crate::matrix::{Request, Results, Row};
use crate::model::report::{
    Artifact, Cell, Host, Note, NoteKind, Origin, RunReport, RuntimeInfo, SCHEMA, ScenarioInfo, Tool as ToolInfo,
};
use crate::model::scenario::{Known, Scenario};
use crate::model::verdict::{Change, Verdict};
use crate::snapshots::Store;
use crate::toolchain;

mod next;
#[cfg(test)]
mod tests;

/// How a run is put into a report.
#[derive(Clone, Debug)]
pub struct Frame {
    /// `run-all` or `check`.
    pub command: &'static str,
    /// When it began, RFC 3339.
    pub started: String,
    /// How long it took, milliseconds.
    pub duration_ms: u64,
    /// The user stopped it.
    pub interrupted: bool,
    /// Cells and artifacts are compared with snapshots.
    pub compare: bool,
}

/// Makes the report.
///
/// # Errors
/// When a snapshot is damaged or a pending one cannot be written.
pub fn report(lab: &Lab, request: &Request, results: Results, frame: Frame) -> Result<RunReport> {
    let runtimes = runtimes(request, &results);
    let artifacts = artifacts(request, &results.rows);
    let mut cells: Vec<Cell> = results.cells.into_values().collect();
    let mut notes = Vec::new();
    if frame.compare {
        let store = Store::new(lab.snapshots());
        let versions: BTreeMap<&str, &str> =
            runtimes.iter().map(|r| (r.id.as_str(), r.tool.version.as_deref().unwrap_or_default())).collect();
        for cell in &mut cells {
            store.compare_cell(cell, versions.get(cell.runtime.as_str()).copied().unwrap_or_default())?;
        }
        for artifact in &artifacts {
            notes.extend(store.compare_artifact(artifact)?);
        }
    }
    for scenario in request.scenarios {
        notes.extend(annotate(scenario, &mut cells));
    }
    notes.extend(next::missing(&runtimes, &results.rows, request.scenarios));
    let mut report = RunReport {
        schema: SCHEMA,
        command: frame.command.to_owned(),
        host: host(),
        started: frame.started,
        duration_ms: frame.duration_ms,
        interrupted: frame.interrupted,
        toolchains: toolchains(lab, request.scenarios),
        runtimes,
        scenarios: request.scenarios.iter().map(scenario_info).collect(),
        artifacts,
        cells,
        notes,
    };
    report.notes.extend(next::steps(&report));
    report.notes.sort();
    report.notes.dedup();
    Ok(report)
}

/// This machine.
#[must_use]
pub fn host() -> Host {
    Host {
        os: std::env::consts::OS.to_owned(),
        arch: std::env::consts::ARCH.to_owned(),
        cpus: std::thread::available_parallelism().map_or(1, usize::from),
        lab: env!("CARGO_PKG_VERSION").to_owned(),
    }
}

fn runtimes(request: &Request, results: &Results) -> Vec<RuntimeInfo> {
    let pairs = request.runtimes.iter().zip(&results.columns);
    pairs
        .map(|(runtime, column)| {
            let tool = match column {
                Some(Ok(tool)) => ToolInfo { present: true, version: Some(tool.version.clone()), missing: None },
                Some(Err(absence)) => ToolInfo {
                    present: false,
                    version: None,
                    missing: Some(format!("{}; {}", absence.why, absence.how)),
                },
                None => {
                    ToolInfo { present: false, version: None, missing: Some("the run was stopped before".to_owned()) }
                }
            };
            let (id, engine, mode) = (runtime.id(), runtime.engine(), runtime.mode());
            RuntimeInfo { id: id.to_owned(), engine: engine.to_owned(), mode: mode.to_owned(), tool }
        })
        .collect()
}

fn scenario_info(scenario: &Scenario) -> ScenarioInfo {
    ScenarioInfo {
        name: scenario.name.clone(),
        title: scenario.spec.title.clone(),
        family: scenario.spec.family.clone(),
        route: scenario.spec.route.clone(),
    }
}

fn artifacts(request: &Request, rows: &[Option<Row>]) -> Vec<Artifact> {
    let pairs = request.scenarios.iter().zip(rows);
    pairs
        .filter_map(|(scenario, row)| {
            let row = row.as_ref()?;
            let guest = row.guest.as_ref().ok()?;
            Some(Artifact {
                scenario: scenario.name.clone(),
                sha256: guest.sha256.clone(),
                bytes: row.bytes,
                origin: guest.origin,
                toolchain: guest.toolchain.clone(),
                build_ms: guest.build_ms,
                facts: row.facts.clone().ok(),
            })
        })
        .collect()
}

fn toolchains(lab: &Lab, scenarios: &[Scenario]) -> BTreeMap<String, ToolInfo> {
    let mut found = BTreeMap::new();
    for scenario in scenarios {
        let build = &scenario.spec.build;
        let Some(toolchain) = toolchain::find(&build.toolchain) else { continue };
        let target = build.target.as_ref().map(|t| format!(" {t}")).unwrap_or_default();
        found.entry(format!("{}{target}", build.toolchain)).or_insert_with(|| {
            match toolchain.find(build, &lab.machine) {
                Ok(tool) => ToolInfo { present: true, version: Some(tool.version), missing: None },
                Err(missing) => ToolInfo {
                    present: false,
                    version: None,
                    missing: Some(format!("{}: {}", missing.what, missing.how)),
                },
            }
        });
    }
    found
}

/// Applies a scenario's `[[known]]` entries: a gap that one names becomes a known gap; a pass where one
/// names a gap is a fixed gap; an entry that fits nothing that was measured is stale.
fn annotate(scenario: &Scenario, cells: &mut [Cell]) -> Vec<Note> {
    let mut notes = Vec::new();
    let entries: Vec<(&Known, globset::GlobMatcher)> =
        scenario.spec.known.iter().filter_map(|k| Some((k, Glob::new(&k.runtime).ok()?.compile_matcher()))).collect();
    for (known, glob) in &entries {
        let (mut named, mut matched, mut passed) = (0, 0, 0);
        for cell in cells
            .iter_mut()
            .filter(|c| c.scenario == scenario.name && c.verdict.is_measured() && glob.is_match(&c.runtime))
        {
            named += 1;
            if cell.verdict == Verdict::Gap && cell.code.is_some_and(|c| c.id() == known.code) {
                matched += 1;
                cell.known = Some(known.because.clone());
            } else if cell.verdict == Verdict::Pass {
                passed += 1;
                cell.change = Change::FixedGap;
                cell.was = Some(format!("known gap {}: {}", known.code, known.because));
            }
        }
        if named > 0 && matched == 0 && passed == 0 {
            notes.push(Note {
                kind: NoteKind::KnownStale,
                about: scenario.name.clone(),
                text: format!(
                    "[[known]] {} on `{}` fits nothing that was measured: correct it, or remove it",
                    known.code, known.runtime
                ),
            });
        }
    }
    notes
}

/// Prebuilt guests that differ in imports from what was built here.
pub fn prebuilt_differs(scenario: &str, built: &Artifact, prebuilt_imports: &[String]) -> Option<Note> {
    let facts = built.facts.as_ref().filter(|_| built.origin == Origin::Built)?;
    let mut imports: Vec<String> = facts.imports.iter().map(|i| format!("{}.{}: {}", i.module, i.name, i.ty)).collect();
    imports.sort();
    (imports != prebuilt_imports).then(|| Note {
        kind: NoteKind::PrebuiltDiffers,
        about: scenario.to_owned(),
        text: "its prebuilt guest has other imports than what was built here: `cargo xtask bless --guests` renews it"
            .to_owned(),
    })
}
