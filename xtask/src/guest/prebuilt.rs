//! Guests built elsewhere: the scenario's own code, committed with its provenance.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;

use serde::{Deserialize, Serialize};

use anyhow::Context;
use wasmlab_model::codes::Code;
use wasmlab_model::report::Origin;
use wasmlab_model::scenario::Scenario;
use wasmlab_process::{open_limited, read_limited, read_text};
use wasmlab_toolchains::MissingTool;

use super::{Guest, NotBuilt, failed, sources_hash};
use crate::lab::Lab;
use crate::machine::sha256;
use crate::store::files;
use wasmlab_report::visible::VisiblePath;

/// Maximum size of a prebuilt guest with its glue, bytes: every clone of the repository contains all of them.
pub const LARGEST: usize = 600_000;

/// Largest provenance.toml, bytes.
const MAX_PROVENANCE: u64 = 1 << 20;
/// Largest prebuilt guest, bytes.
const MAX_GUEST: u64 = 512 << 20;

/// Provenance of a prebuilt guest: `fixtures/SCENARIO/provenance.toml`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PrebuiltProvenance {
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
    /// The files of `build.companions` in the same folder, by name: their hashes.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub companions: BTreeMap<String, String>,
}

impl PrebuiltProvenance {
    /// The files and their hashes: the guest first.
    fn files(&self) -> impl Iterator<Item = (&String, &String)> {
        std::iter::once((&self.file, &self.sha256)).chain(&self.companions)
    }
}

/// The first file of a prebuilt guest that is missing or does not match its provenance.
#[must_use]
pub fn altered_file<'a>(lab: &Lab, scenario: &str, provenance: &'a PrebuiltProvenance) -> Option<&'a str> {
    let differs = |(name, hash): &(&String, &String)| {
        read_limited(&lab.fixture(scenario).join(name), LARGEST as u64).map_or(true, |bytes| sha256(&bytes) != **hash)
    };
    provenance.files().find(differs).map(|(name, _)| name.as_str())
}

/// Stores a guest and its glue that were built here as the scenario's prebuilt ones.
///
/// # Errors
/// If it is larger than [`LARGEST`], or a file cannot be written.
pub fn store(lab: &Lab, scenario: &Scenario, guest: Guest) -> anyhow::Result<()> {
    let file = scenario.spec.build.artifact.clone().unwrap_or_default();
    let mut files =
        vec![(file.clone(), fs::read(lab.cache.object(&guest.sha256)).context("failed to read the guest")?)];
    for (name, hash) in &guest.companions {
        files.push((name.clone(), fs::read(lab.cache.object(hash)).context("failed to read its glue")?));
    }
    let bytes: usize = files.iter().map(|(_, bytes)| bytes.len()).sum();
    anyhow::ensure!(bytes <= LARGEST, "is too large for a prebuilt guest: {bytes} bytes; the limit is {LARGEST}");
    let provenance = PrebuiltProvenance {
        schema: 1,
        file,
        sha256: guest.sha256,
        bytes: files.first().map_or(0, |(_, bytes)| bytes.len() as u64),
        sources: sources_hash(lab, scenario)?,
        toolchain: guest.toolchain,
        command: guest.shown_command,
        companions: guest.companions,
    };
    let dir = lab.fixture(&scenario.name);
    for (name, bytes) in &files {
        files::write_atomically(&dir.join(name), bytes)?;
    }
    files::write_atomically(&dir.join("provenance.toml"), toml::to_string_pretty(&provenance)?.as_bytes())?;
    Ok(())
}

/// Reads the provenance of a scenario's prebuilt guest; `None` if there is no such guest. Its files have the names that
/// the scenario gives them.
///
/// # Errors
/// The file and what is wrong with it.
pub fn provenance(lab: &Lab, scenario: &Scenario) -> Result<Option<PrebuiltProvenance>, String> {
    let folder = lab.fixture(&scenario.name);
    let path = folder.join("provenance.toml");
    let text = match read_text(&path, MAX_PROVENANCE) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
        text => text.map_err(|e| format!("{}: {e}", path.visible()))?,
    };
    let provenance: PrebuiltProvenance =
        toml::from_str(&text).map_err(|e| format!("{}: {}", path.visible(), e.message()))?;
    // The lab writes files of these names to the folder of a cell. The loader has checked the scenario's own.
    let build = &scenario.spec.build;
    let companions: BTreeSet<&String> = build.companions.iter().collect();
    if Some(&provenance.file) != build.artifact.as_ref() || !provenance.companions.keys().eq(companions) {
        let (path, keys) = (path.visible(), "`file` and `companions`");
        return Err(format!("{path}: {keys} are not the artifact and the companions of the scenario's [build]"));
    }
    // Callers that need a prebuilt guest report that it is missing.
    match open_limited(&folder.join(&provenance.file), MAX_GUEST) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(format!("{}: {error}", provenance.file)),
        _ => Ok(Some(provenance)),
    }
}

/// The prebuilt guest of a scenario whose tool is missing.
///
/// # Errors
/// If there is none, or it was not built from these sources.
pub fn take(lab: &Lab, scenario: &Scenario, missing: MissingTool) -> Result<Guest, NotBuilt> {
    let damaged = |message: String| failed(Code::PrebuiltStale, message);
    let Some(provenance) = provenance(lab, scenario).map_err(damaged)? else {
        let detail = format!("{} is missing, and there is no prebuilt guest", missing.what);
        return Err(NotBuilt { remedy: Some(missing.remedy), ..failed(missing.code, detail) });
    };
    if let Some(name) = altered_file(lab, &scenario.name, &provenance) {
        return Err(damaged(format!("{name} does not match its provenance.toml")));
    }
    let sources = sources_hash(lab, scenario).map_err(|e| damaged(e.to_string()))?;
    if sources != provenance.sources {
        let detail = format!("the sources changed after the prebuilt guest was built, and {} is missing", missing.what);
        return Err(NotBuilt { remedy: Some(missing.remedy), ..failed(Code::PrebuiltStale, detail) });
    }
    for (name, _) in provenance.files() {
        let file = lab.fixture(&scenario.name).join(name);
        let stored = fs::read(&file).and_then(|bytes| lab.cache.put_object(&bytes));
        stored.map_err(|e| damaged(format!("{}: {e}", file.visible())))?;
    }
    Ok(Guest {
        sha256: provenance.sha256,
        companions: provenance.companions,
        origin: Origin::Prebuilt,
        toolchain: provenance.toolchain,
        build_ms: None,
        shown_command: provenance.command,
        cached: true,
        missing: Some(missing),
    })
}
