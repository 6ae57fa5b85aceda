//! Programs of the columns: building embedded engines, finding the others.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fs;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde::{Deserialize, Serialize};
use wasmlab_protocol::{EngineInfo, PROTOCOL_VERSION};

use crate::install_choice;
use crate::lab::Lab;
use crate::machine::Question;
use crate::store::cache::Key;
use crate::store::files;
use crate::versions::{self, VersionedProgram};
use wasmlab_model::version::find_version;
use wasmlab_runtimes::{Program, Runtime, Source, Tool};
use wasmlab_toolchains::npm;
use wasmlab_toolchains::rustc::{compiler_in, sysroot};

mod build;
mod python;

pub use build::{BuildProgress, build};

/// How long the cold build of one engine may take.
const BUILD_LIMIT: Duration = Duration::from_secs(45 * 60);

/// The variable that keeps what cargo made on the way to an engine: one to two gigabytes, which spare a developer of
/// engines, and CI's tests, the long part of the next build. Without it the binary alone stays.
pub const KEEP_VARIABLE: &str = "WASMLAB_KEEP_BUILD";

/// Why a column is absent, and how to get it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Absence {
    /// Why.
    pub reason: String,
    /// How.
    pub remedy: String,
    /// The command that `setup` runs for it, if any, and a note for the user.
    pub command: Option<(Vec<String>, &'static str)>,
}

impl Absence {
    /// An absence that only the user can fix.
    #[must_use]
    pub fn new(why: impl Into<String>, how: impl Into<String>) -> Self {
        Self { reason: why.into(), remedy: how.into(), command: None }
    }
}

/// An engine binary as it was built.
#[derive(Clone, Debug, Serialize, Deserialize)]
struct Built {
    binary: PathBuf,
    sha256: String,
    probe: EngineInfo,
}

/// The program of a column that needs no build: found, or built before from the same sources.
///
/// # Errors
/// [`None`] if the engine must be built first; the absence if it is not available.
pub fn find_tool(lab: &Lab, runtime: &Runtime) -> Result<Tool, Option<Absence>> {
    match (runtime.source, &runtime.custom_build) {
        (Source::Embedded(engine), Some(program)) => {
            let wrong = |a: Absence| Absence { remedy: format!("use a binary built from xtask/engines/{engine}"), ..a };
            probe(lab, engine, program.clone()).and_then(|built| tool_of(&built, runtime)).map_err(|a| Some(wrong(a)))
        }
        (Source::Embedded(engine), None) => tool_of(&find_built(lab, engine)?, runtime).map_err(Some),
        (Source::Program(program), _) => match runtime.python_package {
            Some(package) => python::find(lab, runtime, program, package).map_err(Some),
            None => find_program(lab, runtime, program).map_err(Some),
        },
        (Source::Driver { driver, program }, _) => {
            // First look for the program, which no build can replace.
            let found = find_program(lab, runtime, program).map_err(Some)?;
            let driver = tool_of(&find_built(lab, driver)?, runtime).map_err(Some)?;
            // What is found may be a script that starts the program: its version says more than its hash.
            let fingerprint = format!("{} {} {}", driver.fingerprint, found.fingerprint, found.version);
            Ok(Tool { program: driver.program, driven_program: found.program.clone(), fingerprint, ..found })
        }
    }
}

/// An engine or a driver that was built before from the same sources.
fn find_built(lab: &Lab, engine: &str) -> Result<Built, Option<Absence>> {
    let key = engine_key(lab, engine).map_err(|e| Some(absence(engine, e)))?;
    let built: Built = lab.cache.get(&key).ok_or(None)?;
    // The binary may have been removed, or another build may have replaced it.
    match lab.machine.sha256(&built.binary) {
        Ok(hash) if hash == built.sha256 => Ok(built),
        _ => Err(None),
    }
}

/// Whether an engine or a driver was built before from the same sources.
#[must_use]
pub fn is_built(lab: &Lab, engine: &str) -> bool {
    find_built(lab, engine).is_ok()
}

