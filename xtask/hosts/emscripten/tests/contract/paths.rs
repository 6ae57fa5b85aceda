//! No path leads out of the folders that were given: not up, not from the top, not by a link, whoever made it.

use std::fs;

use crate::guest::{Abi, BOTH, BUFFER, Flat, Folders, SECRET};

/// Paths to what is not given, that no link is the last step of.
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

/// Paths to what is not given by a link in the last step.
const LINKS: &[&str] = &["to-folder", "to-secret", "to-nothing", "up", "top", "sub/up-secret", "inside/up-secret"];

/// What a kernel may say of a path that leads nowhere: EPERM, ENOENT, EACCES, ELOOP.
fn refused(what: &str, path: &str, result: i64) {
    assert!([-1, -2, -13, -40].contains(&result), "{what} of {path} gives {result}");
}

fn nothing_read(guest: &Flat) {
    let secret = SECRET.as_bytes();
    assert!(!guest.memory.windows(secret.len()).any(|bytes| bytes == secret));
}

#[test]
fn no_call_of_one_path_leads_out() {
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
fn no_link_is_followed_out() {
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
            // What is there already is no place for a folder or a new file.
            assert_eq!(guest.path(abi, 39, "mkdir", path, &[0o777]), -17);
            assert_eq!(guest.open(abi, path, 0o302), -17);
            assert_eq!(guest.open(abi, path, 0o400_000), -40);
            // A link itself is the guest's to see.
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
fn calls_by_a_folders_descriptor_lead_out_as_little() {
    let folders = Folders::new();
    let mut guest = folders.guest();
    let dir = guest.open(Abi::New, "/guest/sub", 0o200_000);
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
            let result = guest.sys(Abi::New, 0, name, &[dir, at, rest[0], rest[1]]);
            refused(name, path, result);
        }
    }
    for path in ["../../other/secret", "../up/secret", "../../other/deep"] {
        for (name, rest) in [("unlinkat", vec![0]), ("unlinkat", vec![0x200]), ("readlinkat", vec![BUFFER.into(), 99])]
        {
            let at = guest.text(path);
            let result = guest.sys(Abi::New, 0, name, &[vec![dir, at], rest].concat());
            refused(name, path, result);
        }
        // The times of what is at the end of the path, or of the link there.
        let at = guest.text(path);
        let result = guest.sys(Abi::New, 0, "utimensat", &[dir, at, 0, 0x100]);
        refused("utimensat", path, result);
    }
    // A descriptor that is no folder is no base.
    let file = guest.open(Abi::New, "/guest/file", 0);
    let at = guest.text("file");
    assert_eq!(guest.sys(Abi::New, 0, "openat", &[file, at, 0, 0]), -20);
    folders.untouched();
}

#[test]
fn nothing_is_moved_or_linked_out_or_in() {
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
        refused("link from", path, guest.old(9, &[from, to]));
        let (from, to) = (guest.text("file"), guest.text(path));
        refused("link to", path, guest.old(9, &[from, to]));
    }
    // libc's own call for times.
    for path in ["../other/secret", "to-secret", "up/secret"] {
        let at = guest.text(path);
        assert_eq!(guest.env("_utimes", &[at, 0]), -1);
        refused("utimes", path, -i64::from(guest.errno()));
    }
    folders.untouched();
}

#[test]
fn links_that_the_guest_makes_lead_nowhere() {
    let folders = Folders::new();
    for abi in BOTH {
        let mut guest = folders.guest();
        // From the top: not made at all.
        let (target, at) = (guest.text("/etc"), guest.text("mine"));
        refused("symlink to", "/etc", guest.sys(abi, 83, "symlink", &[target, at]));
        // Up: made, and of no use, at the end of a path or in its middle.
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
        // A folder that becomes a link while it is the current one.
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
fn what_is_given_works() {
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
fn the_current_folder_does_not_grow() {
    let folders = Folders::new();
    let mut guest = folders.guest();
    for _ in 0..2_000 {
        assert_eq!(guest.path(Abi::Old, 12, "chdir", "sub/..", &[]), 0);
    }
    assert!(guest.old(183, &[BUFFER.into(), 100]) > 0);
    assert_eq!(guest.bytes(BUFFER, 7), b"/guest\0");
}
