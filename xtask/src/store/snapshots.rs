//! Expected results in insta's format: one file per runtime with a line per scenario, and one file per guest.
//!
//! `run-all` compares with `*.snap` and writes differences beside it as `*.snap.new`. `accept` or `cargo insta review`
//! accepts them. Nothing else writes here. Measuring or accepting a part changes only the lines of that part.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use crate::store::files;
use wasmlab_model::report::{Cell, GuestInfo, Note, NoteKind};
use wasmlab_model::verdict::{Change, Verdict};
use wasmlab_process::read_text;

use self::column::{AcceptedColumn, AcceptedLine};
use self::guests::GuestSnapshot;
use wasmlab_report::visible::VisiblePath;

pub mod column;
pub mod guests;
mod orphans;
#[cfg(test)]
mod tests;

/// Maximum size of a snapshot, bytes.
const MAX_BYTES: u64 = 16 << 20;

/// Accepted results of cells that a run did not measure, by runtime and scenario.
pub type AcceptedLines = BTreeMap<(String, String), AcceptedLine>;

/// The folder `snapshots/`.
#[derive(Debug)]
pub struct Snapshots {
    dir: PathBuf,
}

impl Snapshots {
    /// The snapshots in `dir`.
    #[must_use]
    pub fn new(dir: PathBuf) -> Self {
        Self { dir }
    }

    /// The accepted results of a runtime; `None` if there are none.
    ///
    /// # Errors
    /// If its snapshot cannot be read.
    pub fn column(&self, runtime: &str) -> io::Result<Option<AcceptedColumn>> {
        read_column(&self.column_file(runtime))
    }

    fn column_file(&self, runtime: &str) -> PathBuf {
        self.dir.join(MATRIX).join(format!("{runtime}.snap"))
    }

    fn guest_file(&self, scenario: &str) -> PathBuf {
        self.dir.join("guests").join(format!("{scenario}.snap"))
    }

    /// Compares a column's measured cells with its snapshot, sets the change of each, and writes or removes the pending
    /// file. Cells that were not measured, and lines of cells that are not in this run, stay as they are.
    ///
    /// # Errors
    /// If a snapshot cannot be read or a pending file cannot be written.
    pub fn compare_column(&self, runtime: &str, version: &str, cells: &mut [&mut Cell]) -> io::Result<()> {
        cells.iter_mut().for_each(|cell| cell.change = Change::Same);
        // A cell that is not applicable has no pending line.
        let dropped: BTreeSet<&str> = cells
            .iter()
            .filter(|cell| cell.verdict == Verdict::NotApplicable)
            .map(|cell| cell.scenario.as_str())
            .collect();
        let file = self.column_file(runtime);
        let mut pending = read_column(&pending_of(&file))?.unwrap_or_default();
        let accepted = read_column(&file)?.unwrap_or_default();
        let has_dropped =
            |column: &AcceptedColumn| column.lines().keys().any(|scenario| dropped.contains(scenario.as_str()));
        let is_dropped = has_dropped(&pending) || has_dropped(&accepted);
        pending.retain(|scenario| !dropped.contains(scenario));
        if !is_dropped && !cells.iter().any(|cell| cell.verdict.is_in_snapshots()) {
            return Ok(());
        }
        let mut seen = Vec::new();
        // A cell that became not applicable has a pending line only as long as an accepted line is to be removed.
        let is_listed = |cell: &Cell| {
            let goes = cell.verdict == Verdict::NotApplicable && accepted.lines().contains_key(&cell.scenario);
            goes || cell.verdict.is_in_snapshots()
        };
        for cell in cells.iter_mut().filter(|cell| is_listed(cell)) {
            let before = accepted.lines().get(&cell.scenario);
            let now = line_of(cell, version, before).with_known_blame(before);
            note_change(cell, before, &now);
            seen.push((cell.scenario.clone(), now));
        }
        write_pending(&file, runtime, &accepted, &accepted.clone().with_all(pending).with(seen, version))
    }

    /// Whether the result of a measured cell differs from its line in the snapshot, apart from blame. `false` if there
    /// is no such line or the snapshot cannot be read.
    #[must_use]
    pub fn differs(&self, version: &str, cell: &Cell) -> bool {
        let accepted = self.column(&cell.runtime).ok().flatten().unwrap_or_default();
        let before = accepted.lines().get(&cell.scenario);
        let now = line_of(cell, version, before);
        cell.verdict.is_in_snapshots() && before.is_some_and(|before| !before.outcome().same_but_blame(&now.outcome()))
    }

