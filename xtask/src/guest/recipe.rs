//! Carries out a recipe; the result is the files, or a code with the compiler's message.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use wasmlab_model::codes::Code;
use wasmlab_process::{self as process, Command, CompletedProcess, ExitReason, Input, Limits, read_limited};
use wasmlab_toolchains::{BuildCommand, BuildStep, Recipe, linker};

use super::{NotBuilt, failed, unlinked};
use wasmlab_report::visible::VisiblePath;

/// Largest file that is taken from a compiler or from a scenario, bytes.
const MAX_BYTES: u64 = 512 << 20;
/// Time limit for compiling a guest.
const BUILD_LIMIT: Duration = Duration::from_secs(15 * 60);
/// The variable that overrides it, in seconds.
const LIMIT_VARIABLE: &str = "WASMLAB_BUILD_TIMEOUT";

/// The result of a recipe.
pub struct BuildOutput {
    /// The module.
    pub module: Vec<u8>,
    /// Its companion files, by name.
    pub companions: BTreeMap<String, Vec<u8>>,
}

/// Builds a guest below `out`: the module and its companion files.
///
/// # Errors
/// The code and the compiler's message.
pub fn make(recipe: &Recipe, companions: &[String], out: &Path) -> Result<BuildOutput, NotBuilt> {
    let mut made = match recipe.steps.is_empty() {
        true => BuildOutput { module: source(&recipe.artifact)?, companions: BTreeMap::new() },
        false => perform(recipe, companions, out)?,
    };
    for conversion in &recipe.conversions {
        made.module = (conversion.convert)(&recipe.artifact, &made.module)
            .map_err(|message| failed(Code::CompileError, message))?;
    }
    Ok(made)
}

/// Reads a file that is only converted within the lab.
fn source(file: &Path) -> Result<Vec<u8>, NotBuilt> {
    read_limited(file, MAX_BYTES)
        .map_err(|e| failed(Code::CompileError, format!("`{}` cannot be read: {e}", file.visible())))
}

fn perform(recipe: &Recipe, companions: &[String], out: &Path) -> Result<BuildOutput, NotBuilt> {
    let _alone = lock(out, limit())?;
    let artifact = &recipe.artifact;
    let beside = |name: &String| artifact.with_file_name(name);
    // Output of an earlier build must not be mistaken for this one's.
    for file in companions.iter().map(beside).chain([artifact.clone()]).filter(|file| file.starts_with(out)) {
        let _ = fs::remove_file(file);
    }
    for step in &recipe.steps {
        match step {
            BuildStep::Run(command) => run(command, out)?,
            BuildStep::Copy { files, .. } => files.iter().try_for_each(|(from, to)| copy(from, to))?,
        }
    }
    let mut files = BTreeMap::new();
    for name in companions {
        files.insert(name.clone(), left(&beside(name), "companions")?);
    }
    Ok(BuildOutput { module: left(artifact, "artifact")?, companions: files })
}

fn copy(from: &Path, to: &Path) -> Result<(), NotBuilt> {
    let made = to.parent().map_or(Ok(()), fs::create_dir_all);
    let copied = made.and_then(|()| fs::copy(from, to).map(|_| ()));
    copied.map_err(|e| failed(Code::CompileError, format!("`{}` cannot be copied: {e}", from.visible())))
}

fn run(command: &BuildCommand, out: &Path) -> Result<(), NotBuilt> {
    // A killed compiler's temporary files stay in this folder, which is removed when the value is dropped.
    let scratch = tempfile::tempdir_in(out).map_err(|e| unwritable(out, &e))?;
    let mut env = process::tool_env();
    env.insert("TMPDIR".into(), scratch.path().into());
    env.extend(command.env.clone());
    let mut args = command.argv.iter().cloned();
    let program = PathBuf::from(args.next().unwrap_or_default());
    let limit = limit();
    let completed = process::run(&Command {
        program: program.clone(),
        args: args.collect(),
        env,
        cwd: command.cwd.clone(),
        stdin: Input::Bytes(Vec::new()),
        inherit: Vec::new(),
        sandbox: None,
        report: None,
        limits: Limits::compiler(limit),
    });
    let _ = fs::remove_dir_all(&scratch);
    let completed = completed
        .map_err(|e| failed(Code::ToolchainBroken, format!("`{}` cannot be started: {e}", program.visible())))?;
    if completed.success() { Ok(()) } else { Err(failure(&completed, limit)) }
}

fn unwritable(out: &Path, error: &io::Error) -> NotBuilt {
    failed(Code::CompileError, format!("the lab cannot write to `{}`: {error}", out.visible()))
}

