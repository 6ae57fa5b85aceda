//! Measures a whole profile, one part after the other.

use anyhow::Result;
use wasmlab_model::profile::{MeasuredFunctions, PROFILE_SCHEMA, ProbeAnswer, Profile, Provenance, Support};
use wasmlab_model::proposals::COMPONENT_MODEL;

use crate::catalogue::Catalogue;
use crate::{ProbeTarget, behaviour, interfaces, limits, link, proposals, sandbox, script, unusual_modules};

/// The column and its program.
pub struct ProbedRuntime<'a> {
    /// The column's id.
    pub runtime: &'a str,
    /// Its engine.
    pub engine: &'a str,
    /// The version of its program.
    pub version: &'a str,
    /// Where and how it is measured; the number of probes is filled in by the caller.
    pub provenance: Provenance,
}

/// Everything that the probes can find out about a runtime.
///
/// # Errors
/// If a probe cannot be made.
pub fn profile(probed: ProbedRuntime, catalogue: &Catalogue, runtime: &mut dyn ProbeTarget) -> Result<Profile> {
    let mut proposals = proposals::measure(runtime)?;
    let components = proposals.remove(COMPONENT_MODEL).unwrap_or_default();
    let unknown_import = link::unknown_import(runtime)?;
    let unchecked = unknown_import.support == Support::Unchecked;
    // A column that takes only components says nothing about core modules.
    let imports = if unknown_import == ProbeAnswer::default() {
        Default::default()
    } else {
        link::measure(&catalogue.functions, unchecked, runtime)?
    };
    let takes_components = components.support == Support::Yes || !components.switches.is_empty();
    let interfaces =
        if takes_components { interfaces::measure(&catalogue.packages, runtime)? } else { Default::default() };
    let missing_functions = interfaces::missing_functions(&catalogue.packages, &interfaces, runtime)?;
    let unusual_modules = unusual_modules::measure(runtime)?;
    let behaviour = behaviour::measure(catalogue, &imports, unchecked, &unusual_modules, runtime)?;
    let wasi = catalogue.functions.iter().find(|of| of.specification == "WASI 0.1");
    let defines = |name: &str| {
        unchecked || imports.get(script::WASI).and_then(|of: &MeasuredFunctions| of.defines(name)) == Some(true)
    };
    let sandbox = match wasi {
        Some(of) => sandbox::measure(&of.functions, &defines, runtime)?,
        None => Default::default(),
    };
    Ok(Profile {
        schema: PROFILE_SCHEMA,
        runtime: probed.runtime.to_owned(),
        engine: probed.engine.to_owned(),
        version: probed.version.to_owned(),
        provenance: probed.provenance,
        components,
        proposals,
        imports,
        unknown_import,
        interfaces,
        missing_functions,
        unusual_modules,
        limits: limits::measure(runtime)?,
        behaviour,
        sandbox,
    })
}
