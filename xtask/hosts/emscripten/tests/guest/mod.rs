//! A minimal guest: a vector of bytes, an allocator that never frees, and a log of the host's calls to its exports.

#![expect(dead_code, reason = "each test binary uses a part of it")]

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use wasmlab_host_emscripten::{Config, Guest, Host, Termination, host_function};

/// Address of libc's `errno`.
pub const ERRNO: u32 = 16;
/// Where arguments of the fastcomp ABI's system calls are placed.
const VARARGS: u32 = 64;
/// Where arguments of `socketcall` are placed.
const SOCKETCALL: u32 = 128;
/// Where socket addresses are placed.
const ADDRESS: u32 = 256;
/// Where texts are placed, one after the other.
const TEXTS: u32 = 4096;
/// Start of the allocator's memory; tests may use what is below.
pub const HEAP: u32 = 1 << 17;
/// A buffer used for nothing else.
pub const BUFFER: u32 = 1 << 16;

/// The ABI of a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Abi {
    /// Up to 1.38: `___syscallN`, arguments in memory.
    Fastcomp,
    /// 3.x: `__syscall_NAME`.
    Upstream,
}

/// Both.
pub const BOTH: [Abi; 2] = [Abi::Fastcomp, Abi::Upstream];

/// A guest that consists of its memory only.
pub struct MemoryGuest {
    pub memory: Vec<u8>,
    pub host: Host,
    /// Calls made by the host, with their arguments.
    pub called: Vec<(String, Vec<i32>)>,
    /// Maximum size of the memory, bytes.
    pub limit: usize,
    heap: u32,
    texts: u32,
}

impl MemoryGuest {
    pub fn new(config: Config) -> Self {
        let host = Host::new(config).unwrap();
        Self { memory: vec![0; 1 << 20], host, called: Vec::new(), limit: 1 << 22, heap: HEAP, texts: TEXTS }
    }

    /// Copies a text into memory and returns its address.
    pub fn text(&mut self, text: &str) -> i64 {
        let at = self.texts;
        self.texts += text.len() as u32 + 1;
        assert!(self.texts < BUFFER, "too many texts");
        self.put(at, text.as_bytes());
        self.put(at + text.len() as u32, &[0]);
        at.into()
    }

    pub fn put(&mut self, at: u32, bytes: &[u8]) {
        self.memory[at as usize..at as usize + bytes.len()].copy_from_slice(bytes);
    }

    pub fn bytes(&self, at: u32, len: usize) -> &[u8] {
        &self.memory[at as usize..at as usize + len]
    }

    pub fn word(&self, at: u32) -> u32 {
        u32::from_le_bytes(self.bytes(at, 4).try_into().unwrap())
    }

    /// Calls an import like a guest; the end of the guest is an error.
    pub fn import(&mut self, module: &str, name: &str, args: &[i64]) -> Result<i64, Termination> {
        let import = host_function(module, name).unwrap_or_else(|| panic!("no import {module}.{name}"));
        self.texts = TEXTS;
        import.call(self, args)
    }

    /// Calls a libc or WASI function and returns its result.
    pub fn env(&mut self, name: &str, args: &[i64]) -> i64 {
        self.import("env", name, args).unwrap() as i32 as i64
    }

    /// Makes a system call of the fastcomp ABI: the result, or a negative error number.
    pub fn fastcomp(&mut self, number: u32, args: &[i64]) -> i64 {
        for (index, arg) in (0..).zip(args) {
            self.put(VARARGS + index * 4, &(*arg as u32).to_le_bytes());
        }
        self.env(&format!("___syscall{number}"), &[number.into(), VARARGS.into()])
    }

    /// Makes a system call of the upstream ABI.
    pub fn upstream(&mut self, name: &str, args: &[i64]) -> i64 {
        self.env(&format!("__syscall_{name}"), args)
    }

    /// Makes a system call of either ABI: the result, or Linux's error number, negative.
    pub fn sys(&mut self, abi: Abi, number: u32, name: &str, args: &[i64]) -> i64 {
        match abi {
            Abi::Fastcomp => self.fastcomp(number, args),
            Abi::Upstream => match self.upstream(name, args) {
                errno @ ..0 => -linux(-errno),
                other => other,
            },
        }
    }

