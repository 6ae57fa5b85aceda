//! A single process: sends no signals to others, reveals nothing about the host, starts nothing.

use std::collections::BTreeMap;
use std::process::{Command, Stdio};

use wasmlab_host_emscripten::{Config, Guest, Host, Termination, host_function};

use crate::guest::{Abi, BUFFER, Folders, MemoryGuest};

#[test]
fn signals_reach_no_other_process() {
    let mut child = Command::new("sleep").arg("60").stdout(Stdio::null()).spawn().unwrap();
    let mut guest = MemoryGuest::new(Config::default());
    let parent = std::os::unix::process::parent_id();
    for signal in [0, 1, 2, 9, 15, 17, 19] {
        for (process, errno) in [
            (1, 3),
            (-1, 1),
            (i64::from(child.id()), 3),
            (-i64::from(child.id()), 3),
            (parent.into(), 3),
            (i64::from(std::process::id()), 3),
            (i64::from(i32::MIN), 3),
        ] {
            assert_eq!(guest.env("_kill", &[process, signal]), -1, "kill({process}, {signal})");
            assert_eq!(guest.errno(), errno, "kill({process}, {signal})");
        }
    }
    assert!(child.try_wait().unwrap().is_none(), "the child was ended");
    child.kill().unwrap();
    child.wait().unwrap();
    assert_eq!(guest.env("_kill", &[42, 65]), -1);
    assert_eq!(guest.errno(), 22);
}

/// 0 is the guest's own process group, which contains only the guest: it ends, and this test continues.
#[test]
fn signal_to_itself_ends_only_the_guest() {
    for process in [0, 42] {
        let mut guest = MemoryGuest::new(Config::default());
        let result = guest.import("env", "_kill", &[process, 15]);
        assert!(matches!(result, Err(Termination::Exit(143))), "{result:?}");
        assert_eq!(guest.env("_kill", &[process, 0]), 0);
        assert!(matches!(guest.import("env", "_raise", &[9]), Err(Termination::Exit(137))));
    }
}

#[test]
fn handlers_receive_the_guests_own_signals() {
    let mut guest = MemoryGuest::new(Config::default());
    guest.put(BUFFER, &[0; 140]);
    guest.put(BUFFER, &77_u32.to_le_bytes());
    assert_eq!(guest.env("_sigaction", &[30, BUFFER.into(), 0]), 0);
    assert_eq!(guest.env("_raise", &[30]), 0);
    assert!(guest.called.contains(&("dynCall_vi".to_owned(), vec![77, 30])));
    for signal in [9, 19, 0, 65, -1] {
        assert_eq!(guest.env("_sigaction", &[signal, BUFFER.into(), 0]), -1);
        assert_eq!(guest.errno(), 22);
    }
}

#[test]
fn guest_sees_only_its_own_environment() {
    let env = BTreeMap::from([("MINE".to_owned(), "yes".to_owned())]);
    let mut guest = MemoryGuest::new(Config { env, args: vec!["a".to_owned()], ..Config::default() });
    for name in ["PATH", "HOME", "USER", "PWD", "CARGO_MANIFEST_DIR"] {
        let at = guest.text(name);
        assert_eq!(guest.env("_getenv", &[at]), 0, "{name}");
    }
    let at = guest.text("MINE");
    let value = guest.env("_getenv", &[at]) as u32;
    assert_eq!(guest.bytes(value, 4), b"yes\0");
    let wasi = "wasi_snapshot_preview1";
    assert_eq!(guest.import(wasi, "environ_sizes_get", &[500, 504]).unwrap(), 0);
    assert_eq!((guest.word(500), guest.word(504)), (1, 9));
    assert_eq!(guest.import(wasi, "environ_get", &[500, 600]).unwrap(), 0);
    assert_eq!(guest.bytes(guest.word(500), 9), b"MINE=yes\0");
    assert_eq!(guest.env("___buildEnvironment", &[500]), 0);
    let list = guest.word(500);
    assert_eq!((guest.bytes(guest.word(list), 9), guest.word(list + 4)), (b"MINE=yes\0".as_slice(), 0));
}

