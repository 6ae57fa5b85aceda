//! The cache: guests by their hash, and observations by everything they depend on. Verdicts are never cached. A
//! damaged, truncated or foreign entry is a miss.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::lab::CACHE_VARIABLE;
use crate::machine::sha256;
use crate::store::files;
use wasmlab_report::visible::VisiblePath;

/// Part of every key; raise it when the meaning of an entry changes.
const VERSION: u32 = 1;

/// Folders with a size limit, in bytes. Engines and compilers' own folders are not limited. Compiled code has a limit
/// of its own because it is large but quickly rebuilt, and must not displace guests and observations, which are small
/// but expensive.
const BOUNDED_FOLDERS: &[(&[&str], u64)] = &[(&[ENTRIES, OBJECTS], 2 << 30), (&[COMPILED], 6 << 30)];

/// An entry in use is marked as recently used if its last mark is older than this. Not on every use, because hashes of
/// files are remembered by their modification times. Not much longer than a run, whose own entries would be the oldest.
const MARK_INTERVAL: Duration = Duration::from_secs(60 * 60);

/// Folder of entries: observations, facts, builds.
const ENTRIES: &str = "entries";
/// Folder of binaries by their hash.
const OBJECTS: &str = "objects";
/// Folder for compiled code, with a subfolder per module and engine.
const COMPILED: &str = "compiled";
/// Folder in which compilers build guests.
pub const GUESTS: &str = "guests";
/// Folder of the scripts with which the lab drives JavaScript runtimes and Python.
pub const DRIVERS: &str = "drivers";
/// Folder in which cargo builds engines and drivers, and of their binaries.
pub const ENGINES: &str = "engines";
/// Folder of runtimes that `setup` and `since` installed, and of lists of their versions.
pub const VERSIONS: &str = "versions";
/// Folder of Python packages that `setup` installed.
pub const PYTHON: &str = "python";
/// Folder of third-party binaries that were downloaded.
pub const FETCHED: &str = "fetched";
/// Folder of the test suite that `setup --suite` cloned.
pub const WASI_TESTSUITE: &str = "wasi-testsuite";
/// Folder in which cargo builds the reader for `report --check-page`.
pub const CHECK_PAGE: &str = "check-page";
/// Folder in which `ci --full` installs wasmer's command line.
pub const WASMER_CLI: &str = "wasmer-cli";
/// Folder that is the lab's root if there is no workspace. Nothing removes it: the last report of `check` is in it.
pub const INSTALLED: &str = "installed";

/// What `clean` removes.
pub const REMOVED_BY_CLEAN: &[&str] = &[ENTRIES, OBJECTS, COMPILED, GUESTS, DRIVERS];
/// What `clean --all` removes as well: it takes minutes or a network to make it again.
pub const REMOVED_BY_CLEAN_ALL: &[&str] = &[ENGINES, VERSIONS, PYTHON, FETCHED, WASI_TESTSUITE, CHECK_PAGE, WASMER_CLI];
/// Minimum time between two checks of the size of all folders.
const PRUNE_INTERVAL: Duration = Duration::from_secs(600);

/// A folder of entries.
#[derive(Debug)]
pub struct Cache {
    dir: PathBuf,
}

/// The name of an entry: a hash of everything it depends on.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Key(String);

impl Key {
    /// The key for a kind of entry and everything it depends on. Names of files, which need not be UTF-8, are given as
    /// bytes.
    ///
    /// # Panics
    /// If a part cannot be serialized: any key for it would be that of other parts, too.
    #[must_use]
    pub fn of(kind: &str, parts: &impl Serialize) -> Self {
        match serde_json::to_string(&(VERSION, kind, parts)) {
            Ok(text) => Self(sha256(text.as_bytes())),
            Err(error) => unreachable!("a part of the cache key `{kind}` is not plain data: {error}"),
        }
    }

    /// The key in hexadecimal.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.0
    }
}

impl Cache {
    /// A cache in `dir`, which is created on the first write.
    #[must_use]
    pub fn new(dir: PathBuf) -> Self {
        Self { dir }
    }

    /// The folder.
    #[must_use]
    pub fn dir(&self) -> &Path {
        &self.dir
    }

    /// Reads an entry; anything but a complete entry for exactly this key is a miss.
    #[must_use]
    pub fn get<T: DeserializeOwned>(&self, key: &Key) -> Option<T> {
        let path = self.entry(key);
        let value = Self::read_entry(&path, key)?;
        mark(&path);
        Some(value)
    }

