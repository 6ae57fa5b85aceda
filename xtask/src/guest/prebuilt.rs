//! Guests built elsewhere: the scenario's own code, committed with its provenance.

use std::collections::BTreeMap;
use std::fs;

use serde::{Deserialize, Serialize};

use wasmlab_model::codes::Code;
use wasmlab_model::report::Origin;
use wasmlab_model::scenario::Scenario;
use wasmlab_toolchains::MissingTool;

use super::{Guest, NotBuilt, failed, sources_hash};
use crate::lab::Lab;
use crate::machine::sha256;

/// Provenance of a prebuilt guest: `fixtures/SCENARIO/provenance.toml`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Provenance {
    /// Version of the file format: 1.
    pub schema: u32,
    /// File name of the binary, in the same folder.
    pub file: String,
    /// SHA-256 of the binary.
    pub sha256: String,
    /// Size of the binary, bytes.
    pub bytes: u64,
    /// Hash of the sources it was built from.
    pub sources: String,
    /// The toolchain that built it, with its version.
    pub toolchain: String,
    /// The build command, without paths of the machine.
    pub command: String,
}

/// Reads the provenance of a scenario's prebuilt guest; `None` if there is no such guest.
///
/// # Errors
/// The file and what is wrong with it.
pub fn provenance(lab: &Lab, scenario: &str) -> Result<Option<Provenance>, String> {
    let path = lab.fixture(scenario).join("provenance.toml");
    let Ok(text) = fs::read_to_string(&path) else { return Ok(None) };
    toml::from_str(&text).map(Some).map_err(|e| format!("{}: {}", path.display(), e.message()))
}

/// The prebuilt guest of a scenario whose tool is missing.
///
/// # Errors
/// If there is none, or it was not built from these sources.
pub fn take(lab: &Lab, scenario: &Scenario, missing: MissingTool) -> Result<Guest, NotBuilt> {
    let damaged = |message: String| failed(Code::PrebuiltStale, message);
    let Some(provenance) = provenance(lab, &scenario.name).map_err(damaged)? else {
        let detail = format!("{} is missing, and there is no prebuilt guest", missing.what);
        return Err(NotBuilt { code: missing.code, detail, remedy: Some(missing.remedy) });
    };
    let file = lab.fixture(&scenario.name).join(&provenance.file);
    let bytes = fs::read(&file).map_err(|e| damaged(format!("{}: {e}", file.display())))?;
    if sha256(&bytes) != provenance.sha256 {
        return Err(damaged(format!("{} does not match its provenance.toml", provenance.file)));
    }
    let sources = sources_hash(lab, scenario).map_err(|e| damaged(e.to_string()))?;
    if sources != provenance.sources {
        let detail = format!("the sources changed after the prebuilt guest was built, and {} is missing", missing.what);
        return Err(NotBuilt { code: Code::PrebuiltStale, detail, remedy: Some(missing.remedy) });
    }
    let sha256 = lab.cache.put_object(&bytes).map_err(|e| damaged(e.to_string()))?;
    Ok(Guest {
        sha256,
        companions: BTreeMap::new(),
        origin: Origin::Prebuilt,
        toolchain: provenance.toolchain,
        build_ms: None,
        shown_command: provenance.command,
        cached: true,
        missing: Some(missing),
    })
}
