//! Searches what a guest left in its directories for its cell's canaries: it may have read one without printing it.

use std::fs::{File, Metadata};
use std::io::{self, Read, Seek, SeekFrom};
use std::path::Path;
use std::time::{Duration, SystemTime};

use wasmlab_process::{Directory, MAX_OPEN_DIRECTORIES, next_data};
use wasmlab_protocol::PreopenedDir;

use super::Canary;

/// Maximum number of files, folders and links that are looked at. A guest may create a tenth of them.
const MAX_ENTRIES: u64 = 1_000_000;
/// Bytes read at once.
const PIECE: usize = 1 << 20;
/// Longest path below a directory that is shown, bytes.
const MAX_SHOWN: usize = 100;
/// The system's times of files may lag behind its clock by a tick.
const TICK: Duration = Duration::from_millis(20);

/// The files that may be searched.
#[derive(Clone, Copy, Debug)]
pub struct Scope {
    /// Files that were not changed since this time are as the lab made them.
    pub since: SystemTime,
    /// Maximum number of bytes read; holes do not count.
    pub bytes: u64,
}

/// The result of a search.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct LeftBehind {
    /// Each canary that a directory of the guest contains, in a file, a name or the target of a link.
    pub escapes: Vec<String>,
    /// A tree was too wide to be searched whole: the guest may have hidden a canary in it.
    pub is_too_wide: bool,
}

/// Searches the directories of the guest.
pub fn search(canary: &Canary, dirs: &[PreopenedDir], opened: &[Directory], scope: Scope) -> LeftBehind {
    let (since, found) = (scope.since - TICK, LeftBehind::default());
    let mut search = CanarySearch { canary, since, bytes: scope.bytes, entries: MAX_ENTRIES, found };
    for (dir, opened) in dirs.iter().zip(opened) {
        search.dir(&dir.guest, opened);
    }
    search.found
}

struct CanarySearch<'a> {
    canary: &'a Canary,
    since: SystemTime,
    /// How many bytes may still be read.
    bytes: u64,
    /// How many entries may still be looked at.
    entries: u64,
    found: LeftBehind,
}

/// A folder whose subfolders are being searched.
struct Level {
    folder: Directory,
    subfolders: Vec<std::ffi::OsString>,
}

