//! The imports, and the kinds of their arguments where that reaches more than random numbers.
//!
//! One letter per argument: `p` a path, `f` a descriptor, `b` a buffer, `n` a length, `a` a socket address, `k` its
//! length, `l` the address of a length, `v` buffers, `c` their number, `m` a message, `t` a time, `s` a set of
//! descriptors, `q` descriptors to poll, `o` flags of `open`, `w` the address of a mode, `g` a signal, `d` a
//! directory's descriptor, `h` a handler, `.` a small number.

use wasmlab_host_emscripten::host_function;

pub struct Import {
    pub module: &'static str,
    pub name: String,
    pub shape: &'static str,
    pub function: wasmlab_host_emscripten::HostFunction,
    /// A function of the fastcomp ABI, whose arguments are in memory.
    pub varargs: bool,
}

/// Every function of the host.
pub fn imports() -> Vec<Import> {
    let found = |(module, name): (&'static str, String)| {
        let function = host_function(module, &name)?;
        let varargs = name.starts_with("___syscall");
        let plain = if varargs { name.trim_start_matches("___syscall") } else { name.trim_start_matches("__syscall_") };
        let shape =
            SHAPES.iter().find(|(names, _)| names.split(' ').any(|n| n == plain)).map_or("", |(_, shape)| shape);
        Some(Import { module, name, shape, function, varargs })
    };
    crate::names::all().into_iter().filter_map(found).collect()
}

const SHAPES: &[(&str, &str)] = &[
    ("3 4", "fbn"),
    ("5 open", "pow"),
    ("6 41 dup fd_close fd_sync 118 148", "f"),
    ("10 12 40 unlink chdir rmdir", "p"),
    ("9 38 83 rename symlink", "pp"),
    ("15 39 chmod mkdir 33 access", "p."),
    ("36 sched_yield", ""),
    ("42 pipe", "b"),
    ("54 ioctl", "f.b"),
    ("63 dup2", "ff"),
    ("330 dup3", "ff."),
    ("85 readlink", "pbn"),
    ("91", "bn"),
    ("94 fchmod", "f."),
    ("102", ".l"),
    ("122 uname", "b"),
    ("140", "f.nb."),
    ("142 _newselect", "nssst"),
    ("145 146", "fvc"),
    ("168 poll", "qc."),
    ("180 181", "fbn..."),
    ("183 getcwd", "bn"),
    ("191", ".b"),
    ("192", "bn..f."),
    ("194 ftruncate64", "f.n."),
    ("195 196 stat64 lstat64", "pb"),
    ("197 fstat64 fd_fdstat_get", "fb"),
    ("198 212", "p.."),
    ("207", "f.."),
    ("220 getdents64", "fbn"),
    ("221 fcntl64", "f.b"),
    ("268", "pnb"),
    ("295 openat", "dpow"),
    ("300 newfstatat fstatat64", "dpb."),
    ("301 unlinkat", "dp."),
    ("302 renameat", "dpdp"),
    ("305 readlinkat", "dpbn"),
    ("307 faccessat", "dp.."),
    ("320 utimensat", "dpt."),
    ("333 334", "fvc.."),
    ("340", "..bb"),
    ("socket", "..."),
    ("bind connect", "fak"),
    ("listen shutdown", "f."),
    ("accept4", "fbl."),
    ("getsockname getpeername", "fbl"),
    ("sendto", "fbn.ak"),
    ("recvfrom", "fbn.bl"),
    ("sendmsg recvmsg", "fm."),
    ("setsockopt", "f..bn"),
    ("getsockopt", "f..bl"),
    ("socketpair", "...b"),
    ("fd_read fd_write", "fvcb"),
    ("fd_pread fd_pwrite", "fvc.b"),
    ("fd_seek", "f..b"),
    ("args_get environ_get args_sizes_get environ_sizes_get", "bb"),
    ("clock_time_get", "..b"),
    ("random_get getentropy", "bn"),
    ("_sigaction", "ghb"),
    ("_sigaddset", "bg"),
    ("_sigprocmask", ".bb"),
    ("_kill", ".g"),
    ("_raise", "g"),
    ("_utimes", "pt"),
    ("_strftime", "bnpb"),
    ("_gmtime_r _localtime_r", "bb"),
    ("_clock_gettime clock_res_get", ".b"),
    ("_gettimeofday _time _mktime _gmtime _localtime _sigemptyset _sigsuspend ___buildEnvironment", "b"),
    ("_getenv _getpwnam _getgrnam system", "p"),
    ("_getaddrinfo getaddrinfo", "pp.b"),
    ("_emscripten_memcpy_big emscripten_memcpy_big", "bbn"),
];