    /// Reads an entry that has its own place, outside the folders with a size limit: see [`Self::write_entry`].
    #[must_use]
    pub fn read_entry<T: DeserializeOwned>(path: &Path, key: &Key) -> Option<T> {
        let bytes = fs::read(path).ok()?;
        // First line: the key and the hash of the rest.
        let (head, body) = bytes.split_at_checked(64 + 1 + 64 + 1)?;
        let wanted = format!("{} {}\n", key.0, sha256(body));
        (head == wanted.as_bytes()).then(|| serde_json::from_slice(body).ok())?
    }

    /// Writes an entry.
    ///
    /// # Errors
    /// If the folder cannot be written.
    pub fn put(&self, key: &Key, value: &impl Serialize) -> io::Result<()> {
        self.write_entry(&self.entry(key), key, value)
    }

    /// Writes an entry to `path`, which is in this cache.
    ///
    /// # Errors
    /// If the folder cannot be written.
    pub fn write_entry(&self, path: &Path, key: &Key, value: &impl Serialize) -> io::Result<()> {
        let body = serde_json::to_vec(value)?;
        let mut bytes = format!("{} {}\n", key.0, sha256(&body)).into_bytes();
        bytes.extend_from_slice(&body);
        self.write(path, &bytes)
    }

    /// Writes a file in the cache.
    ///
    /// # Errors
    /// If the folder cannot be written: see [`Self::unwritable`].
    pub fn write(&self, path: &Path, bytes: &[u8]) -> io::Result<()> {
        files::write_atomically(path, bytes).map_err(|error| self.unwritable(&error))
    }

    /// The error for a cache that cannot be written: its folder, the reason and the remedy.
    #[must_use]
    pub fn unwritable(&self, error: &io::Error) -> io::Error {
        // The whole message names the file, and would repeat the folder.
        let reason = match error.kind() {
            io::ErrorKind::Other => error.to_string(),
            kind => kind.to_string(),
        };
        let folder = self.dir.visible();
        let message =
            format!("failed to write to the cache `{folder}`: {reason}; set {CACHE_VARIABLE} to another folder");
        io::Error::new(error.kind(), message)
    }

    /// The path of a binary by its hash; marks it as used.
    #[must_use]
    pub fn object(&self, sha256: &str) -> PathBuf {
        let path = self.dir.join(OBJECTS).join(format!("{sha256}.wasm"));
        mark(&path);
        path
    }

    /// Stores a binary and returns its hash.
    ///
    /// # Errors
    /// If the folder cannot be written.
    pub fn put_object(&self, bytes: &[u8]) -> io::Result<String> {
        let hash = sha256(bytes);
        let path = self.object(&hash);
        // An existing file may be damaged: keep it only if the bytes are identical.
        if fs::read(&path).ok().as_deref() != Some(bytes) {
            self.write(&path, bytes)?;
        }
        Ok(hash)
    }

    /// The folder for an engine's compiled code; marks it as used.
    #[must_use]
    pub fn compiled(&self, key: &Key) -> PathBuf {
        let dir = self.dir.join(COMPILED).join(&key.0);
        // Marking one file is enough to keep the folder.
        if let Some(first) = files::walk(&dir, &[]).unwrap_or_default().first() {
            mark(&dir.join(first));
        }
        dir
    }

    fn entry(&self, key: &Key) -> PathBuf {
        self.dir.join(ENTRIES).join(&key.0[..2]).join(&key.0)
    }

    /// Removes the least recently used entries until each bounded folder is within its limit. Checks this at most every
    /// few minutes, because it reads all folders.
    pub fn prune(&self) {
        let last = self.dir.join("pruned");
        let age = fs::metadata(&last).ok().and_then(|meta| meta.modified().ok()?.elapsed().ok());
        if age.is_some_and(|age| age < PRUNE_INTERVAL) {
            return;
        }
        // If it cannot be written, the next run looks again.
        let _ = fs::write(&last, "");
        for (folders, limit) in BOUNDED_FOLDERS {
            self.prune_to(folders, *limit);
        }
    }

