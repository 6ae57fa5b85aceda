//! The process: its number, its limits, its end. There is one, and it can start no other.

use crate::call::{Answer, Call};
use crate::descriptors::MAX_DESCRIPTORS;
use crate::{Errno, Termination, layout};

/// The guest's process number: Emscripten's runtime has the same.
pub const PID: i32 = 42;

/// `getpid()`, `getpgid`, `getsid`, and `setsid`, which makes it the first of its session.
pub fn pid(_: &mut Call) -> Answer {
    Ok(PID.into())
}

/// `getppid()`.
pub fn parent(_: &mut Call) -> Answer {
    Ok(1)
}

/// `fork()`: Emscripten's runtime says so too.
pub fn fork(_: &mut Call) -> Answer {
    Err(Errno::AGAIN.into())
}

/// `execve(path, argv, envp)`.
pub fn execve(_: &mut Call) -> Answer {
    Err(Errno::NOEXEC.into())
}

/// `waitpid(process, status, options)`.
pub fn waitpid(_: &mut Call) -> Answer {
    Err(Errno::CHILD.into())
}

/// `system(command)`: 0 for "is there a shell", -1 for a command.
pub fn system(call: &mut Call) -> Answer {
    if call.word()? == 0 { Ok(0) } else { Err(Errno::AGAIN.into()) }
}

/// C's `exit(code)`, which the old ABI leaves to its glue: stdio is written before the end, and that is the guest's
/// own code.
pub fn exit_of_c(call: &mut Call) -> Answer {
    call.host().flushes = true;
    exit(call)
}

/// `_exit(code)`: at once.
pub fn exit(call: &mut Call) -> Answer {
    Err(Termination::Exit(call.int()?).into())
}

/// `abort()`.
pub fn abort(_: &mut Call) -> Answer {
    Err(Termination::Abort("the guest aborts".to_owned()).into())
}

/// `abortStackOverflow(size)`.
pub fn stack_overflow(call: &mut Call) -> Answer {
    let size = call.word()?;
    Err(Termination::Abort(format!("the guest's own stack overflows by an allocation of {size} bytes")).into())
}

/// `nullFunc_…(index)`: a call through a pointer of another type.
pub fn null_function(call: &mut Call) -> Answer {
    let index = call.word()?;
    Err(Termination::Abort(format!("calls function pointer {index}, which is none of the type it is called with"))
        .into())
}

/// `umask(mask)`.
pub fn umask(call: &mut Call) -> Answer {
    let mask = call.word()? & 0o777;
    Ok(std::mem::replace(&mut call.host().umask, mask).into())
}

/// `uname(buffer)`.
pub fn uname(call: &mut Call) -> Answer {
    let at = call.word()?;
    call.guest.write(at, &layout::utsname(["Emscripten", "wasm", "1.0", "#1", "wasm32", ""]))?;
    Ok(0)
}

/// `RLIMIT_NOFILE`.
const FILES: u32 = 7;

/// `ugetrlimit(resource, limits)`: two numbers of 64 bits.
pub fn getrlimit(call: &mut Call) -> Answer {
    let (resource, at) = (call.word()?, call.word()?);
    put_limit(call, resource, at)
}

fn put_limit(call: &mut Call, resource: u32, at: u32) -> Answer {
    if resource > 15 {
        return Err(Errno::INVAL.into());
    }
    let limit = if resource == FILES { MAX_DESCRIPTORS as u64 } else { u64::MAX };
    let mut bytes = [0; 16];
    bytes[..8].copy_from_slice(&limit.to_le_bytes());
    bytes[8..].copy_from_slice(&limit.to_le_bytes());
    call.guest.write(at, &bytes)?;
    Ok(0)
}

/// `prlimit64(process, resource, new, old)`.
pub fn prlimit(call: &mut Call) -> Answer {
    let (process, resource, new, old) = (call.int()?, call.word()?, call.word()?, call.word()?);
    if process != 0 && process != PID {
        return Err(Errno::SRCH.into());
    }
    if new != 0 {
        return Err(Errno::PERM.into());
    }
    if old == 0 { Ok(0) } else { put_limit(call, resource, old) }
}

/// `setrlimit`, `setpriority`, `setitimer` and others: it may not.
pub fn not_permitted(_: &mut Call) -> Answer {
    Err(Errno::PERM.into())
}

/// What this host does not have.
pub fn not_there(_: &mut Call) -> Answer {
    Err(Errno::NOSYS.into())
}

/// What is done by doing nothing: locks and semaphores of a program with one thread.
pub fn nothing(_: &mut Call) -> Answer {
    Ok(0)
}
