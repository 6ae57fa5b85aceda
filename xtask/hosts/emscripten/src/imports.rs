//! The imports by module and name: their functions, and how failures are reported.

use crate::call::{Answer, Call, Fault};
use crate::sys::{
    control, files, io, libc, memory, names, network, options, process, signals, strftime, time, transfer, users, wait,
    wasi,
};
use crate::{Errno, Guest, Termination};

type Function = fn(&mut Call) -> Answer;

/// Maximum depth of nested host calls.
const NESTED: u32 = 64;

/// How a failure is reported to the guest.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Failure {
    /// A negative error number: system calls.
    Negative,
    /// -1 and `errno`: libc functions.
    Errno,
    /// 0 and `errno`: libc functions that return a pointer or a length.
    Null,
    /// The error number itself: WASI.
    Number,
}

/// A host function that a guest can import.
#[derive(Clone, Copy)]
pub struct Import {
    function: Function,
    failure: Failure,
    /// A system call of the old ABI: its number, then the address of its arguments.
    varargs: bool,
    new: bool,
}

impl Import {
    /// Calls the function with the arguments of the import, integers widened. The result is also widened, and is to be
    /// truncated to its type.
    ///
    /// # Errors
    /// Why the guest ends.
    pub fn call(&self, guest: &mut dyn Guest, args: &[i64]) -> Result<i64, Termination> {
        // An allocator that requests memory, or a handler that raises its own signal: each level uses the host's stack.
        if guest.host().depth >= NESTED {
            return Err(Termination::Abort(format!("calls the host from within {NESTED} calls of the host's")));
        }
        guest.host().depth += 1;
        let done = self.nested(guest, args);
        guest.host().depth -= 1;
        // Must not be mistaken for a missing entry point, which exists and is running.
        done.map_err(|stop| {
            if let Termination::MissingExport(name) = stop { Termination::MissingRequiredExport(name) } else { stop }
        })
    }

    fn nested(&self, guest: &mut dyn Guest, args: &[i64]) -> Result<i64, Termination> {
        let mut call = Call::new(guest, args, self.new);
        let answer = if self.varargs { self.with_varargs(&mut call) } else { (self.function)(&mut call) };
        let result = match answer {
            Ok(value) => value,
            Err(Fault::Termination(stop)) => return Err(stop),
            Err(Fault::Errno(errno)) => self.failed(&mut call, errno)?,
        };
        if call.host().signals.any() {
            settle(signals::deliver(&mut call))?;
        }
        Ok(result)
    }

    fn with_varargs(&self, call: &mut Call) -> Answer {
        let (_, at) = (call.int()?, call.word()?);
        (self.function)(&mut call.varargs(at))
    }

    fn failed(&self, call: &mut Call, errno: Errno) -> Result<i64, Termination> {
        let number = i64::from(call.number(errno));
        Ok(match self.failure {
            Failure::Negative => -number,
            Failure::Number => number,
            Failure::Errno | Failure::Null => {
                settle(call.set_errno(errno))?;
                if self.failure == Failure::Errno { -1 } else { 0 }
            }
        })
    }
}

/// Drops an error number that has no recipient, but keeps the end of the guest.
fn settle<T>(done: Result<T, Fault>) -> Result<(), Termination> {
    match done {
        Err(Fault::Termination(stop)) => Err(stop),
        Ok(_) | Err(Fault::Errno(_)) => Ok(()),
    }
}

/// Whether a module with these imports uses one of the ABIs of this host. It then also gets WASI from this host,
/// because both share one table of descriptors.
pub fn speaks<'a>(imports: impl IntoIterator<Item = (&'a str, &'a str)>) -> bool {
    imports.into_iter().any(|(module, name)| module == "env" && (old(name).is_some() || new(name).is_some()))
}

/// The function `module`.`name`; `None` if this host does not have it.
#[must_use]
pub fn import(module: &str, name: &str) -> Option<Import> {
    match module {
        "env" => old(name).or_else(|| new(name)),
        "wasi_snapshot_preview1" => {
            let function = wasi::function(name)?;
            Some(Import { function, failure: Failure::Number, varargs: false, new: true })
        }
        _ => None,
    }
}

fn old(name: &str) -> Option<Import> {
    if let Some(number) = name.strip_prefix("___syscall").and_then(|n| n.parse().ok()) {
        let function = numbered(number)?;
        return Some(Import { function, failure: Failure::Negative, varargs: true, new: false });
    }
    let (function, failure) = of_libc(name).or_else(|| of_runtime(name))?;
    Some(Import { function, failure, varargs: false, new: false })
}

