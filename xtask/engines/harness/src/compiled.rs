//! Compiled code, kept between runs in [`crate::CellSpec::code_cache`].

use std::fs;
use std::hash::{DefaultHasher, Hasher};
use std::path::PathBuf;

use wasmlab_protocol::CellSpec;

/// Length of the seal that follows the code.
const SEAL: usize = 16;

/// A file of compiled code, sealed so that only what this engine wrote for this module is taken.
///
/// Engines map compiled code as it is, so a damaged file would be undefined behaviour. The seal is a
/// hash of the code and one of its key (engine, version, mode, module): it guards against accidents
/// (truncation, a bad disk, a file of another engine), not against somebody who can write there, who
/// could as well replace the engine. Every failure is a miss.
#[derive(Debug)]
pub struct CompiledCode {
    file: PathBuf,
    key: u64,
}

impl CompiledCode {
    /// Where the compiled code of `module` is kept; `None` when the specification wants none kept.
    #[must_use]
    pub fn of(spec: &CellSpec, engine: &str, version: &str, module: &[u8]) -> Option<Self> {
        let dir = spec.code_cache.as_ref()?;
        let mut hasher = DefaultHasher::new();
        for part in [engine.as_bytes(), version.as_bytes(), spec.mode.as_bytes(), module] {
            hasher.write_usize(part.len());
            hasher.write(part);
        }
        Some(Self { file: dir.join("module.cwasm"), key: hasher.finish() })
    }

    /// The code, where it is there and whole.
    #[must_use]
    pub fn read(&self) -> Option<Vec<u8>> {
        let mut bytes = fs::read(&self.file).ok()?;
        let at = bytes.len().checked_sub(SEAL)?;
        let sealed = bytes[at..] == self.seal(&bytes[..at]);
        bytes.truncate(at);
        sealed.then_some(bytes)
    }

    /// Keeps `code`. It is not an error when that fails: the next run compiles again.
    pub fn write(&self, mut code: Vec<u8>) {
        let seal = self.seal(&code);
        code.extend_from_slice(&seal);
        // Written beside and renamed: a reader sees all of it or nothing, whoever else writes.
        let temporary = self.file.with_extension(format!("{}.tmp", std::process::id()));
        let dir = self.file.parent().map_or(Ok(()), fs::create_dir_all);
        if dir.and_then(|()| fs::write(&temporary, code)).and_then(|()| fs::rename(&temporary, &self.file)).is_err() {
            fs::remove_file(&temporary).ok();
        }
    }

    fn seal(&self, code: &[u8]) -> [u8; SEAL] {
        // The standard hasher may change with the compiler; a miss then, which is what it should be.
        let mut hasher = DefaultHasher::new();
        hasher.write(code);
        let mut seal = [0; SEAL];
        seal[..8].copy_from_slice(&self.key.to_le_bytes());
        seal[8..].copy_from_slice(&hasher.finish().to_le_bytes());
        seal
    }
}
