//! Other people's conformance tests, in the layout of wasi-testsuite: <https://github.com/WebAssembly/wasi-testsuite>.
//!
//! A folder with `NAME.wasm` files is a suite. `NAME.json` says how to run a test and what must happen, `manifest.json`
//! has the suite's name. Every test becomes a scenario, so that it runs, and is judged, like everything else in the
//! lab. Nothing is ever written into the suite's folders: each cell works on a copy.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use serde_json::Value;
use wasmlab_model::file_error::FileError;
use wasmlab_process::{Directory, read_text};
use wasmlab_report::visible::{VisiblePath, on_line};

mod document;
mod fields;
mod servers;
#[cfg(test)]
mod tests;
mod translate;
mod unique_keys;
pub mod wast;

pub use document::{Operation, ParsedDocument, TestDocument, parse};
pub use translate::scenario;

use fields::{Fields, Problems, one_line};

/// Maximum size of a JSON file, bytes.
const MAX_JSON_BYTES: u64 = 1 << 20;
/// Maximum size of a `.wast` file, bytes.
const MAX_WAST_BYTES: u64 = 16 << 20;
/// Maximum number of files and folders looked at.
const MAX_ENTRIES: usize = 100_000;
/// Maximum depth of folders.
const MAX_DEPTH: usize = 24;

/// Compilation targets of the tests of a suite, as `manifest.json` says.
pub const TARGETS: &[&str] = &["wasm32-wasip1", "wasm32-wasip2", "wasm32-wasip3"];

/// A folder of tests.
#[derive(Clone, Debug, PartialEq)]
pub struct Suite {
    /// Its name: that in its manifest, or its path.
    pub name: String,
    /// One of [`TARGETS`].
    pub target: String,
    /// The tests, sorted by name.
    pub tests: Vec<Test>,
}

/// A test.
#[derive(Clone, Debug, PartialEq)]
pub struct Test {
    /// Name of its row: unique among all suites.
    pub name: String,
    /// Its path below the folder that the user named.
    pub title: String,
    /// The module or component.
    pub file: PathBuf,
    /// Its contents.
    pub document: TestDocument,
    /// Fields and operations that the lab does not know.
    pub unknown: Vec<String>,
    /// The folder that the guest gets as `/`: absolute, inside the suite's.
    pub root: Option<PathBuf>,
}

/// The suites and files to run in a folder.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct SuiteFiles {
    /// Folders of tests, sorted by path.
    pub suites: Vec<Suite>,
    /// The specification's tests, sorted by path.
    pub wast: Vec<WastSource>,
}

/// A `.wast` file, not read yet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WastSource {
    /// The file.
    pub path: PathBuf,
    /// Its path below the folder that the user named: the name of its row.
    pub title: String,
}

impl WastSource {
    /// The file at `path`, with this path below the folder that the user named.
    #[must_use]
    pub fn new(path: PathBuf, below: &Path) -> Self {
        Self { path, title: on_line(&below.display().to_string()).into_owned() }
    }

    /// Reads it.
    ///
    /// # Errors
    /// Its first error.
    pub fn read(&self) -> Result<wast::WastFile, FileError> {
        let text = read_text(&self.path, MAX_WAST_BYTES)
            .map_err(|e| FileError::new(self.path.visible(), format!("cannot be read: {e}")))?;
        wast::read(&self.path, &self.title, &text)
    }
}

/// Finds the suites in `folder` and below, and the `.wast` files. Hidden folders, and those that tests get as `/`, are
/// left out.
///
/// # Errors
/// Every error of every file.
pub fn load(folder: &Path) -> Result<SuiteFiles, Vec<FileError>> {
    let mut search = SuiteSearch { top: folder, seen: 0, found: SuiteFiles::default(), errors: Vec::new() };
    search.visit(Path::new(""), 0);
    let SuiteSearch { mut found, errors, .. } = search;
    if !errors.is_empty() {
        return Err(errors);
    }
    name_apart(&mut found.suites);
    found.wast.sort_by(|a, b| a.title.cmp(&b.title));
    // Names that are not UTF-8 may look alike, and a report could not tell their files apart.
    if let Some([_, second]) = found.wast.windows(2).find(|pair| pair[0].title == pair[1].title) {
        return Err(vec![FileError::new(second.path.visible(), "looks like another file's name: rename it")]);
    }
    Ok(found)
}

