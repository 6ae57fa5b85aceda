//! Reports to compare with: from a file, or published in a git revision.

use std::path::Path;

use anyhow::Result;
use xshell::{Shell, cmd};

use super::common::{UsageError, usage};
use super::report;
use crate::lab::Lab;
use wasmlab_model::report::RunReport;
use wasmlab_process::read_text;

/// Reads the report that `text` names, a file or a git revision. Also returns a name for it to show to the user.
///
/// # Errors
/// If `text` is neither, or there is no report in it.
pub fn read(lab: &Lab, text: &str) -> Result<(String, RunReport)> {
    // A pipe or a device is not a revision either: reading it is an error.
    if Path::new(text).exists() && !Path::new(text).is_dir() {
        let report = report::parse(
            &read_text(Path::new(text), report::MAX_BYTES)
                .or_else(|e| usage(format!("failed to read `{text}`: {e}")))?,
            text,
        )?;
        return Ok((format!("`{text}`"), report));
    }
    if !lab.has_workspace() {
        return usage(format!("`{text}` is not a file; a git revision can be named only in a checkout of the lab"));
    }
    let name = format!("reports/{}-{}.json", std::env::consts::OS, std::env::consts::ARCH);
    let failed = |why: String| {
        let why = why.lines().next().unwrap_or_default().trim_start_matches("fatal: ").to_owned();
        UsageError(format!("`{text}` is neither a report nor a git revision that contains `{name}`: {why}"))
    };
    let shell = Shell::new()?;
    shell.change_dir(&lab.root);
    let git = cmd!(shell, "git show --end-of-options {text}:{name}").quiet().ignore_status().output();
    let output = git.map_err(|error| failed(error.to_string()))?;
    if !output.status.success() {
        return Err(failed(String::from_utf8_lossy(&output.stderr).into_owned()).into());
    }
    if output.stdout.len() as u64 > report::MAX_BYTES {
        return Err(failed(format!("it is larger than {} bytes", report::MAX_BYTES)).into());
    }
    let report = report::parse(&String::from_utf8_lossy(&output.stdout), &format!("{text}:{name}"))?;
    Ok((format!("`{name}` of revision {text}"), report))
}
