//! A learner's progress: a small TOML file, written after each step.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::{fs, io};

use serde::{Deserialize, Serialize};

use crate::chapter::Chapter;

/// Version of the file.
const SCHEMA: u32 = 1;

/// A learner's progress.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Progress {
    /// Version of the file.
    schema: u32,
    /// The folder of the chapter that was entered last.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub current: String,
    /// The exercise at hand: the one that was offered, checked or asked about last.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub exercise: String,
    /// By the chapter's folder.
    #[serde(default)]
    pub chapters: BTreeMap<String, ChapterProgress>,
}

/// A learner's progress in a chapter.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ChapterProgress {
    /// Whether it was read to its end.
    pub read: bool,
    /// Questions answered, by their number in the chapter, from 1.
    pub answered: BTreeSet<usize>,
    /// Exercises passed, by name.
    pub passed: BTreeSet<String>,
    /// Hints taken, by exercise.
    pub hints: BTreeMap<String, usize>,
}

impl Progress {
    /// Reads the file; if there is none, the progress is empty.
    ///
    /// # Errors
    /// If it is not such a file.
    pub fn read(file: &Path) -> io::Result<Self> {
        let text = match fs::read_to_string(file) {
            Ok(text) => text,
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                return Ok(Self { schema: SCHEMA, ..Self::default() });
            }
            Err(error) => return Err(error),
        };
        let progress: Self = toml::from_str(&text).map_err(|error| io::Error::other(error.message().to_owned()))?;
        if progress.schema != SCHEMA {
            return Err(io::Error::other(format!("`schema` is {}, and this lab reads {SCHEMA}", progress.schema)));
        }
        Ok(progress)
    }

    /// The text of the file.
    ///
    /// # Errors
    /// If it cannot be written as TOML, which is an error of the lab.
    pub fn text(&self) -> io::Result<String> {
        toml::to_string(self).map_err(io::Error::other)
    }

    /// The progress in this chapter.
    pub fn of(&mut self, chapter: &Chapter) -> &mut ChapterProgress {
        self.chapters.entry(chapter.folder.clone()).or_default()
    }

    /// The progress in this chapter, for reading.
    #[must_use]
    pub fn of_chapter(&self, chapter: &Chapter) -> ChapterProgress {
        self.chapters.get(&chapter.folder).cloned().unwrap_or_default()
    }

    /// Whether the chapter was read and its exercises passed.
    #[must_use]
    pub fn is_finished(&self, chapter: &Chapter) -> bool {
        let done = self.of_chapter(chapter);
        done.read && chapter.exercises.iter().all(|exercise| done.passed.contains(&exercise.name))
    }
}

/// The folder in which the learner edits the exercises: beside the progress file, and named after it, so that two
/// learners do not share one.
#[must_use]
pub fn work_folder(file: &Path) -> PathBuf {
    if file.extension().is_some() { file.with_extension("") } else { file.with_added_extension("work") }
}
