//! Turns a scenario into a guest: built from source if the toolchain is installed, otherwise the prebuilt guest,
//! otherwise the reason why there is none.

use std::collections::BTreeMap;
use std::path::Path;

use wasmlab_model::codes::Code;
use wasmlab_model::report::Origin;
use wasmlab_model::scenario::Scenario;
use wasmlab_toolchains::{self as toolchains, MissingTool, PreflightError, linker};

use crate::lab::Lab;
use crate::machine::sha256;
use crate::store::files;

mod build;
mod prebuilt;
mod recipe;

pub use prebuilt::{PrebuiltProvenance, altered_file, provenance, store};

/// A guest that can be run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Guest {
    /// SHA-256 of the binary, an object in the cache.
    pub sha256: String,
    /// Companion files from `build.companions`: name to SHA-256, also objects in the cache.
    pub companions: BTreeMap<String, String>,
    /// Where it comes from.
    pub origin: Origin,
    /// The toolchain that built it, with its version.
    pub toolchain: String,
    /// Build time, milliseconds; `None` for a prebuilt guest.
    pub build_ms: Option<u64>,
    /// The command as a user would write it; empty if the lab itself built it.
    pub shown_command: String,
    /// It was built earlier from the same sources with the same tool.
    pub cached: bool,
    /// Why it was not built here, if it is prebuilt.
    pub missing: Option<MissingTool>,
}

impl Guest {
    /// A finished file that the user names, an object in the cache.
    #[must_use]
    pub fn given(sha256: String) -> Self {
        Self {
            sha256,
            companions: BTreeMap::new(),
            origin: Origin::Given,
            toolchain: "given".to_owned(),
            build_ms: None,
            shown_command: String::new(),
            cached: true,
            missing: None,
        }
    }
}

/// Why there is no guest.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NotBuilt {
    /// The code.
    pub code: Code,
    /// The compiler's message, or what is missing and how to get it.
    pub detail: String,
    /// A remedy, if there is one.
    pub remedy: Option<String>,
    /// The symbols that the linker did not find.
    pub symbols: Vec<String>,
}

/// Options for building a guest.
#[derive(Clone, Copy, Debug, Default)]
pub struct BuildOptions {
    /// Download nothing.
    pub offline: bool,
    /// Do not use prebuilt guests.
    pub require_built: bool,
}

/// Obtains the guest of a scenario.
///
/// # Errors
/// Why there is no guest.
pub fn obtain(lab: &Lab, scenario: &Scenario, options: BuildOptions) -> Result<Guest, NotBuilt> {
    let build = &scenario.spec.build;
    let Some(toolchain) = toolchains::find(&build.toolchain) else {
        // The loader rejects such a scenario, and `check` never creates one.
        return Err(failed(Code::ToolchainMissing, format!("the lab has no toolchain `{}`", build.toolchain)));
    };
    if let Some(error) = (toolchain.preflight_error)(build, &lab.machine) {
        return Err(not_buildable(error, scenario));
    }
    match (toolchain.find)(scenario, &lab.machine) {
        Ok(tool) => build::from_source(lab, scenario, toolchain, &tool, options.offline),
        Err(missing) if options.require_built => {
            let detail = format!("{} is missing, and --require-built does not allow prebuilt guests", missing.what);
            Err(NotBuilt { remedy: Some(missing.remedy), ..failed(missing.code, detail) })
        }
        Err(missing) => prebuilt::take(lab, scenario, missing),
    }
}

/// Hash of everything in a scenario's folder that affects its guest.
///
/// # Errors
/// If a file cannot be read.
pub fn sources_hash(lab: &Lab, scenario: &Scenario) -> std::io::Result<String> {
    let mut parts = vec![("[build]".to_owned(), serde_json::to_string(&scenario.spec.build)?)];
    for file in files::walk(&scenario.dir, &["target"])? {
        // The README and the expectations do not affect the guest.
        if file != Path::new("README.md") && file != Path::new("scenario.toml") {
            parts.push((file.display().to_string(), lab.machine.sha256(&scenario.dir.join(&file))?));
        }
    }
    Ok(sha256(serde_json::to_string(&parts)?.as_bytes()))
}

fn failed(code: Code, detail: impl Into<String>) -> NotBuilt {
    NotBuilt { code, detail: detail.into(), remedy: None, symbols: Vec::new() }
}

/// A program that does not link, because of these symbols.
fn unlinked(symbols: Vec<String>) -> NotBuilt {
    let detail = format!("the linker cannot find {}", symbols.join(", "));
    let remedy = linker::remedy(symbols.iter().map(String::as_str));
    NotBuilt { remedy, symbols, ..failed(Code::UndefinedSymbol, detail) }
}

/// A build that cannot work, with what to do about it.
fn not_buildable(error: PreflightError, scenario: &Scenario) -> NotBuilt {
    let PreflightError { code, detail, remedy } = error;
    let detail = recipe::one_line(&detail, [scenario.dir.as_path()]);
    NotBuilt { remedy: Some(remedy), ..failed(code, detail) }
}
