//! What is kept between runs: guests by their hash, observations by all that they depend on. Verdicts are
//! never kept. A damaged, truncated or foreign entry is a miss.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::files;
use crate::machine::sha256;

/// Part of every key: raised when the meaning of an entry changes.
const VERSION: u32 = 1;

/// Bytes that entries may take; engines and compilers' own folders are not counted.
const LIMIT: u64 = 6 << 30;

/// The folders that [`LIMIT`] bounds.
const BOUNDED: &[&str] = &["entries", "objects", COMPILED];

/// Compiled code: a folder for each module and engine.
const COMPILED: &str = "compiled";

/// A folder of entries.
#[derive(Debug)]
pub struct Cache {
    dir: PathBuf,
}

/// The name of an entry: a hash of all that it depends on.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Key(String);

impl Key {
    /// Of a kind of entry and what it depends on.
    ///
    /// # Panics
    /// Never: the parts are plain data.
    #[must_use]
    pub fn of(kind: &str, parts: &impl Serialize) -> Self {
        let text = serde_json::to_string(&(VERSION, kind, parts)).unwrap_or_else(|e| format!("{kind} {e}"));
        Self(sha256(text.as_bytes()))
    }

    /// As text, hexadecimal.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.0
    }
}

impl Cache {
    /// In `dir`, which is made when something is kept.
    #[must_use]
    pub fn new(dir: PathBuf) -> Self {
        Self { dir }
    }

    /// The folder.
    #[must_use]
    pub fn dir(&self) -> &Path {
        &self.dir
    }

    /// The entry of `key`; anything but a whole entry of that very key is a miss.
    #[must_use]
    pub fn get<T: DeserializeOwned>(&self, key: &Key) -> Option<T> {
        let bytes = fs::read(self.entry(key)).ok()?;
        // First line: the key and the hash of the rest.
        let (head, body) = bytes.split_at_checked(64 + 1 + 64 + 1)?;
        let wanted = format!("{} {}\n", key.0, sha256(body));
        if head != wanted.as_bytes() {
            return None;
        }
        serde_json::from_slice(body).ok()
    }

    /// Keeps an entry.
    ///
    /// # Errors
    /// When the folder cannot be written.
    pub fn put(&self, key: &Key, value: &impl Serialize) -> io::Result<()> {
        let body = serde_json::to_vec(value)?;
        let mut bytes = format!("{} {}\n", key.0, sha256(&body)).into_bytes();
        bytes.extend_from_slice(&body);
        files::write_atomically(&self.entry(key), &bytes)
    }

    /// The file of a binary, by its hash.
    #[must_use]
    pub fn object(&self, sha256: &str) -> PathBuf {
        self.dir.join("objects").join(format!("{sha256}.wasm"))
    }

    /// Keeps a binary and returns its hash.
    ///
    /// # Errors
    /// When the folder cannot be written.
    pub fn put_object(&self, bytes: &[u8]) -> io::Result<String> {
        let hash = sha256(bytes);
        let path = self.object(&hash);
        // What is there may be damaged: only the very same bytes are kept.
        if fs::read(&path).ok().as_deref() != Some(bytes) {
            files::write_atomically(&path, bytes)?;
        }
        Ok(hash)
    }

    /// The folder for code that an engine compiled.
    #[must_use]
    pub fn compiled(&self, key: &Key) -> PathBuf {
        self.dir.join("compiled").join(&key.0)
    }

    fn entry(&self, key: &Key) -> PathBuf {
        self.dir.join("entries").join(&key.0[..2]).join(&key.0)
    }

    /// Removes the oldest files until the bounded folders hold at most the limit.
    pub fn prune(&self) {
        self.prune_to(LIMIT);
    }

