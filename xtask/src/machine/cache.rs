//! What was learned of this machine, kept between runs. A hash belongs to a file's stamp. What a tool said rests
//! on more than the tool: each answer is kept with the stamps of all that it is known to rest on, and is taken
//! again only while every one of them is as it was. What a tool could not do is never kept: the next run may find
//! it mended.

use std::collections::{BTreeMap, BTreeSet};
use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::stamp;

/// Files that one answer may name and be checked by: the rest of a long answer costs time and tells nothing new.
const NAMED_FILES: usize = 64;

#[derive(Debug, Default, Serialize, Deserialize)]
pub(super) struct MachineCache {
    /// Stamp of a file to its SHA-256.
    pub(super) hashes: BTreeMap<String, String>,
    /// A question to its answer.
    #[serde(default)]
    asked: BTreeMap<String, Answer>,
    /// A question to why it had no answer, for this process alone: five rows that need one tool ask it once.
    #[serde(skip)]
    refused: BTreeMap<String, Answer>,
    #[serde(skip)]
    pub(super) changed: bool,
    /// Answers of earlier runs are not wanted, not even from the file.
    #[serde(skip)]
    anew: bool,
}

/// What a tool said, and the stamps of what that rests on.
#[derive(Clone, Debug, Serialize, Deserialize)]
struct Answer {
    words: String,
    rests_on: BTreeMap<PathBuf, String>,
}

impl Answer {
    fn new(words: &str, files: &[&Path]) -> Self {
        let path_folders = std::env::var_os("PATH").unwrap_or_default();
        let rests_on = files
            .iter()
            .map(|file| (*file).to_owned())
            // A tool starts others that it finds on PATH: what is installed or removed there may change its answer.
            .chain(std::env::split_paths(&path_folders).filter(|dir| dir.is_absolute()))
            .chain(named_files(words))
            .map(|path| (path.clone(), stamp(&path)))
            .collect();
        Self { words: words.to_owned(), rests_on }
    }

    fn still_holds(&self) -> bool {
        self.rests_on.iter().all(|(path, then)| stamp(path) == *then)
    }
}

/// The files that an answer names: a verbose compiler says which linker and libraries it used. The folder of temporary
/// files, which V8's list of switches names, changes at every moment and says nothing.
fn named_files(words: &str) -> BTreeSet<PathBuf> {
    let temporary = [PathBuf::from("/tmp"), std::env::temp_dir()];
    words
        .split(|c: char| c.is_whitespace() || c == '"' || c == '\'')
        .map(Path::new)
        .filter(|path| path.is_absolute() && path.exists() && !temporary.iter().any(|dir| dir == path))
        .map(Path::to_owned)
        .take(NAMED_FILES)
        .collect()
}

impl MachineCache {
    /// What is remembered in `file`; a damaged memory is an empty one.
    pub(super) fn read(file: &Path) -> Self {
        fs::read(file).ok().and_then(|b| serde_json::from_slice(&b).ok()).unwrap_or_default()
    }

    /// Takes over what another lab learned meanwhile.
    pub(super) fn merge(&mut self, theirs: Self) {
        for (key, value) in theirs.hashes {
            self.hashes.entry(key).or_insert(value);
        }
        if !self.anew {
            for (key, value) in theirs.asked {
                self.asked.entry(key).or_insert(value);
            }
        }
    }

    /// Drops every answer, and those in the file as well when it is next written.
    pub(super) fn forget_answers(&mut self) {
        self.asked.clear();
        self.refused.clear();
        (self.anew, self.changed) = (true, true);
    }

    /// The answer that was kept, or that there was none, while all that it rests on is as it was.
    pub(super) fn answer(&self, question: &str) -> Option<Result<String, String>> {
        let kept = self.asked.get(question).filter(|a| a.still_holds()).map(|a| Ok(a.words.clone()));
        kept.or_else(|| self.refused.get(question).filter(|a| a.still_holds()).map(|a| Err(a.words.clone())))
    }

    /// Keeps an answer, which rests on `files`, on those that it names itself, and on the folders of PATH.
    pub(super) fn keep(&mut self, question: String, answer: &Result<String, String>, files: &[&Path]) {
        match answer {
            Ok(words) => {
                self.refused.remove(&question);
                self.asked.insert(question, Answer::new(words, files));
                self.changed = true;
            }
            Err(words) => {
                self.changed |= self.asked.remove(&question).is_some();
                self.refused.insert(question, Answer::new(words, files));
            }
        }
    }
}

/// What names a question: not what its answer rests on, so that a new answer takes the old one's place.
pub(super) fn question_key(kind: &str, question: &super::Question, more: &str) -> String {
    let super::Question { program, args, env, .. } = question;
    // Another PATH is another machine: both answers are kept, for a user who goes to and fro.
    let path = std::env::var_os("PATH").unwrap_or_default();
    format!("{kind} {} {:?} {more} {}", program.display(), (args, env), super::sha256(OsStr::as_encoded_bytes(&path)))
}
