//! What is expected: one file a (scenario, runtime) and one an artifact, in insta's format.
//!
//! `run-all` compares with `*.snap` and leaves what differs beside it as `*.snap.new`; `bless` accepts
//! those, and so does `cargo insta review`. Nothing else writes here.

use std::collections::BTreeSet;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use wasmlab_protocol::Stage;

use crate::files;
use wasmlab_model::codes::Code;
use wasmlab_model::report::{Artifact, Cell, Note, NoteKind};
use wasmlab_model::verdict::{Change, Verdict};

pub mod artifacts;
#[cfg(test)]
mod tests;

/// A cell as its snapshot has it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CellSnapshot {
    /// The runtime's version when it was accepted.
    pub runtime_version: String,
    /// The verdict.
    pub verdict: Verdict,
    /// Its reason.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub code: Option<Code>,
    /// How far the guest came.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stage: Option<Stage>,
    /// What the code is about.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub subject: Option<String>,
}

impl CellSnapshot {
    fn of(cell: &Cell, version: &str) -> Self {
        Self {
            runtime_version: version.to_owned(),
            verdict: cell.verdict,
            code: cell.code,
            stage: cell.stage,
            subject: cell.subject.clone(),
        }
    }

    fn same_result(&self, other: &Self) -> bool {
        (self.verdict, self.code, self.stage, &self.subject) == (other.verdict, other.code, other.stage, &other.subject)
    }

    /// `pass`, `gap missing-import (env.f)`.
    fn words(&self) -> String {
        let code = self.code.map(|c| format!(" {c}")).unwrap_or_default();
        let subject = self.subject.as_ref().map(|s| format!(" ({s})")).unwrap_or_default();
        format!("{}{code}{subject}", self.verdict.id())
    }
}

/// The folder `snapshots/`.
#[derive(Debug)]
pub struct Store {
    dir: PathBuf,
}

impl Store {
    /// In `dir`.
    #[must_use]
    pub fn new(dir: PathBuf) -> Self {
        Self { dir }
    }

    fn cell_file(&self, scenario: &str, runtime: &str) -> PathBuf {
        self.dir.join("matrix").join(format!("{scenario}@{runtime}.snap"))
    }

    fn artifact_file(&self, scenario: &str) -> PathBuf {
        self.dir.join("artifacts").join(format!("{scenario}.snap"))
    }

    /// Whether a cell came to what is expected of it, on the very version of the runtime that it was accepted with.
    #[must_use]
    pub fn accepts(&self, cell: &Cell, version: &str) -> bool {
        let before: Option<CellSnapshot> = read(&self.cell_file(&cell.scenario, &cell.runtime)).unwrap_or_default();
        before.is_some_and(|before| before == CellSnapshot::of(cell, version))
    }

    /// Compares a measured cell with its snapshot, notes the change in it, and leaves or removes the
    /// pending file. A cell that was not measured is as it was.
    ///
    /// # Errors
    /// When a snapshot cannot be read or a pending file cannot be written.
    pub fn compare_cell(&self, cell: &mut Cell, version: &str) -> io::Result<()> {
        if !cell.verdict.is_measured() {
            cell.change = Change::Same;
            return Ok(());
        }
        let file = self.cell_file(&cell.scenario, &cell.runtime);
        let now = CellSnapshot::of(cell, version);
        let before: Option<CellSnapshot> = read(&file)?;
        cell.change = match &before {
            None => Change::New,
            Some(before) if before.same_result(&now) => Change::Same,
            Some(_) if now.verdict == Verdict::Pass => Change::FixedGap,
            Some(before) if before.verdict == Verdict::Pass || now.verdict == Verdict::Fail => Change::Worse,
            Some(_) => Change::Different,
        };
        if cell.change == Change::Same {
            return drop_pending(&file);
        }
        if let Some(before) = before {
            cell.changed_with_version = before.runtime_version != version;
            let versions = if cell.changed_with_version {
                format!(" on {} {}", cell.runtime, before.runtime_version)
            } else {
                String::new()
            };
            cell.was = Some(format!("{}{versions}", before.words()));
        }
        leave_pending(&file, &format!("matrix {}@{}", cell.scenario, cell.runtime), &now)
    }

