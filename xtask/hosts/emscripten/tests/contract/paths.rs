//! No path leads out of the given directories: not upwards, not from the root, not through a link, whoever created it.

use std::fs;

use crate::guest::{Abi, BOTH, BUFFER, Folders, MemoryGuest, SECRET};

/// Paths outside the directory whose last component is not a link.
const OUT: &[&str] = &[
    "../other/secret",
    "sub/../../other/secret",
    "sub/./.././../other/secret",
    "/guest/../other/secret",
    "/guest/sub/../../other/secret",
    "/guest/inside/../../other/secret",
    "/other/secret",
    "/etc/passwd",
    "/../../../../../../etc/passwd",
    "//etc//passwd",
    "/guest/to-folder/secret",
    "to-folder/secret",
    "to-folder/deep/secret",
    "up/secret",
    "up/deep/../secret",
    "top/etc/passwd",
    "sub/../up/secret",
    "inside/../up/secret",
    "/proc/self/root/etc/passwd",
    "/proc/self/environ",
    "/proc/self/fd/0",
    "/dev/mem",
];

/// Paths outside the directory through a link in the last component.
const LINKS: &[&str] = &["to-folder", "to-secret", "to-nothing", "up", "top", "sub/up-secret", "inside/up-secret"];

/// Errors that a kernel returns for such a path: EPERM, ENOENT, EACCES, ELOOP.
fn refused(what: &str, path: &str, result: i64) {
    assert!([-1, -2, -13, -40].contains(&result), "{what} of {path} gives {result}");
}

fn nothing_read(guest: &MemoryGuest) {
    let secret = SECRET.as_bytes();
    assert!(!guest.memory.windows(secret.len()).any(|bytes| bytes == secret));
}

#[test]
fn paths_cannot_lead_outside() {
    let folders = Folders::new();
    for abi in BOTH {
        let mut guest = folders.guest();
        for path in OUT {
            for flags in [0, 1, 2, 0o100, 0o102, 0o1102, 0o302, 0o2101, 0o200_000, 0o400_000, 0o10_000_000] {
                let result = guest.open(abi, path, flags);
                refused(&format!("open with {flags:#o}"), path, result);
            }
            for (number, name, rest) in [
                (195, "stat64", [BUFFER.into(), 0]),
                (196, "lstat64", [BUFFER.into(), 0]),
                (33, "access", [0, 0]),
                (85, "readlink", [BUFFER.into(), 100]),
                (39, "mkdir", [0o777, 0]),
                (40, "rmdir", [0, 0]),
                (10, "unlink", [0, 0]),
                (15, "chmod", [0o777, 0]),
                (12, "chdir", [0, 0]),
            ] {
                let result = guest.path(abi, number, name, path, &rest);
                refused(name, path, result);
            }
        }
        nothing_read(&guest);
    }
    folders.untouched();
}

#[test]
fn links_out_of_the_directory_are_not_followed() {
    let folders = Folders::new();
    for abi in BOTH {
        let mut guest = folders.guest();
        for path in LINKS {
            for flags in [0, 1, 2, 0o102, 0o1102, 0o200_000] {
                let result = guest.open(abi, path, flags);
                refused(&format!("open with {flags:#o}"), path, result);
            }
            for (number, name, rest) in
                [(195, "stat64", BUFFER), (33, "access", 0), (15, "chmod", 0o777), (12, "chdir", 0)]
            {
                let result = guest.path(abi, number, name, path, &[rest.into()]);
                refused(name, path, result);
            }
            // Nothing can be created at an existing path.
            assert_eq!(guest.path(abi, 39, "mkdir", path, &[0o777]), -17);
            assert_eq!(guest.open(abi, path, 0o302), -17);
            assert_eq!(guest.open(abi, path, 0o400_000), -40);
            // The guest may see the link itself.
            assert_eq!(guest.path(abi, 196, "lstat64", path, &[BUFFER.into()]), 0);
            assert_eq!(guest.word(BUFFER + 12) & 0o170_000, 0o120_000);
            let len = guest.path(abi, 85, "readlink", path, &[BUFFER.into(), 4096]);
            let target = fs::read_link(folders.given.join(path)).unwrap();
            assert_eq!(guest.bytes(BUFFER, len as usize), target.as_os_str().as_encoded_bytes());
        }
        nothing_read(&guest);
    }
    folders.untouched();
}

#[test]
fn paths_relative_to_a_descriptor_cannot_lead_outside() {
    let folders = Folders::new();
    let mut guest = folders.guest();
    let dir = guest.open(Abi::Upstream, "/guest/sub", 0o200_000);
    assert!(dir >= 0);
    for path in ["../../other/secret", "../up/secret", "../to-secret", "/etc/passwd", "up-secret", "../../other"] {
        for (name, rest) in [
            ("openat", [0, 0]),
            ("openat", [0o1102, 32]),
            ("newfstatat", [BUFFER.into(), 0]),
            ("faccessat", [0, 0]),
            ("utimensat", [0, 0]),
        ] {
            let at = guest.text(path);
            let result = guest.sys(Abi::Upstream, 0, name, &[dir, at, rest[0], rest[1]]);
            refused(name, path, result);
        }
    }
    for path in ["../../other/secret", "../up/secret", "../../other/deep"] {
        for (name, rest) in [("unlinkat", vec![0]), ("unlinkat", vec![0x200]), ("readlinkat", vec![BUFFER.into(), 99])]
        {
            let at = guest.text(path);
            let result = guest.sys(Abi::Upstream, 0, name, &[vec![dir, at], rest].concat());
            refused(name, path, result);
        }
        // Setting the times of the target or of the link.
        let at = guest.text(path);
        let result = guest.sys(Abi::Upstream, 0, "utimensat", &[dir, at, 0, 0x100]);
        refused("utimensat", path, result);
    }
    // A descriptor that is not a directory cannot be a base.
    let file = guest.open(Abi::Upstream, "/guest/file", 0);
    let at = guest.text("file");
    assert_eq!(guest.sys(Abi::Upstream, 0, "openat", &[file, at, 0, 0]), -20);
    folders.untouched();
}

