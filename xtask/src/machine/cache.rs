//! Facts about this machine, cached between runs. The hash of a file is stored with the file's stamp. The
//! answer of a tool may depend on more than the tool, so it is stored with the stamps of everything it is known to
//! depend on, and used only while all of them are unchanged. Failures are not stored, because the next run may find the
//! tool repaired.

use std::collections::{BTreeMap, BTreeSet};
use std::ffi::OsStr;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use wasmlab_process::read_limited;

use super::stamp;

/// Maximum number of files named in an answer that are checked: checking more costs time and adds little.
const NAMED_FILES: usize = 64;

/// Largest file of this kind that is read, bytes.
const MAX_BYTES: u64 = 64 << 20;

#[derive(Debug, Default, Serialize, Deserialize)]
pub(super) struct MachineCache {
    /// Stamp of a file to its SHA-256.
    pub(super) hashes: BTreeMap<String, String>,
    /// Query to answer.
    #[serde(default)]
    answers: BTreeMap<String, CachedAnswer>,
    /// Query to error, for this process only, so that several rows that need the same tool run it once.
    #[serde(skip)]
    errors: BTreeMap<String, CachedAnswer>,
    #[serde(skip)]
    pub(super) changed: bool,
    /// Answers of earlier runs must not be used, not even from the file.
    #[serde(skip)]
    forgotten: bool,
}

/// A tool's answer, with the stamps of everything it depends on.
#[derive(Clone, Debug, Serialize, Deserialize)]
struct CachedAnswer {
    text: String,
    depends_on: BTreeMap<PathBuf, String>,
}

impl CachedAnswer {
    fn new(text: &str, files: &[&Path]) -> Self {
        let path_folders = std::env::var_os("PATH").unwrap_or_default();
        let depends_on = files
            .iter()
            .map(|file| (*file).to_owned())
            // Tools start other programs from PATH, so installing or removing one may change the answer.
            .chain(std::env::split_paths(&path_folders).filter(|dir| dir.is_absolute()))
            .chain(named_files(text))
            .map(|path| (path.clone(), stamp(&path)))
            .collect();
        Self { text: text.to_owned(), depends_on }
    }

    fn is_current(&self) -> bool {
        self.depends_on.iter().all(|(path, then)| stamp(path) == *then)
    }
}

/// The files named in an answer: a verbose compiler lists the linker and libraries it uses. V8's list of switches names
/// the temporary folder, which is left out because it changes all the time.
fn named_files(text: &str) -> BTreeSet<PathBuf> {
    let temporary = [PathBuf::from("/tmp"), std::env::temp_dir()];
    text.split(|c: char| c.is_whitespace() || c == '"' || c == '\'')
        .map(Path::new)
        .filter(|path| path.is_absolute() && path.exists() && !temporary.iter().any(|dir| dir == path))
        .map(Path::to_owned)
        .take(NAMED_FILES)
        .collect()
}

impl MachineCache {
    /// Reads the cache from `file`; a damaged cache counts as empty.
    pub(super) fn read(file: &Path) -> Self {
        read_limited(file, MAX_BYTES).ok().and_then(|b| serde_json::from_slice(&b).ok()).unwrap_or_default()
    }

    /// Adds the entries of another lab.
    pub(super) fn merge(&mut self, theirs: Self) {
        for (key, value) in theirs.hashes {
            self.hashes.entry(key).or_insert(value);
        }
        if !self.forgotten {
            for (key, value) in theirs.answers {
                self.answers.entry(key).or_insert(value);
            }
        }
    }

    /// Discards all answers, and also those in the file when it is next written.
    pub(super) fn forget_answers(&mut self) {
        self.answers.clear();
        self.errors.clear();
        (self.forgotten, self.changed) = (true, true);
    }

    /// The cached answer or error, if everything it depends on is unchanged.
    pub(super) fn answer(&self, query: &str) -> Option<Result<String, String>> {
        let answer = self.answers.get(query).filter(|a| a.is_current()).map(|a| Ok(a.text.clone()));
        answer.or_else(|| self.errors.get(query).filter(|a| a.is_current()).map(|a| Err(a.text.clone())))
    }

    /// Caches an answer, which depends on `files`, on the files named in it, and on the folders of PATH.
    pub(super) fn keep(&mut self, query: String, answer: &Result<String, String>, files: &[&Path]) {
        match answer {
            Ok(text) => {
                self.errors.remove(&query);
                self.answers.insert(query, CachedAnswer::new(text, files));
                self.changed = true;
            }
            Err(text) => {
                self.changed |= self.answers.remove(&query).is_some();
                self.errors.insert(query, CachedAnswer::new(text, files));
            }
        }
    }
}

/// Identifies a query. Does not include what the answer depends on, so that a new answer replaces the old one.
pub(super) fn query_key(kind: &str, query: &super::ToolQuery, more: &str) -> String {
    let super::ToolQuery { program, args, env, .. } = query;
    // With another PATH, other tools are used; both answers are kept for users who switch.
    let path = std::env::var_os("PATH").unwrap_or_default();
    format!("{kind} {} {:?} {more} {}", program.display(), (args, env), super::sha256(OsStr::as_encoded_bytes(&path)))
}