    /// The accepted lines of cells that were not measured here, by runtime and scenario. An unreadable snapshot
    /// contributes nothing; measuring its column reports the error.
    #[must_use]
    pub fn unmeasured_lines(&self, runtimes: &[&str], cells: &[Cell]) -> AcceptedLines {
        let measured: BTreeSet<(&str, &str)> = cells
            .iter()
            .filter(|cell| cell.verdict.is_in_snapshots())
            .map(|cell| (cell.runtime.as_str(), cell.scenario.as_str()))
            .collect();
        let mut elsewhere = AcceptedLines::new();
        for runtime in runtimes {
            let column = self.column(runtime).ok().flatten().unwrap_or_default();
            let lines = column.lines().iter().filter(|(scenario, _)| !measured.contains(&(*runtime, scenario)));
            elsewhere.extend(lines.map(|(name, line)| (((*runtime).to_owned(), name.clone()), line.clone())));
        }
        elsewhere
    }

    /// Compares a guest with its snapshot; the note describes the difference.
    ///
    /// # Errors
    /// As [`Snapshots::compare_column`].
    pub fn compare_guest(&self, guest: &GuestInfo) -> io::Result<Option<Note>> {
        let Some(now) = GuestSnapshot::of(guest) else { return Ok(None) };
        let file = self.guest_file(&guest.scenario);
        let before = read_guest(&file)?;
        let note = |kind, text| Note::new(kind, guest.scenario.clone(), text);
        let note = match before {
            None => note(NoteKind::GuestNew, "no snapshot of its imports, exports and sizes yet".to_owned()),
            Some(before) => match before.difference(&now) {
                None => {
                    drop_pending(&file)?;
                    return Ok(None);
                }
                Some((kind, text)) => note(kind, text),
            },
        };
        let body = toml::to_string_pretty(&now).map_err(io::Error::other)?;
        write(&pending_of(&file), &format!("guest {}", guest.scenario), &body)?;
        Ok(Some(note))
    }

    /// The accepted imports of a guest, as `module.name: type`; empty if nothing was accepted or the snapshot
    /// cannot be read.
    #[must_use]
    pub fn accepted_imports(&self, scenario: &str) -> Vec<String> {
        read_guest(&self.guest_file(scenario)).ok().flatten().map(|guest| guest.imports).unwrap_or_default()
    }

    /// Removes pending changes of scenarios and runtimes that no longer exist, since they cannot be accepted.
    ///
    /// # Errors
    /// If a file cannot be removed or written.
    pub fn forget_pending(&self, scenarios: &BTreeSet<&str>, runtimes: &BTreeSet<&str>) -> io::Result<()> {
        for pending in self.pending() {
            let Some(stem) = stem_of(&pending, PENDING) else { continue };
            if !self.is_of_matrix(&pending) {
                if !scenarios.contains(stem.as_str()) {
                    fs::remove_file(pending)?;
                }
            } else if !runtimes.contains(stem.as_str()) {
                fs::remove_file(pending)?;
            } else if let Ok(Some(mut column)) = read_column(&pending) {
                column.retain(|name| scenarios.contains(name));
                let file = self.column_file(&stem);
                write_pending(&file, &stem, &read_column(&file)?.unwrap_or_default(), &column)?;
            }
        }
        Ok(())
    }

    /// Pending files, sorted.
    #[must_use]
    pub fn pending(&self) -> Vec<PathBuf> {
        let files = files::walk(&self.dir, &[]).unwrap_or_default().into_iter();
        files.filter(|f| f.to_string_lossy().ends_with(PENDING)).map(|f| self.dir.join(f)).collect()
    }

    /// Accepts pending lines for the selected scenarios and runtimes (`None`: the snapshot of the guest itself). The
    /// rest stays pending. Returns each changed file with the number of changed lines.
    ///
    /// # Errors
    /// If a file cannot be read or written.
    pub fn accept(&self, chosen: &dyn Fn(&str, Option<&str>) -> bool) -> io::Result<Vec<(PathBuf, usize)>> {
        let mut accepted = Vec::new();
        for pending in self.pending() {
            let Some(stem) = stem_of(&pending, PENDING) else { continue };
            let (file, lines) = if self.is_of_matrix(&pending) {
                let file = self.column_file(&stem);
                let lines = accept_lines(&file, &stem, &|scenario| chosen(scenario, Some(&stem)))?;
                (file, lines)
            } else if chosen(&stem, None) {
                let file = self.guest_file(&stem);
                fs::rename(&pending, &file)
                    .map_err(|e| name_file(&e, &format!("failed to accept `{}`", pending.visible())))?;
                (file, 1)
            } else {
                continue;
            };
            if lines > 0 {
                accepted.push((file, lines));
            }
        }
        Ok(accepted)
    }

    fn is_of_matrix(&self, file: &Path) -> bool {
        file.starts_with(self.dir.join(MATRIX))
    }
}

/// The folder of the columns.
const MATRIX: &str = "matrix";
/// Suffix of a pending file.
const PENDING: &str = ".snap.new";

/// The runtime or scenario in a file name.
fn stem_of(file: &Path, end: &str) -> Option<String> {
    file.file_name()?.to_str()?.strip_suffix(end).map(str::to_owned)
}