    /// Compares an artifact with its snapshot; a note says what differs.
    ///
    /// # Errors
    /// As [`Store::compare_cell`].
    pub fn compare_artifact(&self, artifact: &Artifact) -> io::Result<Option<Note>> {
        let Some(now) = artifacts::ArtifactSnapshot::of(artifact) else { return Ok(None) };
        let file = self.artifact_file(&artifact.scenario);
        let before: Option<artifacts::ArtifactSnapshot> = read(&file)?;
        let note = |kind, text| Note { kind, about: artifact.scenario.clone(), text };
        let note = match before {
            None => note(NoteKind::ArtifactNew, "no snapshot of its imports, exports and sizes yet".to_owned()),
            Some(before) => match before.difference(&now) {
                None => {
                    drop_pending(&file)?;
                    return Ok(None);
                }
                Some((kind, text)) => note(kind, text),
            },
        };
        leave_pending(&file, &format!("artifact {}", artifact.scenario), &now)?;
        Ok(Some(note))
    }

    /// Snapshots that belong to no scenario or no runtime.
    #[must_use]
    pub fn orphans(&self, scenarios: &BTreeSet<&str>, runtimes: &BTreeSet<&str>) -> Vec<Note> {
        let note = |file: &Path, what: String| Note {
            kind: NoteKind::SnapshotOrphan,
            about: file.display().to_string(),
            text: format!("{what}: remove the file, or bring back what it belongs to"),
        };
        let mut notes = Vec::new();
        for file in files::walk(&self.dir, &[]).unwrap_or_default() {
            let name = file.file_name().unwrap_or_default().to_string_lossy().into_owned();
            let Some(stem) = name.strip_suffix(".snap") else { continue };
            let (scenario, runtime) = stem.split_once('@').map_or((stem, None), |(s, r)| (s, Some(r)));
            if !scenarios.contains(scenario) {
                notes.push(note(&file, format!("no scenario is named `{scenario}`")));
            } else if let Some(runtime) = runtime.filter(|r| !runtimes.contains(r)) {
                notes.push(note(&file, format!("no runtime is named `{runtime}`")));
            }
        }
        notes
    }

    /// Removes pending files of scenarios that are no more: nobody can accept them.
    ///
    /// # Errors
    /// When one cannot be removed.
    pub fn forget_pending(&self, scenarios: &BTreeSet<&str>) -> io::Result<()> {
        for file in self.pending() {
            let name = file.file_name().unwrap_or_default().to_string_lossy().into_owned();
            if !scenarios.contains(name.split(['@', '.']).next().unwrap_or_default()) {
                fs::remove_file(file)?;
            }
        }
        Ok(())
    }

    /// Files that wait to be accepted, sorted.
    #[must_use]
    pub fn pending(&self) -> Vec<PathBuf> {
        let files = files::walk(&self.dir, &[]).unwrap_or_default().into_iter();
        files.filter(|f| f.to_string_lossy().ends_with(".snap.new")).map(|f| self.dir.join(f)).collect()
    }

    /// Accepts one pending file.
    ///
    /// # Errors
    /// When it cannot be renamed.
    pub fn accept(pending: &Path) -> io::Result<PathBuf> {
        let file = pending.with_extension("");
        fs::rename(pending, &file)
            .map_err(|e| io::Error::new(e.kind(), format!("failed to accept `{}`: {e}", pending.display())))?;
        Ok(file)
    }
}

/// Reads the contents of a snapshot; `None` where there is no file.
fn read<T: for<'de> Deserialize<'de>>(file: &Path) -> io::Result<Option<T>> {
    let text = match fs::read_to_string(file) {
        Ok(text) => text,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(io::Error::new(error.kind(), format!("`{}`: {error}", file.display()))),
    };
    let bad = |why: &str| {
        let text = format!(
            "`{}` is no snapshot of the lab ({why}): restore it, or remove it and run `cargo xtask bless`",
            file.display()
        );
        io::Error::new(io::ErrorKind::InvalidData, text)
    };
    // insta's format: a header between two lines of `---`, then the contents.
    let body = text.strip_prefix("---\n").and_then(|t| t.split_once("\n---\n")).ok_or_else(|| bad("no header"))?.1;
    toml::from_str(body).map(Some).map_err(|e| bad(e.message()))
}

fn pending_of(file: &Path) -> PathBuf {
    let mut name = file.as_os_str().to_owned();
    name.push(".new");
    name.into()
}

fn drop_pending(file: &Path) -> io::Result<()> {
    match fs::remove_file(pending_of(file)) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

fn leave_pending(file: &Path, expression: &str, value: &impl Serialize) -> io::Result<()> {
    let body = toml::to_string_pretty(value).map_err(io::Error::other)?;
    let text =
        format!("---\nsource: xtask/tests/snapshots.rs\nexpression: \"{expression}\"\n---\n{}\n", body.trim_end());
    files::write_atomically(&pending_of(file), text.as_bytes())
}