    /// The same for a call with one path and some numbers.
    pub fn path(&mut self, abi: Abi, number: u32, name: &str, path: &str, rest: &[i64]) -> i64 {
        let path = self.text(path);
        self.sys(abi, number, name, &[&[path], rest].concat())
    }

    /// `open(path, flags, 0o644)`.
    pub fn open(&mut self, abi: Abi, path: &str, flags: i64) -> i64 {
        // 3.x passes the address of the mode.
        self.put(32, &0o644_u32.to_le_bytes());
        let mode = if abi == Abi::Fastcomp { 0o644 } else { 32 };
        self.path(abi, 5, "open", path, &[flags, mode])
    }

    /// `close(fd)`, which is a WASI function in 3.x.
    pub fn close(&mut self, abi: Abi, fd: i64) -> i64 {
        match abi {
            Abi::Fastcomp => self.fastcomp(6, &[fd]),
            Abi::Upstream => match self.import("wasi_snapshot_preview1", "fd_close", &[fd]).unwrap() {
                0 => 0,
                errno => -linux(errno),
            },
        }
    }

    /// Places an IPv4 address in memory.
    pub fn address(&mut self, ip: [u8; 4], port: u16) -> i64 {
        self.put(ADDRESS, &[2, 0]);
        self.put(ADDRESS + 2, &port.to_be_bytes());
        self.put(ADDRESS + 4, &ip);
        ADDRESS.into()
    }

    /// Places an IPv6 address in memory.
    pub fn address6(&mut self, ip: std::net::Ipv6Addr, port: u16) -> i64 {
        self.put(ADDRESS, &[10, 0]);
        self.put(ADDRESS + 2, &port.to_be_bytes());
        self.put(ADDRESS + 4, &[0; 4]);
        self.put(ADDRESS + 8, &ip.octets());
        self.put(ADDRESS + 24, &[0; 4]);
        ADDRESS.into()
    }

    /// Makes a socket call: `socketcall` in the fastcomp ABI, by name in the upstream ABI.
    pub fn socket(&mut self, abi: Abi, number: u32, name: &str, args: &[i64]) -> i64 {
        if abi == Abi::Upstream {
            return self.sys(abi, 0, name, args);
        }
        for (index, arg) in (0..).zip(args) {
            self.put(SOCKETCALL + index * 4, &(*arg as u32).to_le_bytes());
        }
        self.fastcomp(102, &[number.into(), SOCKETCALL.into()])
    }

    /// The value of libc's `errno`.
    pub fn errno(&self) -> u32 {
        self.word(ERRNO)
    }
}

/// Converts a WASI error number to Linux's.
fn linux(wasi: i64) -> i64 {
    let pairs = [
        (63, 1),
        (44, 2),
        (71, 3),
        (27, 4),
        (29, 5),
        (8, 9),
        (6, 11),
        (48, 12),
        (2, 13),
        (21, 14),
        (10, 16),
        (20, 17),
        (75, 18),
        (43, 19),
        (54, 20),
        (31, 21),
        (28, 22),
        (33, 24),
        (59, 25),
        (70, 29),
        (34, 31),
        (64, 32),
        (68, 34),
        (37, 36),
        (52, 38),
        (55, 39),
        (32, 40),
        (61, 75),
        (57, 88),
        (50, 92),
        (66, 93),
        (58, 95),
        (17, 89),
        (26, 115),
        (5, 97),
        (3, 98),
        (4, 99),
        (53, 107),
        (14, 111),
    ];
    pairs.into_iter().find(|(number, _)| *number == wasi).unwrap_or_else(|| panic!("error number {wasi}")).1
}

impl Guest for MemoryGuest {
    fn host(&mut self) -> &mut Host {
        &mut self.host
    }

    fn memory(&self) -> &[u8] {
        &self.memory
    }

    fn memory_mut(&mut self) -> &mut [u8] {
        &mut self.memory
    }

    fn grow(&mut self, pages: u32) -> bool {
        let size = self.memory.len().saturating_add(pages as usize * 65_536);
        if size > self.limit {
            return false;
        }
        self.memory.resize(size, 0);
        true
    }

