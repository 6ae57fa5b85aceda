//! Loads and validates `scenario.toml`.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::{Component, Path, PathBuf};

use wasmlab_model::codes::Code;
use wasmlab_model::file_error::{FileError, KeyError};
use wasmlab_model::scenario::{EntryPointKind, Run, Scenario, ScenarioFile};
use wasmlab_process::read_text;
use wasmlab_runtimes as runtimes;
use wasmlab_toolchains as toolchains;

use document::{Document, ParsedDocument};
use wasmlab_glob as glob;
use wasmlab_report::visible::VisiblePath;

pub mod document;
pub mod http;
mod names;
pub mod run;
mod server;
mod steps;
#[cfg(test)]
mod tests;

/// Maximum size of a `scenario.toml`, bytes.
const MAX_BYTES: u64 = 1 << 20;

pub use wasmlab_model::scenario::SCENARIO_SCHEMA as SCHEMA_VERSION;

/// Loads every scenario below `root`, sorted by name. A folder without `scenario.toml` is an error, so that a forgotten
/// file does not silently shrink the matrix.
///
/// # Errors
/// Every error of every scenario.
pub fn load_all(root: &Path) -> Result<Vec<Scenario>, Vec<FileError>> {
    let at_root = |message: String| vec![FileError::new(root.visible(), message)];
    let entries = fs::read_dir(root).map_err(|e| at_root(format!("the folder of scenarios cannot be read: {e}")))?;
    let mut dirs: Vec<PathBuf> = entries.flatten().map(|e| e.path()).filter(|p| p.is_dir()).collect();
    dirs.sort();
    let (mut scenarios, mut errors) = (Vec::new(), Vec::new());
    for dir in dirs {
        match load(&dir) {
            Ok(scenario) => scenarios.push(scenario),
            Err(more) => errors.extend(more),
        }
    }
    errors.extend(same_names(&scenarios));
    if errors.is_empty() { Ok(scenarios) } else { Err(errors) }
}

/// Scenario names become file names, so two names that differ only in case collide on some file systems.
fn same_names(scenarios: &[Scenario]) -> Vec<FileError> {
    let mut seen: BTreeMap<String, &Scenario> = BTreeMap::new();
    let mut errors = Vec::new();
    for scenario in scenarios {
        if let Some(first) = seen.insert(scenario.name.to_lowercase(), scenario) {
            let message = format!(
                "`{}` already contains a scenario of this name: rename one of the folders",
                first.dir.visible()
            );
            errors.push(FileError::new(scenario.dir.join("scenario.toml").visible(), message));
        }
    }
    errors
}

/// Loads the scenario in `dir`.
///
/// # Errors
/// Every error found.
pub fn load(dir: &Path) -> Result<Scenario, Vec<FileError>> {
    let path = dir.join("scenario.toml");
    let file = path.visible();
    let text = read_text(&path, MAX_BYTES).map_err(|e| {
        let remedy = if e.kind() == io::ErrorKind::NotFound { "; every folder in scenarios/ needs one" } else { "" };
        vec![FileError::new(&file, format!("the file cannot be read: {e}{remedy}"))]
    })?;
    let ParsedDocument { document, contents, mut errors, incomplete } = Document::parse::<ScenarioFile>(&file, &text);
    let Some(spec) = contents else { return Err(errors) };
    let name = dir.file_name().and_then(|n| n.to_str()).unwrap_or_default().to_owned();
    let found = check(&name, dir, &spec).into_iter();
    // A key that seems to be missing from a table with errors may be misspelt. Each [[known]] stands for itself.
    let is_complete =
        |key: &str| !key.split(['.', '[']).next().is_some_and(|table| table != "known" && incomplete.contains(table));
    errors.extend(document.locate_all(found.filter(|error| is_complete(&error.key))));
    errors.sort_by_key(|error| error.line);
    if errors.is_empty() { Ok(Scenario { name, dir: dir.to_owned(), spec }) } else { Err(errors) }
}

/// Parses the text of a `scenario.toml`.
///
/// # Errors
/// Every error found, with its line if the parser knows it.
pub fn parse(text: &str) -> Result<ScenarioFile, Vec<FileError>> {
    let parsed = Document::parse("scenario.toml", text);
    match parsed.contents {
        Some(spec) if parsed.errors.is_empty() => Ok(spec),
        _ => Err(parsed.errors),
    }
}

