//! From scenario to guest: built from source where the toolchain is here, else the prebuilt one, else
//! a reason why there is none.

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

pub use prebuilt::{Provenance, altered_file, provenance, store};

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
    pub shown_command: String,
    /// It was built earlier, from the same sources by the same tool.
    pub cached: bool,
    /// Why it was not built here, where it is a prebuilt one.
    pub missing: Option<MissingTool>,
}

/// Why there is no guest.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NotBuilt {
    /// The code.
    pub code: Code,
    /// The compiler's message, or what is missing and how to get it.
    pub detail: String,
    /// The command that changes it, where one does.
    pub remedy: Option<String>,
}

/// Options for building a guest.
#[derive(Clone, Copy, Debug, Default)]
pub struct BuildOptions {
    /// Nothing is fetched.
    pub offline: bool,
    /// Prebuilt guests are not taken.
    pub require_built: bool,
}

/// The guest of a scenario.
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
            Err(NotBuilt { code: missing.code, detail, remedy: Some(missing.how) })
        }
        Err(missing) => prebuilt::take(lab, scenario, missing),
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
    NotBuilt { code, detail: detail.into(), remedy: None }
}

/// A program that does not link; the detail lists the symbols that are not there.
fn unlinked(detail: String) -> NotBuilt {
    let symbols = detail.strip_prefix(UNLINKED).unwrap_or_default().split(", ");
    NotBuilt { code: Code::UndefinedSymbol, remedy: linker::remedy(symbols), detail }
}

/// How the detail of a program that does not link begins.
const UNLINKED: &str = "the linker finds no ";

/// A build that cannot be, with what a person does about it.
fn not_buildable(error: PreflightError, scenario: &Scenario) -> NotBuilt {
    let PreflightError { code, detail, how } = error;
    NotBuilt { code, detail: recipe::one_line(&detail, [scenario.dir.as_path()]), remedy: Some(how) }
}
