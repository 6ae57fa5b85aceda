//! Classifies the imports of Emscripten modules, and maps each system call to its equivalents in WASI and WASIX: what a
//! program would have to do without on these interfaces.
//!
//! Numbers are those of 32-bit x86 Linux, which the old ABI uses. Names are those of Linux, which the new ABI uses
//! after `__syscall_`. The equivalents come from the interface definitions: the `witx` files of WASI 0.1, the WIT files
//! of 0.2, and `wasix_32v1` as listed by the crate wasix 0.13.

use wasmlab_model::facts::Import;

/// The role of an import of an Emscripten module.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ImportKind {
    /// A system call.
    System(&'static SystemCall),
    /// A libc function, provided by the glue or a host.
    Libc,
    /// State of the compiled program, and helpers of its code.
    Runtime,
}

/// A system call with its equivalents: `~` marks a partial one, the empty string means none.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize)]
pub struct SystemCall {
    /// Name on Linux.
    pub name: &'static str,
    /// Numbers in the old ABI.
    #[serde(skip)]
    numbers: &'static [u16],
    /// Other names in the new ABI, and libc functions that only make this call.
    #[serde(skip)]
    also: &'static [&'static str],
    /// Equivalent in WASI 0.1.
    pub wasi01: &'static str,
    /// Equivalent in WASI 0.2.
    pub wasi02: &'static str,
    /// Equivalent in WASIX, which includes WASI 0.1.
    pub wasix: &'static str,
}

macro_rules! calls {
    ($($name:literal $numbers:tt $also:tt $wasi01:literal $wasi02:literal $wasix:literal;)*) => {
        /// The known calls, sorted by name.
        pub const SYSTEM_CALLS: &[SystemCall] = &[$(SystemCall {
            name: $name, numbers: &$numbers, also: &$also, wasi01: $wasi01, wasi02: $wasi02, wasix: $wasix,
        },)*];
    };
}

