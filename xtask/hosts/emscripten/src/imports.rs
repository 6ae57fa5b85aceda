//! The imports by module and name: their functions, and how failures are reported.

mod fastcomp;
mod upstream;

use crate::call::{Call, CallError, CallResult};
use crate::sys::{signals, wasi};
use crate::{Errno, Guest, Termination};

type Function = fn(&mut Call) -> CallResult;

/// Maximum depth of nested host calls.
const MAX_DEPTH: u32 = 64;

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
pub struct HostFunction {
    function: Function,
    failure: Failure,
    /// A system call of the fastcomp ABI: its number, then the address of its arguments.
    varargs: bool,
    upstream: bool,
}

impl HostFunction {
    /// Calls the function with the arguments of the import, integers widened. The result is also widened, and is to be
    /// truncated to its type.
    ///
    /// # Errors
    /// Why the guest ends.
    pub fn call(&self, guest: &mut dyn Guest, args: &[i64]) -> Result<i64, Termination> {
        // An allocator that requests memory, or a handler that raises its own signal: each level uses the host's stack.
        if guest.host().depth >= MAX_DEPTH {
            return Err(Termination::Abort(format!("nests calls to the host more than {MAX_DEPTH} deep")));
        }
        guest.host().depth += 1;
        let result = self.dispatch(guest, args);
        guest.host().depth -= 1;
        // Must not be mistaken for a missing entry point, which exists and is running.
        result.map_err(|stop| {
            if let Termination::MissingExport(name) = stop { Termination::MissingRequiredExport(name) } else { stop }
        })
    }

    fn dispatch(&self, guest: &mut dyn Guest, args: &[i64]) -> Result<i64, Termination> {
        let mut call = Call::new(guest, args, self.upstream);
        let outcome = if self.varargs { self.with_varargs(&mut call) } else { (self.function)(&mut call) };
        let result = match outcome {
            Ok(value) => value,
            Err(CallError::Termination(stop)) => return Err(stop),
            Err(CallError::Errno(errno)) => self.report_failure(&mut call, errno)?,
        };
        if call.host().signals.has_pending() {
            ignore_errno(signals::deliver(&mut call))?;
        }
        Ok(result)
    }

    fn with_varargs(&self, call: &mut Call) -> CallResult {
        let (_, at) = (call.int()?, call.word()?);
        (self.function)(&mut call.varargs(at))
    }

    fn report_failure(&self, call: &mut Call, errno: Errno) -> Result<i64, Termination> {
        let number = i64::from(call.number(errno));
        Ok(match self.failure {
            Failure::Negative => -number,
            Failure::Number => number,
            Failure::Errno | Failure::Null => {
                ignore_errno(call.set_errno(errno))?;
                if self.failure == Failure::Errno { -1 } else { 0 }
            }
        })
    }
}

/// Drops an error number that has no recipient, but keeps the end of the guest.
fn ignore_errno<T>(result: Result<T, CallError>) -> Result<(), Termination> {
    match result {
        Err(CallError::Termination(stop)) => Err(stop),
        Ok(_) | Err(CallError::Errno(_)) => Ok(()),
    }
}

/// The function `module`.`name`; `None` if this host does not have it.
#[must_use]
pub fn host_function(module: &str, name: &str) -> Option<HostFunction> {
    match module {
        "env" => fastcomp::host_function(name).or_else(|| upstream::host_function(name)),
        "wasi_snapshot_preview1" => {
            let function = wasi::function(name)?;
            Some(HostFunction { function, failure: Failure::Number, varargs: false, upstream: true })
        }
        _ => None,
    }
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
            assert!(host_function("env", name).is_some(), "env.{name}");
        }
        for name in SYSCALLS.split_whitespace() {
            let found = host_function("env", &format!("__syscall_{name}"));
            assert!(found.is_some_and(|i| i.upstream && i.failure == Failure::Negative), "env.__syscall_{name}");
        }
        for name in WASI.split_whitespace() {
            assert!(host_function("wasi_snapshot_preview1", name).is_some(), "wasi_snapshot_preview1.{name}");
        }
    }

    /// libc of 3.x expects the convention of libc functions: -1 and errno, never a negative number.
    #[test]
    fn sigaction_fails_like_a_libc_function() {
        assert!(host_function("env", "sigaction").is_some_and(|i| i.upstream && i.failure == Failure::Errno));
        assert!(host_function("env", "__syscall_sigaction").is_none());
    }
}