fn check(name: &str, dir: &Path, spec: &ScenarioFile) -> Vec<KeyError> {
    let mut errors = Vec::new();
    check_title(name, spec, &mut errors);
    check_build(dir, spec, &mut errors);
    run::check(dir, &spec.run, &mut errors);
    check_expect(spec, &mut errors);
    server::check(spec, &mut errors);
    check_known(spec, &mut errors);
    steps::check(spec, &mut errors);
    errors
}

fn check_title(name: &str, spec: &ScenarioFile, errors: &mut Vec<KeyError>) {
    let mut say = |key: &str, message: String| errors.push(KeyError::new(key, message));
    if spec.schema != SCHEMA_VERSION {
        say("schema", format!("is {}, but this lab reads {SCHEMA_VERSION}", spec.schema));
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
}

fn check_build(dir: &Path, spec: &ScenarioFile, errors: &mut Vec<KeyError>) {
    let build = &spec.build;
    let mut say = |key: &str, message: String| errors.push(KeyError::new(format!("build.{key}"), message));
    match toolchains::find(&build.toolchain) {
        None => say("toolchain", format!("`{}` is not one of {}", build.toolchain, toolchains::ids())),
        Some(toolchain) => toolchain.errors(build).into_iter().for_each(|error| say(&error.key, error.message)),
    }
    if let Some(source) = &build.source {
        if !is_inside(source) {
            say("source", format!("`{}` points outside the scenario's folder", source.visible()));
        } else if !dir.join(source).is_file() {
            say("source", format!("`{}` is not a file in the scenario's folder", source.visible()));
        } else if !is_really_inside(dir, source) {
            say("source", format!("`{}` is a link out of the scenario's folder", source.visible()));
        }
    }
    for name in build.companions.iter().chain(&build.artifact).filter(|name| !is_inside(Path::new(name))) {
        say("companions", format!("`{name}` points outside the folder that the build writes"));
    }
    // Glue belongs to the module it was generated with: wasm-opt could rename what it looks for.
    if !build.wasm_opt.is_empty() && (!build.companions.is_empty() || build.artifact.is_none()) {
        let message =
            "only works if the artifact is the build's only file: use the compiler's own option instead (emcc: -Oz)";
        say("wasm_opt", message.to_owned());
    }
}

fn check_expect(spec: &ScenarioFile, errors: &mut Vec<KeyError>) {
    let mut say = |key: &str, message: String| errors.push(KeyError::new(format!("expect.{key}"), message));
    if spec.run.entry == EntryPointKind::Calls && spec.expect.exit != 0 {
        say("exit", "is for programs, and `run.entry` is `calls`: put the results into [[run.call]]".to_owned());
    }
    for file in &spec.expect.file {
        if !spec.run.dir.iter().any(|dir| Path::new(&file.path).starts_with(&dir.guest)) {
            say("file", format!("`{}` is not in any [[run.dir]]", file.path));
        }
    }
    for name in spec.expect.checks.iter().filter(|name| !is_kebab(name)) {
        say("checks", format!("`{name}` is not kebab-case"));
    }
}

fn check_known(spec: &ScenarioFile, errors: &mut Vec<KeyError>) {
    for (index, known) in spec.known.iter().enumerate() {
        let mut say = |key: &str, message: String| errors.push(KeyError::new(format!("known[{index}].{key}"), message));
        if let Err(error) = known.code.parse::<Code>() {
            say("code", error.to_string());
        }
        match glob::parse(&known.runtime).map(|glob| glob.compile_matcher()) {
            Err(why) => say("runtime", why),
            Ok(glob) if !runtimes::all().iter().any(|runtime| glob.is_match(runtime.id())) => {
                let message = format!("`{}` matches no runtime: `cargo xtask list runtimes` names them", known.runtime);
                say("runtime", message);
            }
            Ok(_) => {}
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

/// The names of a guest's listening sockets and ports.
fn listener_names(run: &Run) -> impl Iterator<Item = &String> {
    run.socket.iter().map(|socket| &socket.name).chain(run.port.iter().map(|port| &port.name))
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
