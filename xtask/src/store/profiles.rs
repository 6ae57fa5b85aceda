//! Profiles in `snapshots/profiles/`: one JSON file for each runtime and version.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use xshell::{Shell, cmd};

use super::{embedded, files};
use crate::lab::Lab;
use wasmlab_model::profile::{PROFILE_SCHEMA, Profile};
use wasmlab_process::read_limited;
use wasmlab_report::visible::VisiblePath;
use wasmlab_runtimes::Runtime;

/// Largest file that is read as a profile, bytes.
const MAX_BYTES: u64 = 16 << 20;

/// `snapshots/profiles/`.
fn folder(lab: &Lab) -> PathBuf {
    lab.snapshots().join("profiles")
}

/// Writes a profile, and returns its path.
///
/// # Errors
/// If the folder cannot be written.
pub fn write(lab: &Lab, profile: &Profile) -> io::Result<PathBuf> {
    let path = folder(lab).join(profile.file_name());
    let text = serde_json::to_string_pretty(profile).map_err(io::Error::from)? + "\n";
    files::write_atomically(&path, text.as_bytes())?;
    Ok(path)
}

/// What to read of a profile.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ProfileParts {
    /// Everything.
    All,
    /// Without the interfaces that components import.
    ForModules,
}

/// A file with a profile.
enum ProfileFile {
    /// In `snapshots/profiles/`.
    Stored(PathBuf),
    /// Compiled into the program: its path and its text.
    Embedded(&'static Path, &'static str),
}

impl ProfileFile {
    fn path(&self) -> &Path {
        match self {
            Self::Stored(path) => path,
            Self::Embedded(path, _) => path,
        }
    }

    fn read(&self, parts: ProfileParts) -> Result<Profile> {
        let profile = match self {
            Self::Stored(path) => read_file(path, parts),
            Self::Embedded(_, text) => parse(text.as_bytes(), parts),
        };
        profile.with_context(|| format!("failed to read the profile `{}`", self.path().visible()))
    }

    /// The column in the file's name: `wasmi@2.0.0.json`.
    fn column(&self) -> &str {
        let name = self.path().file_name().and_then(|name| name.to_str()).unwrap_or_default();
        name.split_once('@').map_or(name, |(column, _)| column)
    }
}

/// The files, sorted; none if nothing was published.
fn files(lab: &Lab) -> Result<Vec<ProfileFile>> {
    // Reading needs no cache that can be written.
    if lab.unpack_results().is_err() {
        let embedded = embedded::files_below("snapshots/profiles");
        return Ok(embedded.map(|(path, text)| ProfileFile::Embedded(path, text)).collect());
    }
    let folder = folder(lab);
    let entries = match fs::read_dir(&folder) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        entries => entries.with_context(|| format!("failed to read `{}`", folder.visible()))?,
    };
    let mut paths: Vec<PathBuf> = entries.map(|entry| Ok(entry?.path())).collect::<io::Result<_>>()?;
    paths.retain(|path| path.extension().is_some_and(|end| end == "json"));
    paths.sort();
    Ok(paths.into_iter().map(ProfileFile::Stored).collect())
}

/// The columns that have profiles, sorted.
///
/// # Errors
/// If the folder cannot be read.
pub fn columns(lab: &Lab) -> Result<Vec<String>> {
    let mut columns: Vec<String> = files(lab)?.iter().map(|file| file.column().to_owned()).collect();
    columns.dedup();
    Ok(columns)
}

/// Every profile, in the order of the matrix's columns and by version; empty if none was published.
///
/// # Errors
/// If a file is damaged or of another version; the error names it.
pub fn read(lab: &Lab) -> Result<Vec<Profile>> {
    read_matching(lab, &|_| true, ProfileParts::All)
}

/// The profiles of the columns with these ids. Others are not read.
///
/// # Errors
/// As [`read`].
pub fn read_matching(lab: &Lab, is_wanted: &dyn Fn(&str) -> bool, parts: ProfileParts) -> Result<Vec<Profile>> {
    let mut files = files(lab)?;
    files.retain(|file| is_wanted(file.column()));
    // Two threads: the largest profiles take milliseconds, and a command for one file should take no longer.
    let (first, second) = files.split_at(files.len() / 2);
    let all = |files: &[ProfileFile]| files.iter().map(|file| file.read(parts)).collect::<Result<Vec<Profile>>>();
    let (first, second) = std::thread::scope(|scope| {
        let other = scope.spawn(|| all(second));
        (all(first), other.join())
    });
    let mut profiles = first?;
    profiles.extend(second.map_err(|_| anyhow::anyhow!("the lab failed while it read the profiles"))??);
    // Stable: the files are sorted by version.
    let ids: Vec<&str> = wasmlab_runtimes::all().iter().map(Runtime::id).collect();
    profiles.sort_by_key(|profile| ids.iter().position(|id| *id == profile.runtime).unwrap_or(ids.len()));
    Ok(profiles)
}

fn read_file(path: &Path, parts: ProfileParts) -> Result<Profile> {
    parse(&read_limited(path, MAX_BYTES)?, parts)
}

fn parse(text: &[u8], parts: ProfileParts) -> Result<Profile> {
    const REMEDY: &str = "restore the file with git, or remove it and run `cargo xtask probe`";
    let text = std::str::from_utf8(text).map_err(|error| anyhow::anyhow!("{error}: {REMEDY}"))?;
    let parsed = match parts {
        ProfileParts::All => Profile::from_json(text),
        ProfileParts::ForModules => Profile::for_modules_from_json(text),
    };
    // The version is looked for only if something is wrong.
    if parsed.as_ref().is_ok_and(|profile| profile.schema == PROFILE_SCHEMA) {
        return Ok(parsed?);
    }
    #[derive(serde::Deserialize)]
    struct Schema {
        schema: u32,
    }
    let found: Schema = serde_json::from_str(text).map_err(|error| anyhow::anyhow!("{error}: {REMEDY}"))?;
    anyhow::ensure!(
        found.schema == PROFILE_SCHEMA,
        "it has schema {}, but this lab reads {PROFILE_SCHEMA}: run `cargo xtask probe`",
        found.schema
    );
    parsed.map_err(|error| anyhow::anyhow!("{error}: {REMEDY}"))
}

/// The commit of the lab; empty if git does not know it.
#[must_use]
pub fn commit(lab: &Lab) -> String {
    let Ok(shell) = Shell::new() else { return String::new() };
    shell.change_dir(&lab.root);
    let git = |args: &[&str]| cmd!(shell, "git {args...}").quiet().ignore_stderr().read().ok();
    let Some(commit) = git(&["rev-parse", "--short=12", "HEAD"]) else { return String::new() };
    let changed = git(&["status", "--porcelain", "--", "xtask"]).is_some_and(|changes| !changes.is_empty());
    if changed { commit + "+" } else { commit }
}
