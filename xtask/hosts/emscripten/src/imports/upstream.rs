//! The imports of the upstream ABI, which standalone modules of Emscripten 3.x have besides WASI: system calls by name.

use super::{Failure, Function, Import};
use crate::sys::{control, files, io, memory, names, network, options, process, signals, transfer, users, wait, wasi};

/// The function `env`.`name` of the upstream ABI.
pub fn import(name: &str) -> Option<Import> {
    let import = |function, failure| Some(Import { function, failure, varargs: false, upstream: true });
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
        name => import(system_call(name.strip_prefix("__syscall_")?)?, Failure::Negative),
    }
}

/// System calls by name.
fn system_call(name: &str) -> Option<Function> {
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
