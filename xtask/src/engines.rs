//! Programs for the columns: builds embedded engines, finds the others.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde::{Deserialize, Serialize};
use wasmlab_protocol::{EngineInfo, PROTOCOL_VERSION};

use crate::lab::Lab;
use crate::machine::ToolQuery;
use crate::store::cache::{Cache, Key};
use crate::store::files;
use wasmlab_report::visible::VisiblePath;
use wasmlab_runtimes::{Runtime, Source, Tool};
use wasmlab_toolchains::rustc::{compiler_in, sysroot};

mod build;
pub mod custom_build;
pub mod installed;
mod program;
mod python;

pub use build::{BuildProgress, build, build_dir, crates_of_build, remove_build_files};

/// Time limit for building one engine from scratch.
pub const BUILD_LIMIT: Duration = Duration::from_secs(45 * 60);

/// Keeps cargo's intermediate files of an engine: one to two gigabytes, which save developers of engines, and CI's
/// tests, most of the time of the next build. Without it, only the binary is kept.
pub const KEEP_VARIABLE: &str = "WASMLAB_KEEP_BUILD";

/// Why a column is absent, and how to install it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Absence {
    /// The reason.
    pub reason: String,
    /// How to get it.
    pub remedy: String,
    /// The command with which `setup` installs it, and a note about it, if there is one.
    pub command: Option<(Vec<String>, &'static str)>,
}

impl Absence {
    /// An absence without a command for `setup`.
    #[must_use]
    pub fn new(why: impl Into<String>, remedy: impl Into<String>) -> Self {
        Self { reason: why.into(), remedy: remedy.into(), command: None }
    }
}

/// An engine binary that was built.
#[derive(Clone, Debug, Serialize, Deserialize)]
struct Built {
    binary: PathBuf,
    sha256: String,
    info: EngineInfo,
}

/// Finds the program of a column without building: an installed one, or one built earlier from the same sources.
///
/// # Errors
/// [`None`] if the engine must be built first; the absence if it is not available.
pub fn find_tool(lab: &Lab, runtime: &Runtime) -> Result<Tool, Option<Absence>> {
    match (runtime.source, &runtime.custom_build) {
        (Source::Embedded(engine), Some(program)) => {
            let wrong = |a: Absence| Absence { remedy: format!("use a binary built from xtask/engines/{engine}"), ..a };
            ask(lab, engine, program.clone()).and_then(|built| tool_of(&built, runtime)).map_err(|a| Some(wrong(a)))
        }
        (Source::Embedded(engine), None) => tool_of(&find_built(lab, engine)?, runtime).map_err(Some),
        (Source::Program(program), _) => match runtime.python_package {
            Some(package) => python::find(lab, runtime, program, package).map_err(Some),
            None => program::find(lab, runtime, program).map_err(Some),
        },
        (Source::Driver { driver, program }, _) => {
            // The program comes first, because no build can replace it.
            let found = program::find(lab, runtime, program).map_err(Some)?;
            let driver = tool_of(&find_built(lab, driver)?, runtime).map_err(Some)?;
            // The file found may be a script that starts the program, so its version is part of the fingerprint.
            let fingerprint = format!("{} {} {}", driver.fingerprint, found.fingerprint, found.version);
            Ok(Tool { program: driver.program, driven_program: found.program.clone(), fingerprint, ..found })
        }
    }
}

/// Finds an engine or driver that was built earlier from the same sources; without sources, an installed one.
fn find_built(lab: &Lab, engine: &str) -> Result<Built, Option<Absence>> {
    if !lab.has_sources() {
        return installed::find(lab, engine).map_err(Some);
    }
    let key = engine_key(lab, engine).map_err(|e| Some(absence(engine, e)))?;
    let built: Built = Cache::read_entry(&build_record(lab, engine, &key), &key).ok_or(None)?;
    // The binary may have been removed, or replaced by another build.
    match lab.machine.sha256(&built.binary) {
        Ok(hash) if hash == built.sha256 => Ok(built),
        _ => Err(None),
    }
}

/// Where a build's [`Built`] is kept: beside its binary, because the size of that folder is not limited. A cache that
/// removed it to make room would have the engine built again, although its binary is there.
fn build_record(lab: &Lab, engine: &str, key: &Key) -> PathBuf {
    build::kept_binary(lab, engine, key).with_extension("json")
}

/// Whether an engine or driver was built earlier from the same sources.
#[must_use]
pub fn is_built(lab: &Lab, engine: &str) -> bool {
    find_built(lab, engine).is_ok()
}

fn ask(lab: &Lab, engine: &str, binary: PathBuf) -> Result<Built, Absence> {
    let query = ToolQuery {
        program: binary.clone(),
        args: vec!["info".into()],
        env: BTreeMap::new(),
        depends_on: binary.clone(),
    };
    let answer = lab.machine.query(&query).map_err(|e| absence(engine, e))?;
    let info = parse_info(&answer).map_err(|why| absence(engine, why))?;
    let sha256 = lab.machine.sha256(&binary).map_err(|e| absence(engine, e.to_string()))?;
    Ok(Built { binary, sha256, info })
}