fn probe(lab: &Lab, engine: &str, binary: PathBuf) -> Result<Built, Absence> {
    let question =
        Question { program: binary.clone(), args: vec!["probe".into()], env: BTreeMap::new(), witness: binary.clone() };
    let answer = lab.machine.ask(&question).map_err(|e| absence(engine, e))?;
    let probe: EngineInfo = serde_json::from_str(&answer)
        .map_err(|e| absence(engine, format!("its probe output cannot be parsed: {e}")))?;
    if probe.protocol != PROTOCOL_VERSION {
        return Err(absence(
            engine,
            format!("it uses protocol version {}, the lab {PROTOCOL_VERSION}", probe.protocol),
        ));
    }
    let sha256 = lab.machine.sha256(&binary).map_err(|e| absence(engine, e.to_string()))?;
    Ok(Built { binary, sha256, probe })
}

fn tool_of(built: &Built, runtime: &Runtime) -> Result<Tool, Absence> {
    if !built.probe.modes.iter().any(|m| m == runtime.mode()) {
        let why = format!("this build of {} has no mode `{}`", runtime.engine, runtime.mode());
        return Err(Absence::new(why, "report it: the engine and its adapter disagree"));
    }
    let (program, version) = (built.binary.clone(), built.probe.version.clone());
    Ok(Tool {
        program,
        version,
        fingerprint: built.sha256.clone(),
        switches: built.probe.switches.clone(),
        ..Tool::default()
    })
}

fn absence(engine: &str, why: String) -> Absence {
    Absence::new(
        format!("the engine {engine} could not be built: {why}"),
        format!("cargo build --release --manifest-path xtask/engines/{engine}/Cargo.toml shows the full output"),
    )
}

/// All that an engine's binary depends on: its sources and lock file, the protocol crate, the compiler.
fn engine_key(lab: &Lab, engine: &str) -> Result<Key, String> {
    let mut parts: Vec<(String, String)> = Vec::new();
    let xtask = lab.xtask();
    let manifest = lab.engine(engine).join("Cargo.toml");
    let shared = fs::read_to_string(&manifest)
        .map_err(|e| e.to_string())
        .and_then(|text| shared_sources(&text).map_err(|e| e.to_string()))
        .map_err(|e| format!("`{}`: {e}", manifest.display()))?;
    let shared = shared.into_iter().map(|dir| lab.engine(engine).join(dir));
    for dir in [lab.engine(engine), xtask.join("protocol"), xtask.join("engines/harness")].into_iter().chain(shared) {
        for file in files::walk(&dir, &["target", "tests"]).map_err(|e| format!("`{}`: {e}", dir.display()))? {
            let path = dir.join(file);
            let hash = lab.machine.sha256(&path).map_err(|e| format!("`{}`: {e}", path.display()))?;
            let relative = path.strip_prefix(&xtask).unwrap_or(&path).display().to_string();
            parts.push((relative, hash));
        }
    }
    // Another compiler, or an updated one, makes another binary.
    let compiler = lab.machine.which("rustc").and_then(|rustc| sysroot(&lab.machine, None, &rustc));
    let compiler = compiler.map(|dir| lab.machine.stamp(&compiler_in(&dir)));
    let target = lab.cache.dir().display().to_string();
    Ok(Key::of("engine", &(engine, compiler, target, parts)))
}

/// The folders beside its own whose sources an engine includes, as its manifest names them: two versions of
/// one library share what is the same for both.
fn shared_sources(manifest: &str) -> Result<Vec<PathBuf>, toml::de::Error> {
    let manifest: toml::Table = toml::from_str(manifest)?;
    let named = ["package", "metadata", "wasmlab"].iter().try_fold(&manifest, |table, key| table.get(*key)?.as_table());
    named.and_then(|lab| lab.get("sources")).cloned().map_or(Ok(Vec::new()), toml::Value::try_into)
}

