//! Fills the guest's directories before the run and reads them afterwards.

use std::collections::BTreeMap;
use std::fs;
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use jiff::Timestamp;
use wasmlab_process::{Directory, open_limited};
use wasmlab_protocol::PreopenedDir;

use super::ports;
use crate::machine::sha256_of;
use crate::store::files;
use crate::store::tree::Tree;
use wasmlab_model::observation::FoundFile;
use wasmlab_model::scenario::{Dir, Scenario};
use wasmlab_report::visible::{VisiblePath, visible};
use wasmlab_runtimes::command_line::host_name;

/// Maximum number of bytes read from a file.
const MAX_READ_BACK: u64 = 1 << 20;
/// Maximum total size of a directory's files that are copied out, bytes: apparent size, holes included; real guests
/// write less.
const MAX_COPIED_OUT: u64 = 16 << 30;
/// Largest file of a scenario's folder that is copied, bytes.
const MAX_COPIED: u64 = 1 << 30;
/// Lists what [`copy_out`] did not copy.
const NOT_COPIED: &str = "not-copied.txt";

/// The contents of the guest's directories, from scenario.toml.
#[derive(Clone, Copy, Debug)]
pub struct Contents<'a> {
    /// The scenario.
    pub scenario: &'a Scenario,
    /// Ports of this cell, by name.
    pub ports: &'a BTreeMap<String, u16>,
}

/// Creates the directories inside `below`.
///
/// # Errors
/// The file that cannot be written, and why.
pub fn populate(contents: Contents, below: &Path) -> io::Result<Vec<PreopenedDir>> {
    let mut dirs = Vec::new();
    for (index, dir) in contents.scenario.spec.run.dir.iter().enumerate() {
        let host = match &dir.host {
            Some(host) => host.clone(),
            None => below.join(index.to_string()),
        };
        if dir.host.is_none() {
            let named = |e: io::Error| io::Error::new(e.kind(), format!("run.dir[{index}].{e}"));
            fs::create_dir(&host)
                .map_err(|e| named(io::Error::new(e.kind(), format!("guest `{}`: {e}", dir.guest))))?;
            fill_dir(contents, dir, &host).map_err(named)?;
        }
        dirs.push(PreopenedDir { host, guest: dir.guest.clone() });
    }
    Ok(dirs)
}

/// Links the directories into `folder` under the guest's names, as far as possible, for runtimes that show a directory
/// under its host path. Relative directories are relative to `folder`.
///
/// # Errors
/// If a link cannot be created, or something is in its place.
pub fn link_by_name(dirs: &[PreopenedDir], folder: &Path) -> io::Result<()> {
    for dir in dirs {
        let Some(name) = host_name(&dir.guest) else { continue };
        let path = folder.join(name);
        fs::create_dir_all(path.parent().unwrap_or(folder))?;
        let up: PathBuf = name.split('/').skip(1).map(|_| "..").collect();
        let target = if dir.host.is_absolute() { dir.host.clone() } else { up.join(&dir.host) };
        let named = |e: io::Error| io::Error::new(e.kind(), format!("guest `{}`: {e}", dir.guest));
        files::link(&target, &path).map_err(named)?;
    }
    Ok(())
}

