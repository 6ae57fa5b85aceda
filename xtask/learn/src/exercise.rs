//! An exercise: a folder with broken files (`start/`), the same files fixed (`solution/`), and `exercise.toml`, which
//! says what to do, gives hints, and lists the commands whose results decide.

use std::path::{Path, PathBuf};
use std::{fs, io};

use serde::Deserialize;
use wasmlab_model::file_error::FileError;

use crate::chapter::arguments;

/// The placeholder for the folder in which the learner works, in commands and texts.
pub const WORK: &str = "{work}";

/// An exercise.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Exercise {
    /// Its folder's name, unique among all chapters.
    pub name: String,
    /// The folder.
    pub dir: PathBuf,
    /// The contents of `exercise.toml`.
    pub spec: Spec,
}

/// `exercise.toml`.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Spec {
    /// One line.
    pub title: String,
    /// The task.
    pub goal: String,
    /// From vague to exact.
    pub hints: Vec<String>,
    /// The lesson; printed when the solution passes.
    pub learned: String,
    /// The runtimes that its checks need; empty if they need none.
    #[serde(default)]
    pub needs: Vec<String>,
    /// Commands; all must have the expected result.
    pub check: Vec<ExerciseCheck>,
}

/// A command and its expected result.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ExerciseCheck {
    /// `cargo xtask …`
    pub run: String,
    /// Its exit code.
    #[serde(default)]
    pub exit: i32,
    /// Texts that its output contains.
    #[serde(default)]
    pub expect: Vec<String>,
    /// Texts that its output must not contain.
    #[serde(default)]
    pub reject: Vec<String>,
    /// The message if the result differs.
    pub otherwise: String,
}

impl Exercise {
    /// Reads every exercise of a chapter, by name.
    ///
    /// # Errors
    /// Everything that is wrong with them.
    pub fn load_all(dir: &Path, chapter: &str) -> Result<Vec<Self>, Vec<FileError>> {
        let mut folders: Vec<PathBuf> = match fs::read_dir(dir) {
            Ok(entries) => entries.filter_map(|entry| Some(entry.ok()?.path())).filter(|path| path.is_dir()).collect(),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Vec::new(),
            Err(error) => return Err(vec![FileError::new(chapter, error.to_string())]),
        };
        folders.sort();
        let (mut exercises, mut errors) = (Vec::new(), Vec::new());
        for folder in folders {
            match Self::load(&folder, chapter) {
                Ok(exercise) => exercises.push(exercise),
                Err(error) => errors.push(error),
            }
        }
        if errors.is_empty() { Ok(exercises) } else { Err(errors) }
    }

    fn load(dir: &Path, chapter: &str) -> Result<Self, FileError> {
        let name = dir.file_name().and_then(|name| name.to_str()).unwrap_or_default().to_owned();
        let file = format!("{chapter}/exercises/{name}/exercise.toml");
        let invalid = |message: String| FileError::new(&file, message);
        let text = fs::read_to_string(dir.join("exercise.toml")).map_err(|error| invalid(error.to_string()))?;
        let spec: Spec = toml::from_str(&text).map_err(|error| {
            let line = error.span().map(|span| text[..span.start].lines().count() + 1);
            invalid(error.message().to_owned()).at_line(line)
        })?;
        if spec.check.is_empty() || spec.hints.is_empty() {
            return Err(invalid("give at least one hint and one [[check]]".to_owned()).at_line(1));
        }
        for check in &spec.check {
            arguments(&check.run).map_err(|message| invalid(message).at_line(1))?;
        }
        let exercise = Self { name, dir: dir.to_owned(), spec };
        for (what, files) in [("start", exercise.start()), ("solution", exercise.solution())] {
            if files.is_empty() {
                return Err(invalid(format!("the folder {what}/ has no files")));
            }
        }
        Ok(exercise)
    }

    /// The files that the learner begins with: names and contents.
    #[must_use]
    pub fn start(&self) -> Vec<(String, Vec<u8>)> {
        files(&self.dir.join("start"))
    }

    /// The files of the solution.
    #[must_use]
    pub fn solution(&self) -> Vec<(String, Vec<u8>)> {
        files(&self.dir.join("solution"))
    }
}

fn files(dir: &Path) -> Vec<(String, Vec<u8>)> {
    let entries = fs::read_dir(dir).into_iter().flatten().flatten();
    let read = |entry: fs::DirEntry| Some((entry.file_name().into_string().ok()?, fs::read(entry.path()).ok()?));
    let mut files: Vec<_> = entries.filter_map(read).collect();
    files.sort();
    files
}

/// Output of `check` if no runtime ran the module: no exercise passes with it.
const NOTHING_RAN: &[&str] = &["none of the installed runtimes", "not known yet"];

/// Compares a command's exit code and output with the expected ones: the message if they differ, else `None`.
#[must_use]
pub fn mismatch<'a>(check: &'a ExerciseCheck, exit: i32, output: &str) -> Option<&'a str> {
    let has_all = check.expect.iter().all(|part| output.contains(part.as_str()));
    let mut rejected = check.reject.iter().map(String::as_str).chain(NOTHING_RAN.iter().copied());
    let has_no_rejected = rejected.all(|part| !output.contains(part));
    (exit != check.exit || !has_all || !has_no_rejected).then_some(check.otherwise.as_str())
}
