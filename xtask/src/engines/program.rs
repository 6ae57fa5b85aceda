//! Finds the programs of command-line columns, with the packages, drivers and switches that belong to them.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fs;
use std::io::Read;
use std::path::{Path, PathBuf};

use super::Absence;
use crate::install_choice;
use crate::lab::Lab;
use crate::machine::ToolQuery;
use crate::store::cache::{DRIVERS, Key};
use crate::versions::{self, VersionedProgram};
use wasmlab_model::version::find_version;
use wasmlab_report::visible::VisiblePath;
use wasmlab_runtimes::{Program, Runtime, Tool};
use wasmlab_toolchains::npm;

/// Finds the program of a column.
///
/// # Errors
/// Why it, or something that belongs to it, is not available.
pub fn find(lab: &Lab, runtime: &Runtime, requested: Program) -> Result<Tool, Absence> {
    let program = behind_npm_script(runtime, path_of(lab, runtime, requested)?);
    let aux = runtime.aux_program.map(|aux| locate(lab, runtime, requested, &[aux.name], aux.variable));
    let aux_program = aux.transpose()?.unwrap_or_default();
    // A broken installation is reported; installing another copy would not repair it.
    let broken = |why: String| {
        let remedy = format!(
            "repair `{}`, or name another one in {}; {}",
            program.visible(),
            requested.variable,
            requested.install_hint
        );
        Absence::new(why, remedy)
    };
    let hash = |file: &Path| lab.machine.sha256(file).map_err(|e| broken(format!("`{}`: {e}", file.visible())));
    let answer = lab.machine.query(&query(&program, requested.version_args)).map_err(broken)?;
    let own_version = find_version(&answer);
    if let Some(line) = runtime.version_line.filter(|line| !own_version.starts_with(&format!("{line}."))) {
        return Err(broken(format!("`{}` is version {own_version}, not {line}", program.visible())));
    }
    let sha256 = hash(&program)?;
    let (support_dir, support_key) = write_support_files(lab, runtime)?;
    let (packages_dir, packages) = npm_packages(lab, runtime, &program)?;
    let mut fingerprint = format!("{sha256} {support_key}");
    for (name, version) in &packages {
        fingerprint += &format!(" {name} {version}");
    }
    if runtime.aux_program.is_some() {
        fingerprint += &hash(&aux_program)?;
    }
    // The column is about the first package, but all of them affect its results.
    let first = packages.first().map(|(name, version)| (name.rsplit('/').next().unwrap_or(name), version));
    let version =
        first.map_or_else(|| own_version.clone(), |(name, version)| format!("{own_version} {name} {version}"));
    let help_text = switches(lab, runtime, &program);
    Ok(Tool { program, version, fingerprint, help_text, support_dir, packages_dir, aux_program, ..Tool::default() })
}

/// The path of the program: that of a custom build, the named one, the one on PATH, or one that `setup` installed.
fn path_of(lab: &Lab, runtime: &Runtime, requested: Program) -> Result<PathBuf, Absence> {
    if let Some(program) = &runtime.custom_build {
        return Ok(program.clone());
    }
    locate(lab, runtime, requested, requested.names, requested.variable).or_else(|absence| {
        // If the variable is set to a wrong path, that is an error.
        if lab.machine.variable(requested.variable).is_some() {
            return Err(absence);
        }
        match VersionedProgram::from_version_line(runtime) {
            Some(line) => versions::find(lab, &line),
            None => newest(lab, runtime, requested, absence),
        }
    })
}

fn query(program: &Path, args: &[&str]) -> ToolQuery {
    let args = args.iter().map(OsString::from).collect();
    ToolQuery { program: program.to_owned(), args, env: BTreeMap::new(), depends_on: program.to_owned() }
}

/// What the program prints about its switches. A program that does not list them is run without any.
fn switches(lab: &Lab, runtime: &Runtime, program: &Path) -> String {
    let listed = runtime.help_args.iter().map(|args| lab.machine.query(&query(program, args)).unwrap_or_default());
    listed.collect::<Vec<_>>().join("\n")
}