/// Creates the folder `out` and waits until no other lab builds in it: cargo locks its folder, C compilers do not. The
/// other build gets the time limit of this one.
fn lock(out: &Path, limit: Duration) -> Result<fs::File, NotBuilt> {
    fs::create_dir_all(out).map_err(|e| unwritable(out, &e))?;
    let file = fs::File::create(out.join(".lock")).map_err(|e| unwritable(out, &e))?;
    let began = Instant::now();
    loop {
        match file.try_lock() {
            Ok(()) => return Ok(file),
            Err(fs::TryLockError::Error(error)) => return Err(unwritable(out, &error)),
            Err(fs::TryLockError::WouldBlock) if process::cancelled() || began.elapsed() > limit => {
                return Err(failed(
                    Code::BuildTimeout,
                    "another lab process is building this guest and does not finish",
                ));
            }
            Err(fs::TryLockError::WouldBlock) => std::thread::sleep(Duration::from_millis(50)),
        }
    }
}

fn limit() -> Duration {
    let seconds = std::env::var(LIMIT_VARIABLE).ok().and_then(|text| text.parse().ok()).filter(|s| *s > 0);
    seconds.map_or(BUILD_LIMIT, Duration::from_secs)
}

fn left(path: &Path, key: &str) -> Result<Vec<u8>, NotBuilt> {
    read_limited(path, MAX_BYTES).map_err(|_| {
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        failed(Code::CompileError, format!("the compiler succeeded but did not write `{name}`: check build.{key}"))
    })
}

/// Why a compiler failed.
fn failure(completed: &CompletedProcess, limit: Duration) -> NotBuilt {
    let message = diagnostics(completed);
    let output = if message.is_empty() { "it printed nothing".to_owned() } else { format!("it printed: {message}") };
    match completed.exit_reason {
        ExitReason::Exited(code) => {
            let text = String::from_utf8_lossy(&completed.stderr);
            let symbols = linker::undefined_symbols(&text);
            if symbols.is_empty() {
                failed(Code::CompileError, format!("the compiler failed (exit code {code}): {message}"))
            } else {
                unlinked(symbols)
            }
        }
        ExitReason::Signaled(signal) => {
            failed(Code::CompilerCrashed, format!("the compiler was killed by signal {signal}; {output}"))
        }
        ExitReason::MemoryLimit => {
            failed(Code::CompilerCrashed, format!("the compiler used too much memory; {output}"))
        }
        ExitReason::TimeLimit => {
            failed(Code::BuildTimeout, format!("the compiler did not finish within {} s; {output}", limit.as_secs()))
        }
        ExitReason::OutputLimit => failed(Code::BuildFlood, format!("the compiler printed too much; {output}")),
        ExitReason::Stopped | ExitReason::WatchLimit | ExitReason::Interrupted => {
            failed(Code::BuildTimeout, "the build was interrupted")
        }
    }
}

/// The compiler's error messages, without surrounding output.
fn diagnostics(completed: &CompletedProcess) -> String {
    /// Maximum line length in a report.
    const LONGEST: usize = 300;
    let text = String::from_utf8_lossy(if completed.stderr.is_empty() { &completed.stdout } else { &completed.stderr });
    let mut lines: Vec<&str> = text.lines().filter(|l| l.contains("error")).take(6).collect();
    if lines.is_empty() {
        lines = text.lines().rev().filter(|l| !l.trim().is_empty()).take(3).collect();
        lines.reverse();
    }
    lines.into_iter().map(|line| line.chars().take(LONGEST).collect::<String>()).collect::<Vec<_>>().join(" | ")
}

/// One line without paths of this machine, because it goes into reports.
pub fn one_line<'a>(message: &str, dirs: impl IntoIterator<Item = &'a Path>) -> String {
    let without = |message: String, dir: &Path| message.replace(&format!("{}/", dir.display()), "");
    let message = dirs.into_iter().fold(message.to_owned(), without);
    message.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::{lock, one_line};
    use std::path::Path;
    use std::time::{Duration, Instant};
    use wasmlab_model::codes::Code;

    #[test]
    fn another_build_is_waited_for_within_the_limit() {
        let out = tempfile::tempdir().unwrap();
        let (first, began) = (lock(out.path(), Duration::ZERO).unwrap(), Instant::now());
        let waited = lock(out.path(), Duration::from_millis(200)).map(drop).map_err(|none| none.code);
        assert_eq!(waited, Err(Code::BuildTimeout));
        assert!(began.elapsed() >= Duration::from_millis(200) && began.elapsed() < Duration::from_secs(60));
        drop(first);
        assert!(lock(out.path(), Duration::ZERO).is_ok());
    }

    /// clang's message about nginx's source in cargo's folder.
    #[test]
    fn report_messages_contain_no_local_path() {
        let message = "In file included from nginx.c:14:\n/home/me/.cargo/registry/src/index/nginx-src-1.28.5/nginx/src/os/unix/\
            ngx_linux_config.h:29:10: fatal error: 'sys/prctl.h' file not found\n/lab/scenarios/a/nginx.c:1:1: error: no";
        let dirs = ["/lab/scenarios/a", "/home/me/.cargo/registry/src/index/nginx-src-1.28.5"].map(Path::new);
        assert_eq!(
            one_line(message, dirs),
            "In file included from nginx.c:14: nginx/src/os/unix/ngx_linux_config.h:29:10: fatal error: 'sys/prctl.h' file \
             not found nginx.c:1:1: error: no"
        );
    }
}
