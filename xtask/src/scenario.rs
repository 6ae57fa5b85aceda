//! Loads and validates `scenario.toml`.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::fs;
use std::path::{Component, Path, PathBuf};

use wasmlab_model::codes::Code;
use wasmlab_model::scenario::{EntryPointKind, Scenario, ScenarioFile};
use wasmlab_process::read_text;
use wasmlab_protocol::Network;
use wasmlab_toolchains as toolchains;

use crate::glob;
use crate::store::files;
use document::{Document, Parsed, TextFault};
use wasmlab_report::visible::VisiblePath;

pub mod document;
pub mod http;
mod names;
mod server;
mod steps;
#[cfg(test)]
mod tests;

/// Maximum size of a `scenario.toml`, bytes.
const MAX_BYTES: u64 = 1 << 20;
/// Maximum size of a generated file, bytes.
const MAX_GENERATED_BYTES: u64 = 64 << 20;
/// The end of the year 9999, seconds since 1970: some file systems and languages support no later time.
const MAX_MODIFIED: u64 = 253_402_300_799;

pub use wasmlab_model::scenario::SCENARIO_SCHEMA as SCHEMA_VERSION;

/// An error in a scenario: the file, the line if known, the key, and what to do.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub struct ScenarioError {
    /// The file.
    pub file: PathBuf,
    /// The line, from 1.
    pub line: Option<usize>,
    /// The error, with the key, and what to do.
    pub message: String,
}

impl fmt::Display for ScenarioError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.file.visible())?;
        if let Some(line) = self.line {
            write!(f, ":{line}")?;
        }
        write!(f, ": {}", self.message)
    }
}

/// Loads every scenario below `root`, sorted by name. A folder without `scenario.toml` is an error, so that a forgotten
/// file does not silently shrink the matrix.
///
/// # Errors
/// Every error of every scenario.
pub fn load_all(root: &Path) -> Result<Vec<Scenario>, Vec<ScenarioError>> {
    let at_root = |message: String| vec![ScenarioError { file: root.to_owned(), line: None, message }];
    let entries = fs::read_dir(root).map_err(|e| at_root(format!("the folder of scenarios cannot be read: {e}")))?;
    let mut dirs: Vec<PathBuf> = entries.flatten().map(|e| e.path()).filter(|p| p.is_dir()).collect();
    dirs.sort();
    let (mut scenarios, mut errors) = (Vec::new(), Vec::new());
    for dir in dirs {
        match load(&dir) {
            Ok(scenario) => scenarios.push(scenario),
            Err(mut faults) => errors.append(&mut faults),
        }
    }
    errors.extend(same_names(&scenarios));
    if errors.is_empty() { Ok(scenarios) } else { Err(errors) }
}

/// Scenario names become file names, so two names that differ only in case collide on some file systems.
fn same_names(scenarios: &[Scenario]) -> Vec<ScenarioError> {
    let mut seen: BTreeMap<String, &Scenario> = BTreeMap::new();
    let mut errors = Vec::new();
    for scenario in scenarios {
        if let Some(first) = seen.insert(scenario.name.to_lowercase(), scenario) {
            errors.push(ScenarioError {
                file: scenario.dir.join("scenario.toml"),
                line: None,
                message: format!(
                    "`{}` already contains a scenario of this name: rename one of the folders",
                    first.dir.visible()
                ),
            });
        }
    }
    errors
}

/// Loads the scenario in `dir`.
///
/// # Errors
/// Every error found.
pub fn load(dir: &Path) -> Result<Scenario, Vec<ScenarioError>> {
    let file = dir.join("scenario.toml");
    let fault = |line, message: String| ScenarioError { file: file.clone(), line, message };
    let text = read_text(&file, MAX_BYTES).map_err(|e| {
        vec![fault(None, format!("the file cannot be read: {e}; every folder of scenarios/ needs one"))]
    })?;
    let Parsed { document, contents, faults, incomplete } = Document::parse::<ScenarioFile>(&text);
    let mut faults: Vec<ScenarioError> = faults.into_iter().map(|(line, message)| fault(line, message)).collect();
    let Some(spec) = contents else { return Err(faults) };
    let name = dir.file_name().and_then(|n| n.to_str()).unwrap_or_default().to_owned();
    let found = check(&name, dir, &spec).into_iter();
    // A key that seems to be missing from a table with errors may be misspelt.
    let found = found.filter(|(key, _)| !key.split(['.', '[']).next().is_some_and(|table| incomplete.contains(table)));
    faults.extend(found.map(|(key, message)| fault(document.line_of(&key), format!("`{key}`: {message}"))));
    faults.sort_by_key(|fault| fault.line);
    if faults.is_empty() { Ok(Scenario { name, dir: dir.to_owned(), spec }) } else { Err(faults) }
}

/// Parses the text of a `scenario.toml`.
///
/// # Errors
/// Every error found, with its line if the parser knows it.
pub fn parse(text: &str) -> Result<ScenarioFile, Vec<TextFault>> {
    let parsed = Document::parse(text);
    match parsed.contents {
        Some(spec) if parsed.faults.is_empty() => Ok(spec),
        _ => Err(parsed.faults),
    }
}