fn find_program(lab: &Lab, runtime: &Runtime, sought: Program) -> Result<Tool, Absence> {
    let locate = |names: &[&str], variable| locate(lab, runtime, sought, names, variable);
    let program = match &runtime.custom_build {
        Some(program) => program.clone(),
        None => locate(sought.names, sought.variable).or_else(|absence| match VersionedProgram::of_line(runtime) {
            // A variable with a wrong path is an error, not ignored.
            Some(line) if lab.machine.variable(sought.variable).is_none() => versions::find(lab, &line),
            _ => Err(absence),
        })?,
    };
    let program = behind_npm_script(runtime, program);
    let aux_program = runtime.aux_program.map(|aux| locate(&[aux.name], aux.variable)).transpose()?.unwrap_or_default();
    let args = sought.version_args.iter().map(OsString::from).collect();
    let question = Question { program: program.clone(), args, env: BTreeMap::new(), witness: program.clone() };
    // What is here and does not work is not replaced by another one on top of it.
    let broken = |why: String| {
        let how = format!(
            "repair `{}`, or name another one in {}; {}",
            program.display(),
            sought.variable,
            sought.install_hint
        );
        Absence::new(why, how)
    };
    let answer = lab.machine.ask(&question).map_err(broken)?;
    if let Some(line) = runtime.version_line
        && !find_version(&answer).starts_with(&format!("{line}."))
    {
        return Err(broken(format!("`{}` is version {}, not {line}", program.display(), find_version(&answer))));
    }
    let sha256 = lab.machine.sha256(&program).map_err(|e| broken(format!("`{}`: {e}", program.display())))?;
    let (support, support_key) = write_support_files(lab, runtime)?;
    let mut fingerprint = format!("{sha256} {support_key}");
    let mut version = find_version(&answer);
    let packages = match runtime.npm_packages() {
        [] => PathBuf::new(),
        names => npm::packages(&lab.machine, &program, names).ok_or_else(|| no_packages(lab, names))?,
    };
    for name in runtime.npm_packages() {
        let package = npm::version(&lab.machine, &packages, name)
            .map_err(|why| Absence { reason: why, ..no_packages(lab, runtime.npm_packages()) })?;
        let short = name.rsplit('/').next().unwrap_or(name);
        // The first package is what the column is about; all of them make its results.
        if find_version(&answer) == version {
            version += &format!(" {short} {package}");
        }
        fingerprint += &format!(" {name} {package}");
    }
    if runtime.aux_program.is_some() {
        fingerprint +=
            &lab.machine.sha256(&aux_program).map_err(|e| broken(format!("`{}`: {e}", aux_program.display())))?;
    }
    // A program that does not list its switches is asked for none.
    let listed = runtime.help.iter().map(|args| {
        let args = args.iter().map(OsString::from).collect();
        lab.machine.ask(&Question { program: program.clone(), args, env: BTreeMap::new(), witness: program.clone() })
    });
    let help = listed.map(Result::unwrap_or_default).collect::<Vec<_>>().join("\n");
    Ok(Tool {
        program,
        version,
        fingerprint,
        help,
        support_dir: support,
        packages_dir: packages,
        aux_program,
        ..Tool::default()
    })
}

/// The program that npm's package of it has for this platform, where what is on PATH is the package's script that only
/// starts it: a sandbox does not let the script see its other packages. A script after the installation usually puts the
/// program in its place, and npm may be told to run none.
fn behind_npm_script(runtime: &Runtime, found: PathBuf) -> PathBuf {
    let real = fs::canonicalize(&found).unwrap_or_else(|_| found.clone());
    let modules = real.ancestors().find(|dir| dir.ends_with("node_modules")).and_then(Path::parent);
    let (Some(root), Some(package)) = (modules, runtime.package) else { return found };
    let mut first = [0; 2];
    let is_script = fs::File::open(&real).and_then(|mut file| file.read_exact(&mut first)).is_ok() && first == *b"#!";
    package.candidates(root).find(|program| is_script && *program != real && program.is_file()).unwrap_or(found)
}

