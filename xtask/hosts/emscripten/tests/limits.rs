//! Limits on what one call may demand from the host: descriptors, and memory proportional to the guest's own.
//!
//! A separate test binary, because it limits its own address space: an excessive demand ends it.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod guest;

use std::sync::Once;

use guest::{Abi, BOTH, BUFFER, Folders, MemoryGuest};
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use wasmlab_host_emscripten::Config;

/// Limits this process to 512 MB more than it uses now.
fn bounded() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let statm = std::fs::read_to_string("/proc/self/statm").unwrap();
        let pages: u64 = statm.split(' ').next().unwrap().parse().unwrap();
        let most = Some(pages * 4096 + (512 << 20));
        setrlimit(Resource::As, Rlimit { current: most, maximum: getrlimit(Resource::As).maximum }).unwrap();
    });
}

/// Open descriptors of this process.
fn open_in_process() -> usize {
    std::fs::read_dir("/proc/self/fd").unwrap().count()
}

#[test]
fn descriptors_are_limited_and_not_leaked() {
    bounded();
    let folders = Folders::new();
    for abi in BOTH {
        let mut guest = folders.guest();
        // `dup` needs no descriptor of the host, so the machine's own limit does not matter.
        for _ in 3..1020 {
            assert!(guest.sys(abi, 41, "dup", &[0]) >= 3);
        }
        for _ in 0..2 {
            assert_eq!(guest.sys(abi, 42, "pipe", &[BUFFER.into()]), 0);
        }
        assert_eq!(guest.host.open_descriptors(), 1024);
        let before = open_in_process();
        for _ in 0..50 {
            assert_eq!(guest.open(abi, "file", 0), -24);
            assert_eq!(guest.open(abi, "new", 0o102), -24);
            assert_eq!(guest.sys(abi, 42, "pipe", &[BUFFER.into()]), -24);
            assert_eq!(guest.sys(abi, 41, "dup", &[0]), -24);
            assert_eq!(guest.socket(abi, 8, "socketpair", &[1, 1, 0, BUFFER.into()]), -24);
        }
        // Only one is free: creating a pair fails and takes none.
        assert_eq!(guest.close(abi, 500), 0);
        for _ in 0..50 {
            assert_eq!(guest.sys(abi, 42, "pipe", &[BUFFER.into()]), -24);
            assert_eq!(guest.socket(abi, 8, "socketpair", &[1, 1, 0, BUFFER.into()]), -24);
        }
        assert_eq!((guest.host.open_descriptors(), guest.open(abi, "file", 0)), (1023, 500));
        assert!(open_in_process() <= before + 8, "descriptors of the host's are lost");
        assert!(!folders.given.join("new").exists(), "a file was made that could not be opened");
    }
}

#[test]
fn buffers_are_limited() {
    bounded();
    let folders = Folders::new();
    for len in [u32::MAX, 0x8000_0000, 0x7fff_ffff, 1 << 20] {
        let mut guest = folders.guest();
        let file = guest.open(Abi::Fastcomp, "file", 2);
        // The maximum number of buffers, each as large as the whole memory.
        for index in 0..1024 {
            guest.put(BUFFER + index * 8, &0_u32.to_le_bytes());
            guest.put(BUFFER + index * 8 + 4, &len.to_le_bytes());
        }
        let expected = |result: i64| if len == 1 << 20 { (0..=1 << 20).contains(&result) } else { result == -14 };
        for number in [145, 146] {
            let result = guest.fastcomp(number, &[file, BUFFER.into(), 1024]);
            assert!(expected(result), "{number}: {result}");
            assert_eq!(guest.fastcomp(number, &[file, BUFFER.into(), 1025]), -22);
            assert_eq!(guest.fastcomp(number, &[file, BUFFER.into(), -1]), -22);
        }
        for number in [3, 4] {
            let result = guest.fastcomp(number, &[file, 0, len.into()]);
            assert!(expected(result), "{number}: {result}");
        }
        for number in [180, 181] {
            let result = guest.fastcomp(number, &[file, 0, len.into(), 0, 0, 0]);
            assert!(expected(result), "{number}: {result}");
            assert_eq!(guest.fastcomp(number, &[file, 0, 8, 0, -1, -1]), -22);
        }
        assert_eq!(guest.socket(Abi::Fastcomp, 8, "socketpair", &[1, 1, 0, 500]), 0);
        let (one, other) = (guest.word(500).into(), guest.word(504).into());
        for (number, name, fd) in [(11, "sendto", one), (12, "recvfrom", other)] {
            // Non-blocking.
            let result = guest.socket(Abi::Fastcomp, number, name, &[fd, 0, len.into(), 0x40, 0, 0]);
            assert!(expected(result), "{name}: {result}");
            for (index, word) in [0, 0, BUFFER, 1024, 0, 0, 0].into_iter().enumerate() {
                guest.put(800 + index as u32 * 4, &word.to_le_bytes());
            }
            for index in 0..1024 {
                guest.put(BUFFER + index * 8, &0_u32.to_le_bytes());
                guest.put(BUFFER + index * 8 + 4, &len.to_le_bytes());
            }
            let result = guest.socket(
                Abi::Fastcomp,
                number + 5,
                if number == 11 { "sendmsg" } else { "recvmsg" },
                &[fd, 800, 0x40],
            );
            assert!(expected(result) || result == -11 || result == -14, "{name} of a message: {result}");
        }
    }
}