/// System calls by their numbers on 32-bit x86.
fn numbered(number: u32) -> Option<Function> {
    Some(match number {
        1 => process::exit,
        3 => io::read,
        4 => io::write,
        5 => files::open,
        6 => io::close,
        9 => names::link,
        10 => names::unlink,
        12 => names::chdir,
        15 => names::chmod,
        20 | 57 | 66 | 132 | 147 => process::pid,
        33 => names::access,
        34 | 75 | 97 => process::not_permitted,
        36 => process::nothing,
        38 => names::rename,
        39 => names::mkdir,
        40 => names::rmdir,
        41 => io::dup,
        42 => io::pipe,
        54 => control::ioctl,
        60 => process::umask,
        63 => io::dup2,
        64 => process::parent,
        83 => names::symlink,
        85 => names::readlink,
        91 => memory::munmap,
        94 => names::fchmod,
        102 => network::socketcall,
        118 | 148 => io::fsync,
        122 => process::uname,
        140 => io::llseek,
        142 => wait::select,
        145 => io::readv,
        146 => io::writev,
        168 => wait::poll,
        180 => io::pread,
        181 => io::pwrite,
        183 => names::getcwd,
        191 => process::getrlimit,
        192 => memory::mmap,
        194 => io::ftruncate,
        195 => files::stat,
        196 => files::lstat,
        197 => files::fstat,
        198 | 212 => names::chown,
        199..=202 => users::id,
        203 | 204 | 213 | 214 => users::set_id,
        207 => names::fchown,
        220 => files::getdents,
        221 => control::fcntl,
        268 => files::statfs,
        272 => io::fadvise,
        295 => files::openat,
        300 => files::fstatat,
        301 => names::unlinkat,
        302 => names::renameat,
        305 => names::readlinkat,
        307 => names::faccessat,
        320 => names::utimensat,
        330 => io::dup3,
        333 => io::preadv,
        334 => io::pwritev,
        340 => process::prlimit,
        _ => return None,
    })
}

/// libc functions provided by the old ABI's glue.
fn of_libc(name: &str) -> Option<(Function, Failure)> {
    use Failure::{Errno, Null};
    Some(match name {
        "_clock_gettime" => (time::clock_gettime, Errno),
        "_gettimeofday" => (time::gettimeofday, Errno),
        "_time" => (time::time, Errno),
        "_usleep" => (time::usleep, Errno),
        "_sched_yield" => (time::sched_yield, Errno),
        "_gmtime_r" | "_localtime_r" => (time::gmtime_r, Null),
        "_gmtime" | "_localtime" => (time::gmtime, Null),
        "_mktime" => (time::mktime, Errno),
        "_strftime" => (strftime::strftime, Null),
        "_utimes" => (names::utimes, Errno),
        "_getpwnam" => (users::getpwnam, Null),
        "_getgrnam" => (users::getgrnam, Null),
        "_getgrent" => (users::getgrent, Null),
        "_setgrent" | "_endgrent" | "_sem_init" | "_sem_post" | "_sem_wait" => (process::nothing, Errno),
        "_setgroups" => (users::setgroups, Errno),
        "_fork" => (process::fork, Errno),
        "_execve" => (process::execve, Errno),
        "_waitpid" => (process::waitpid, Errno),
        // C functions with a leading underscore.
        "_exit" => (process::exit_of_c, Errno),
        "__exit" => (process::exit, Errno),
        "_abort" | "abort" => (process::abort, Errno),
        "_kill" => (signals::kill, Errno),
        "_raise" => (signals::raise, Errno),
        "_sigaction" => (signals::sigaction, Errno),
        "_sigaddset" => (signals::sigaddset, Errno),
        "_sigemptyset" => (signals::sigemptyset, Errno),
        "_sigprocmask" => (signals::sigprocmask, Errno),
        "_sigsuspend" => (signals::sigsuspend, Errno),
        "_setitimer" => (process::not_there, Errno),
        "_getaddrinfo" => (network::getaddrinfo, Errno),
        "_getenv" => (libc::getenv, Null),
        "_getpagesize" => (libc::getpagesize, Errno),
        "_sysconf" => (libc::sysconf, Errno),
        _ => return None,
    })
}

/// Functions that compiled code of the old ABI needs from its glue.
fn of_runtime(name: &str) -> Option<(Function, Failure)> {
    use Failure::Errno;
    Some(match name {
        "enlargeMemory" => (memory::enlarge, Errno),
        "getTotalMemory" => (memory::total, Errno),
        "abortOnCannotGrowMemory" => (memory::cannot_grow, Errno),
        "abortStackOverflow" => (process::stack_overflow, Errno),
        "___buildEnvironment" => (libc::build_environment, Errno),
        "___lock" | "___unlock" => (process::nothing, Errno),
        "___setErrNo" => (libc::set_errno, Errno),
        "_emscripten_memcpy_big" => (memory::memcpy, Errno),
        "_llvm_stacksave" => (memory::stacksave, Errno),
        "_llvm_stackrestore" => (memory::stackrestore, Errno),
        name if name.starts_with("nullFunc_") => (process::null_function, Errno),
        _ => return None,
    })
}