calls! {
    "accept" [] ["accept4"] "~sock_accept" "wasi:sockets/tcp" "sock_accept_v2";
    "access" [33, 307] ["faccessat"] "~path_filestat_get" "~wasi:filesystem/types" "~path_filestat_get";
    "bind" [] [] "" "wasi:sockets/tcp" "sock_bind";
    "chdir" [12] [] "" "" "chdir";
    "chmod" [15, 94, 306] ["fchmod", "fchmodat"] "" "" "";
    "chown" [198, 207, 212, 298] ["chown32", "lchown32", "fchown32", "fchownat"] "" "" "";
    "clock_gettime" [] ["_clock_gettime", "_gettimeofday", "_time"] "clock_time_get" "wasi:clocks/wall-clock" "clock_time_get";
    "close" [6] [] "fd_close" "wasi:filesystem/types" "fd_close";
    "connect" [] [] "" "wasi:sockets/tcp" "sock_connect";
    "dup" [41, 63, 330] ["dup2", "dup3"] "~fd_renumber" "" "fd_dup2";
    "execve" [11] ["_execve"] "" "" "proc_exec3";
    "exit" [1] ["_exit", "__exit"] "proc_exit" "wasi:cli/exit" "proc_exit2";
    "fadvise64" [272] [] "fd_advise" "wasi:filesystem/types" "fd_advise";
    "fallocate" [324] [] "fd_allocate" "" "fd_allocate";
    "fcntl" [221] ["fcntl64"] "~fd_fdstat_set_flags" "" "~fd_fdflags_set";
    "fork" [2] ["_fork"] "" "" "proc_fork";
    "fstat" [197] ["fstat64"] "fd_filestat_get" "wasi:filesystem/types" "fd_filestat_get";
    "fsync" [118, 148] ["fdatasync"] "fd_sync" "wasi:filesystem/types" "fd_sync";
    "ftruncate" [194] ["ftruncate64"] "fd_filestat_set_size" "wasi:filesystem/types" "fd_filestat_set_size";
    "getaddrinfo" [] ["_getaddrinfo"] "" "wasi:sockets/ip-name-lookup" "resolve";
    "getcwd" [183] [] "" "wasi:cli/environment" "getcwd";
    "getdents64" [220] [] "fd_readdir" "wasi:filesystem/types" "fd_readdir";
    "getpeername" [] [] "" "wasi:sockets/tcp" "sock_addr_peer";
    "getpid" [20] [] "" "" "proc_id";
    "getppid" [64] [] "" "" "proc_parent";
    "getrlimit" [75, 191, 340] ["prlimit64", "ugetrlimit"] "" "" "";
    "getsid" [57, 66, 132, 147] ["setsid", "getpgid"] "" "" "";
    "getsockname" [] [] "" "wasi:sockets/tcp" "sock_addr_local";
    "getsockopt" [] [] "" "~wasi:sockets/tcp" "sock_get_opt_flag";
    "getuid" [199, 200, 201, 202, 203, 204, 213, 214] ["getuid32", "getgid32", "geteuid32", "getegid32", "_setgroups"] "" "" "";
    "ioctl" [54] [] "" "" "~tty_get";
    "kill" [37] ["_kill", "_raise"] "~proc_raise" "" "proc_signal";
    "link" [9, 303] ["linkat"] "path_link" "wasi:filesystem/types" "path_link";
    "listen" [] [] "" "wasi:sockets/tcp" "sock_listen";
    "lseek" [140] [] "fd_seek" "wasi:filesystem/types" "fd_seek";
    "mkdir" [39, 296] ["mkdirat"] "path_create_directory" "wasi:filesystem/types" "path_create_directory";
    "mmap" [91, 192] ["mmap2", "munmap", "_mmap_js", "_munmap_js"] "" "" "";
    "open" [5, 295] ["openat"] "path_open" "wasi:filesystem/types" "path_open2";
    "pipe" [42, 331] ["pipe2"] "" "" "fd_pipe";
    "poll" [168] [] "poll_oneoff" "wasi:io/poll" "poll_oneoff";
    "pread" [180, 333] [] "fd_pread" "wasi:filesystem/types" "fd_pread";
    "pwrite" [181, 334] [] "fd_pwrite" "wasi:filesystem/types" "fd_pwrite";
    "read" [3, 145] ["readv"] "fd_read" "wasi:io/streams" "fd_read";
    "readlink" [85, 305] ["readlinkat"] "path_readlink" "wasi:filesystem/types" "path_readlink";
    "recv" [] ["recvfrom", "recvmsg"] "~sock_recv" "wasi:sockets/tcp" "sock_recv_from";
    "rename" [38, 302] ["renameat"] "path_rename" "wasi:filesystem/types" "path_rename";
    "sched_yield" [158] ["_sched_yield"] "sched_yield" "" "sched_yield";
    "select" [142] ["_newselect"] "poll_oneoff" "wasi:io/poll" "poll_oneoff";
    "send" [] ["sendto", "sendmsg"] "~sock_send" "wasi:sockets/tcp" "sock_send_to";
    "setitimer" [104] ["_setitimer"] "" "" "proc_raise_interval";
    "setpriority" [34, 97] [] "" "" "";
    "setsockopt" [] [] "" "~wasi:sockets/tcp" "sock_set_opt_flag";
    "shutdown" [] [] "~sock_shutdown" "wasi:sockets/tcp" "sock_shutdown";
    "sigaction" [] ["_sigaction", "_sigprocmask", "_sigsuspend"] "" "" "~callback_signal";
    "sleep" [] ["_usleep"] "poll_oneoff" "wasi:clocks/monotonic-clock" "thread_sleep";
    "socket" [] ["socketpair"] "" "wasi:sockets/tcp-create-socket" "sock_open";
    "socketcall" [102] [] "~sock_accept" "wasi:sockets/tcp" "sock_open";
    "stat" [195, 196, 300] ["stat64", "lstat64", "fstatat64", "newfstatat"] "path_filestat_get" "wasi:filesystem/types" "path_filestat_get";
    "statfs" [268, 269] ["statfs64", "fstatfs64"] "" "" "";
    "symlink" [83, 304] ["symlinkat"] "path_symlink" "wasi:filesystem/types" "path_symlink";
    "sync" [36] [] "" "" "";
    "truncate" [193] ["truncate64"] "~fd_filestat_set_size" "~wasi:filesystem/types" "~fd_filestat_set_size";
    "umask" [60] [] "" "" "";
    "uname" [122] [] "" "" "";
    "unlink" [10, 40, 301] ["rmdir", "unlinkat"] "path_unlink_file" "wasi:filesystem/types" "path_unlink_file";
    "utimensat" [320] ["_utimes"] "path_filestat_set_times" "wasi:filesystem/types" "path_filestat_set_times";
    "waitpid" [7, 114] ["_waitpid", "wait4"] "" "" "proc_join";
    "write" [4, 146] ["writev"] "fd_write" "wasi:io/streams" "fd_write";
}

/// Stands for system calls that [`SYSTEM_CALLS`] does not list, without equivalents.
pub static UNLISTED: SystemCall =
    SystemCall { name: "unlisted", numbers: &[], also: &[], wasi01: "", wasi02: "", wasix: "" };

