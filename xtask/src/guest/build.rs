//! Builds a guest from source: carries out the toolchain's plan, or uses the cached result.

use std::collections::BTreeMap;
use std::time::Instant;

use serde::{Deserialize, Serialize};

use wasmlab_model::codes::Code;
use wasmlab_model::report::Origin;
use wasmlab_model::scenario::Scenario;
use wasmlab_toolchains::{BuildPlan, FoundTool, Task, Toolchain, crates, plan};

use super::{Guest, NotBuilt, failed, not_buildable, recipe, sources_hash, unlinked};
use crate::lab::Lab;
use crate::store::cache::{GUESTS, Key};

/// A cached build.
#[derive(Debug, Serialize, Deserialize)]
struct BuildEntry {
    sha256: String,
    #[serde(default)]
    companions: BTreeMap<String, String>,
    build_ms: u64,
}

/// Builds the guest of a scenario whose tool is installed.
///
/// # Errors
/// Why there is no guest.
pub fn from_source(
    lab: &Lab,
    scenario: &Scenario,
    toolchain: &Toolchain,
    tool: &FoundTool,
    offline: bool,
) -> Result<Guest, NotBuilt> {
    let io = |e: std::io::Error| failed(Code::CompileError, e.to_string());
    let sources = sources_hash(lab, scenario).map_err(io)?;
    let out = lab.cache.dir().join(GUESTS).join(&scenario.name);
    let task = Task { scenario, tool, out: &out, offline };
    let BuildPlan { recipe, version, fingerprint } =
        plan(toolchain, &task, &lab.machine).map_err(|error| not_buildable(error, scenario))?;
    let shown = recipe.shown_command();
    let key = Key::of("build", &(toolchain.id, &fingerprint, &sources, &shown));
    let guest = |entry: BuildEntry, cached| Guest {
        sha256: entry.sha256,
        companions: entry.companions,
        origin: Origin::Built,
        toolchain: version.clone(),
        build_ms: Some(entry.build_ms),
        shown_command: shown.clone(),
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
    // Undefined symbols are a property of the sources and the tool, so they can be cached.
    let answer = Key::of("unlinked", &(toolchain.id, &fingerprint, &sources, &shown));
    if let Some(symbols) = lab.cache.get::<Vec<String>>(&answer) {
        return Err(unlinked(symbols));
    }
    let began = Instant::now();
    let made = recipe::make(&recipe, &scenario.spec.build.companions, &out).map_err(|mut none| {
        let dirs = [Some(scenario.dir.as_path()), crates::folder(tool)];
        none.detail = recipe::one_line(&none.detail, dirs.into_iter().flatten());
        if none.code == Code::UndefinedSymbol {
            // A cache that cannot be written costs time but changes no verdict.
            let _ = lab.cache.put(&answer, &none.symbols);
        }
        none
    })?;
    let build_ms = u64::try_from(began.elapsed().as_millis()).unwrap_or(u64::MAX);
    let keep = |bytes: &[u8]| lab.cache.put_object(bytes).map_err(io);
    let sha256 = keep(&made.module)?;
    let companions = made.companions.iter().map(|(name, bytes)| Ok((name.clone(), keep(bytes)?)));
    let companions = companions.collect::<Result<_, NotBuilt>>()?;
    let entry = BuildEntry { sha256, companions, build_ms };
    lab.cache.put(&key, &entry).map_err(io)?;
    Ok(guest(entry, false))
}