type Faults = Vec<(String, String)>;

fn check(name: &str, dir: &Path, spec: &ScenarioFile) -> Faults {
    let mut faults = Faults::new();
    let mut say = |key: &str, message: String| faults.push((key.to_owned(), message));
    if spec.schema != SCHEMA_VERSION {
        say("schema", format!("is {}, this lab reads {SCHEMA_VERSION}", spec.schema));
    }
    if !is_kebab(name) {
        say("title", format!("the folder's name `{name}` is not kebab-case (a-z, 0-9, -): rename it"));
    }
    for (key, value) in [("family", &spec.family), ("route", &spec.route)] {
        if !is_kebab(value) {
            say(key, format!("`{value}` is not kebab-case (a-z, 0-9, -)"));
        }
    }
    if spec.title.trim().is_empty() || spec.title.contains('\n') {
        say("title", "is not one line of text".to_owned());
    }
    match toolchains::find(&spec.build.toolchain) {
        None => {
            say("build.toolchain", format!("`{}` is not one of {}", spec.build.toolchain, toolchains::ids()));
        }
        Some(toolchain) => {
            for (key, message) in toolchain.faults(&spec.build) {
                say(&format!("build.{key}"), message);
            }
        }
    }
    if let Some(source) = &spec.build.source {
        if !is_inside(source) {
            say("build.source", format!("`{}` points outside the scenario's folder", source.visible()));
        } else if !dir.join(source).is_file() {
            say("build.source", format!("`{}` is not a file in the scenario's folder", source.visible()));
        } else if !is_really_inside(dir, source) {
            say("build.source", format!("`{}` is a link out of the scenario's folder", source.visible()));
        }
    }
    check_run(dir, spec, &mut faults);
    server::check(spec, &mut faults);
    check_known(spec, &mut faults);
    steps::check(spec, &mut faults);
    faults
}

