//! This machine: tools on PATH, their versions and abilities, hashes of files. Answers are cached (see
//! [`cache`]), so that a warm run starts no tool and reads no large file.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::{Duration, UNIX_EPOCH};

use sha2::{Digest, Sha256};

use crate::store::cache::FETCHED;
use crate::store::files;
use wasmlab_process::{self as process, Command, CompletedProcess, ExitReason, Input, Limits, open_limited};

mod cache;
mod test_compile;
mod toolchains;

use cache::{MachineCache, query_key};
use wasmlab_report::visible::VisiblePath;
pub use wasmlab_toolchains::{TestCompile, ToolQuery};

/// Largest file that is hashed, bytes.
const MAX_HASHED: u64 = 4 << 30;

/// Time limit for a query. Tools answer at once unless the machine is very busy.
const LIMIT: Duration = Duration::from_secs(30);

/// The machine, with cached answers.
#[derive(Debug)]
pub struct Machine {
    cache_file: PathBuf,
    /// Read on first use, so that commands that do not query the machine do not wait for it.
    cache: OnceLock<Mutex<MachineCache>>,
}

impl Machine {
    /// Uses the cache in `cache_file`; a damaged cache counts as empty.
    #[must_use]
    pub fn new(cache_file: PathBuf) -> Self {
        Self { cache_file, cache: OnceLock::new() }
    }

    fn cache(&self) -> MutexGuard<'_, MachineCache> {
        let cache = self.cache.get_or_init(|| Mutex::new(MachineCache::read(&self.cache_file)));
        cache.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Writes the cache if it changed. A cache that cannot be written only costs time.
    pub fn save(&self) {
        if self.cache.get().is_none() {
            return;
        }
        let mut cache = self.cache();
        if !cache.changed {
            return;
        }
        // Another lab may have written meanwhile; keep its entries.
        cache.merge(MachineCache::read(&self.cache_file));
        if let Ok(bytes) = serde_json::to_vec(&*cache)
            && files::write_atomically(&self.cache_file, &bytes).is_ok()
        {
            cache.changed = false;
        }
    }

    /// Discards cached answers, because `doctor` and `setup` must report the current state.
    pub fn forget_answers(&self) {
        self.cache().forget_answers();
    }

    /// Path of a downloaded file with this SHA-256.
    #[must_use]
    pub fn fetched(&self, sha256: &str) -> PathBuf {
        self.cache_file.with_file_name(FETCHED).join(sha256)
    }

    /// Finds a program on PATH.
    #[must_use]
    pub fn which(&self, program: &str) -> Option<PathBuf> {
        which::which(program).ok()
    }

    /// An environment variable, if set and not empty.
    #[must_use]
    pub fn variable(&self, name: &str) -> Option<String> {
        std::env::var(name).ok().filter(|v| !v.is_empty())
    }

    /// Path, size, inode and times of a file as text; ends with `absent` if it does not exist.
    #[must_use]
    pub fn stamp(&self, path: &Path) -> String {
        stamp(path)
    }

    /// SHA-256 of a file, hexadecimal.
    ///
    /// # Errors
    /// If the file cannot be read.
    pub fn sha256(&self, path: &Path) -> io::Result<String> {
        let key = stamp(path);
        if let Some(hash) = self.lookup(|cache| cache.hashes.get(&key).cloned()) {
            return Ok(hash);
        }
        // A device may be endless, a pipe may block, and a sparse file can have any size.
        let hash = sha256_of(open_limited(path, MAX_HASHED)?)?;
        self.update(|cache| {
            cache.hashes.insert(key, hash.clone());
            cache.changed = true;
        });
        Ok(hash)
    }

