//! The imports of the upstream ABI, which standalone modules of Emscripten 3.x have besides WASI: system calls by name.

use super::{Failure, Function, HostFunction};
use crate::sys::{
    control, file_tree, files, io, memory, network, options, process, signals, transfer, users, wait, wasi,
};

/// The function `env`.`name` of the upstream ABI.
pub fn host_function(name: &str) -> Option<HostFunction> {
    let with = |function, failure| Some(HostFunction { function, failure, varargs: false, upstream: true });
    match name {
        "emscripten_memcpy_big" | "_emscripten_memcpy_js" => with(memory::memcpy, Failure::Errno),
        "emscripten_resize_heap" => with(memory::resize_heap, Failure::Errno),
        "emscripten_notify_memory_growth" => with(process::nothing, Failure::Errno),
        "__call_sighandler" => with(signals::call_sighandler, Failure::Errno),
        // Only if the program makes its libc call the host: 3.x keeps handlers within the module.
        "sigaction" => with(signals::sigaction, Failure::Errno),
        "system" => with(process::system, Failure::Errno),
        "getentropy" => with(wasi::random_get, Failure::Errno),
        "getaddrinfo" => with(network::getaddrinfo, Failure::Errno),
        name => with(system_call(name.strip_prefix("__syscall_")?)?, Failure::Negative),
    }
}

/// System calls by name.
fn system_call(name: &str) -> Option<Function> {
    Some(match name {
        "_newselect" => wait::select,
        "accept4" => network::accept4,
        "access" => file_tree::access,
        "bind" => network::bind,
        "chdir" => file_tree::chdir,
        "chmod" => file_tree::chmod,
        "chown32" | "lchown32" => file_tree::chown,
        "connect" => network::connect,
        "dup" => io::dup,
        "dup2" => io::dup2,
        "dup3" => io::dup3,
        "faccessat" => file_tree::faccessat,
        "fchmod" => file_tree::fchmod,
        "fcntl64" => control::fcntl,
        "fstat64" => files::fstat,
        "fstatat64" | "newfstatat" => files::fstatat,
        "ftruncate64" => io::ftruncate,
        "getcwd" => file_tree::getcwd,
        "getdents64" => files::getdents,
        "getpeername" => network::getpeername,
        "getpgid" | "getpid" | "getsid" => process::pid,
        "getsockname" => network::getsockname,
        "getsockopt" => options::getsockopt,
        "getuid32" | "getgid32" | "geteuid32" | "getegid32" => users::id,
        "ioctl" => control::ioctl,
        "listen" => network::listen,
        "lstat64" => files::lstat,
        "mkdir" => file_tree::mkdir,
        "open" => files::open,
        "openat" => files::openat,
        "pipe" => io::pipe,
        "poll" => wait::poll,
        "readlink" => file_tree::readlink,
        "readlinkat" => file_tree::readlinkat,
        "recvfrom" => transfer::recvfrom,
        "recvmsg" => transfer::recvmsg,
        "rename" => file_tree::rename,
        "renameat" => file_tree::renameat,
        "rmdir" => file_tree::rmdir,
        "sendmsg" => transfer::sendmsg,
        "sendto" => transfer::sendto,
        "setsockopt" => options::setsockopt,
        "shutdown" => network::shutdown,
        "socket" => network::socket,
        "socketpair" => network::socketpair,
        "stat64" => files::stat,
        "symlink" => file_tree::symlink,
        "uname" => process::uname,
        "unlink" => file_tree::unlink,
        "unlinkat" => file_tree::unlinkat,
        "utimensat" => file_tree::utimensat,
        _ => return None,
    })
}
