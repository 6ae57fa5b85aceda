//! Directories for the guest of a `check`: a copy per cell, or with `--dir-rw` the directory itself.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use anyhow::Result;

use crate::cell::TempDir;
use crate::cli::common::usage;
use crate::cli::dir_template;
use crate::store::tree::Tree;
use wasmlab_model::scenario::{Dir, DirTemplate};
use wasmlab_model::text::counted;
use wasmlab_report::visible::VisiblePath;

/// The default limit on the size of a copied directory.
const DEFAULT_LIMIT_MIB: u64 = 256;

#[derive(Clone, Debug, Default, PartialEq, clap::Args)]
pub struct DirArgs {
    /// Give the guest a fresh copy of this directory for each run; may be repeated
    #[arg(long, value_name = "HOST[::GUEST]")]
    pub dir: Vec<String>,
    /// Give the guest the directory itself, writable; only for a single file on a single runtime; may be repeated
    #[arg(long, value_name = "HOST[::GUEST]")]
    pub dir_rw: Vec<String>,
    /// Maximum size of a --dir, in MiB; each file counts as at least 4 KiB [default: 256]
    #[arg(long, value_name = "MIB")]
    pub dir_limit: Option<u64>,
    /// Copy each guest's directories to FOLDER/FILE/RUNTIME after the run; ignores cached results (browsers keep
    /// files in memory only, so nothing is copied for them)
    #[arg(long, value_name = "FOLDER")]
    pub keep_dirs: Option<PathBuf>,
}

/// The guest's directories. The lab makes its own copy of each directory to be copied. These copies are removed when this
/// value is dropped.
pub struct Dirs {
    /// The directories, for the scenario.
    pub dirs: Vec<Dir>,
    _originals: Option<TempDir>,
}

impl DirArgs {
    /// Prepares the directories for this number of files and runtimes.
    pub fn dirs(&self, files: usize, runtimes: usize) -> Result<Dirs> {
        if !self.dir_rw.is_empty() && (files, runtimes) != (1, 1) {
            return usage(format!(
                "--dir-rw gives the guest the directory itself, which {} on {} would share: \
                 give one file and select one runtime with --runtime, or give each a copy with --dir",
                counted(files, "file"),
                counted(runtimes, "runtime"),
            ));
        }
        let originals = (!self.dir.is_empty()).then(|| TempDir::create(false)).transpose()?;
        let mut dirs = Vec::new();
        for (index, text) in self.dir.iter().enumerate() {
            let (host, guest) = parse("--dir", text)?;
            let into = originals.as_ref().map(|folder| folder.path().join(index.to_string())).unwrap_or_default();
            let original = self.copy(text, &host, into)?;
            dirs.push(Dir { guest, template: Some(original), ..Dir::default() });
        }
        for text in &self.dir_rw {
            let (host, guest) = parse("--dir-rw", text)?;
            dirs.push(Dir { guest, host: Some(host), ..Dir::default() });
        }
        Ok(Dirs { dirs, _originals: originals })
    }

    /// The folder of `--keep-dirs`, absolute; it must be empty or not exist.
    pub fn keep_folder(&self) -> Result<Option<PathBuf>> {
        let Some(folder) = &self.keep_dirs else { return Ok(None) };
        let taken = match fs::read_dir(folder) {
            Ok(mut entries) => entries.next().is_some(),
            Err(error) => error.kind() != io::ErrorKind::NotFound,
        };
        if taken {
            return usage(format!("--keep-dirs `{}` is not an empty folder: name another", folder.visible()));
        }
        Ok(Some(std::path::absolute(folder)?))
    }

    fn copy(&self, text: &str, host: &Path, into: PathBuf) -> Result<DirTemplate> {
        let tree = Tree::read(host).or_else(|e| usage(format!("--dir `{text}` cannot be read: {e}")))?;
        let limit = self.dir_limit.unwrap_or(DEFAULT_LIMIT_MIB).min(u64::MAX >> 20);
        let remedy = format!(
            "name a smaller folder, or allow more with `--dir-limit {}`, or give one runtime the folder itself with \
             --dir-rw",
            tree.bytes.div_ceil(1 << 20)
        );
        dir_template::create(&tree, limit, into, &format!("--dir `{text}`"), &remedy)
    }
}

/// The folder and the guest's name of `HOST[::GUEST]`.
///
/// # Errors
/// If the folder cannot be used, or no runtime can give it this name.
pub fn parse(option: &str, text: &str) -> Result<(PathBuf, String)> {
    let (host, guest) = text.split_once("::").unwrap_or((text, text));
    let folder = fs::canonicalize(host).or_else(|e| usage(format!("{option} `{host}` cannot be used: {e}")))?;
    if !folder.is_dir() {
        return usage(format!("{option} `{host}` is not a directory"));
    }
    if let Some(why) = unusable(guest) {
        return usage(format!(
            "{option} `{text}`: the guest's name `{guest}` {why}; write HOST::GUEST, such as data::/data"
        ));
    }
    Ok((folder, guest.to_owned()))
}

/// Why no runtime can give a directory this name.
fn unusable(guest: &str) -> Option<&'static str> {
    let is_other_folder = |part: &str| part == "..";
    if guest.is_empty() {
        return Some("is empty");
    }
    if guest.chars().any(char::is_control) {
        return Some("has a control character");
    }
    // `host::guest`, `host:guest:flags` and `HOST=GUEST` on the command lines of runtimes.
    if guest.contains(':') {
        return Some("has a colon, which separates the names on the command lines of runtimes");
    }
    guest.split('/').any(is_other_folder).then_some("has a `..`, which would leave it")
}

#[cfg(test)]
mod tests {
    use super::parse;

    #[test]
    fn names_that_runtimes_cannot_express_are_refused() {
        let folder = tempfile::tempdir().unwrap();
        let host = folder.path().display();
        let check = |guest: &str, expected: Option<&str>| {
            let error = parse("--dir", &format!("{host}::{guest}")).err().map(|error| error.to_string());
            match expected {
                Some(expected) => {
                    assert!(error.as_ref().is_some_and(|e| e.contains(expected)), "{error:?}, not {expected}")
                }
                None => assert_eq!(error, None, "{guest}"),
            }
        };
        for good in ["/data", "data", ".", "/", "a b", "-x", "/a..b"] {
            check(good, None);
        }
        check("", Some("is empty"));
        check("/x:/etc", Some("has a colon"));
        check("/a\nb", Some("has a control character"));
        check("..", Some("has a `..`"));
        check("/a/../..", Some("has a `..`"));
    }
}
