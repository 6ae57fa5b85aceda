//! From scenario to guest: built from source where the toolchain is here, else the prebuilt one, else
//! a reason why there is none.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::time::Instant;

use serde::{Deserialize, Serialize};

use crate::cache::Key;
use crate::files;
use crate::lab::Lab;
use crate::machine::sha256;
use crate::toolchain::{self, Found, Missing, Obstacle, Toolchain};
use wasmlab_model::codes::Code;
use wasmlab_model::report::Origin;
use wasmlab_model::scenario::Scenario;

mod compile;
mod componentize;
mod wasm_opt;

/// A guest that can be run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Guest {
    /// SHA-256 of the binary, which is the cache's object of that name.
    pub sha256: String,
    /// The files of `build.companions`, by name: SHA-256, each an object of the cache too.
    pub companions: BTreeMap<String, String>,
    /// Where it came from.
    pub origin: Origin,
    /// What made it.
    pub toolchain: String,
    /// How long that took, milliseconds; `None` for a prebuilt guest.
    pub build_ms: Option<u64>,
    /// The command as a person would type it; empty for toolchains within the lab.
    pub typed: String,
    /// It was built earlier, from the same sources by the same tool.
    pub cached: bool,
    /// Why it was not built here, where it is a prebuilt one.
    pub missing: Option<Missing>,
}

/// Why there is no guest.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NotBuilt {
    /// The code.
    pub code: Code,
    /// The compiler's words, or what is missing and how to get it.
    pub detail: String,
    /// The command that changes it, where one does.
    pub how: Option<String>,
}

/// What the builder is to heed.
#[derive(Clone, Copy, Debug, Default)]
pub struct Options {
    /// Nothing is fetched.
    pub offline: bool,
    /// Prebuilt guests are not taken.
    pub require_built: bool,
}

/// Provenance of a prebuilt guest: `fixtures/SCENARIO/provenance.toml`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Provenance {
    /// Version of this format: 1.
    pub schema: u32,
    /// The binary's file beside this one.
    pub file: String,
    /// Its hash.
    pub sha256: String,
    /// Its size.
    pub bytes: u64,
    /// Hash of the sources it was made of.
    pub sources: String,
    /// What made it, as it says its version.
    pub toolchain: String,
    /// The command, without a machine's paths.
    pub command: String,
}

/// What the cache keeps of a build.
#[derive(Debug, Serialize, Deserialize)]
struct BuildEntry {
    sha256: String,
    #[serde(default)]
    companions: BTreeMap<String, String>,
    build_ms: u64,
}

/// The guest of a scenario.
///
/// # Errors
/// Why there is none.
pub fn obtain(lab: &Lab, scenario: &Scenario, options: Options) -> Result<Guest, NotBuilt> {
    let build = &scenario.spec.build;
    let Some(toolchain) = toolchain::find(&build.toolchain) else {
        // The loader has refused such a scenario; `check` makes none.
        let detail = format!("the lab has no toolchain `{}`", build.toolchain);
        return Err(NotBuilt { code: Code::ToolchainMissing, detail, how: None });
    };
    if let Some(Obstacle { code, detail, how }) = toolchain.obstacle(build, &lab.machine) {
        return Err(NotBuilt { code, detail: compile::one_line(&detail, [scenario.dir.as_path()]), how: Some(how) });
    }
    match toolchain.find_for(scenario, &lab.machine) {
        Ok(found) => from_source(lab, scenario, toolchain, &found, options.offline),
        Err(missing) if options.require_built => {
            let detail = format!("{} is missing, and --require-built takes no prebuilt guest", missing.what);
            Err(NotBuilt { code: toolchain.missing(build, &lab.machine), detail, how: Some(missing.how) })
        }
        Err(missing) => prebuilt(lab, scenario, missing, toolchain.missing(build, &lab.machine)),
    }
}

/// Hash of everything in a scenario's folder that goes into its guest.
///
/// # Errors
/// When a file cannot be read.
pub fn sources_hash(lab: &Lab, scenario: &Scenario) -> std::io::Result<String> {
    let mut parts = vec![("[build]".to_owned(), serde_json::to_string(&scenario.spec.build)?)];
    for file in files::walk(&scenario.dir, &["target"])? {
        // The lesson and the expectation are no part of the guest.
        if file != Path::new("README.md") && file != Path::new("scenario.toml") {
            parts.push((file.display().to_string(), lab.machine.sha256(&scenario.dir.join(&file))?));
        }
    }
    Ok(sha256(serde_json::to_string(&parts)?.as_bytes()))
}

fn failed(code: Code, detail: impl Into<String>) -> NotBuilt {
    NotBuilt { code, detail: detail.into(), how: None }
}

