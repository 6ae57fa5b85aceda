//! Failures return the error number that a kernel returns.

use crate::guest::{Abi, BOTH, BUFFER, Folders};

#[test]
fn errors_of_names() {
    let folders = Folders::new();
    let long = "x".repeat(300);
    let longer = "x/".repeat(2_100);
    for abi in BOTH {
        let mut guest = folders.guest();
        let buffer = i64::from(BUFFER);
        for (number, name, path, rest, errno) in [
            (39, "mkdir", "sub", 0o777, 17),
            (39, "mkdir", "sub/", 0o777, 17),
            (39, "mkdir", "file", 0o777, 17),
            (39, "mkdir", "/guest", 0o777, 17),
            (39, "mkdir", ".", 0o777, 17),
            (39, "mkdir", "nothing/new", 0o777, 2),
            (39, "mkdir", "file/new", 0o777, 20),
            (39, "mkdir", "", 0o777, 2),
            (40, "rmdir", "file", 0, 20),
            (40, "rmdir", "nothing", 0, 2),
            (40, "rmdir", "/guest", 0, 16),
            (10, "unlink", "nothing", 0, 2),
            (10, "unlink", "sub", 0, 21),
            (10, "unlink", "file/x", 0, 20),
            (12, "chdir", "file", 0, 20),
            (12, "chdir", "nothing", 0, 2),
            (195, "stat64", "nothing", buffer, 2),
            (195, "stat64", "file/", buffer, 20),
            (195, "stat64", "file/x", buffer, 20),
            (195, "stat64", "loop", buffer, 40),
            (195, "stat64", "loop/x", buffer, 40),
            (195, "stat64", "", buffer, 2),
            (195, "stat64", &long, buffer, 36),
            (195, "stat64", &longer, buffer, 36),
            (85, "readlink", "file", buffer, 22),
            (85, "readlink", "nothing", buffer, 2),
            (33, "access", "nothing", 0, 2),
            (33, "access", "file", 1, 13),
        ] {
            let result = guest.path(abi, number, name, path, &[rest, 100]);
            assert_eq!(result, -errno, "{abi:?} {name} {:.20}", path);
        }
    }
}

#[test]
fn errors_of_opening() {
    let folders = Folders::new();
    for abi in BOTH {
        let mut guest = folders.guest();
        for (path, flags, errno) in [
            ("nothing", 0, 2),
            ("nothing/x", 0o102, 2),
            ("file/x", 0, 20),
            ("file/", 0, 20),
            ("file", 0o200_000, 20),
            ("file", 0o302, 17),
            ("sub", 1, 21),
            ("sub", 2, 21),
            ("sub", 0o1000, 21),
            ("sub", 0o300, 17),
            ("loop", 0, 40),
            ("inside", 0o400_000, 40),
            ("new/", 0o102, 21),
            ("", 0, 2),
        ] {
            assert_eq!(guest.open(abi, path, flags), -errno, "{abi:?} {path} {flags:#o}");
        }
        // A path without a terminating zero, and one outside the memory.
        let end = guest.memory.len() as u32;
        guest.put(end - 4, b"file");
        assert_eq!(guest.sys(abi, 5, "open", &[(end - 4).into(), 0, 32]), -14);
        assert_eq!(guest.sys(abi, 5, "open", &[end.into(), 0, 32]), -14);
        assert_eq!(guest.sys(abi, 5, "open", &[-1, 0, 32]), -14);
    }
}