fn check_run(folder: &Path, spec: &ScenarioFile, faults: &mut Faults) {
    let run = &spec.run;
    let mut say = |key: &str, message: String| faults.push((key.to_owned(), message));
    if run.entry == EntryPointKind::Calls && run.call.is_empty() {
        say("run.entry", "is `calls`, but there is no [[run.call]]: add at least one".to_owned());
    }
    if run.call.first().is_some_and(|call| call.after_previous) {
        say("run.call[0].after_previous", "is true, but no call comes before it".to_owned());
    }
    if run.entry == EntryPointKind::Command && !run.call.is_empty() {
        say("run.call", "is set, but run.entry is not `calls`".to_owned());
    }
    if run.timeout_ms == Some(0) {
        say("run.timeout_ms", "must be greater than 0".to_owned());
    }
    for (index, dir) in run.dir.iter().enumerate() {
        for (key, message) in names::check(dir) {
            say(&format!("run.dir[{index}].{key}"), message);
        }
        if let Some(from) = &dir.copy
            && !(is_inside(from) && folder.join(from).is_dir() && is_really_inside(folder, from))
        {
            say(
                &format!("run.dir[{index}].copy"),
                format!("`{}` is not a folder inside the scenario's folder", from.visible()),
            );
        } else if let Some(from) = &dir.copy
            && let Some(name) = escaping_file(folder, from)
        {
            let message = "is not a regular file inside the scenario's folder (a link out of it, a pipe or a device)";
            say(&format!("run.dir[{index}].copy"), format!("`{}` {message}", from.join(name).visible()));
        }
        if dir.modified.is_some_and(|seconds| seconds > MAX_MODIFIED) {
            say(&format!("run.dir[{index}].modified"), "is after the year 9999: give seconds since 1970".to_owned());
        }
        if dir.host.is_some() {
            let message = "names a folder of this machine, which only the command line may do (`check --dir-rw`): use files or copy";
            say(&format!("run.dir[{index}].host"), message.to_owned());
        }
        if let Some((path, bytes)) = dir.generated.iter().find(|(_, bytes)| **bytes > MAX_GENERATED_BYTES) {
            let most = MAX_GENERATED_BYTES >> 20;
            say(&format!("run.dir[{index}].generated"), format!("`{path}` has {bytes} bytes, more than {most} MiB"));
        }
        let given = !(dir.files.is_empty() && dir.links.is_empty() && dir.generated.is_empty()) || dir.copy.is_some();
        if dir.host.is_some() && given {
            say(&format!("run.dir[{index}].host"), "is set together with files to put into it: remove one".to_owned());
        }
    }
    if run.own_loopback
        && (run.network != Network::Loopback
            || !run.port.is_empty()
            || !run.socket.is_empty()
            || !run.server.is_empty())
    {
        let message = "needs `network = \"loopback\"`, and cannot be combined with run.port, run.socket or run.server";
        say("run.own_loopback", message.to_owned());
    }
    if run.args.iter().any(|a| a.contains("{socket-fd}")) && run.socket.is_empty() {
        say("run.args", "has {socket-fd}, but there is no [[run.socket]]".to_owned());
    }
    if run.entry == EntryPointKind::Http && run.port.is_empty() {
        say("run.entry", "is `http`, but there is no [[run.port]]: add the port that the host serves on".to_owned());
    }
    let mut names = BTreeSet::new();
    let sockets = run.socket.iter().enumerate().map(|(index, s)| ("socket", index, &s.name));
    for (kind, index, name) in sockets.chain(run.port.iter().enumerate().map(|(index, p)| ("port", index, &p.name))) {
        if !is_kebab(name) || !names.insert(name) {
            let key = format!("run.{kind}[{index}].name");
            say(&key, format!("`{name}` is not kebab-case, or names two sockets or ports"));
        }
    }
    let in_files = run.dir.iter().flat_map(|d| d.files.values()).map(|text| ("run.dir", text));
    let in_args = run.args.iter().map(|a| ("run.args", a)).chain(run.env.values().map(|v| ("run.env", v)));
    for (key, text) in in_args.chain(in_files) {
        for wanted in text.split("{port:").skip(1).filter_map(|rest| rest.split('}').next()) {
            let mut names = run.port.iter().map(|p| &p.name).chain(run.server.iter().map(|s| &s.name));
            if !names.any(|name| name == wanted) {
                say(
                    key,
                    format!(
                        "has {{port:{wanted}}}, but `{wanted}` is not the name of a [[run.port]] or [[run.server]]"
                    ),
                );
            }
        }
    }
    for (key, name) in
        [&spec.build.companions[..], spec.build.artifact.as_slice()].concat().iter().map(|n| ("build.companions", n))
    {
        if !is_inside(Path::new(name)) {
            say(key, format!("`{name}` points outside the folder that the build writes"));
        }
    }
    if let Some(serve) = &run.serve {
        if !run.port.iter().any(|p| p.name == serve.port) {
            say("run.serve.port", format!("`{}` is not the name of a [[run.port]]", serve.port));
        }
        if serve.root.as_ref().is_some_and(|root| !run.dir.iter().any(|d| d.guest == *root)) {
            say("run.serve.root", "is not the guest path of a [[run.dir]]".to_owned());
        }
    }
    // Glue belongs to the module it was generated with: wasm-opt could rename what it looks for.
    if !spec.build.wasm_opt.is_empty() && (!spec.build.companions.is_empty() || spec.build.artifact.is_none()) {
        let message =
            "only works if the artifact is the build's only file: use the compiler's own option instead (emcc: -Oz)";
        say("build.wasm_opt", message.to_owned());
    }
    for function in &run.host_functions {
        if !function.contains('.') {
            say("run.host_functions", format!("`{function}` is not `module.name`"));
        }
    }
    for file in &spec.expect.file {
        if !run.dir.iter().any(|dir| Path::new(&file.path).starts_with(&dir.guest)) {
            say("expect.file", format!("`{}` is not in any [[run.dir]]", file.path));
        }
    }
    for name in &spec.expect.lab {
        if !is_kebab(name) {
            say("expect.lab", format!("`{name}` is not kebab-case"));
        }
    }
}

fn check_known(spec: &ScenarioFile, faults: &mut Faults) {
    for (index, known) in spec.known.iter().enumerate() {
        let mut say = |key: &str, message: String| faults.push((format!("known[{index}].{key}"), message));
        if let Err(error) = known.code.parse::<Code>() {
            say("code", error.to_string());
        }
        if let Err(why) = glob::parse(&known.runtime) {
            say("runtime", why);
        }
        if known.because.trim().is_empty() {
            say("because", "is empty: explain why the gap exists".to_owned());
        }
    }
}

/// Whether a relative path stays inside its starting folder.
#[must_use]
pub fn is_inside(path: &Path) -> bool {
    path.components().all(|c| matches!(c, Component::Normal(_))) && path.components().next().is_some()
}

/// The first file below `from` that is not a regular file or is outside the folder because of a link.
fn escaping_file(folder: &Path, from: &Path) -> Option<PathBuf> {
    let dir = folder.join(from);
    let is_own = |name: &PathBuf| dir.join(name).is_file() && is_really_inside(folder, &from.join(name));
    files::walk(&dir, &[]).unwrap_or_default().into_iter().find(|name| !is_own(name))
}

/// Whether a path is still inside `dir` after symbolic links are resolved.
fn is_really_inside(dir: &Path, path: &Path) -> bool {
    match (fs::canonicalize(dir), fs::canonicalize(dir.join(path))) {
        (Ok(dir), Ok(file)) => file.starts_with(dir),
        _ => false,
    }
}

/// Whether a name is made of letters a-z, digits and inner hyphens.
#[must_use]
pub fn is_kebab(text: &str) -> bool {
    !text.is_empty()
        && text.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-')
        && !text.starts_with('-')
        && !text.ends_with('-')
}