/// Errors begin with the field and quote its value.
fn fill_dir(contents: Contents, dir: &Dir, host: &Path) -> io::Result<()> {
    if let Some(original) = &dir.template {
        Tree::read(&original.folder).and_then(|tree| tree.copy(host)).map_err(|e| with_key("copy", e))?;
    }
    let keys = dir.files.keys().map(|n| ("files", n)).chain(dir.generated.keys().map(|n| ("generated", n)));
    let mut names: Vec<(&str, PathBuf)> = keys.map(|(key, name)| (key, PathBuf::from(name))).collect();
    let copied = copied(contents.scenario, dir).map_err(|e| with_key("copy", e))?;
    names.extend(copied.into_iter().map(|name| ("copy", name)));
    let time = |seconds| SystemTime::UNIX_EPOCH.checked_add(Duration::from_secs(seconds));
    let modified = dir.modified.map(|seconds| time(seconds).ok_or_else(|| io::Error::other("modified: invalid time")));
    let modified = modified.transpose()?;
    for (key, name) in names {
        let path = host.join(&name);
        let named = |e: io::Error| io::Error::new(e.kind(), format!("{key} `{}`: {e}", name.visible()));
        fs::create_dir_all(path.parent().unwrap_or(host)).map_err(named)?;
        let mut file = fs::File::create(&path).map_err(named)?;
        io::copy(&mut contents.source(dir, &name).map_err(named)?, &mut file).map_err(named)?;
        if let Some(modified) = modified {
            file.set_modified(modified).map_err(named)?;
        }
    }
    for (name, target) in &dir.links {
        let path = host.join(name);
        let named = |e: io::Error| io::Error::new(e.kind(), format!("links `{name}`: {e}"));
        fs::create_dir_all(path.parent().unwrap_or(host)).map_err(named)?;
        // The parent of the cell's directories, for links with an absolute target.
        let outside = host.parent().unwrap_or(host).display().to_string();
        files::link(Path::new(&target.replace("{outside}", &outside)), &path).map_err(named)?;
    }
    Ok(())
}

fn with_key(key: &str, error: io::Error) -> io::Error {
    io::Error::new(error.kind(), format!("{key}: {error}"))
}

/// The files to copy, as relative paths.
fn copied(scenario: &Scenario, dir: &Dir) -> io::Result<Vec<PathBuf>> {
    dir.copy.as_ref().map_or(Ok(Vec::new()), |from| files::walk(&scenario.dir.join(from), &[]))
}

/// Hashes of the copied files, by guest path of the directory and name of the file (its bytes), for the cache key. A
/// folder from `check --dir` has a single hash.
///
/// # Errors
/// If a file cannot be read.
pub fn copied_hashes(scenario: &Scenario) -> io::Result<Vec<(String, Vec<u8>, String)>> {
    let mut hashes = Vec::new();
    for dir in &scenario.spec.run.dir {
        hashes.extend(dir.template.iter().map(|from| (dir.guest.clone(), Vec::new(), from.sha256.clone())));
        for name in copied(scenario, dir)? {
            let from = scenario.dir.join(dir.copy.as_deref().unwrap_or(Path::new(""))).join(&name);
            let hash = sha256_of(open_limited(&from, MAX_COPIED)?)?;
            hashes.push((dir.guest.clone(), name.into_os_string().into_encoded_bytes(), hash));
        }
    }
    Ok(hashes)
}

/// Opens the directories before the guest starts, which may replace them with links to files that are not its own.
///
/// # Errors
/// The directory that cannot be opened, and why.
pub fn open(dirs: &[PreopenedDir]) -> io::Result<Vec<Directory>> {
    let named = |dir: &PreopenedDir, e: io::Error| io::Error::new(e.kind(), format!("guest `{}`: {e}", dir.guest));
    dirs.iter().map(|dir| Directory::open(&dir.host).map_err(|e| named(dir, e))).collect()
}

/// The directories that the guest replaced, moved or removed, although it may only change their contents.
pub fn replaced(dirs: &[PreopenedDir], opened: &[Directory]) -> Vec<String> {
    let gone = dirs.iter().zip(opened).filter(|(_, opened)| !opened.is_in_place());
    gone.map(|(dir, _)| format!("replaced its directory `{}`", dir.guest)).collect()
}