/// Writes [`Runtime::support_files`] into the cache: their folder, and what changes with them.
fn write_support_files(lab: &Lab, runtime: &Runtime) -> Result<(PathBuf, String), Absence> {
    let key = Key::of("support", &runtime.support_files).text().to_owned();
    let support = lab.cache.dir().join("drivers").join(&key[..16]);
    for (file, text) in runtime.support_files {
        let path = support.join(file);
        if fs::read(&path).ok().as_deref() != Some(text.as_bytes()) {
            files::write_atomically(&path, text.as_bytes())
                .map_err(|e| Absence::new(e.to_string(), "the cache must be writable: see `cargo xtask doctor`"))?;
        }
    }
    Ok((support, key))
}

/// A program by its variable, or on PATH.
fn locate(lab: &Lab, runtime: &Runtime, sought: Program, names: &[&str], variable: &str) -> Result<PathBuf, Absence> {
    match lab.machine.variable(variable) {
        Some(path) if Path::new(&path).is_file() => Ok(PathBuf::from(path)),
        Some(path) => {
            let why = format!("{variable} names `{path}`, which is not a file");
            Err(Absence::new(why, format!("set it to the program, or unset {variable}")))
        }
        None => names.iter().find_map(|name| lab.machine.which(name)).ok_or_else(|| {
            let command = install_choice::choose(&lab.machine, &runtime.install);
            let words = match &command {
                Some((command, _)) => format!("`{}`", command.join(" ")),
                None => install_choice::describe(&runtime.install),
            };
            let get = format!("{}, or set {variable} to its path", sought.install_hint);
            let how = if words.is_empty() { get } else { format!("{words}; {get}") };
            Absence { reason: format!("`{}` is not on PATH", names.join("`, `")), remedy: how, command }
        }),
    }
}

/// npm packages that a column needs and that are not here.
fn no_packages(lab: &Lab, names: &[&str]) -> Absence {
    let command: Vec<String> = ["npm", "install", "--global"].iter().chain(names).map(|w| (*w).to_owned()).collect();
    Absence {
        reason: format!("the npm packages {} are not installed", names.join(" ")),
        remedy: format!("`{}`, or set {} to their node_modules folder", command.join(" "), npm::VARIABLE),
        command: lab.machine.which("npm").map(|_| (command, "")),
    }
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::path::Path;

    use super::shared_sources;
    use crate::store::files;

    /// Whatever an engine takes from outside its folder is in its key: a change there builds it again.
    #[test]
    fn shared_sources_are_named_in_the_manifest() {
        let engines = Path::new(env!("CARGO_MANIFEST_DIR")).join("engines");
        let mut shared = 0;
        for file in files::walk(&engines, &["target", "tests", "common"]).unwrap() {
            let Some(engine) = file.iter().next().map(|name| engines.join(name)).filter(|dir| dir.is_dir()) else {
                continue;
            };
            let text = fs::read_to_string(engines.join(&file)).unwrap_or_default();
            for path in text.lines().filter_map(|l| l.strip_prefix("#[path = \"")?.strip_suffix("\"]")) {
                let included = engines.join(&file).parent().unwrap().join(path).canonicalize().unwrap();
                let manifest = fs::read_to_string(engine.join("Cargo.toml")).unwrap();
                let named = shared_sources(&manifest).unwrap();
                let inside = |dir: &Path| included.starts_with(dir.canonicalize().unwrap());
                assert!(
                    inside(&engine) || named.iter().any(|dir| inside(&engine.join(dir))),
                    "{} includes {path}: name its folder in [package.metadata.wasmlab] sources",
                    file.display()
                );
                shared += 1;
            }
        }
        assert!(shared > 0, "no engine includes anything: is the way they do it another one?");
    }
}