/// The role of an import of an Emscripten module; `None` for an import of another ABI.
#[must_use]
pub fn import_kind(import: &Import) -> Option<ImportKind> {
    let name = import.name.as_str();
    if !matches!(import.module.as_str(), "env" | "global" | "global.Math" | "asm2wasm") {
        return None;
    }
    if let Some(number) = name.strip_prefix("___syscall").and_then(|n| n.parse::<u16>().ok()) {
        return Some(ImportKind::System(
            SYSTEM_CALLS.iter().find(|c| c.numbers.contains(&number)).unwrap_or(&UNLISTED),
        ));
    }
    let plain = name.strip_prefix("__syscall_");
    let is = |call: &&SystemCall| match plain {
        Some(plain) => call.name == plain || call.also.contains(&plain),
        // A libc function of the same name, with the underscore of the old ABI or without.
        None => call.also.contains(&name),
    };
    if let Some(call) = SYSTEM_CALLS.iter().find(is) {
        return Some(ImportKind::System(call));
    }
    if plain.is_some() {
        return Some(ImportKind::System(&UNLISTED));
    }
    let function = import.ty.starts_with("func");
    let helper = ["nullFunc_", "invoke_", "_llvm_", "emscripten_", "_emscripten_", "__cxa_", "abort", "enlarge"];
    let helper = helper.iter().any(|prefix| name.starts_with(prefix))
        || ["getTotalMemory", "___setErrNo", "___lock", "___unlock", "___buildEnvironment"].contains(&name)
        || name.contains("TempRet0");
    Some(if function && !helper { ImportKind::Libc } else { ImportKind::Runtime })
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    fn import(name: &str, ty: &str) -> Import {
        Import { module: "env".to_owned(), name: name.to_owned(), ty: ty.to_owned(), functions: Vec::new() }
    }

    #[test]
    fn numbers_and_names_map_to_the_same_call() {
        let name = |import: &Import| match import_kind(import) {
            Some(ImportKind::System(call)) => call.name,
            other => panic!("{import:?}: {other:?}"),
        };
        for (given, expected) in [
            ("___syscall102", "socketcall"),
            ("___syscall5", "open"),
            ("___syscall9", "link"),
            ("__syscall_linkat", "link"),
            ("___syscall296", "mkdir"),
            ("__syscall_fallocate", "fallocate"),
            ("__syscall_pipe2", "pipe"),
            ("__syscall_openat", "open"),
            ("__syscall_accept4", "accept"),
            ("__syscall_socket", "socket"),
            ("_fork", "fork"),
        ] {
            assert_eq!(name(&import(given, "func (i32) -> (i32)")), expected);
        }
        assert_eq!(import_kind(&import("_getpwnam", "func (i32) -> (i32)")), Some(ImportKind::Libc));
        assert_eq!(import_kind(&import("nullFunc_ii", "func (i32) -> ()")), Some(ImportKind::Runtime));
        assert_eq!(import_kind(&import("STACKTOP", "global i32")), Some(ImportKind::Runtime));
        for unlisted in ["___syscall297", "___syscall65535", "__syscall_mincore"] {
            assert_eq!(name(&import(unlisted, "func (i32, i32) -> (i32)")), "unlisted");
        }
        let wasi = Import { module: "wasi_snapshot_preview1".to_owned(), ..import("fd_read", "func") };
        assert_eq!(import_kind(&wasi), None);
    }

    /// A guest that imports another call would be reported without its name and equivalents.
    #[test]
    fn every_system_call_of_the_prebuilt_emscripten_guests_is_listed() {
        let fixtures = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fixtures");
        let mut found = BTreeSet::new();
        for guest in ["cpp-emscripten-standalone-system/system.wasm", "c-emscripten-standalone-tcp-echo/server.wasm"] {
            let facts = crate::outline(&std::fs::read(fixtures.join(guest)).expect(guest)).unwrap();
            for import in &facts.imports {
                if let Some(ImportKind::System(call)) = import_kind(import) {
                    assert_ne!(call, &UNLISTED, "{guest} imports {}", import.name);
                    found.insert(call.name);
                }
            }
        }
        assert!(found.contains("socket") && found.contains("unlink"), "{found:?}");
    }

    #[test]
    fn calls_are_sorted_and_their_names_unique() {
        let mut seen = BTreeSet::new();
        for call in SYSTEM_CALLS {
            for key in call.numbers.iter().map(u16::to_string).chain(call.also.iter().map(|n| (*n).to_owned())) {
                assert!(seen.insert(key.clone()), "{key}");
            }
        }
        assert!(SYSTEM_CALLS.is_sorted_by_key(|c| c.name));
    }

    /// The adapter from WASI 0.1 to 0.2 exports every function of 0.1 and imports interfaces of 0.2.
    #[test]
    fn wasi_equivalents_exist_in_the_adapter() {
        let adapter =
            crate::outline(wasi_preview1_component_adapter_provider::WASI_SNAPSHOT_PREVIEW1_COMMAND_ADAPTER).unwrap();
        let exports: BTreeSet<&str> = adapter.exports.iter().map(|e| e.name.as_str()).collect();
        let imports: BTreeSet<&str> = adapter.imports.iter().filter_map(|i| i.module.split('@').next()).collect();
        // The adapter opens no sockets and resolves no names.
        let sockets = ["wasi:sockets/tcp", "wasi:sockets/tcp-create-socket", "wasi:sockets/ip-name-lookup"];
        for call in SYSTEM_CALLS {
            let old = call.wasi01.trim_start_matches('~');
            assert!(old.is_empty() || exports.contains(old), "{}: {old}", call.name);
            let new = call.wasi02.trim_start_matches('~');
            assert!(new.is_empty() || imports.contains(new) || sockets.contains(&new), "{}: {new}", call.name);
        }
    }
}
