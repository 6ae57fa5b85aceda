//! The imports of the fastcomp ABI: system calls by number, and what the JavaScript glue provided besides.

use super::{Failure, Function, HostFunction};
use crate::sys::{control, file_tree, files, io, libc, memory, network, process, signals, strftime, time, users, wait};

/// The function `env`.`name` of the fastcomp ABI.
pub fn host_function(name: &str) -> Option<HostFunction> {
    if let Some(number) = name.strip_prefix("___syscall").and_then(|n| n.parse().ok()) {
        let function = descriptor_call(number).or_else(|| path_call(number)).or_else(|| process_call(number))?;
        return Some(HostFunction { function, failure: Failure::Negative, varargs: true, upstream: false });
    }
    let (function, failure) = libc_function(name).or_else(|| runtime_function(name))?;
    Some(HostFunction { function, failure, varargs: false, upstream: false })
}

/// System calls on descriptors, by their numbers on 32-bit x86.
fn descriptor_call(number: u32) -> Option<Function> {
    Some(match number {
        3 => io::read,
        4 => io::write,
        6 => io::close,
        41 => io::dup,
        42 => io::pipe,
        54 => control::ioctl,
        63 => io::dup2,
        94 => file_tree::fchmod,
        102 => network::socketcall,
        118 | 148 => io::fsync,
        140 => io::llseek,
        142 => wait::select,
        145 => io::readv,
        146 => io::writev,
        168 => wait::poll,
        180 => io::pread,
        181 => io::pwrite,
        194 => io::ftruncate,
        197 => files::fstat,
        207 => file_tree::fchown,
        220 => files::getdents,
        221 => control::fcntl,
        272 => io::fadvise,
        330 => io::dup3,
        333 => io::preadv,
        334 => io::pwritev,
        _ => return None,
    })
}

/// System calls on paths, by their numbers on 32-bit x86.
fn path_call(number: u32) -> Option<Function> {
    Some(match number {
        5 => files::open,
        9 => file_tree::link,
        10 => file_tree::unlink,
        12 => file_tree::chdir,
        15 => file_tree::chmod,
        33 => file_tree::access,
        38 => file_tree::rename,
        39 => file_tree::mkdir,
        40 => file_tree::rmdir,
        83 => file_tree::symlink,
        85 => file_tree::readlink,
        183 => file_tree::getcwd,
        195 => files::stat,
        196 => files::lstat,
        198 | 212 => file_tree::chown,
        268 => files::statfs,
        295 => files::openat,
        300 => files::fstatat,
        301 => file_tree::unlinkat,
        302 => file_tree::renameat,
        305 => file_tree::readlinkat,
        307 => file_tree::faccessat,
        320 => file_tree::utimensat,
        _ => return None,
    })
}

/// System calls on the process, its user and its memory, by their numbers on 32-bit x86.
fn process_call(number: u32) -> Option<Function> {
    Some(match number {
        1 => process::exit,
        20 | 57 | 66 | 132 | 147 => process::pid,
        34 | 75 | 97 => process::not_permitted,
        36 => process::nothing,
        60 => process::umask,
        64 => process::parent,
        91 => memory::munmap,
        122 => process::uname,
        191 => process::getrlimit,
        192 => memory::mmap,
        199..=202 => users::id,
        203 | 204 | 213 | 214 => users::set_id,
        340 => process::prlimit,
        _ => return None,
    })
}

/// libc functions provided by the glue.
fn libc_function(name: &str) -> Option<(Function, Failure)> {
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
        "_utimes" => (file_tree::utimes, Errno),
        "_getpwnam" => (users::getpwnam, Null),
        "_getgrnam" => (users::getgrnam, Null),
        "_getgrent" => (users::getgrent, Null),
        "_setgrent" | "_endgrent" | "_sem_init" | "_sem_post" | "_sem_wait" => (process::nothing, Errno),
        "_setgroups" => (users::setgroups, Errno),
        "_fork" => (process::fork, Errno),
        "_execve" => (process::execve, Errno),
        "_waitpid" => (process::waitpid, Errno),
        // C functions with a leading underscore.
        "_exit" => (process::libc_exit, Errno),
        "__exit" => (process::exit, Errno),
        "_abort" | "abort" => (process::abort, Errno),
        "_kill" => (signals::kill, Errno),
        "_raise" => (signals::raise, Errno),
        "_sigaction" => (signals::sigaction, Errno),
        "_sigaddset" => (signals::sigaddset, Errno),
        "_sigemptyset" => (signals::sigemptyset, Errno),
        "_sigprocmask" => (signals::sigprocmask, Errno),
        "_sigsuspend" => (signals::sigsuspend, Errno),
        "_setitimer" => (process::not_implemented, Errno),
        "_getaddrinfo" => (network::getaddrinfo, Errno),
        "_getenv" => (libc::getenv, Null),
        "_getpagesize" => (libc::getpagesize, Errno),
        "_sysconf" => (libc::sysconf, Errno),
        _ => return None,
    })
}

/// Functions that compiled code needs from the glue.
fn runtime_function(name: &str) -> Option<(Function, Failure)> {
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
