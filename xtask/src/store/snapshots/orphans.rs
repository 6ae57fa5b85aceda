//! Snapshots of scenarios and runtimes that no longer exist: reported by `run-all`, removed by `accept`.

use std::collections::BTreeSet;
use std::fs;
use std::io;
use std::path::PathBuf;

use super::{MATRIX, Snapshots, name_file, read_column, read_column_text, stem_of, write};
use crate::store::files;
use wasmlab_model::report::{Note, NoteKind};
use wasmlab_report::visible::VisiblePath;

impl Snapshots {
    /// A note for each snapshot without a scenario or runtime.
    #[must_use]
    pub fn orphans(&self, scenarios: &BTreeSet<&str>, runtimes: &BTreeSet<&str>) -> Vec<Note> {
        let note = |about: String, text: String| Note::new(NoteKind::SnapshotOrphan, about, text);
        let mut notes = Vec::new();
        for file in files::walk(&self.dir, &[]).unwrap_or_default() {
            let Some(stem) = stem_of(&file, ".snap") else { continue };
            let about = file.display().to_string();
            if !file.starts_with(MATRIX) {
                if !scenarios.contains(stem.as_str()) {
                    notes.push(note(about, format!("no scenario is named `{stem}`")));
                }
            } else if !runtimes.contains(stem.as_str()) {
                notes.push(note(about, format!("no runtime is named `{stem}`")));
            } else if let Ok(Some((text, column))) = read_column_text(&self.dir.join(&file)) {
                let gone = column.lines().keys().filter(|name| !scenarios.contains(name.as_str()));
                notes.extend(gone.map(|name| {
                    let at = text.lines().position(|l| l.split(' ').next() == Some(name)).map_or(0, |at| at + 1);
                    let text = format!("no scenario is named `{name}`");
                    note(format!("{about}:{at}"), text)
                }));
            }
        }
        notes
    }

    /// Removes snapshots without a scenario or runtime; returns each changed file with the number of removed lines.
    ///
    /// # Errors
    /// If a file cannot be read, removed or written.
    pub fn remove_orphans(
        &self,
        scenarios: &BTreeSet<&str>,
        runtimes: &BTreeSet<&str>,
    ) -> io::Result<Vec<(PathBuf, usize)>> {
        let mut removed = Vec::new();
        for file in files::walk(&self.dir, &[]).unwrap_or_default() {
            let Some(stem) = stem_of(&file, ".snap") else { continue };
            let path = self.dir.join(&file);
            let is_column = file.starts_with(MATRIX);
            let is_known = if is_column { runtimes } else { scenarios }.contains(stem.as_str());
            if !is_known {
                fs::remove_file(&path).map_err(|e| name_file(&e, &format!("failed to remove `{}`", path.visible())))?;
                removed.push((path, 1));
            } else if is_column && let Some(mut column) = read_column(&path)? {
                let lines = column.lines().len();
                column.retain(|scenario| scenarios.contains(scenario));
                let gone = lines - column.lines().len();
                if gone > 0 {
                    write(&path, &format!("{MATRIX} {stem}"), &column.to_string())?;
                    removed.push((path, gone));
                }
            }
        }
        self.forget_pending(scenarios, runtimes)?;
        Ok(removed)
    }
}