/// Reads what an engine or a driver answers to `info`.
fn parse_info(answer: &str) -> Result<EngineInfo, String> {
    let info: EngineInfo =
        serde_json::from_str(answer).map_err(|e| format!("its answer to `info` cannot be parsed: {e}"))?;
    match info.protocol {
        PROTOCOL_VERSION => Ok(info),
        other => Err(format!("it speaks protocol version {other}, the lab {PROTOCOL_VERSION}")),
    }
}

fn tool_of(built: &Built, runtime: &Runtime) -> Result<Tool, Absence> {
    if !built.info.modes.iter().any(|m| m == runtime.mode()) {
        let why = format!("this build of {} has no mode `{}`", runtime.engine, runtime.mode());
        return Err(Absence::new(why, "report it: the engine and its adapter disagree"));
    }
    let (program, version) = (built.binary.clone(), built.info.version.clone());
    Ok(Tool {
        program,
        version,
        fingerprint: built.sha256.clone(),
        switches: built.info.switches.clone(),
        ..Tool::default()
    })
}

fn absence(engine: &str, why: String) -> Absence {
    Absence::new(
        format!("the engine {engine} could not be built: {why}"),
        format!("cargo build --release --manifest-path xtask/engines/{engine}/Cargo.toml shows the full output"),
    )
}

/// Everything an engine's binary depends on: its sources and lock file, and the compiler.
fn engine_key(lab: &Lab, engine: &str) -> Result<Key, String> {
    let mut parts: Vec<(String, String)> = Vec::new();
    let xtask = lab.xtask();
    for dir in source_folders(&xtask, &lab.engine(engine))? {
        for file in files::walk(&dir, &["target", "tests"]).map_err(|e| format!("`{}`: {e}", dir.visible()))? {
            let path = dir.join(file);
            let hash = lab.machine.sha256(&path).map_err(|e| format!("`{}`: {e}", path.visible()))?;
            let relative = path.strip_prefix(&xtask).unwrap_or(&path).display().to_string();
            parts.push((relative, hash));
        }
    }
    // A different or updated compiler builds a different binary.
    let compiler = lab.machine.which("rustc").and_then(|rustc| sysroot(&lab.machine, None, &rustc));
    let compiler = compiler.map(|dir| lab.machine.stamp(&compiler_in(&dir)));
    let target = lab.cache.dir().display().to_string();
    Ok(Key::of("engine", &(engine, compiler, target, parts)))
}

/// The folders with the sources of the engine or driver in `folder`: its own, protocol and harness, and those that its
/// manifest lists in `package.metadata.wasmlab.sources`, such as the code that engines for two versions of one library
/// share.
///
/// # Errors
/// If the manifest cannot be read.
pub fn source_folders(xtask: &Path, folder: &Path) -> Result<Vec<PathBuf>, String> {
    let file = folder.join("Cargo.toml");
    let failed = |e: String| format!("`{}`: {e}", file.visible());
    let text = fs::read_to_string(&file).map_err(|e| failed(e.to_string()))?;
    let manifest: toml::Table = toml::from_str(&text).map_err(|e| failed(e.to_string()))?;
    let named = ["package", "metadata", "wasmlab"].iter().try_fold(&manifest, |table, key| table.get(*key)?.as_table());
    let named = named.and_then(|lab| lab.get("sources")).cloned().map_or(Ok(Vec::new()), toml::Value::try_into);
    let named: Vec<PathBuf> = named.map_err(|e| failed(e.to_string()))?;
    let fixed = [folder.to_owned(), xtask.join("protocol"), xtask.join("engines/harness")];
    Ok(fixed.into_iter().chain(named.into_iter().map(|other| folder.join(other))).collect())
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::path::Path;

    use super::source_folders;
    use crate::store::files;

    /// Everything outside its folder that an engine or driver includes or depends on must be part of its key, so that a
    /// change rebuilds it, and of a reproduction.
    #[test]
    fn sources_are_listed_in_the_manifest() {
        let xtask = Path::new(env!("CARGO_MANIFEST_DIR"));
        let (mut included, mut depended_on) = (0, 0);
        for manifest in ["engines", "drivers"].iter().flat_map(|dir| fs::read_dir(xtask.join(dir)).unwrap()) {
            let folder = manifest.unwrap().path();
            let Ok(manifest) = fs::read_to_string(folder.join("Cargo.toml")) else { continue };
            let listed = source_folders(xtask, &folder).unwrap();
            let check = |path: &Path| {
                let path = path.canonicalize().unwrap();
                let is_listed = listed.iter().any(|dir| path.starts_with(dir.canonicalize().unwrap()));
                let (path, folder) = (path.display(), folder.display());
                assert!(is_listed, "{folder} needs {path}: name its folder in [package.metadata.wasmlab] sources");
            };
            for file in files::walk(&folder, &["target", "tests"]).unwrap() {
                let text = fs::read_to_string(folder.join(&file)).unwrap_or_default();
                for path in text.lines().filter_map(|l| l.strip_prefix("#[path = \"")?.strip_suffix("\"]")) {
                    check(&folder.join(&file).with_file_name(path));
                    included += 1;
                }
            }
            let manifest: toml::Table = toml::from_str(&manifest).unwrap();
            for path in manifest["dependencies"].as_table().unwrap().values().filter_map(|of| of.get("path")) {
                check(&folder.join(path.as_str().unwrap()));
                depended_on += 1;
            }
        }
        assert!(included > 0 && depended_on > 0, "nothing is shared: has the mechanism changed?");
    }
}
