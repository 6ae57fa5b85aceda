//! What git knows about files of a repository, within limits.

use std::path::Path;
use std::time::Duration;

use crate::lab::Lab;
use wasmlab_process::{self as process, Command, ExitReason, Input, Limits};

/// Time limit, for a repository on a slow disk or one that fetches what it lacks.
const LIMIT: Duration = Duration::from_secs(60);

/// What git prints in a folder with these arguments, or why that is nothing, in a line.
///
/// # Errors
/// Git's own error, or the limit that was reached.
pub fn output(lab: &Lab, folder: &Path, args: &[&str], max_bytes: u64) -> Result<String, String> {
    let command = Command {
        program: lab.machine.which("git").ok_or("git is not on PATH")?,
        args: args.iter().map(Into::into).collect(),
        // It is the user's own, and many of its settings are variables.
        env: std::env::vars_os().collect(),
        cwd: folder.to_owned(),
        stdin: Input::Bytes(Vec::new()),
        inherit: Vec::new(),
        limits: Limits { output: max_bytes, ..Limits::compiler(LIMIT) },
        sandbox: None,
        report: None,
    };
    let completed = process::run(&command).map_err(|error| format!("git cannot be started: {error}"))?;
    match completed.exit_reason {
        ExitReason::Exited(0) => String::from_utf8(completed.stdout).map_err(|_| "it is not UTF-8 text".to_owned()),
        ExitReason::Exited(_) => {
            let message = String::from_utf8_lossy(&completed.stderr);
            Err(message.lines().next().unwrap_or_default().trim_start_matches("fatal: ").to_owned())
        }
        ExitReason::OutputLimit => Err(format!("it is larger than {max_bytes} bytes")),
        other => Err(format!("git {other}")),
    }
}

#[cfg(test)]
mod tests {
    use super::output;
    use crate::lab::Lab;
    use crate::machine::Machine;
    use crate::store::cache::Cache;

    #[test]
    fn output_is_limited() {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        let lab = Lab::new(at("root"), Cache::new(at("cache")), Machine::new(at("machine.json")));
        let ask = |args: &[&str], max_bytes| output(&lab, folder.path(), args, max_bytes);
        assert_eq!(ask(&["init", "--quiet"], 1 << 20).as_deref(), Ok(""));
        std::fs::write(at("file"), "x".repeat(1 << 20)).unwrap();
        let hash = ask(&["hash-object", "-w", "file"], 1 << 20).unwrap();
        assert_eq!(ask(&["cat-file", "blob", hash.trim()], 2 << 20).map(|text| text.len()), Ok(1 << 20));
        assert_eq!(ask(&["cat-file", "blob", hash.trim()], 1000), Err("it is larger than 1000 bytes".to_owned()));
        assert!(ask(&["show", "HEAD:file"], 1 << 20).is_err_and(|why| !why.is_empty() && !why.contains('\n')));
    }
}