/// Copies the guest's own directories to `to` after the run, one folder each, named as the guest sees it. What is left
/// out is listed in [`NOT_COPIED`], if anything.
///
/// # Errors
/// The file that cannot be copied, and why.
pub fn copy_out(dirs: &[PreopenedDir], opened: Vec<Directory>, given: &[Dir], to: &Path) -> io::Result<()> {
    let mut notes = String::new();
    let all = dirs.iter().zip(opened).zip(given).enumerate();
    for (index, ((left, opened), _)) in all.filter(|(_, (_, dir))| dir.host.is_none()) {
        let name = left.guest.trim_matches(['/', '.']).replace(['/', '\\'], "-");
        let named = to.join(&name);
        let into = if name.is_empty() || named.exists() { to.join(index.to_string()) } else { named };
        fs::create_dir_all(&into)?;
        let tree = Tree::of(opened)?.limited_to(MAX_COPIED_OUT);
        tree.copy(&into)?;
        tree.notes.iter().for_each(|note| notes += &format!("{}: {}\n", left.guest, visible(note, false)));
    }
    if notes.is_empty() { Ok(()) } else { files::write_atomically(&to.join(NOT_COPIED), notes.as_bytes()) }
}

impl<'a> Contents<'a> {
    /// Opens the original contents of the file with guest path `path`.
    ///
    /// # Errors
    /// If the file is in none of the directories that the lab created.
    pub fn open(&self, path: &str) -> io::Result<Box<dyn Read + 'a>> {
        let dirs = self.scenario.spec.run.dir.iter().filter(|d| d.host.is_none());
        let within = |dir: &'a Dir| Some((dir, Path::new(path).strip_prefix(&dir.guest).ok()?));
        // Of nested directories, the innermost one has the file.
        let found = dirs.filter_map(within).max_by_key(|(dir, _)| dir.guest.len());
        let (dir, name) = found.ok_or_else(|| io::Error::other("no [[run.dir]] contains it"))?;
        self.source(dir, name)
    }

    fn source(&self, dir: &'a Dir, name: &Path) -> io::Result<Box<dyn Read + 'a>> {
        let key = name.to_str().unwrap_or_default();
        if let Some(text) = dir.files.get(key) {
            return Ok(Box::new(io::Cursor::new(ports::substitute(text, self.ports).into_bytes())));
        }
        if let Some(bytes) = dir.generated.get(key) {
            return Ok(Box::new(GeneratedBytes { at: 0, end: *bytes }));
        }
        let from = dir.copy.as_ref().ok_or_else(|| io::Error::other("the scenario declares no such file"))?;
        Ok(Box::new(open_limited(&self.scenario.dir.join(from).join(name), MAX_COPIED)?))
    }
}

/// Reproducible bytes that do not repeat at any usual buffer size.
struct GeneratedBytes {
    at: u64,
    end: u64,
}

impl Read for GeneratedBytes {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let left = usize::try_from(self.end - self.at).unwrap_or(usize::MAX);
        let len = left.min(buffer.len());
        let part = &mut buffer[..len];
        for byte in part.iter_mut() {
            *byte = (self.at.wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 56) as u8;
            self.at += 1;
        }
        Ok(part.len())
    }
}

/// Reads the files that the scenario checks, after the guest has ended.
pub fn read_expected_files(
    scenario: &Scenario,
    dirs: &[PreopenedDir],
    opened: &[Directory],
    began: Timestamp,
) -> BTreeMap<String, FoundFile> {
    let days = [began, Timestamp::now()];
    let wanted = scenario.spec.expect.file.iter().map(|f| &f.path);
    wanted.map(|path| (path.clone(), read_back(path, dirs, opened, days).unwrap_or_else(FoundFile::missing))).collect()
}

fn read_back(
    path: &str,
    dirs: &[PreopenedDir],
    opened: &[Directory],
    days: [Timestamp; 2],
) -> Result<FoundFile, String> {
    let within = |dir: &PreopenedDir| Some((dir.guest.len(), Path::new(path).strip_prefix(&dir.guest).ok()?));
    let found = dirs.iter().zip(opened).filter_map(|(dir, opened)| Some((within(dir)?, opened)));
    let ((_, name), opened) = found.max_by_key(|((len, _), _)| *len).ok_or("no [[run.dir]] contains it")?;
    // The guest may have replaced the file, or a folder on the way, with a link; the target is not its work.
    let kind = opened.metadata_of(name).map_err(|e| e.to_string())?.file_type();
    if !kind.is_file() {
        return Err("it is not a regular file in this directory".to_owned());
    }
    let mut bytes = Vec::new();
    let file = opened.open_file(name).map_err(|e| e.to_string())?;
    file.take(MAX_READ_BACK).read_to_end(&mut bytes).map_err(|e| e.to_string())?;
    Ok(FoundFile { missing: None, text: replace_dates(&String::from_utf8_lossy(&bytes), days) })
}