#[test]
fn uname_and_statfs_hide_the_machine() {
    let mut guest = MemoryGuest::new(Config::default());
    assert_eq!(guest.fastcomp(122, &[BUFFER.into()]), 0);
    let names = String::from_utf8_lossy(guest.bytes(BUFFER, 390)).into_owned();
    let host = std::fs::read_to_string("/proc/sys/kernel/hostname").unwrap();
    let release = std::fs::read_to_string("/proc/sys/kernel/osrelease").unwrap();
    assert!(!names.split('\0').any(|n| n == host.trim() || n == release.trim()), "{names}");
    for (number, id) in [(20, 42), (64, 1), (199, 1000), (200, 1000), (201, 1000), (202, 1000)] {
        assert_eq!(guest.fastcomp(number, &[0]), id);
    }
    // Changing the user is not possible.
    for number in [203, 204, 213, 214] {
        assert_eq!((guest.fastcomp(number, &[0]), guest.fastcomp(number, &[1000])), (-1, 0));
    }
}

#[test]
fn no_process_can_be_started() {
    let mut guest = MemoryGuest::new(Config::default());
    for (name, errno) in [("_fork", 11), ("_execve", 8), ("_waitpid", 10)] {
        let at = guest.text("/bin/sh");
        assert_eq!(guest.env(name, &[at, 0, 0]), -1);
        assert_eq!(guest.errno(), errno);
    }
    let at = guest.text("true");
    assert_eq!((guest.env("system", &[at]), guest.env("system", &[0])), (-1, 0));
}

/// The host's standard streams are three devices, and the guest cannot learn what they really are.
#[test]
fn standard_streams_look_like_devices() {
    let folders = Folders::new();
    let mut guest = folders.guest();
    for fd in 0..3 {
        assert_eq!(guest.sys(Abi::Fastcomp, 197, "fstat64", &[fd, BUFFER.into()]), 0);
        assert_eq!(guest.word(BUFFER + 12), 0o20_666);
        assert_eq!(guest.bytes(BUFFER + 48, 24), [0; 24], "its times are visible");
    }
    // Descriptors of the host are not descriptors of the guest.
    for fd in 3..64 {
        assert_eq!(guest.sys(Abi::Fastcomp, 197, "fstat64", &[fd, BUFFER.into()]), -9);
    }
}

/// A guest whose handler unblocks and raises its own signal, repeatedly.
struct Again(MemoryGuest);

impl Guest for Again {
    fn host(&mut self) -> &mut Host {
        self.0.host()
    }

    fn memory(&self) -> &[u8] {
        self.0.memory()
    }

    fn memory_mut(&mut self) -> &mut [u8] {
        self.0.memory_mut()
    }

    fn grow(&mut self, _: u32) -> bool {
        false
    }

    fn call(&mut self, export: &str, args: &[i32]) -> Result<Option<i32>, Termination> {
        if export == "dynCall_vi" {
            // An empty mask, then the signal again.
            host_function("env", "_sigprocmask").unwrap().call(self, &[2, 40_000, 0])?;
            host_function("env", "_raise").unwrap().call(self, &[30])?;
        }
        self.0.call(export, args)
    }
}

#[test]
fn nested_handlers_are_limited() {
    let mut guest = Again(MemoryGuest::new(Config::default()));
    guest.0.put(BUFFER, &[0; 140]);
    guest.0.put(BUFFER, &77_u32.to_le_bytes());
    assert_eq!(guest.0.env("_sigaction", &[30, BUFFER.into(), 0]), 0);
    let result = host_function("env", "_raise").unwrap().call(&mut guest, &[30]);
    assert!(matches!(result, Err(Termination::Abort(_))), "{result:?}");
    // The host's state is unchanged.
    assert_eq!(guest.0.fastcomp(20, &[]), 42);
}
