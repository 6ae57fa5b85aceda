//! Finds a Python that has the package a column needs, or the package in the lab's cache.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::path::{Path, PathBuf};

use wasmlab_runtimes::{Program, Runtime, Tool};

use super::program::{locate, write_support_files};
use super::{Absence, parse_info};
use crate::lab::Lab;
use crate::machine::ToolQuery;
use crate::store::cache::PYTHON;
use wasmlab_report::visible::VisiblePath;

/// Prints the path of the Python executable and the folder that contains a package. A `python3` on PATH may be a script
/// of a version manager, which would not work in the sandbox.
const WHERE: &str = "import importlib, os, sys; package = importlib.import_module(sys.argv[1]); \
                     print(sys.executable); print(os.path.dirname(os.path.dirname(package.__file__)))";

/// Finds the Python and its package, and asks the driver for the version and the switches.
///
/// # Errors
/// If one of them is missing or broken.
pub(super) fn find(lab: &Lab, runtime: &Runtime, requested: Program, package: &str) -> Result<Tool, Absence> {
    // `setup wasmtime-py@49` installs the package alone, without a Python.
    let (python, installed) = match &runtime.custom_build {
        Some(file) if file.ends_with("__init__.py") => {
            (locate(lab, runtime, requested, requested.names, requested.variable)?, folder_of(file))
        }
        Some(python) => (python.clone(), None),
        None => (locate(lab, runtime, requested, requested.names, requested.variable)?, None),
    };
    let (python, packages) = match installed {
        Some(folder) => (executable(lab, &python)?, folder),
        None => with_package(lab, &python, package).or_else(|why| {
            let folder = cache_folder(lab, package);
            match folder.join(package).join("__init__.py").is_file() {
                true => Ok((executable(lab, &python)?, folder)),
                false => Err(no_package(&python, package, &folder, requested, &why)),
            }
        })?,
    };
    let (support_dir, support_key) = write_support_files(lab, runtime)?;
    let driver = support_dir.join("driver.py");
    let args = ["-ISB".into(), driver.into(), "info".into(), "--packages".into(), packages.clone().into()];
    let broken = |why: String| {
        Absence::new(why, format!("repair `{}`, or name another one in {}", python.visible(), requested.variable))
    };
    let answer = ask(lab, &python, args.to_vec(), &packages.join(package).join("__init__.py")).map_err(broken)?;
    let info = parse_info(&answer).map_err(broken)?;
    let sha256 = lab.machine.sha256(&python).map_err(|e| broken(format!("`{}`: {e}", python.visible())))?;
    let fingerprint = format!("{sha256} {support_key} {package} {}", info.version);
    let (version, switches) = (info.version, info.switches);
    Ok(Tool { program: python, version, fingerprint, switches, support_dir, packages_dir: packages, ..Tool::default() })
}

/// The folder that contains the package of this file.
fn folder_of(file: &Path) -> Option<PathBuf> {
    file.parent()?.parent().map(Path::to_owned)
}

/// Where `setup` installs the package: with most systems, pip may not install into the Python of the system.
fn cache_folder(lab: &Lab, package: &str) -> PathBuf {
    lab.cache.dir().join(PYTHON).join(package)
}

/// The executable of this Python, and the folder in which it finds the package.
fn with_package(lab: &Lab, python: &Path, package: &str) -> Result<(PathBuf, PathBuf), String> {
    let answer = ask(lab, python, vec!["-c".into(), WHERE.into(), package.into()], python)?;
    let mut lines = answer.lines().map(PathBuf::from);
    lines.next().zip(lines.next()).ok_or_else(|| format!("`{}` printed `{answer}`", python.visible()))
}

/// The executable of this Python, found through a package of its standard library.
fn executable(lab: &Lab, python: &Path) -> Result<PathBuf, Absence> {
    let how = format!("repair `{}`", python.visible());
    with_package(lab, python, "json").map(|(program, _)| program).map_err(|why| Absence::new(why, how))
}

fn ask(lab: &Lab, python: &Path, args: Vec<OsString>, depends_on: &Path) -> Result<String, String> {
    let query = ToolQuery { program: python.to_owned(), args, env: BTreeMap::new(), depends_on: depends_on.to_owned() };
    lab.machine.query(&query)
}

fn no_package(python: &Path, package: &str, folder: &Path, requested: Program, why: &str) -> Absence {
    let program = python.display().to_string();
    let folder = folder.display().to_string();
    let command =
        [&program, "-m", "pip", "install", "--upgrade", "--target", &folder, package].map(str::to_owned).to_vec();
    // The first line of a Python error is always the same.
    let reason = match why.contains("Traceback") {
        true => format!("`{program}` has no package `{package}`"),
        false => format!("`{program}` cannot find out whether it has the package `{package}`: {why}"),
    };
    let remedy = format!(
        "install it with `{}` ({}), or set {} to a Python that has it",
        command.join(" "),
        requested.install_hint,
        requested.variable
    );
    Absence { reason, remedy, command: Some((command, "")) }
}
