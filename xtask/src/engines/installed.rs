//! Engines and drivers installed as programs: in the user's data folder, where `setup --from` puts them, or
//! on PATH. They serve the installed lab, which has no sources to build them from.

use std::fs;
use std::path::{Path, PathBuf};

use super::{Absence, Built, ask, find_built};
use crate::lab::{DATA_VARIABLE, Lab};
use crate::store::files;
use wasmlab_report::visible::VisiblePath;

/// The name of an engine's or driver's installed program.
#[must_use]
pub fn program_name(engine: &str) -> String {
    format!("wasmlab-engine-{engine}{}", std::env::consts::EXE_SUFFIX)
}

/// How to install an engine or driver; `runtime`: the only column to install it for.
#[must_use]
pub fn how_to_install(engine: &str, runtime: Option<&str>) -> String {
    let only = runtime.map(|id| format!(" --runtime {id}")).unwrap_or_default();
    let name = program_name(engine);
    format!(
        "`cargo xtask setup --from CHECKOUT{only}` builds it from the lab's checkout in the folder CHECKOUT; or \
         put {name} on PATH"
    )
}

/// Finds an installed engine or driver: first in the user's data folder, then on PATH.
pub(super) fn find(lab: &Lab, engine: &str) -> Result<Built, Absence> {
    let name = program_name(engine);
    let in_data_folder = Lab::installed_engines().map(|folder| folder.join(&name)).filter(|program| program.is_file());
    let Some(program) = in_data_folder.or_else(|| lab.machine.which(&name)) else {
        return Err(Absence::new(format!("the engine {engine} is not installed"), how_to_install(engine, None)));
    };
    let other = |absence: Absence| Absence {
        reason: format!("`{}` cannot be used: {}", program.visible(), absence.reason),
        remedy: "`cargo xtask setup --from CHECKOUT` replaces it; or remove it".to_owned(),
        ..absence
    };
    ask(lab, engine, program.clone()).map_err(other)
}

/// Copies an engine that was built in the workspace `from` to the user's data folder; returns its path, and whether it
/// was there before.
///
/// # Errors
/// If it is not built, no folder is known, or it cannot be written.
pub fn install(from: &Lab, engine: &str) -> Result<(PathBuf, bool), Absence> {
    let built = find_built(from, engine).map_err(|absence| {
        absence.unwrap_or_else(|| Absence::new(format!("the engine {engine} is not built"), "build it first"))
    })?;
    let folder = Lab::installed_engines().ok_or_else(|| {
        Absence::new(
            "there is no folder for engines: the user has no home folder",
            format!("set {DATA_VARIABLE} to a folder"),
        )
    })?;
    let program = folder.join(program_name(engine));
    let is_same = |file: &Path| from.machine.sha256(file).is_ok_and(|hash| hash == built.sha256);
    if is_same(&program) {
        return Ok((program, true));
    }
    match fs::create_dir_all(&folder).and_then(|()| files::copy_atomically(&built.binary, &program)) {
        Ok(()) => Ok((program, false)),
        Err(error) => Err(Absence::new(
            format!("the engine {engine} cannot be installed: {error}"),
            format!("set {DATA_VARIABLE} to another folder"),
        )),
    }
}
