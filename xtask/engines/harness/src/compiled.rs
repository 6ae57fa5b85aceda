//! Compiled code, cached between runs in [`crate::CellSpec::code_cache`].

use std::fs;
use std::hash::{DefaultHasher, Hasher};
use std::path::PathBuf;

use wasmlab_protocol::{Cause, CellSpec, Stage};

use crate::{Engine, EventLog};

/// Length of the seal that follows the code.
const SEAL: usize = 16;

/// A file of compiled code, sealed so that an engine only uses what it wrote itself for this module.
///
/// Engines map compiled code without checks, so using a damaged file would be undefined behaviour. The seal consists of
/// a hash of the code and a hash of its key (engine, version, mode, module). It protects against accidents (truncation,
/// a bad disk, a file of another engine), not against an attacker with write access, who could just as well replace the
/// engine. Every mismatch is a cache miss.
#[derive(Debug)]
pub struct CompiledCode {
    file: PathBuf,
    key: u64,
}

impl CompiledCode {
    /// The file for the compiled code of `module`; `None` if the specification asks for no cache.
    #[must_use]
    pub fn of(spec: &CellSpec, engine: &Engine, module: &[u8]) -> Option<Self> {
        let dir = spec.code_cache.as_ref()?;
        let mut hasher = DefaultHasher::new();
        for part in [engine.name.as_bytes(), engine.version.as_bytes(), spec.mode.as_bytes(), module] {
            hasher.write_usize(part.len());
            hasher.write(part);
        }
        Some(Self { file: dir.join("module.cwasm"), key: hasher.finish() })
    }

    /// Whether there is code, intact or not.
    #[must_use]
    pub fn exists(&self) -> bool {
        self.file.exists()
    }

    /// Reads the code, if the file exists and is intact.
    fn read(&self) -> Option<Vec<u8>> {
        let mut bytes = fs::read(&self.file).ok()?;
        let code_end = bytes.len().checked_sub(SEAL)?;
        let is_intact = bytes[code_end..] == self.seal(&bytes[..code_end]);
        bytes.truncate(code_end);
        is_intact.then_some(bytes)
    }

    /// Writes the code. A failure is ignored: the next run compiles again.
    fn write(&self, mut code: Vec<u8>) {
        let seal = self.seal(&code);
        code.extend_from_slice(&seal);
        // Written to a temporary name and renamed, so that readers see all of it or nothing, even with several writers.
        let temporary = self.file.with_extension(format!("{}.tmp", std::process::id()));
        let dir = self.file.parent().map_or(Ok(()), fs::create_dir_all);
        if dir.and_then(|()| fs::write(&temporary, code)).and_then(|()| fs::rename(&temporary, &self.file)).is_err() {
            fs::remove_file(&temporary).ok();
        }
    }

    fn seal(&self, code: &[u8]) -> [u8; SEAL] {
        // The standard hasher may change with the compiler, which causes a cache miss, as it should.
        let mut hasher = DefaultHasher::new();
        hasher.write(code);
        let mut seal = [0; SEAL];
        seal[..8].copy_from_slice(&self.key.to_le_bytes());
        seal[8..].copy_from_slice(&hasher.finish().to_le_bytes());
        seal
    }
}

/// The compile stage: loads the code from `cache`, or compiles the module and saves the code there.
///
/// `deserialize` only gets what `serialize` returned for this engine, version, mode and module, which makes it sound
/// for engines that map code without checks.
///
/// # Errors
/// Why the module cannot be compiled.
pub fn load_or_compile<C>(
    log: &EventLog,
    cache: Option<CompiledCode>,
    deserialize: impl FnOnce(Vec<u8>) -> Option<C>,
    compile: impl FnOnce() -> Result<C, Cause>,
    serialize: impl FnOnce(&C) -> Option<Vec<u8>>,
) -> Result<C, Cause> {
    if let Some(code) = cache.as_ref().and_then(CompiledCode::read).and_then(deserialize) {
        log.compile_cached();
        return Ok(code);
    }
    log.stage(Stage::Compile);
    let code = compile()?;
    if let Some(cache) = cache
        && let Some(bytes) = serialize(&code)
    {
        cache.write(bytes);
    }
    Ok(code)
}
