//! Runs a chapter's command: by this program, without a shell.
//!
//! The only child here is the lab itself, which starts guests and engines through `wasmlab-process`. A sandbox around
//! it would keep it from doing so, hence a plain `Command`.

use std::io::{self, Read};
use std::process::{Command, ExitStatus, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result};

use crate::lab::{Lab, ROOT_VARIABLE};

/// Time limit for a command: a check has its own limits, which are shorter.
const LIMIT: Duration = Duration::from_secs(600);
/// Maximum size of an output, bytes; the rest is dropped.
const MAX_OUTPUT: u64 = 4 << 20;

/// The result of a command.
#[derive(Clone, Debug)]
pub struct CommandOutput {
    /// Its exit code; -1 if it has none.
    pub exit: i32,
    /// Its output; after a failure, its errors too. The workspace's folder is left out of paths.
    pub text: String,
}

/// Runs `cargo xtask ARGS` in the workspace's folder.
pub fn run(lab: &Lab, args: &[String]) -> Result<CommandOutput> {
    let mut command = Command::new(std::env::current_exe().context("failed to find this program")?);
    // `run-one` keeps the folder of its cell, which is of no use here.
    let temporary = tempfile::Builder::new().prefix("wasmlab-learn-").tempdir().context("failed to create a folder")?;
    command.args(args).current_dir(&lab.root).env(ROOT_VARIABLE, &lab.root).env("NO_COLOR", "1");
    command.env("TMPDIR", temporary.path());
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().context("failed to run this program")?;
    let stdout = child.stdout.take().map(|pipe| thread::spawn(move || read(pipe)));
    let stderr = child.stderr.take().map(|pipe| thread::spawn(move || read(pipe)));
    let began = Instant::now();
    let status = loop {
        match child.try_wait()? {
            Some(status) => break Some(status),
            None if began.elapsed() > LIMIT => {
                child.kill()?;
                child.wait()?;
                break None;
            }
            None => thread::sleep(Duration::from_millis(10)),
        }
    };
    let text = |reader: Option<thread::JoinHandle<String>>| reader.and_then(|r| r.join().ok()).unwrap_or_default();
    let (stdout, stderr) = (text(stdout), text(stderr));
    let exit = status.and_then(|status: ExitStatus| status.code()).unwrap_or(-1);
    let mut text = stdout;
    if exit != 0 {
        // Progress is not part of the answer.
        let errors = stderr.lines().skip_while(|line| !line.starts_with("error:"));
        text.extend(errors.map(|line| format!("{line}\n")));
    }
    if status.is_none() {
        text += &format!("error: it did not end within {} s\n", LIMIT.as_secs());
    }
    let (root, cache) = (format!("{}/", lab.root.display()), lab.cache.dir().display().to_string());
    Ok(CommandOutput { exit, text: text.replace(&cache, "$WASMLAB_CACHE").replace(&root, "") })
}

fn read(pipe: impl Read) -> String {
    let mut bytes = Vec::new();
    let mut pipe = pipe.take(MAX_OUTPUT);
    let _ = pipe.read_to_end(&mut bytes);
    // The child must not wait for a reader.
    let _ = io::copy(&mut pipe.into_inner(), &mut io::sink());
    String::from_utf8_lossy(&bytes).into_owned()
}