impl CanarySearch<'_> {
    /// Searches a directory and everything below it. What cannot be read is passed over: the guest could not read it
    /// back either.
    fn dir(&mut self, guest: &str, top: &Directory) {
        let Ok(folder) = top.open_folder(Path::new("")) else { return };
        let shown = guest.trim_end_matches('/').to_owned();
        let mut open = vec![Level { subfolders: self.folder(&folder, &shown), folder }];
        while let Some(level) = open.last_mut() {
            let next = level.subfolders.pop().and_then(|name| level.folder.open_folder(Path::new(&name)).ok());
            // A deep tree must not hold a folder open for each of its levels.
            if level.subfolders.is_empty() {
                open.pop();
            }
            let Some(folder) = next else { continue };
            if open.len() == MAX_OPEN_DIRECTORIES {
                self.found.is_too_wide = true;
                continue;
            }
            let below = folder.path().strip_prefix(top.path()).unwrap_or(folder.path());
            let shown = format!("{shown}/{}", below.display());
            open.push(Level { subfolders: self.folder(&folder, &shown), folder });
        }
    }

    /// Searches the entries of a folder; returns its subfolders.
    fn folder(&mut self, folder: &Directory, shown: &str) -> Vec<std::ffi::OsString> {
        let mut subfolders = Vec::new();
        for name in folder.names(Path::new("")).unwrap_or_default() {
            let Some(left) = self.entries.checked_sub(1) else { return Vec::new() };
            self.entries = left;
            let path = Path::new(&name);
            let mut seen = self.canary.found_in(name.as_encoded_bytes());
            if let Ok(metadata) = folder.metadata_of(path) {
                let kind = metadata.file_type();
                if kind.is_dir() {
                    subfolders.push(name.clone());
                } else if kind.is_symlink() {
                    let target = folder.read_link(path).unwrap_or_default();
                    seen.extend(self.canary.found_in(target.as_os_str().as_encoded_bytes()));
                } else if kind.is_file() && is_changed(&metadata, self.since) {
                    seen.extend(folder.open_file(path).and_then(|file| self.file(&file)).unwrap_or_default());
                }
            }
            let place = format!("{shown}/{}", name.display());
            let place = if place.len() > MAX_SHOWN { format!("{shown:.MAX_SHOWN$}…") } else { place };
            self.found.escapes.extend(seen.into_iter().map(|what| format!("{what} and kept it in `{place}`")));
        }
        // Whether a tree is too wide must not depend on the order in which its file system lists it.
        subfolders.sort_unstable();
        subfolders
    }

    /// Searches the data of a file, piece by piece.
    fn file(&mut self, mut file: &File) -> io::Result<Vec<&'static str>> {
        let (length, mut at) = (file.metadata()?.len(), 0);
        let mut piece = Vec::new();
        while let Some(data) = next_data(file, at, length)? {
            // A canary may extend from one piece into the next, but not across a hole.
            piece.clear();
            at = data.start;
            file.seek(SeekFrom::Start(at))?;
            while at < data.end {
                let most = (data.end - at).min(PIECE as u64).min(self.bytes);
                let read = file.take(most).read_to_end(&mut piece)? as u64;
                if read == 0 {
                    return Ok(Vec::new());
                }
                (at, self.bytes) = (at + read, self.bytes - read);
                let seen = self.canary.found_in(&piece);
                if !seen.is_empty() {
                    return Ok(seen);
                }
                piece.drain(..piece.len().saturating_sub(self.canary.longest()));
            }
        }
        Ok(Vec::new())
    }
}

/// Whether something changed the file since then. A guest can set a file's modification time, but not this one.
#[cfg(unix)]
fn is_changed(metadata: &Metadata, since: SystemTime) -> bool {
    use std::os::unix::fs::MetadataExt;
    let since = since.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    let nanos = i128::from(metadata.ctime()) * 1_000_000_000 + i128::from(metadata.ctime_nsec());
    nanos >= i128::try_from(since.as_nanos()).unwrap_or(i128::MAX)
}

#[cfg(not(unix))]
fn is_changed(_: &Metadata, _: SystemTime) -> bool {
    true
}

#[cfg(test)]
#[cfg(unix)]
mod tests {
    use std::fs;
    use std::os::unix::fs::{FileExt, symlink};
    use std::path::Path;
    use std::time::{Duration, SystemTime};

    use super::{Canary, Directory, LeftBehind, MAX_OPEN_DIRECTORIES, PreopenedDir, Scope, search};

    const EVER: SystemTime = SystemTime::UNIX_EPOCH;

    /// Fills a directory, and returns what is found in it.
    fn found(fill: impl FnOnce(&Path, &str), since: SystemTime, bytes: u64) -> LeftBehind {
        let root = tempfile::tempdir().unwrap();
        let canary = Canary::create(root.path(), false).unwrap();
        let host = root.path().join("0");
        fs::create_dir(&host).unwrap();
        let opened = [Directory::open(&host).unwrap()];
        fill(&host, &canary.in_file);
        // The directory is found even if the guest moved it.
        fs::rename(&host, root.path().join("moved")).unwrap();
        search(
            &canary,
            &[PreopenedDir { host, guest: "/data/".to_owned() }],
            &opened,
            Scope { since: since + super::TICK, bytes },
        )
    }