/// Whether the runtime of this id reports an arbitrary one of several missing imports.
#[must_use]
pub fn import_order_is_random(runtime: &str) -> bool {
    wasmlab_runtimes::all().iter().any(|r| r.id() == runtime && r.import_order_is_random)
}

/// A cell's line. If the cell's runtime reports an arbitrary one of several missing imports, another import is the same
/// result.
#[must_use]
pub fn line_of(cell: &Cell, version: &str, before: Option<&AcceptedLine>) -> AcceptedLine {
    let now = AcceptedLine::of(cell, version);
    match before {
        Some(before) if before.fails_to_link() && cell.fails_to_link() && import_order_is_random(&cell.runtime) => {
            AcceptedLine { version: now.version, ..before.clone() }
        }
        _ => now,
    }
}

/// Compares a cell with its accepted line.
fn note_change(cell: &mut Cell, before: Option<&AcceptedLine>, now: &AcceptedLine) {
    cell.change = before.map_or(Change::New, |before| now.outcome().change_since(&before.outcome()));
    if let Some(before) = before.filter(|_| cell.change != Change::Same) {
        cell.changed_with_version = before.version != now.version;
        let versions =
            if cell.changed_with_version { format!(" on {} {}", cell.runtime, before.version) } else { String::new() };
        cell.accepted_result = Some(format!("{}{versions}", before.describe(now)));
    }
}

/// Writes `now` as the pending file, or removes the pending file if `now` equals the accepted content.
fn write_pending(file: &Path, runtime: &str, accepted: &AcceptedColumn, now: &AcceptedColumn) -> io::Result<()> {
    if accepted.differences(now).next().is_none() {
        return drop_pending(file);
    }
    write(&pending_of(file), &format!("{MATRIX} {runtime}"), &now.to_string())
}

/// Moves the selected lines from the pending to the accepted file; returns how many differ.
fn accept_lines(file: &Path, runtime: &str, chosen: &dyn Fn(&str) -> bool) -> io::Result<usize> {
    let accepted = read_column(file)?.unwrap_or_default();
    let mut pending = read_column(&pending_of(file))?.unwrap_or_default();
    let mut part = pending.clone();
    part.retain(chosen);
    let mut now = accepted.clone().with_all(part);
    let goes: BTreeSet<String> = now.not_applicable().filter(|scenario| chosen(scenario)).map(str::to_owned).collect();
    now.retain(|scenario| !goes.contains(scenario));
    pending.retain(|scenario| !goes.contains(scenario));
    let changed = accepted.differences(&now).count();
    if changed > 0 {
        write(file, &format!("{MATRIX} {runtime}"), &now.to_string())?;
        write_pending(file, runtime, &now, &now.clone().with_all(pending))?;
    }
    Ok(changed)
}

fn read_column(file: &Path) -> io::Result<Option<AcceptedColumn>> {
    Ok(read_column_text(file)?.map(|(_, column)| column))
}

/// The whole file and its parsed content.
fn read_column_text(file: &Path) -> io::Result<Option<(String, AcceptedColumn)>> {
    let Some((text, body)) = read_body(file)? else { return Ok(None) };
    let header = text[..body].lines().count();
    let column = AcceptedColumn::parse(&text[body..], header).map_err(|e| damaged(file, &e.to_string()))?;
    Ok(Some((text, column)))
}

/// The whole file and where its content begins; `None` if there is no file.
fn read_body(file: &Path) -> io::Result<Option<(String, usize)>> {
    let text = match read_text(file, MAX_BYTES) {
        Ok(text) => text,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(name_file(&error, &format!("`{}`", file.visible()))),
    };
    // insta's format: a header between two `---` lines, followed by the content.
    const END: &str = "\n---\n";
    let end = text.strip_prefix("---").and_then(|rest| rest.find(END));
    let body = end.map(|at| "---".len() + at + END.len()).ok_or_else(|| damaged(file, "line 1: no header"))?;
    Ok(Some((text, body)))
}

fn name_file(error: &io::Error, what: &str) -> io::Error {
    io::Error::new(error.kind(), format!("{what}: {error}"))
}

fn damaged(file: &Path, why: &str) -> io::Error {
    let text = format!(
        "`{}` is not a snapshot of the lab ({why}): restore it, or remove it and run `cargo xtask accept`",
        file.visible()
    );
    io::Error::new(io::ErrorKind::InvalidData, text)
}

fn read_guest(file: &Path) -> io::Result<Option<GuestSnapshot>> {
    let Some((text, body)) = read_body(file)? else { return Ok(None) };
    toml::from_str(&text[body..]).map(Some).map_err(|e| damaged(file, e.message()))
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

/// Writes a file in insta's format.
fn write(file: &Path, expression: &str, body: &str) -> io::Result<()> {
    let text = format!("---\nsource: xtask/tests/snapshots.rs\nexpression: {expression}\n---\n{}\n", body.trim_end());
    files::write_atomically(file, text.as_bytes())
}