    fn prune_to(&self, folders: &[&str], limit: u64) {
        // For each entry, when it was last used and its size.
        let mut found: BTreeMap<PathBuf, (SystemTime, u64)> = BTreeMap::new();
        for folder in folders {
            let root = self.dir.join(folder);
            for path in files::walk(&root, &[]).unwrap_or_default() {
                let Ok(meta) = fs::metadata(root.join(&path)) else { continue };
                // The code of one module and engine is kept or removed as a whole: a runtime that finds some of its
                // compiled code assumes that all of it is there.
                let unit = match path.iter().next() {
                    Some(first) if *folder == COMPILED => root.join(first),
                    _ => root.join(&path),
                };
                let (used, bytes) = found.entry(unit).or_insert((SystemTime::UNIX_EPOCH, 0));
                *used = (*used).max(meta.modified().unwrap_or(SystemTime::UNIX_EPOCH));
                *bytes += meta.len();
            }
        }
        let mut total: u64 = found.values().map(|(_, bytes)| bytes).sum();
        let mut oldest: Vec<(SystemTime, u64, PathBuf)> = found.into_iter().map(|(p, (t, b))| (t, b, p)).collect();
        // Remove an oversized one first, so that it does not displace everything else.
        oldest.sort_by_key(|(used, bytes, path)| (*bytes <= limit / 4, *used, path.clone()));
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

/// Marks a file as used now. If that fails, it is removed earlier, which only costs time.
fn mark(path: &Path) {
    let is_old = |meta: fs::Metadata| meta.modified().ok()?.elapsed().ok();
    if fs::metadata(path).ok().and_then(is_old).is_some_and(|age| age > MARK_INTERVAL) {
        let _ = fs::File::open(path).and_then(|file| file.set_modified(SystemTime::now()));
    }
}

#[cfg(test)]
mod tests {
    use super::{Cache, Key};
    use std::fs;
    use std::time::SystemTime;

    #[test]
    fn oversized_object_does_not_displace_others() {
        let dir = tempfile::tempdir().unwrap();
        let cache = Cache::new(dir.path().into());
        let small: Vec<String> = (0..3_u8).map(|n| cache.put_object(&[n; 100]).unwrap()).collect();
        let large = cache.put_object(&[9; 2000]).unwrap();
        cache.prune_to(&["objects"], 1000);
        assert!(small.iter().all(|hash| cache.object(hash).is_file()) && !cache.object(&large).exists());
    }

    #[test]
    fn unwritable_cache_names_folder_reason_and_remedy() {
        let file = tempfile::NamedTempFile::new().unwrap();
        let folder = file.path().join("cache");
        let cache = Cache::new(folder.clone());
        let expected = format!(
            "failed to write to the cache `{}`: not a directory; set WASMLAB_CACHE to another folder",
            folder.display()
        );
        let errors = [cache.put_object(b"").map(|_| ()), cache.put(&Key::of("test", &1), &1)];
        assert_eq!(errors.map(|error| error.unwrap_err().to_string()), [expected.clone(), expected]);
    }

    fn with_entry(change: impl FnOnce(&Cache, &Key)) -> Option<String> {
        let dir = tempfile::tempdir().unwrap();
        let cache = Cache::new(dir.path().join("deep/cache"));
        let key = Key::of("test", &("a", 1));
        cache.put(&key, &"value").unwrap();
        change(&cache, &key);
        cache.get(&key)
    }

    #[test]
    fn complete_entry_is_a_hit() {
        assert_eq!(with_entry(|_, _| ()).as_deref(), Some("value"));
    }

    #[test]
    fn keys_depend_on_every_part() {
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
    fn entry_under_another_key_is_a_miss() {
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
    fn least_recently_used_entries_are_removed_first() {
        let dir = tempfile::tempdir().unwrap();
        let cache = Cache::new(dir.path().to_owned());
        let [old, used] = [1, 2].map(|byte| cache.put_object(&[byte; 1000]).unwrap());
        let entry = Key::of("test", &1);
        cache.put(&entry, &vec![7; 400]).unwrap();
        let age = |path| fs::File::open(path).unwrap().set_modified(SystemTime::UNIX_EPOCH).unwrap();
        [cache.object(&old), cache.object(&used), cache.entry(&entry)].into_iter().for_each(age);
        // Used, as by a run that finds them in the cache.
        assert!(cache.object(&used).is_file() && cache.get::<Vec<u8>>(&entry).is_some());
        cache.prune_to(&["entries", "objects"], 2500);
        assert!(!cache.object(&old).exists() && cache.object(&used).exists() && cache.entry(&entry).exists());
    }

    #[test]
    fn compiled_code_does_not_displace_guests() {
        let dir = tempfile::tempdir().unwrap();
        let cache = Cache::new(dir.path().to_owned());
        let guest = cache.put_object(&[1; 1000]).unwrap();
        fs::File::open(cache.object(&guest)).unwrap().set_modified(SystemTime::UNIX_EPOCH).unwrap();
        let code = cache.compiled(&Key::of("compiled", &1));
        fs::create_dir_all(&code).unwrap();
        fs::File::create(code.join("code")).unwrap().set_len(7 << 30).unwrap();
        cache.prune();
        assert!(!code.exists() && cache.object(&guest).exists());
    }

    #[test]
    fn compiled_code_of_a_module_is_removed_as_a_whole() {
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
            fs::File::open(old.join(file)).unwrap().set_modified(SystemTime::UNIX_EPOCH).unwrap();
        }
        cache.prune_to(&[super::COMPILED], 3500);
        assert!(!old.exists() && new.join("prepared/code").exists() && new.join("prepared/manifest").exists());
    }
}