    /// Runs a tool to see whether it refuses; returns its message if it does. Success and refusal are both cached, so
    /// the result must depend on the tool only: anything else on the machine can be repaired at any time.
    ///
    /// # Errors
    /// If the tool cannot be started or exceeds the time limit.
    pub fn refusal(&self, query: &ToolQuery) -> Result<Option<String>, String> {
        let message = self.answer_of(query_key("refuses", query, ""), query, || {
            let completed = run(query, Path::new("/"), LIMIT)?;
            let message = String::from_utf8_lossy(&completed.stderr).lines().next().unwrap_or_default().to_owned();
            match completed.exit_reason {
                ExitReason::Exited(0) => Ok(String::new()),
                ExitReason::Exited(code) if message.is_empty() => Ok(format!("exit code {code}, without a message")),
                ExitReason::Exited(_) => Ok(message),
                other => Err(format!("{} {other}: {message}", query.program.visible())),
            }
        })?;
        Ok(Some(message).filter(|message| !message.is_empty()))
    }

    /// Runs a tool and returns its stdout (or its stderr, if stdout is empty), trimmed. The answer may come from the
    /// cache.
    ///
    /// # Errors
    /// The message of a tool that cannot be started, fails, or does not finish within half a minute.
    pub fn query(&self, query: &ToolQuery) -> Result<String, String> {
        self.answer_of(query_key("says", query, ""), query, || {
            // A folder that always exists: TMPDIR may be wrong, which is not the tool's fault.
            let completed = run(query, Path::new("/"), LIMIT)?;
            let (stdout, stderr) =
                (String::from_utf8_lossy(&completed.stdout), String::from_utf8_lossy(&completed.stderr));
            if !completed.success() {
                let message = stderr.lines().next().unwrap_or("no message").to_owned();
                return Err(format!("{} {}: {message}", query.program.visible(), completed.exit_reason));
            }
            Ok(if stdout.trim().is_empty() { stderr.trim() } else { stdout.trim() }.to_owned())
        })
    }

    /// The cached answer if it is still valid, otherwise the one from `run`.
    fn answer_of(
        &self,
        key: String,
        query: &ToolQuery,
        run: impl FnOnce() -> Result<String, String>,
    ) -> Result<String, String> {
        if let Some(answer) = self.lookup(|cache| cache.answer(&key)) {
            return answer;
        }
        let answer = run();
        self.update(|cache| cache.keep(key, &answer, &[&query.program, &query.depends_on]));
        answer
    }

    fn lookup<T>(&self, get: impl FnOnce(&MachineCache) -> Option<T>) -> Option<T> {
        get(&self.cache())
    }

    fn update<T>(&self, update: impl FnOnce(&mut MachineCache) -> T) {
        update(&mut self.cache());
    }
}

/// Runs a query in this folder.
fn run(query: &ToolQuery, folder: &Path, wall: Duration) -> Result<CompletedProcess, String> {
    let mut env = process::tool_env();
    env.extend(query.env.clone());
    let command = Command {
        program: query.program.clone(),
        args: query.args.clone(),
        env,
        cwd: folder.to_owned(),
        stdin: Input::Bytes(Vec::new()),
        inherit: Vec::new(),
        sandbox: None,
        report: None,
        limits: Limits { output: 1 << 20, ..Limits::compiler(wall) },
    };
    process::run(&command).map_err(|e| format!("{}: {e}", query.program.visible()))
}

fn stamp(path: &Path) -> String {
    let Ok(meta) = fs::metadata(path) else { return format!("{} absent", path.display()) };
    let modified = meta.modified().ok().and_then(|t| t.duration_since(UNIX_EPOCH).ok()).unwrap_or_default();
    format!("{} {} {} {}", path.display(), meta.len(), modified.as_nanos(), identity(&meta))
}

/// Attributes that only the system sets: the inode, and the time of its last change of any kind. They reveal a file
/// that was changed in place with its modification time restored.
#[cfg(unix)]
fn identity(meta: &fs::Metadata) -> String {
    use std::os::unix::fs::MetadataExt;
    format!("{} {}.{:09}", meta.ino(), meta.ctime(), meta.ctime_nsec())
}

#[cfg(not(unix))]
fn identity(_: &fs::Metadata) -> String {
    String::new()
}

struct HashWriter<'a>(&'a mut Sha256);