    #[test]
    fn canaries_are_found_wherever_a_guest_leaves_them() {
        let check = |fill: fn(&Path, &str), place: Option<&str>| {
            let expected: Vec<String> = place
                .map(|place| format!("read a file outside its directories and kept it in `/data/{place}`"))
                .into_iter()
                .collect();
            assert_eq!(found(fill, EVER, 1 << 30), LeftBehind { escapes: expected, is_too_wide: false });
        };
        check(|_, _| (), None);
        check(|dir, _| fs::write(dir.join("a"), "lab-file-0-secret").unwrap(), None);
        check(|dir, secret| fs::write(dir.join("a"), secret).unwrap(), Some("a"));
        check(
            |dir, secret| {
                fs::create_dir_all(dir.join("b/c")).unwrap();
                fs::write(dir.join("b/c/d"), format!("\u{0}x{secret}\n")).unwrap();
            },
            Some("b/c/d"),
        );
        // Across the end of a piece, and behind a hole.
        check(
            |dir, secret| {
                let before = "\u{e9}".repeat((super::PIECE - 20) / 2);
                fs::write(dir.join("a"), format!("{before}{secret}")).unwrap();
            },
            Some("a"),
        );
        check(
            |dir, secret| {
                let file = fs::File::create(dir.join("a")).unwrap();
                file.write_all_at(secret.as_bytes(), 1 << 40).unwrap();
            },
            Some("a"),
        );
        // Nothing outside is read, and nothing is waited for.
        check(|dir, _| symlink("../wasmlab-secret", dir.join("a")).unwrap(), None);
        check(|dir, _| symlink("/dev/zero", dir.join("a")).unwrap(), None);
        check(|dir, secret| symlink(secret, dir.join("a")).unwrap(), Some("a"));
        check(|dir, _| crate::store::files::create_pipe(&dir.join("a")), None);
        let named = found(|dir, secret| fs::create_dir(dir.join(secret)).unwrap(), EVER, 0).escapes;
        assert_eq!(named.len(), 1, "{named:?}");
    }

    #[test]
    fn search_is_bounded() {
        let secret = |dir: &Path, secret: &str| fs::write(dir.join("a"), secret).unwrap();
        assert_eq!(found(secret, EVER, 10), LeftBehind::default());
        assert_eq!(found(secret, SystemTime::now() + Duration::from_secs(60), 1 << 30), LeftBehind::default());
    }

    /// Depth exhausts neither the stack nor the descriptors, and no path is too long. A tree that is too wide is
    /// reported.
    #[test]
    fn deep_trees_are_searched() {
        use rustix::fs::{CWD, Mode, OFlags, mkdirat, openat};
        let check = |depth: usize, beside: &[&str], is_too_wide: bool| {
            let deep = |dir: &Path, secret: &str| {
                let flags = OFlags::DIRECTORY | OFlags::CLOEXEC;
                let mut folder = openat(CWD, dir, flags, Mode::empty()).unwrap();
                for _ in 0..depth {
                    beside.iter().for_each(|name| mkdirat(&folder, *name, Mode::RWXU).unwrap());
                    mkdirat(&folder, "folder", Mode::RWXU).unwrap();
                    folder = openat(&folder, "folder", flags, Mode::empty()).unwrap();
                }
                let file = openat(&folder, "a", OFlags::CREATE | OFlags::WRONLY, Mode::RWXU).unwrap();
                rustix::io::write(&file, secret.as_bytes()).unwrap();
            };
            let found = found(deep, EVER, 1 << 30);
            let seen = usize::from(!is_too_wide);
            assert_eq!((found.escapes.len(), found.is_too_wide), (seen, is_too_wide), "{depth} {beside:?} {found:?}");
            assert!(found.escapes.iter().all(|escape| escape.len() < 300), "{found:?}");
        };
        check(3000, &[], false);
        check(MAX_OPEN_DIRECTORIES - 1, &["beside"], false);
        check(MAX_OPEN_DIRECTORIES + 1, &["beside"], true);
        check(MAX_OPEN_DIRECTORIES + 1, &["last"], false);
    }
}