struct SuiteSearch<'a> {
    top: &'a Path,
    seen: usize,
    found: SuiteFiles,
    errors: Vec<FileError>,
}

impl SuiteSearch<'_> {
    /// Adds an error, with its field and what to do.
    fn error(&mut self, file: &Path, message: impl Into<String>) {
        self.errors.push(FileError::new(file.visible(), message));
    }

    /// Reads one folder, given relative to the top, and those below it.
    fn visit(&mut self, relative: &Path, depth: usize) {
        let folder = self.top.join(relative);
        let (files, folders) = match self.entries(&folder) {
            Ok(entries) => entries,
            Err(message) => return self.error(&folder, message),
        };
        let is_test = |file: &&PathBuf| file.extension().is_some_and(|extension| extension == "wasm");
        let tests: Vec<&PathBuf> = files.iter().filter(is_test).collect();
        let mut roots = BTreeSet::new();
        if !tests.is_empty() {
            let (name, target) = self.manifest(&folder, relative, files.contains(&PathBuf::from("manifest.json")));
            let mut suite = Suite { name, target, tests: Vec::new() };
            for file in tests {
                let json = file.with_extension("json");
                let json = files.contains(&json).then(|| folder.join(json));
                if let Some(test) = self.test(&folder, &relative.join(file), json) {
                    roots.extend(test.root.clone());
                    suite.tests.push(test);
                }
            }
            self.found.suites.push(suite);
        }
        let scripts = files.iter().filter(|file| file.extension().is_some_and(|extension| extension == "wast"));
        self.found.wast.extend(scripts.map(|file| WastSource::new(folder.join(file), &relative.join(file))));
        if depth == MAX_DEPTH {
            return;
        }
        for name in folders {
            let is_root = std::fs::canonicalize(folder.join(&name)).is_ok_and(|path| roots.contains(&path));
            if !is_root && !name.to_string_lossy().starts_with('.') {
                self.visit(&relative.join(name), depth + 1);
            }
        }
    }

    /// Names of the files and folders in a folder, sorted; links are not followed.
    fn entries(&mut self, folder: &Path) -> Result<(Vec<PathBuf>, Vec<PathBuf>), String> {
        let failed = |e: std::io::Error| format!("cannot be read: {e}");
        let opened = Directory::open(folder).map_err(failed)?;
        let mut names = opened.names(Path::new("")).map_err(failed)?;
        names.sort();
        self.seen += names.len();
        if self.seen > MAX_ENTRIES {
            return Err(format!(
                "has too much in it: more than {MAX_ENTRIES} files and folders; name a smaller folder"
            ));
        }
        let (mut files, mut folders) = (Vec::new(), Vec::new());
        for name in names.into_iter().map(PathBuf::from) {
            match opened.metadata_of(&name).map(|found| found.file_type()) {
                Ok(kind) if kind.is_file() => files.push(name),
                Ok(kind) if kind.is_dir() => folders.push(name),
                // If this file were left out, its test would run without it, or be missing.
                _ if name.extension().is_some_and(|end| end == "json" || end == "wasm") => {
                    self.error(&folder.join(&name), "is not a regular file: put a copy there");
                }
                _ => {}
            }
        }
        Ok((files, folders))
    }

    /// The suite's name and target.
    fn manifest(&mut self, folder: &Path, relative: &Path, exists: bool) -> (String, String) {
        let base = folder.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
        let by_folder = TARGETS.contains(&base.as_str()).then_some(base);
        let shown = if relative.as_os_str().is_empty() { folder.file_name().map(Path::new) } else { Some(relative) };
        let mut name = shown.unwrap_or(Path::new("suite")).display().to_string();
        let mut target = by_folder.unwrap_or_else(|| TARGETS[0].to_owned());
        if !exists {
            return (name, target);
        }
        let file = folder.join("manifest.json");
        let mut problems = Problems::default();
        match read_text(&file, MAX_JSON_BYTES).map_err(|e| format!("cannot be read: {e}")).and_then(|text| {
            serde_json::from_str::<Value>(&text).map_err(|e| format!("is not JSON: {}", one_line(&e.to_string())))
        }) {
            Err(message) => self.error(&file, message),
            Ok(value) => {
                if let Some(mut fields) = Fields::of(&value, "", &mut problems) {
                    name = fields.text("name", &mut problems).unwrap_or(name);
                    target = fields.text("version", &mut problems).unwrap_or(target);
                    fields.finish(&mut problems);
                }
                if !TARGETS.contains(&target.as_str()) {
                    problems
                        .error("version", &format!("is `{}`: use one of {}", one_line(&target), TARGETS.join(", ")));
                }
            }
        }
        let unknown = problems.unknown.iter().map(|what| format!("the lab does not know {what}: remove it"));
        for message in problems.errors.into_iter().chain(unknown) {
            self.error(&file, message);
        }
        (one_line(&name), target)
    }

    /// Reads one test, given relative to the top.
    fn test(&mut self, folder: &Path, file: &Path, json: Option<PathBuf>) -> Option<Test> {
        let parsed = match &json {
            None => ParsedDocument { document: TestDocument::default_run(), unknown: Vec::new() },
            Some(path) => {
                let text = read_text(path, MAX_JSON_BYTES).map_err(|e| vec![format!("cannot be read: {e}")]);
                match text.and_then(|text| parse(&text)) {
                    Ok(parsed) => parsed,
                    Err(messages) => {
                        messages.into_iter().for_each(|message| self.error(path, message));
                        return None;
                    }
                }
            }
        };
        let root = parsed.document.operations.iter().find_map(|operation| match operation {
            Operation::Run { root, .. } => root.as_deref(),
            _ => None,
        });
        let root = match root.map(|root| self.root(folder, root)).transpose() {
            Ok(root) => root,
            Err(message) => {
                self.error(&json.unwrap_or_default(), message);
                return None;
            }
        };
        let name = file.file_stem().map(|name| on_line(&name.to_string_lossy()).into_owned()).unwrap_or_default();
        let title = on_line(&file.display().to_string()).into_owned();
        let ParsedDocument { document, unknown } = parsed;
        Some(Test { name, title, file: self.top.join(file), document, unknown, root })
    }

    /// The folder that a test names, which must not be outside the suite.
    fn root(&self, folder: &Path, name: &str) -> Result<PathBuf, String> {
        let shown = one_line(name);
        let found = std::fs::canonicalize(folder.join(name))
            .map_err(|e| format!("`root` is `{shown}`, which cannot be used: {e}; put this folder beside the test"))?;
        if !found.is_dir() {
            return Err(format!("`root` is `{shown}`, which is not a folder: put one beside the test"));
        }
        let is_inside = std::fs::canonicalize(self.top).is_ok_and(|top| found.starts_with(&top) && found != top);
        if !is_inside {
            return Err(format!("`root` is `{shown}`, outside the suite: put this folder beside the test"));
        }
        Ok(found)
    }
}

/// Gives tests of the same name the path of their folder as well.
fn name_apart(suites: &mut [Suite]) {
    let mut counts: BTreeMap<String, usize> = BTreeMap::new();
    for test in suites.iter().flat_map(|suite| &suite.tests) {
        *counts.entry(test.name.clone()).or_default() += 1;
    }
    let unique = counts.into_iter().filter(|(_, count)| *count == 1).map(|(name, _)| name);
    let unique: BTreeSet<String> = unique.collect();
    let mut given = unique.clone();
    // How often each path was tried as a name.
    let mut tried: BTreeMap<String, usize> = BTreeMap::new();
    for test in suites.iter_mut().flat_map(|suite| &mut suite.tests).filter(|test| !unique.contains(&test.name)) {
        let path = Path::new(&test.title).with_extension("");
        let path = path.display().to_string().replace(['/', '\\'], "-");
        let number = tried.entry(path.clone()).or_default();
        test.name = loop {
            *number += 1;
            let name = if *number == 1 { path.clone() } else { format!("{path}-{number}") };
            if given.insert(name.clone()) {
                break name;
            }
        };
    }
}