#[test]
fn other_sizes_given_by_the_guest_are_limited() {
    bounded();
    let folders = Folders::new();
    let wasi = "wasi_snapshot_preview1";
    let mut guest = folders.guest();
    let file = guest.open(Abi::Fastcomp, "file", 0);
    let folder = guest.open(Abi::Fastcomp, "sub", 0);
    let huge = i64::from(u32::MAX);
    // A mapping larger than the memory, and one that fits into the memory but not into what is left of it.
    for size in [huge, 0x7fff_f000, 1 << 20] {
        assert_eq!(guest.fastcomp(192, &[0, size, 3, 0x22, -1, 0]), -12);
        assert_eq!(guest.fastcomp(192, &[0, size, 1, 2, file, 0]), -12);
    }
    assert_eq!(guest.fastcomp(192, &[0, 0, 3, 0x22, -1, 0]), -22);
    // More space than memory for directory entries: the actual entries need less, and fit.
    assert!(guest.fastcomp(220, &[folder, BUFFER.into(), huge]) > 0);
    assert_eq!(guest.fastcomp(220, &[folder, i64::from(u32::MAX - 8), huge]), 0);
    for size in [huge, 0x8000_0000] {
        assert_eq!(guest.import(wasi, "random_get", &[0, size]).unwrap(), 21);
        assert_eq!(guest.path(Abi::Fastcomp, 85, "readlink", "inside", &[BUFFER.into(), size]), -22);
        assert!(guest.import("env", "_emscripten_memcpy_big", &[0, 0, size]).is_err());
        assert_eq!(guest.env("emscripten_resize_heap", &[size]), 0);
        assert_eq!(guest.import(wasi, "fd_read", &[file, BUFFER.into(), size, 500]).unwrap(), 28);
    }
    // The memory grows as far as the engine allows.
    assert_eq!(guest.env("emscripten_resize_heap", &[1 << 22]), 1);
    assert_eq!((guest.memory.len(), guest.env("emscripten_resize_heap", &[(1 << 22) + 1])), (1 << 22, 0));
    // A file can be made long without using memory.
    let file = guest.open(Abi::Fastcomp, "long", 0o102);
    assert_eq!(guest.fastcomp(194, &[file, 0, 0, 1]), 0);
    assert_eq!(std::fs::metadata(folders.given.join("long")).unwrap().len(), 1 << 32);
    assert_eq!(guest.fastcomp(197, &[file, BUFFER.into()]), -75, "its size is no number of the fastcomp ABI's");
    assert_eq!(guest.fastcomp(194, &[file, 0, 0, -1]), -22);
}

/// The host's records about a guest are limited.
#[test]
fn mappings_and_saved_stacks_are_limited() {
    bounded();
    let mut guest = MemoryGuest::new(Config::default());
    // An allocator that returns a different address each time.
    guest.memory.resize(1 << 22, 0);
    let mut last = 0;
    for _ in 0..70_000 {
        last = guest.fastcomp(192, &[0, 1, 3, 0x22, -1, 0]);
        guest.called.clear();
        if last < 0 {
            break;
        }
    }
    assert_eq!(last, -12);
    let mut saved = Ok(0);
    for _ in 0..70_000 {
        saved = guest.import("env", "_llvm_stacksave", &[]);
        guest.called.clear();
    }
    assert!(saved.is_err());
}