    fn call(&mut self, export: &str, args: &[i32]) -> Result<Option<i32>, Termination> {
        self.called.push((export.to_owned(), args.to_vec()));
        Ok(match export {
            "malloc" | "_malloc" | "_memalign" => {
                let len = args.last().copied().unwrap_or_default().max(0) as u32;
                let at = self.heap.next_multiple_of(16);
                if u64::from(at) + u64::from(len) > self.memory.len() as u64 {
                    return Ok(Some(0));
                }
                self.heap = at + len;
                Some(at as i32)
            }
            "__errno_location" | "___errno_location" => Some(ERRNO as i32),
            "stackSave" => Some(1024),
            "_free" | "stackRestore" | "dynCall_vi" | "dynCall_viii" => None,
            other => return Err(Termination::MissingExport(other.to_owned())),
        })
    }
}

/// Two adjacent directories: one given to the guest as `/guest`, and one that is not.
pub struct Folders {
    pub given: PathBuf,
    pub other: PathBuf,
    before: BTreeMap<PathBuf, String>,
    parent: tempfile::TempDir,
}

/// The content of the directory that the guest is not given.
pub const SECRET: &str = "nobody reads this";

impl Folders {
    pub fn new() -> Self {
        // In memory if possible, because there are many calls and some of them sync.
        let shm = Path::new("/dev/shm");
        let parent = if shm.is_dir() { tempfile::tempdir_in(shm) } else { tempfile::tempdir() }.unwrap();
        let (given, other) = (parent.path().join("given"), parent.path().join("other"));
        fs::create_dir_all(given.join("sub")).unwrap();
        fs::create_dir_all(other.join("deep")).unwrap();
        fs::write(given.join("file"), "0123456789").unwrap();
        fs::write(other.join("secret"), SECRET).unwrap();
        fs::write(other.join("deep/secret"), SECRET).unwrap();
        // Links out of the given directory.
        for (link, target) in [
            ("to-folder", other.clone()),
            ("to-secret", other.join("secret")),
            ("to-nothing", other.join("nothing")),
            ("up", PathBuf::from("../other")),
            ("top", PathBuf::from("/")),
            ("sub/up-secret", PathBuf::from("../../other/secret")),
            ("loop", PathBuf::from("loop")),
            ("inside", PathBuf::from("sub")),
        ] {
            std::os::unix::fs::symlink(target, given.join(link)).unwrap();
        }
        let before = contents(parent.path(), "other");
        Self { given, other, before, parent }
    }

    /// A guest with the given directory and no network.
    pub fn guest(&self) -> MemoryGuest {
        MemoryGuest::new(Config { dirs: vec![(self.given.clone(), "/guest".to_owned())], ..Config::default() })
    }

    /// The same directory for a guest with a network.
    pub fn network(&self, ports: &[u16]) -> Config {
        let dirs = vec![(self.given.clone(), "/guest".to_owned())];
        Config { dirs, network: true, ports: ports.to_vec(), ..Config::default() }
    }

    /// Checks that everything outside the given directory is unchanged, byte for byte.
    pub fn untouched(&self) {
        assert_eq!(contents(self.parent.path(), "other"), self.before);
        let mut names: Vec<_> = fs::read_dir(self.parent.path()).unwrap().map(|e| e.unwrap().file_name()).collect();
        names.sort();
        assert_eq!(names, ["given", "other"]);
    }
}

/// Everything below a directory: type, permissions, time, and content.
pub fn contents(top: &Path, name: &str) -> BTreeMap<PathBuf, String> {
    let mut found = BTreeMap::new();
    let mut rest = vec![top.join(name)];
    while let Some(path) = rest.pop() {
        let meta = fs::symlink_metadata(&path).unwrap();
        let content = if meta.is_dir() {
            rest.extend(fs::read_dir(&path).unwrap().map(|entry| entry.unwrap().path()));
            String::new()
        } else if meta.is_symlink() {
            fs::read_link(&path).unwrap().display().to_string()
        } else {
            String::from_utf8_lossy(&fs::read(&path).unwrap()).into_owned()
        };
        let description =
            format!("{:o} {} {}.{} {content}", meta.mode(), meta.nlink(), meta.mtime(), meta.mtime_nsec());
        found.insert(path, description);
    }
    found
}