/// Imports of standalone modules of Emscripten 3.x, besides WASI.
fn new(name: &str) -> Option<Import> {
    let import = |function, failure| Some(Import { function, failure, varargs: false, new: true });
    match name {
        "emscripten_memcpy_big" | "_emscripten_memcpy_js" => import(memory::memcpy, Failure::Errno),
        "emscripten_resize_heap" => import(memory::resize_heap, Failure::Errno),
        "emscripten_notify_memory_growth" => import(process::nothing, Failure::Errno),
        "__call_sighandler" => import(signals::call_sighandler, Failure::Errno),
        // Only if the program makes its libc call the host: 3.x keeps handlers within the module.
        "sigaction" => import(signals::sigaction, Failure::Errno),
        "system" => import(process::system, Failure::Errno),
        "getentropy" => import(wasi::random_get, Failure::Errno),
        "getaddrinfo" => import(network::getaddrinfo, Failure::Errno),
        name => import(named(name.strip_prefix("__syscall_")?)?, Failure::Negative),
    }
}

/// System calls of 3.x by name.
fn named(name: &str) -> Option<Function> {
    Some(match name {
        "_newselect" => wait::select,
        "accept4" => network::accept4,
        "access" => names::access,
        "bind" => network::bind,
        "chdir" => names::chdir,
        "chmod" => names::chmod,
        "chown32" | "lchown32" => names::chown,
        "connect" => network::connect,
        "dup" => io::dup,
        "dup2" => io::dup2,
        "dup3" => io::dup3,
        "faccessat" => names::faccessat,
        "fchmod" => names::fchmod,
        "fcntl64" => control::fcntl,
        "fstat64" => files::fstat,
        "fstatat64" | "newfstatat" => files::fstatat,
        "ftruncate64" => io::ftruncate,
        "getcwd" => names::getcwd,
        "getdents64" => files::getdents,
        "getpeername" => network::getpeername,
        "getpgid" | "getpid" | "getsid" => process::pid,
        "getsockname" => network::getsockname,
        "getsockopt" => options::getsockopt,
        "getuid32" | "getgid32" | "geteuid32" | "getegid32" => users::id,
        "ioctl" => control::ioctl,
        "listen" => network::listen,
        "lstat64" => files::lstat,
        "mkdir" => names::mkdir,
        "open" => files::open,
        "openat" => files::openat,
        "pipe" => io::pipe,
        "poll" => wait::poll,
        "readlink" => names::readlink,
        "readlinkat" => names::readlinkat,
        "recvfrom" => transfer::recvfrom,
        "recvmsg" => transfer::recvmsg,
        "rename" => names::rename,
        "renameat" => names::renameat,
        "rmdir" => names::rmdir,
        "sendmsg" => transfer::sendmsg,
        "sendto" => transfer::sendto,
        "setsockopt" => options::setsockopt,
        "shutdown" => network::shutdown,
        "socket" => network::socket,
        "socketpair" => network::socketpair,
        "stat64" => files::stat,
        "symlink" => names::symlink,
        "uname" => process::uname,
        "unlink" => names::unlink,
        "unlinkat" => names::unlinkat,
        "utimensat" => names::utimensat,
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The imports of nginx 1.28 built standalone by Emscripten 3.1.6 (`scenarios/nginx-source`).
    const ENV: &str = "__call_sighandler emscripten_notify_memory_growth getaddrinfo sigaction";
    const SYSCALLS: &str = "accept4 bind chdir chmod chown32 connect dup3 fcntl64 fstat64 fstatat64 getcwd getdents64 \
        geteuid32 getsockname getsockopt getuid32 ioctl listen lstat64 mkdir open poll readlink recvfrom recvmsg \
        rename sendmsg sendto setsockopt shutdown socket stat64 unlink";
    const WASI: &str = "args_get args_sizes_get clock_time_get environ_get environ_sizes_get fd_close fd_fdstat_get \
        fd_pread fd_pwrite fd_read fd_write proc_exit";

    #[test]
    fn every_import_of_nginx_1_28_is_defined() {
        for name in ENV.split_whitespace() {
            assert!(import("env", name).is_some(), "env.{name}");
        }
        for name in SYSCALLS.split_whitespace() {
            let found = import("env", &format!("__syscall_{name}"));
            assert!(found.is_some_and(|i| i.new && i.failure == Failure::Negative), "env.__syscall_{name}");
        }
        for name in WASI.split_whitespace() {
            assert!(import("wasi_snapshot_preview1", name).is_some(), "wasi_snapshot_preview1.{name}");
        }
    }

    /// libc of 3.x expects the convention of libc functions: -1 and errno, never a negative number.
    #[test]
    fn sigaction_fails_like_a_libc_function() {
        assert!(import("env", "sigaction").is_some_and(|i| i.new && i.failure == Failure::Errno));
        assert!(import("env", "__syscall_sigaction").is_none());
    }
}
