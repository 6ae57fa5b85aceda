//! Runs commands of CI with xshell: prints them, streams their output, and counts tests in it.

use std::io::{BufRead, BufReader, Read, Write};
use std::process::Stdio;
use std::sync::Mutex;

use anyhow::{Context as _, Result, ensure};
use xshell::{Cmd, Shell};

use super::{Context, locked};

/// Ensures that lines of parallel commands do not mix.
static OUT: Mutex<()> = Mutex::new(());

impl Context<'_> {
    /// A shell in the workspace, with the variables from the installation step.
    ///
    /// # Errors
    /// If the current folder cannot be read.
    pub fn shell(&self) -> Result<Shell> {
        let shell = Shell::new()?;
        shell.change_dir(&self.lab.root);
        for (name, value) in locked(&self.environment).iter() {
            shell.set_var(name, value);
        }
        Ok(shell)
    }

    /// Runs a command, streams its output, and counts the tests in it.
    ///
    /// # Errors
    /// If it cannot be started or fails.
    pub fn run(&self, command: Cmd<'_>) -> Result<()> {
        print(&format!("$ {command}"));
        self.run_quietly(command)
    }

    /// As [`Context::run`], without printing the command: for one of many similar ones.
    ///
    /// # Errors
    /// As [`Context::run`].
    pub fn run_quietly(&self, command: Cmd<'_>) -> Result<()> {
        let shown = command.to_string();
        let mut command = std::process::Command::from(command);
        let started = command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn();
        let mut child = started.with_context(|| format!("failed to start `{shown}`"))?;
        let (stdout, stderr) = (child.stdout.take(), child.stderr.take());
        std::thread::scope(|scope| {
            scope.spawn(|| stderr.map(|stream| self.forward(stream)));
            if let Some(stream) = stdout {
                self.forward(stream);
            }
        });
        let status = child.wait().with_context(|| format!("failed to wait for `{shown}`"))?;
        ensure!(status.success(), "`{shown}` ended with {status}");
        Ok(())
    }

    fn forward(&self, stream: impl Read) {
        let mut reader = BufReader::new(stream);
        let mut line = Vec::new();
        while reader.read_until(b'\n', &mut line).is_ok_and(|read| read > 0) {
            locked(&self.tests).read(&String::from_utf8_lossy(&line));
            {
                let _one_at_a_time = locked(&OUT);
                let _ = std::io::stdout().lock().write_all(&line);
            }
            line.clear();
        }
    }
}

/// Prints a line. If the reader has gone away, the steps continue.
pub fn print(line: &str) {
    let _one_at_a_time = locked(&OUT);
    let _ = writeln!(std::io::stdout().lock(), "{line}");
}