/// The folder of a column's npm packages, and the name and version of each.
type NpmPackages = (PathBuf, Vec<(&'static str, String)>);

fn npm_packages(lab: &Lab, runtime: &Runtime, program: &Path) -> Result<NpmPackages, Absence> {
    let names = runtime.npm_packages();
    if names.is_empty() {
        return Ok((PathBuf::new(), Vec::new()));
    }
    let folder = npm::packages(&lab.machine, program, names).ok_or_else(|| no_packages(lab, names))?;
    let version = |name: &&'static str| {
        let found = npm::version(&lab.machine, &folder, name);
        Ok((*name, found.map_err(|why| Absence { reason: why, ..no_packages(lab, names) })?))
    };
    let versions = names.iter().map(version).collect::<Result<_, Absence>>()?;
    Ok((folder, versions))
}

/// The newest version that `setup` installed from PyPI, or how to install it.
fn newest(lab: &Lab, runtime: &Runtime, requested: Program, absence: Absence) -> Result<PathBuf, Absence> {
    let Some(newest) = VersionedProgram::newest(runtime) else { return Err(absence) };
    versions::find_and_make_executable(lab, &newest).map_err(|of_package| {
        match (&absence.command, of_package.command) {
            // The system's package manager installs it quickly.
            (Some((_, "")), _) | (_, None) => absence,
            (_, command) => {
                let setup = format!("`cargo xtask setup --runtime {}` or ", runtime.id());
                let commands = setup + &install_commands(runtime, absence.command.as_ref());
                let remedy =
                    how_to_install(commands.trim_end_matches(" or "), requested.install_hint, requested.variable);
                Absence { remedy, command, ..absence }
            }
        }
    })
}

/// The native program, if `found` is the script with which an npm package starts it. The script cannot start it in the
/// sandbox, because the program is in another package. Usually an install script replaces it, but npm may be configured
/// not to run those.
fn behind_npm_script(runtime: &Runtime, found: PathBuf) -> PathBuf {
    let real = fs::canonicalize(&found).unwrap_or_else(|_| found.clone());
    let modules = real.ancestors().find(|dir| dir.ends_with("node_modules")).and_then(Path::parent);
    let (Some(root), Some(package)) = (modules, runtime.package) else { return found };
    let mut first = [0; 2];
    let is_script = fs::File::open(&real).and_then(|mut file| file.read_exact(&mut first)).is_ok() && first == *b"#!";
    package.candidates(root).find(|program| is_script && *program != real && program.is_file()).unwrap_or(found)
}

/// Writes [`Runtime::support_files`] to the cache. Returns their folder, and a hash of their content.
pub fn write_support_files(lab: &Lab, runtime: &Runtime) -> Result<(PathBuf, String), Absence> {
    let key = Key::of("support", &runtime.support_files).text().to_owned();
    let support = lab.cache.dir().join(DRIVERS).join(&key[..16]);
    for (file, text) in runtime.support_files {
        let path = support.join(file);
        if fs::read(&path).ok().as_deref() != Some(text.as_bytes()) {
            lab.cache
                .write(&path, text.as_bytes())
                .map_err(|e| Absence::new(e.to_string(), "make the cache's folder writable"))?;
        }
    }
    Ok((support, key))
}

/// Finds a program named by its variable or on PATH.
pub fn locate(
    lab: &Lab,
    runtime: &Runtime,
    requested: Program,
    names: &[&str],
    variable: &str,
) -> Result<PathBuf, Absence> {
    match lab.machine.variable(variable) {
        Some(path) if Path::new(&path).is_file() => Ok(PathBuf::from(path)),
        Some(path) => {
            let why = format!("{variable} names `{path}`, which is not a file");
            Err(Absence::new(why, format!("set it to the program, or unset {variable}")))
        }
        None => names.iter().find_map(|name| lab.machine.which(name)).ok_or_else(|| {
            let command = install_choice::choose(&lab.machine, &runtime.install);
            let commands = install_commands(runtime, command.as_ref());
            let remedy = how_to_install(&commands, requested.install_hint, variable);
            Absence { reason: format!("`{}` is not on PATH", names.join("`, `")), remedy, command }
        }),
    }
}

/// The commands that install a program, as text: the one that can run on this machine, or all of them.
fn install_commands(runtime: &Runtime, chosen: Option<&(Vec<String>, &'static str)>) -> String {
    match chosen {
        Some((command, _)) => format!("`{}`", command.join(" ")),
        None => install_choice::describe(&runtime.install),
    }
}

/// ``install it with `brew install x` (see https://…), or set WASMLAB_X to its path``.
fn how_to_install(commands: &str, hint: &str, variable: &str) -> String {
    let install = match commands {
        "" => hint.to_owned(),
        _ if hint.starts_with("see ") => format!("install it with {commands} ({hint})"),
        _ => format!("{hint}, for example with {commands}"),
    };
    format!("{install}, or set {variable} to its path")
}

/// The absence of a column whose npm packages are not installed.
fn no_packages(lab: &Lab, names: &[&str]) -> Absence {
    let command: Vec<String> = ["npm", "install", "--global"].iter().chain(names).map(|w| (*w).to_owned()).collect();
    Absence {
        reason: format!("the npm packages {} are not installed", names.join(" ")),
        remedy: format!(
            "`{}`, or set {} to the node_modules folder that contains them",
            command.join(" "),
            npm::VARIABLE
        ),
        command: lab.machine.which("npm").map(|_| (command, "")),
    }
}