impl io::Write for HashWriter<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.update(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// SHA-256 of everything a reader returns, hexadecimal.
///
/// # Errors
/// If reading fails.
pub fn sha256_of(mut from: impl io::Read) -> io::Result<String> {
    let mut hasher = Sha256::new();
    io::copy(&mut from, &mut HashWriter(&mut hasher))?;
    Ok(hex(&hasher.finalize()))
}

/// SHA-256 of bytes, hexadecimal.
#[must_use]
pub fn sha256(bytes: &[u8]) -> String {
    hex(&Sha256::digest(bytes))
}

/// Bytes as hexadecimal digits.
#[must_use]
pub fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write;
    bytes.iter().fold(String::with_capacity(2 * bytes.len()), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

#[cfg(test)]
mod tests {
    use super::{Machine, ToolQuery, sha256};
    use std::collections::BTreeMap;
    use std::ffi::OsString;

    fn query(program: &std::path::Path) -> ToolQuery {
        ToolQuery {
            program: program.to_owned(),
            args: Vec::new(),
            env: BTreeMap::new(),
            depends_on: program.to_owned(),
        }
    }

    #[test]
    fn changed_file_is_hashed_again_and_unchanged_one_is_cached() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("f");
        std::fs::write(&file, "one").unwrap();
        let machine = Machine::new(dir.path().join("machine.json"));
        assert_eq!(machine.sha256(&file).unwrap(), sha256(b"one"));
        std::fs::write(&file, "three").unwrap();
        assert_eq!(machine.sha256(&file).unwrap(), sha256(b"three"));
        // The same length, in the same file, with the old modification time.
        let time = std::fs::metadata(&file).unwrap().modified().unwrap();
        std::fs::write(&file, "seven").unwrap();
        std::fs::File::options().write(true).open(&file).unwrap().set_modified(time).unwrap();
        assert_eq!(machine.sha256(&file).unwrap(), sha256(b"seven"));
        machine.save();
        let again = Machine::new(dir.path().join("machine.json"));
        assert_eq!(again.cache().hashes.len(), 3);
        std::fs::write(dir.path().join("machine.json"), "{damaged").unwrap();
        assert_eq!(Machine::new(dir.path().join("machine.json")).sha256(&file).unwrap(), sha256(b"seven"));
    }

    #[test]
    fn answers_are_cached_and_broken_tools_are_errors() {
        let dir = tempfile::tempdir().unwrap();
        let machine = Machine::new(dir.path().join("machine.json"));
        let sh = ToolQuery { args: ["-c", "echo 1.2.3"].map(OsString::from).to_vec(), ..query("/bin/sh".as_ref()) };
        assert_eq!(machine.query(&sh).as_deref(), Ok("1.2.3"));
        assert_eq!(machine.query(&sh).as_deref(), Ok("1.2.3"));
        assert!(machine.query(&query("/no/such/tool".as_ref())).is_err());
        let failing = ToolQuery {
            args: ["-c", "echo broken >&2; exit 1"].map(OsString::from).to_vec(),
            ..query("/bin/sh".as_ref())
        };
        assert!(machine.query(&failing).unwrap_err().contains("broken"));
    }

    #[test]
    fn refusal_is_cached_like_an_answer() {
        let dir = tempfile::tempdir().unwrap();
        let tool = dir.path().join("tool");
        let log = dir.path().join("log");
        let write = |code: u8| {
            let text = format!("#!/bin/sh\necho log >> {}\necho no such target >&2\nexit {code}\n", log.display());
            std::fs::write(&tool, text).unwrap();
            std::fs::set_permissions(&tool, std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
        };
        let times = || std::fs::read_to_string(&log).unwrap().lines().count();
        let machine = Machine::new(dir.path().join("machine.json"));
        write(1);
        for _ in 0..2 {
            assert_eq!(machine.refusal(&query(&tool)), Ok(Some("no such target".to_owned())));
        }
        assert_eq!(times(), 1, "a second run starts no tool");
        machine.save();
        let again = Machine::new(dir.path().join("machine.json"));
        assert!(again.refusal(&query(&tool)).unwrap().is_some());
        assert_eq!(times(), 1, "neither does a third");
        std::fs::remove_file(&tool).unwrap();
        write(0);
        assert_eq!(machine.refusal(&query(&tool)), Ok(None));
        assert_eq!(times(), 2, "each tool has its own answer");
        assert!(machine.refusal(&query("/no/such/tool".as_ref())).is_err());
    }
}