#[test]
fn files_cannot_be_moved_or_linked_across_the_boundary() {
    let folders = Folders::new();
    for abi in BOTH {
        let mut guest = folders.guest();
        for path in ["../other/new", "/other/new", "up/new", "to-folder/new", "sub/../../other/new"] {
            let (from, to) = (guest.text("file"), guest.text(path));
            refused("rename to", path, guest.sys(abi, 38, "rename", &[from, to]));
            let (from, to) = (guest.text("file"), guest.text(path));
            refused("symlink at", path, guest.sys(abi, 83, "symlink", &[from, to]));
        }
        for path in ["../other/secret", "/etc/hostname", "up/secret", "to-folder/secret", "top/etc/hostname"] {
            let (from, to) = (guest.text(path), guest.text("mine"));
            refused("rename from", path, guest.sys(abi, 38, "rename", &[from, to]));
        }
        assert!(folders.given.join("file").exists() && !folders.given.join("mine").exists());
    }
    let mut guest = folders.guest();
    for path in ["../other/secret", "up/secret", "to-folder/secret"] {
        let (from, to) = (guest.text(path), guest.text("mine"));
        refused("link from", path, guest.fastcomp(9, &[from, to]));
        let (from, to) = (guest.text("file"), guest.text(path));
        refused("link to", path, guest.fastcomp(9, &[from, to]));
    }
    // The libc function for setting times.
    for path in ["../other/secret", "to-secret", "up/secret"] {
        let at = guest.text(path);
        assert_eq!(guest.env("_utimes", &[at, 0]), -1);
        refused("utimes", path, -i64::from(guest.errno()));
    }
    folders.untouched();
}

#[test]
fn links_created_by_the_guest_cannot_lead_outside() {
    let folders = Folders::new();
    for abi in BOTH {
        let mut guest = folders.guest();
        // Absolute: not created at all.
        let (target, at) = (guest.text("/etc"), guest.text("mine"));
        refused("symlink to", "/etc", guest.sys(abi, 83, "symlink", &[target, at]));
        // Relative and upwards: created, but unusable as the last or a middle component.
        for target in ["../other", "../../..", "sub/../../other", "up"] {
            let (text, at) = (guest.text(target), guest.text("mine"));
            assert_eq!(guest.sys(abi, 83, "symlink", &[text, at]), 0);
            refused("open", target, guest.open(abi, "mine/secret", 0));
            refused("open", target, guest.open(abi, "mine/new", 0o102));
            refused("chdir", target, guest.path(abi, 12, "chdir", "mine", &[]));
            refused("open", target, guest.open(abi, "mine", 0o200_000));
            refused("mkdir", target, guest.path(abi, 39, "mkdir", "mine/new", &[0o777]));
            refused("stat", target, guest.path(abi, 195, "stat64", "mine/secret", &[BUFFER.into()]));
            assert_eq!(guest.path(abi, 10, "unlink", "mine", &[]), 0);
        }
        // A directory that is replaced by a link while it is the current one.
        assert_eq!(guest.path(abi, 39, "mkdir", "turns", &[0o777]), 0);
        assert_eq!(guest.path(abi, 12, "chdir", "turns", &[]), 0);
        assert_eq!(guest.path(abi, 40, "rmdir", "/guest/turns", &[]), 0);
        let (text, at) = (guest.text("../other"), guest.text("/guest/turns"));
        assert_eq!(guest.sys(abi, 83, "symlink", &[text, at]), 0);
        refused("open", "turns", guest.open(abi, "secret", 0));
        refused("open", "turns", guest.open(abi, "new", 0o102));
        assert_eq!(guest.path(abi, 10, "unlink", "/guest/turns", &[]), 0);
        nothing_read(&guest);
    }
    folders.untouched();
}

#[test]
fn given_directory_is_usable() {
    let folders = Folders::new();
    for abi in BOTH {
        let mut guest = folders.guest();
        for path in ["file", "/guest/file", "./sub/../file", "inside/../file", "/guest/./file"] {
            let fd = guest.open(abi, path, 0);
            assert!(fd >= 3, "{path}: {fd}");
            assert_eq!(guest.close(abi, fd), 0);
        }
        assert_eq!(guest.path(abi, 12, "chdir", "sub/../inside", &[]), 0);
        assert!(guest.sys(abi, 183, "getcwd", &[BUFFER.into(), 100]) > 0);
        assert_eq!(guest.bytes(BUFFER, 11), b"/guest/sub\0");
        assert!(guest.open(abi, "../file", 0) >= 3);
    }
}

#[test]
fn current_directory_is_resolved() {
    let folders = Folders::new();
    let mut guest = folders.guest();
    for _ in 0..2_000 {
        assert_eq!(guest.path(Abi::Fastcomp, 12, "chdir", "sub/..", &[]), 0);
    }
    assert!(guest.fastcomp(183, &[BUFFER.into(), 100]) > 0);
    assert_eq!(guest.bytes(BUFFER, 7), b"/guest\0");
}