/// Replaces the date of the run in `text` by `{today}`, in the three forms that servers use.
fn replace_dates(text: &str, days: [Timestamp; 2]) -> String {
    let mut text = text.replace("{today}", "{ today }");
    for day in days {
        for form in ["%Y/%m/%d", "%d/%b/%Y", "%d %b %Y"] {
            text = text.replace(&day.strftime(form).to_string(), "{today}");
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn scenario(dir: &Path, run: &str) -> Scenario {
        let text = format!(
            "schema = 1\ntitle = \"t\"\nfamily = \"f\"\nroute = \"r\"\nbuild = {{ toolchain = \"wat\" }}\n{run}\n\
             [[expect.file]]\npath = \"/www/log\"\n"
        );
        Scenario { name: "s".to_owned(), dir: dir.to_owned(), spec: toml::from_str(&text).unwrap() }
    }

    fn read(contents: Contents, path: &str) -> Vec<u8> {
        let mut bytes = Vec::new();
        contents.open(path).unwrap().read_to_end(&mut bytes).unwrap();
        bytes
    }

    #[test]
    fn files_are_written_copied_and_generated() {
        let (dir, below) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        fs::create_dir_all(dir.path().join("root/img")).unwrap();
        fs::write(dir.path().join("root/img/a.png"), [0x89, 0, 0xff]).unwrap();
        let run = "[[run.port]]\nname = \"p\"\n[[run.dir]]\nguest = \"/www\"\ncopy = \"root\"\nmodified = 1538000000\n\
                   files = { \"conf\" = \"listen {port:p};\" }\ngenerated = { \"big\" = 100000 }";
        let scenario = scenario(dir.path(), run);
        let ports = BTreeMap::from([("p".to_owned(), 8080)]);
        let contents = Contents { scenario: &scenario, ports: &ports };
        let dirs = populate(contents, below.path()).unwrap();
        for (name, expected) in [("conf", b"listen 8080;".to_vec()), ("img/a.png", vec![0x89, 0, 0xff])] {
            assert_eq!(fs::read(dirs[0].host.join(name)).unwrap(), expected);
            assert_eq!(read(contents, &format!("/www/{name}")), expected);
        }
        let big = fs::read(dirs[0].host.join("big")).unwrap();
        assert_eq!((big.len(), &big), (100_000, &read(contents, "/www/big")));
        assert_ne!(big[..4096], big[4096..8192]);
        let modified = fs::metadata(dirs[0].host.join("big")).unwrap().modified().unwrap();
        assert_eq!(modified, SystemTime::UNIX_EPOCH + Duration::from_secs(1_538_000_000));
        assert!(contents.open("/www/none").is_err() && contents.open("/etc/passwd").is_err());
        let hashes = copied_hashes(&scenario).unwrap();
        assert_eq!(hashes.len(), 1);
        fs::write(dir.path().join("root/img/a.png"), "other").unwrap();
        assert_ne!(copied_hashes(&scenario).unwrap(), hashes);
    }

    #[test]
    #[cfg(target_os = "linux")]
    fn names_that_are_not_utf8_have_keys_of_their_own() {
        use std::ffi::OsStr;
        use std::os::unix::ffi::OsStrExt;
        let key = |name: &[u8]| {
            let dir = tempfile::tempdir().unwrap();
            fs::create_dir(dir.path().join("root")).unwrap();
            fs::write(dir.path().join("root").join(OsStr::from_bytes(name)), "text").unwrap();
            let scenario = scenario(dir.path(), "[[run.dir]]\nguest = \"/www\"\ncopy = \"root\"");
            crate::store::cache::Key::of("test", &copied_hashes(&scenario).unwrap())
        };
        assert!(key(b"a\xff") != key(b"a\xfe") && key(b"a\xff") == key(b"a\xff"));
    }

    #[test]
    #[cfg(unix)]
    fn links_get_parent_folders_and_errors_name_the_field() {
        let (dir, below) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        fs::create_dir(dir.path().join("root")).unwrap();
        let ports = BTreeMap::new();
        let good = "[[run.dir]]\nguest = \"/www\"\ncopy = \"root\"\nlinks = { \"a/b\" = \"../x\", c = \"a\" }";
        let good = scenario(dir.path(), good);
        let dirs = populate(Contents { scenario: &good, ports: &ports }, below.path()).unwrap();
        assert_eq!(fs::read_link(dirs[0].host.join("a/b")).unwrap(), Path::new("../x"));
        assert!(fs::symlink_metadata(dirs[0].host.join("c")).unwrap().is_symlink());
        let error = populate(Contents { scenario: &good, ports: &ports }, below.path()).unwrap_err().to_string();
        assert!(error.starts_with("run.dir[0].guest `/www`: "), "{error}");
        // The files to copy are only read now.
        fs::write(dir.path().join("root/c"), "text").unwrap();
        let error =
            populate(Contents { scenario: &good, ports: &ports }, &below.path().join("none")).unwrap_err().to_string();
        assert!(error.starts_with("run.dir[0].guest `/www`: "), "{error}");
        let below = tempfile::tempdir().unwrap();
        let error = populate(Contents { scenario: &good, ports: &ports }, below.path()).unwrap_err().to_string();
        assert!(error.starts_with("run.dir[0].links `c`: "), "{error}");
        let bad = scenario(dir.path(), "[[run.dir]]\nguest = \"/www\"\ngenerated = { \"a/\" = 1 }");
        let below = tempfile::tempdir().unwrap();
        let error = populate(Contents { scenario: &bad, ports: &ports }, below.path()).unwrap_err().to_string();
        assert!(error.starts_with("run.dir[0].generated `a/`: "), "{error}");
    }

    #[test]
    #[cfg(unix)]
    fn links_out_of_a_directory_are_not_read() {
        let (dir, below) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let scenario = scenario(dir.path(), "[[run.dir]]\nguest = \"/www\"");
        let dirs = populate(Contents { scenario: &scenario, ports: &BTreeMap::new() }, below.path()).unwrap();
        let opened = open(&dirs).unwrap();
        let log = dirs[0].host.join("log");
        let now = Timestamp::constant(1_538_000_000, 0);
        let seen = || read_expected_files(&scenario, &dirs, &opened, now).remove("/www/log").unwrap();
        assert!(seen().missing.is_some());
        fs::write(&log, "2018/09/26 26/Sep/2018 Wed, 26 Sep 2018 {today} 2017/01/01\n").unwrap();
        assert_eq!(seen().text, "{today} {today} Wed, {today} { today } 2017/01/01\n");
        fs::remove_file(&log).unwrap();
        std::os::unix::fs::symlink("/etc/passwd", &log).unwrap();
        assert!(seen().missing.unwrap().contains("regular file"));
        // The directory itself becomes a link to somebody's files.
        let (private, to) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        fs::write(private.path().join("log"), "secret").unwrap();
        assert!(replaced(&dirs, &opened).is_empty());
        fs::rename(&dirs[0].host, below.path().join("moved")).unwrap();
        std::os::unix::fs::symlink(private.path(), &dirs[0].host).unwrap();
        assert!(seen().missing.unwrap().contains("regular file"));
        assert_eq!(replaced(&dirs, &opened), ["replaced its directory `/www`"]);
        copy_out(&dirs, opened, &scenario.spec.run.dir, to.path()).unwrap();
        assert_eq!(fs::read_link(to.path().join("www/log")).unwrap(), Path::new("/etc/passwd"));
    }
}
