//! Files by a glob: `check 'build/*.wasm'`, `predict`, and `path` in wasmlab.toml.

use std::collections::BTreeSet;
use std::ffi::OsStr;
use std::fs;
use std::path::{Component, Path, PathBuf};

use globset::{GlobBuilder, GlobMatcher};

use super::common::usage;
use wasmlab_glob as glob;
use wasmlab_report::visible::VisiblePath;

/// Directory entries that one glob may visit.
const MAX_ENTRIES: usize = 100_000;
/// Maximum number of parts of a glob, and of folders inside each other: the search calls itself for each.
const MAX_DEPTH: usize = 100;

/// The files that a path or a glob names, sorted and, like it, relative to `folder`. A path that exists, or that has
/// none of the characters of a glob, names only itself. As in a shell, `*` matches neither `/` nor the dot before a
/// hidden name; `**` stands for any number of folders, without following links to them.
///
/// # Errors
/// If a glob is malformed, matches no file, or would read too many folders.
pub fn expand(folder: &Path, path: &Path) -> Result<Vec<PathBuf>, String> {
    let is_glob = |part: Component| part.as_os_str().to_str().is_some_and(has_glob);
    if !path.components().any(is_glob) || fs::symlink_metadata(folder.join(path)).is_ok() {
        return Ok(vec![path.to_owned()]);
    }
    let parts: Vec<&OsStr> = path.components().map(Component::as_os_str).collect();
    if parts.len() > MAX_DEPTH {
        return Err(format!("its glob has {} parts, more than {MAX_DEPTH}: `**` stands for any folders", parts.len()));
    }
    let mut search = GlobSearch { folder, visited: 0, found: Vec::new() };
    search.descend(PathBuf::new(), &parts).map_err(|why| format!("`{}`: {why}", path.visible()))?;
    // `**/*` reaches a file in several ways.
    search.found.sort();
    search.found.dedup();
    if search.found.is_empty() {
        return Err(format!("`{}` matches no file", path.visible()));
    }
    Ok(search.found)
}

/// The files that the command line names, each once, even if two globs match it.
///
/// # Errors
/// As [`expand`], as a usage error.
pub fn named(paths: &[PathBuf]) -> anyhow::Result<Vec<PathBuf>> {
    let (mut files, mut seen): (Vec<PathBuf>, BTreeSet<PathBuf>) = (Vec::new(), BTreeSet::new());
    for path in paths {
        let mut found = expand(Path::new(""), path).or_else(usage)?;
        found.retain(|file| seen.insert(fs::canonicalize(file).unwrap_or_else(|_| file.clone())));
        files.append(&mut found);
    }
    Ok(files)
}

fn has_glob(part: &str) -> bool {
    part.contains(['*', '?', '[', '{'])
}

struct GlobSearch<'a> {
    folder: &'a Path,
    visited: usize,
    found: Vec<PathBuf>,
}

impl GlobSearch<'_> {
    /// Adds the files below `at` that the rest of the glob matches.
    fn descend(&mut self, at: PathBuf, parts: &[&OsStr]) -> Result<(), String> {
        let Some((part, rest)) = parts.split_first() else {
            if self.folder.join(&at).is_file() {
                self.found.push(at);
            }
            return Ok(());
        };
        match part.to_str() {
            Some("**") => {
                self.descend(at.clone(), rest)?;
                for name in self.entries(&at)? {
                    let below = at.join(&name);
                    let is_folder = fs::symlink_metadata(self.folder.join(&below)).is_ok_and(|found| found.is_dir());
                    if is_folder && !is_hidden(&name) {
                        if below.components().count() > MAX_DEPTH {
                            return Err(format!("more than {MAX_DEPTH} folders are inside each other: name one"));
                        }
                        self.descend(below, parts)?;
                    }
                }
                Ok(())
            }
            Some(text) if has_glob(text) => {
                let glob = matcher(text)?;
                for name in self.entries(&at)? {
                    if glob.is_match(&name) && (text.starts_with('.') || !is_hidden(&name)) {
                        self.descend(at.join(name), rest)?;
                    }
                }
                Ok(())
            }
            _ => self.descend(at.join(part), rest),
        }
    }

    /// The names in a folder; none if it is no folder or cannot be read.
    fn entries(&mut self, at: &Path) -> Result<Vec<PathBuf>, String> {
        let folder = self.folder.join(at);
        // An empty path is the current folder.
        let folder = if folder.as_os_str().is_empty() { Path::new(".").to_owned() } else { folder };
        let mut names = Vec::new();
        for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
            self.visited += 1;
            if self.visited > MAX_ENTRIES {
                return Err(format!("there are more than {MAX_ENTRIES} files to look at: name a folder"));
            }
            names.push(PathBuf::from(entry.file_name()));
        }
        Ok(names)
    }
}