    fn prune_to(&self, limit: u64) {
        // When it was last written, and its size.
        let mut found: BTreeMap<PathBuf, (SystemTime, u64)> = BTreeMap::new();
        for folder in BOUNDED {
            let root = self.dir.join(folder);
            for path in files::walk(&root, &[]).unwrap_or_default() {
                let Ok(meta) = fs::metadata(root.join(&path)) else { continue };
                // What belongs to one module and engine stays or goes together: a runtime that finds a part of
                // its compiled code takes it for the whole.
                let unit = match path.iter().next() {
                    Some(first) if *folder == COMPILED => root.join(first),
                    _ => root.join(&path),
                };
                let (written, bytes) = found.entry(unit).or_insert((SystemTime::UNIX_EPOCH, 0));
                *written = (*written).max(meta.modified().unwrap_or(SystemTime::UNIX_EPOCH));
                *bytes += meta.len();
            }
        }
        let mut total: u64 = found.values().map(|(_, bytes)| bytes).sum();
        let mut oldest: Vec<(SystemTime, u64, PathBuf)> = found.into_iter().map(|(p, (t, b))| (t, b, p)).collect();
        oldest.sort();
        for (_, bytes, path) in oldest {
            if total <= limit {
                break;
            }
            let removed = if path.is_dir() { fs::remove_dir_all(&path) } else { fs::remove_file(&path) };
            if removed.is_ok() {
                total -= bytes;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Cache, Key};
    use std::fs;

    fn with_entry(change: impl FnOnce(&Cache, &Key)) -> Option<String> {
        let dir = tempfile::tempdir().unwrap();
        let cache = Cache::new(dir.path().join("deep/cache"));
        let key = Key::of("test", &("a", 1));
        cache.put(&key, &"value").unwrap();
        change(&cache, &key);
        cache.get(&key)
    }

    #[test]
    fn a_whole_entry_hits() {
        assert_eq!(with_entry(|_, _| ()).as_deref(), Some("value"));
    }

    #[test]
    fn keys_differ_in_every_part() {
        let keys = [Key::of("a", &1), Key::of("b", &1), Key::of("a", &2), Key::of("a", &(1, 2))];
        for (i, a) in keys.iter().enumerate() {
            assert!(keys[i + 1..].iter().all(|b| a != b));
        }
    }

    #[test]
    fn every_truncation_and_every_flipped_byte_is_a_miss() {
        let mut whole = Vec::new();
        with_entry(|cache, key| whole = fs::read(cache.entry(key)).unwrap());
        for cut in 0..whole.len() {
            assert_eq!(with_entry(|c, k| fs::write(c.entry(k), &whole[..cut]).unwrap()), None, "cut at {cut}");
            let mut bad = whole.clone();
            bad[cut] ^= 1;
            assert_eq!(with_entry(|c, k| fs::write(c.entry(k), &bad).unwrap()), None, "flipped at {cut}");
        }
    }

    #[test]
    fn an_entry_under_a_foreign_name_is_a_miss() {
        let dir = tempfile::tempdir().unwrap();
        let cache = Cache::new(dir.path().to_owned());
        let (one, two) = (Key::of("test", &1), Key::of("test", &2));
        cache.put(&one, &"one").unwrap();
        cache.put(&two, &"two").unwrap();
        fs::copy(cache.entry(&one), cache.entry(&two)).unwrap();
        assert_eq!(cache.get::<String>(&two), None);
        fs::remove_file(cache.entry(&two)).unwrap();
        fs::create_dir(cache.entry(&two)).unwrap();
        assert_eq!(cache.get::<String>(&two), None);
    }

    #[test]
    fn the_size_is_bounded_and_the_oldest_go_first() {
        let dir = tempfile::tempdir().unwrap();
        let cache = Cache::new(dir.path().to_owned());
        let old = cache.put_object(&[1; 1000]).unwrap();
        let file = fs::File::open(cache.object(&old)).unwrap();
        file.set_modified(std::time::SystemTime::UNIX_EPOCH).unwrap();
        let new = cache.put_object(&[2; 1000]).unwrap();
        cache.prune_to(1500);
        assert!(!cache.object(&old).exists() && cache.object(&new).exists());
    }

    #[test]
    fn compiled_code_of_one_module_stays_or_goes_together() {
        let dir = tempfile::tempdir().unwrap();
        let cache = Cache::new(dir.path().to_owned());
        let [old, new] = ["old", "new"].map(|name| cache.compiled(&Key::of("compiled", &name)));
        for folder in [&old, &new] {
            fs::create_dir_all(folder.join("prepared")).unwrap();
            for file in ["prepared/code", "prepared/manifest"] {
                fs::write(folder.join(file), [0; 1000]).unwrap();
            }
        }
        for file in ["prepared/code", "prepared/manifest"] {
            fs::File::open(old.join(file)).unwrap().set_modified(std::time::SystemTime::UNIX_EPOCH).unwrap();
        }
        cache.prune_to(3500);
        assert!(!old.exists() && new.join("prepared/code").exists() && new.join("prepared/manifest").exists());
    }
}
