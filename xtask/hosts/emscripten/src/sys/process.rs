//! The process: its id, its limits, its end. There is only one, and it cannot start others.

use crate::call::{Call, CallResult};
use crate::descriptors::MAX_DESCRIPTORS;
use crate::{Errno, Termination, layout};

/// The guest's process id, as in Emscripten's own runtime.
pub const PID: i32 = 42;

/// `getpid()`, `getpgid`, `getsid`, and `setsid`, which makes it the leader of its session.
pub fn pid(_: &mut Call) -> CallResult {
    Ok(PID.into())
}

/// `getppid()`.
pub fn parent(_: &mut Call) -> CallResult {
    Ok(1)
}

/// `fork()`: fails as in Emscripten's own runtime.
pub fn fork(_: &mut Call) -> CallResult {
    Err(Errno::AGAIN.into())
}

/// `execve(path, argv, envp)`.
pub fn execve(_: &mut Call) -> CallResult {
    Err(Errno::NOEXEC.into())
}

/// `waitpid(process, status, options)`.
pub fn waitpid(_: &mut Call) -> CallResult {
    Err(Errno::CHILD.into())
}

/// `system(command)`: 0 to the question whether there is a shell, -1 for a command.
pub fn system(call: &mut Call) -> CallResult {
    if call.word()? == 0 { Ok(0) } else { Err(Errno::AGAIN.into()) }
}

/// C's `exit(code)`, which the fastcomp ABI leaves to its glue. Buffered stdio is written first, by the guest's own
/// code.
pub fn libc_exit(call: &mut Call) -> CallResult {
    call.host().flushes = true;
    exit(call)
}

/// `_exit(code)`: immediately.
pub fn exit(call: &mut Call) -> CallResult {
    Err(Termination::Exit(call.int()?).into())
}

/// `abort()`.
pub fn abort(_: &mut Call) -> CallResult {
    Err(Termination::Abort("the guest aborts".to_owned()).into())
}

/// `abortStackOverflow(size)`.
pub fn stack_overflow(call: &mut Call) -> CallResult {
    let size = call.word()?;
    Err(Termination::Abort(format!("the guest's own stack overflows by an allocation of {size} bytes")).into())
}

/// `nullFunc_…(index)`: a call through a function pointer of the wrong type.
pub fn null_function(call: &mut Call) -> CallResult {
    let index = call.word()?;
    Err(Termination::Abort(format!("calls function pointer {index}, which does not have the type of the call")).into())
}

/// `umask(mask)`.
pub fn umask(call: &mut Call) -> CallResult {
    let mask = call.word()? & 0o777;
    Ok(std::mem::replace(&mut call.host().umask, mask).into())
}

/// `uname(buffer)`.
pub fn uname(call: &mut Call) -> CallResult {
    let at = call.word()?;
    call.guest.write(at, &layout::utsname(["Emscripten", "wasm", "1.0", "#1", "wasm32", ""]))?;
    Ok(0)
}

/// The resource "number of open files".
const RLIMIT_NOFILE: u32 = 7;

/// `ugetrlimit(resource, limits)`: two 64-bit numbers.
pub fn getrlimit(call: &mut Call) -> CallResult {
    let (resource, at) = (call.word()?, call.word()?);
    put_limit(call, resource, at)
}

fn put_limit(call: &mut Call, resource: u32, at: u32) -> CallResult {
    if resource > 15 {
        return Err(Errno::INVAL.into());
    }
    let limit = if resource == RLIMIT_NOFILE { MAX_DESCRIPTORS as u64 } else { u64::MAX };
    let mut bytes = [0; 16];
    bytes[..8].copy_from_slice(&limit.to_le_bytes());
    bytes[8..].copy_from_slice(&limit.to_le_bytes());
    call.guest.write(at, &bytes)?;
    Ok(0)
}

/// `prlimit64(process, resource, new, old)`.
pub fn prlimit(call: &mut Call) -> CallResult {
    let (process, resource, new, old) = (call.int()?, call.word()?, call.word()?, call.word()?);
    if process != 0 && process != PID {
        return Err(Errno::SRCH.into());
    }
    if new != 0 {
        return Err(Errno::PERM.into());
    }
    if old == 0 { Ok(0) } else { put_limit(call, resource, old) }
}

/// `setrlimit`, `setpriority`, `setitimer` and others: not permitted.
pub fn not_permitted(_: &mut Call) -> CallResult {
    Err(Errno::PERM.into())
}

/// Not implemented by this host.
pub fn not_implemented(_: &mut Call) -> CallResult {
    Err(Errno::NOSYS.into())
}

/// Does nothing: locks and semaphores of a single-threaded program.
pub fn nothing(_: &mut Call) -> CallResult {
    Ok(0)
}