#[test]
fn errors_of_moving() {
    let folders = Folders::new();
    let mut guest = folders.guest();
    let mut renamed = |from: &str, to: &str| {
        let (from, to) = (guest.text(from), guest.text(to));
        guest.sys(Abi::Fastcomp, 38, "rename", &[from, to])
    };
    assert_eq!(renamed("nothing", "new"), -2);
    assert_eq!(renamed("sub", "file"), -20);
    assert_eq!(renamed("file", "sub"), -21);
    assert_eq!(renamed("file", "nothing/new"), -2);
    assert_eq!(renamed("sub", "sub/below"), -22);
    assert_eq!(renamed("file", "file"), 0);
    // The link in it is enough to keep it.
    assert_eq!(guest.path(Abi::Fastcomp, 40, "rmdir", "sub", &[]), -39);
    let (from, to) = (guest.text("file"), guest.text("inside"));
    assert_eq!(guest.sys(Abi::Fastcomp, 83, "symlink", &[from, to]), -17);
    let (from, to) = (guest.text("file"), guest.text("sub"));
    assert_eq!(guest.fastcomp(9, &[from, to]), -17);
    let (from, to) = (guest.text("sub"), guest.text("new"));
    assert_eq!(guest.fastcomp(9, &[from, to]), -1);
    let (from, to) = (guest.text("file"), guest.text("second"));
    assert_eq!(guest.fastcomp(9, &[from, to]), 0);
    assert_eq!(guest.path(Abi::Fastcomp, 196, "lstat64", "second", &[BUFFER.into()]), 0);
    assert_eq!((guest.word(BUFFER + 12) & 0o170_000, guest.word(BUFFER + 16)), (0o100_000, 2));
}

#[test]
fn errors_of_descriptors_and_sockets() {
    let folders = Folders::new();
    for abi in BOTH {
        let mut guest = folders.guest();
        let file = guest.open(abi, "file", 0);
        let folder = guest.open(abi, "sub", 0);
        for (number, name, args, errno) in [
            (197, "fstat64", vec![99, BUFFER.into()], 9),
            (197, "fstat64", vec![-1, BUFFER.into()], 9),
            (41, "dup", vec![99], 9),
            (63, "dup2", vec![99, 5], 9),
            (63, "dup2", vec![file, 1024], 9),
            (63, "dup2", vec![file, -1], 9),
            (330, "dup3", vec![file, file, 0], 22),
            (220, "getdents64", vec![file, BUFFER.into(), 1000], 20),
            (220, "getdents64", vec![folder, BUFFER.into(), 10], 22),
            (221, "fcntl64", vec![99, 3, 0], 9),
            (221, "fcntl64", vec![file, 0, 500], if abi == Abi::Fastcomp { 0 } else { 22 }),
            (221, "fcntl64", vec![file, 9999, 500], 22),
            (54, "ioctl", vec![file, 0x5401, 500], 25),
            (183, "getcwd", vec![BUFFER.into(), 3], 34),
            (168, "poll", vec![BUFFER.into(), 2000, 0], 22),
            (197, "fstat64", vec![file, i64::from(u32::MAX - 20)], 14),
        ] {
            guest.put(500, &4096_u32.to_le_bytes());
            let result = guest.sys(abi, number, name, &args);
            if errno == 0 {
                assert!(result >= 0);
            } else {
                assert_eq!(result, -errno, "{abi:?} {name} {args:?}");
            }
        }
        for (number, name) in [(2, "bind"), (3, "connect")] {
            let at = guest.address([127, 0, 0, 1], 1);
            assert_eq!(guest.socket(abi, number, name, &[file, at, 16]), -88);
        }
        assert_eq!(guest.socket(abi, 4, "listen", &[file, 1]), -88);
        assert_eq!(guest.socket(abi, 13, "shutdown", &[file, 1]), -88);
    }
    let mut guest = folders.guest();
    let file = guest.open(Abi::Fastcomp, "file", 0);
    assert_eq!(guest.fastcomp(4, &[file, BUFFER.into(), 1]), -9, "written what was opened to read");
    let file = guest.open(Abi::Fastcomp, "file", 1);
    assert_eq!(guest.fastcomp(3, &[file, BUFFER.into(), 1]), -9, "read what was opened to write");
    assert_eq!(guest.fastcomp(6, &[file]), 0);
    assert_eq!(guest.fastcomp(6, &[file]), -9);
}

/// libc functions return -1 or 0 and set `errno`, in the numbering of their ABI.
#[test]
fn each_abi_gets_its_own_error_numbers() {
    let folders = Folders::new();
    let mut guest = folders.guest();
    let at = guest.text("sub");
    assert_eq!(guest.upstream("mkdir", &[at, 0o777]), -20);
    let at = guest.text("sub");
    assert_eq!(guest.fastcomp(39, &[at, 0o777]), -17);
    assert_eq!(guest.import("wasi_snapshot_preview1", "fd_close", &[77]).unwrap(), 8);
}