fn from_source(
    lab: &Lab,
    scenario: &Scenario,
    toolchain: &dyn Toolchain,
    found: &Found,
    offline: bool,
) -> Result<Guest, NotBuilt> {
    let io = |e: std::io::Error| failed(Code::CompileError, e.to_string());
    let sources = sources_hash(lab, scenario).map_err(io)?;
    let out = lab.cache.dir().join("guests").join(&scenario.name);
    let crate_dir = toolchain::crates::folder(&found.env).map(Path::to_owned);
    let mut recipe = toolchain.recipe(scenario, found, &out, offline);
    let mut version = found.version.clone();
    let mut fingerprint = found.fingerprint.clone();
    let passes = &scenario.spec.build.wasm_opt;
    if !passes.is_empty() {
        let pass = wasm_opt::find(&lab.machine)?;
        recipe = pass.after(recipe, passes, &out);
        version += &format!(", {}", pass.tool);
        fingerprint += &pass.fingerprint;
    }
    let mut typed = recipe.typed();
    if let Some(how) = scenario.spec.build.componentize {
        typed += componentize::typed(how);
        version += &format!(", {}", componentize::tool(how));
        fingerprint += &componentize::tool(how);
    }
    let key = Key::of("build", &(toolchain.id(), &fingerprint, &sources, &typed));
    let guest = |entry: BuildEntry, cached| Guest {
        sha256: entry.sha256,
        companions: entry.companions,
        origin: Origin::Built,
        toolchain: version.clone(),
        build_ms: Some(entry.build_ms),
        typed: typed.clone(),
        cached,
        missing: None,
    };
    if let Some(entry) = lab.cache.get::<BuildEntry>(&key)
        && std::iter::once(&entry.sha256)
            .chain(entry.companions.values())
            .all(|wanted| lab.machine.sha256(&lab.cache.object(wanted)).is_ok_and(|hash| hash == *wanted))
    {
        return Ok(guest(entry, true));
    }
    // What a linker does not find it will not find next time either.
    let answer = Key::of("unlinked", &(toolchain.id(), &fingerprint, &sources, &typed));
    if let Some(detail) = lab.cache.get::<String>(&answer) {
        return Err(failed(Code::UndefinedSymbol, detail));
    }
    let began = Instant::now();
    let (mut bytes, beside) = compile::make(recipe, &scenario.spec.build.companions, &out).map_err(|mut none| {
        let dirs = std::iter::once(&scenario.dir).chain(&crate_dir);
        none.detail = compile::one_line(&none.detail, dirs.map(|dir| dir.as_path()));
        if none.code == Code::UndefinedSymbol {
            // A cache that cannot be written costs time, not verdicts.
            let _ = lab.cache.put(&answer, &none.detail);
        }
        none
    })?;
    if let Some(how) = scenario.spec.build.componentize {
        bytes = componentize::component(how, &bytes).map_err(|words| failed(Code::CompileError, words))?;
    }
    let build_ms = u64::try_from(began.elapsed().as_millis()).unwrap_or(u64::MAX);
    let sha256 = lab.cache.put_object(&bytes).map_err(io)?;
    let mut companions = BTreeMap::new();
    for (name, bytes) in beside {
        companions.insert(name, lab.cache.put_object(&bytes).map_err(io)?);
    }
    let entry = BuildEntry { sha256, companions, build_ms };
    lab.cache.put(&key, &entry).map_err(io)?;
    Ok(guest(entry, false))
}

/// Reads the provenance of a scenario's prebuilt guest; `None` where there is none.
///
/// # Errors
/// The file and what is wrong with it.
pub fn provenance(lab: &Lab, scenario: &str) -> Result<Option<Provenance>, String> {
    let path = lab.fixture(scenario).join("provenance.toml");
    let Ok(text) = fs::read_to_string(&path) else { return Ok(None) };
    toml::from_str(&text).map(Some).map_err(|e| format!("{}: {}", path.display(), e.message()))
}

fn prebuilt(lab: &Lab, scenario: &Scenario, missing: Missing, code: Code) -> Result<Guest, NotBuilt> {
    let damaged = |words: String| failed(Code::PrebuiltStale, words);
    let Some(provenance) = provenance(lab, &scenario.name).map_err(damaged)? else {
        let detail = format!("{} is missing, and there is no prebuilt guest", missing.what);
        return Err(NotBuilt { code, detail, how: Some(missing.how) });
    };
    let file = lab.fixture(&scenario.name).join(&provenance.file);
    let bytes = fs::read(&file).map_err(|e| damaged(format!("{}: {e}", file.display())))?;
    if sha256(&bytes) != provenance.sha256 {
        return Err(damaged(format!("{} is not the file that its provenance.toml describes", provenance.file)));
    }
    let sources = sources_hash(lab, scenario).map_err(|e| damaged(e.to_string()))?;
    if sources != provenance.sources {
        let detail = format!("the sources changed after the prebuilt guest was made, and {} is missing", missing.what);
        return Err(NotBuilt { code: Code::PrebuiltStale, detail, how: Some(missing.how) });
    }
    let sha256 = lab.cache.put_object(&bytes).map_err(|e| damaged(e.to_string()))?;
    Ok(Guest {
        sha256,
        companions: BTreeMap::new(),
        origin: Origin::Prebuilt,
        toolchain: provenance.toolchain,
        build_ms: None,
        typed: provenance.command,
        cached: true,
        missing: Some(missing),
    })
}