fn matcher(part: &str) -> Result<GlobMatcher, String> {
    // Also checks its length.
    glob::parse(part)?;
    let glob = GlobBuilder::new(part).literal_separator(true).build();
    glob.map(|glob| glob.compile_matcher()).map_err(|error| error.kind().to_string())
}

fn is_hidden(name: &Path) -> bool {
    name.as_os_str().as_encoded_bytes().starts_with(b".")
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::expand;

    #[test]
    fn globs_match_as_in_a_shell() {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path().join("a [folder]*");
        for file in
            ["b.wasm", "a.wasm", ".hidden.wasm", "x[1].wasm", "x1.wasm", "c.txt", "sub/d.wasm", "sub/deep/e.wasm"]
        {
            let file = root.join(file);
            std::fs::create_dir_all(file.parent().unwrap()).unwrap();
            std::fs::write(file, "").unwrap();
        }
        std::fs::create_dir(root.join("folder.wasm")).unwrap();
        #[cfg(unix)]
        std::os::unix::fs::symlink(&root, root.join("sub/up")).unwrap();
        let check = |path: &str, expected: Result<&[&str], &str>| match (expand(&root, Path::new(path)), expected) {
            (Ok(files), Ok(expected)) => {
                assert_eq!(files, expected.iter().map(Path::new).collect::<Vec<_>>(), "{path}")
            }
            (Err(why), Err(expected)) => assert_eq!(why, expected, "{path}"),
            (got, _) => panic!("{path}: {got:?}"),
        };
        check("*.wasm", Ok(&["a.wasm", "b.wasm", "x1.wasm", "x[1].wasm"]));
        check("{b,a}.wasm", Ok(&["a.wasm", "b.wasm"]));
        check(".h*.wasm", Ok(&[".hidden.wasm"]));
        check("s?b/*.wasm", Ok(&["sub/d.wasm"]));
        check("**/e.wasm", Ok(&["sub/deep/e.wasm"]));
        check("**/**/[de].wasm", Ok(&["sub/d.wasm", "sub/deep/e.wasm"]));
        // `x[1].wasm` exists, so it is not a glob; `?[1].wasm` does not, so it is.
        check("x[1].wasm", Ok(&["x[1].wasm"]));
        check("?[1].wasm", Ok(&["x1.wasm"]));
        // A path without a glob is not expanded: reading it reports the error.
        check("missing.wasm", Ok(&["missing.wasm"]));
        check("*.wat", Err("`*.wat` matches no file"));
        check("no/*.wasm", Err("`no/*.wasm` matches no file"));
        check("[.wasm", Err("`[.wasm`: `[.wasm` is not a glob: unclosed character class; missing ']'"));
        std::fs::create_dir_all(root.join("deep").join("d/".repeat(110))).unwrap();
        check("deep/**", Err("`deep/**`: more than 100 folders are inside each other: name one"));
        let long = "**/".repeat(300_000);
        check(&long, Err("its glob has 300000 parts, more than 100: `**` stands for any folders"));
        let all = expand(Path::new(""), &root.join("sub/*.wasm"));
        assert!(all.is_err(), "the folder's own name is part of the glob: {all:?}");
    }
}
