//! `fcntl` and `ioctl`.

use std::sync::atomic::Ordering;

use super::files::flag;
use crate::Errno;
use crate::call::{Call, CallResult};

/// `fcntl64(fd, command, argument)`.
pub fn fcntl(call: &mut Call) -> CallResult {
    let (fd, command) = (call.int()?, call.int()?);
    let open = call.host().descriptors.get(fd)?;
    match command {
        // F_DUPFD, also with close-on-exec, which has no effect without exec.
        0 | 1030 => {
            let from = argument(call)?;
            if from >= crate::descriptors::MAX_DESCRIPTORS as i32 {
                return Err(Errno::INVAL.into());
            }
            Ok(call.host().descriptors.add(open, from)?.into())
        }
        // F_GETFD, F_SETFD, F_SETOWN.
        1 | 2 | 8 => Ok(0),
        // F_GETFL.
        3 => Ok((open.flags | if open.is_nonblocking() { flag::NONBLOCK } else { 0 }).into()),
        // F_SETFL.
        4 => {
            let flags = argument(call)?;
            open.nonblocking.store(flags & flag::NONBLOCK != 0, Ordering::Relaxed);
            Ok(0)
        }
        // F_GETLK: no other process holds a lock. `l_type` 0 becomes F_UNLCK.
        5 | 12 => {
            let at = argument(call)? as u32;
            call.guest.write(at, &2_u16.to_le_bytes())?;
            Ok(0)
        }
        // F_SETLK, F_SETLKW: there is one process.
        6 | 7 | 13 | 14 => Ok(0),
        _ => Err(Errno::INVAL.into()),
    }
}

/// `ioctl(fd, request, argument)`.
pub fn ioctl(call: &mut Call) -> CallResult {
    const FIONBIO: u32 = 0x5421;
    const FIOASYNC: u32 = 0x5452;
    const FIONREAD: u32 = 0x541b;
    let (fd, request) = (call.int()?, call.word()?);
    let open = call.host().descriptors.get(fd)?;
    let at = argument(call)? as u32;
    match request {
        FIONBIO => {
            let on = call.load(at)?;
            open.nonblocking.store(on != 0, Ordering::Relaxed);
            Ok(0)
        }
        FIOASYNC => Ok(0),
        FIONREAD => {
            let fd = open.fd().filter(|_| open.can_wait()).ok_or(Errno::NOTTY)?;
            let waiting = rustix::io::ioctl_fionread(fd)?;
            call.store(at, u32::try_from(waiting).unwrap_or(u32::MAX))?;
            Ok(0)
        }
        // No stream of the guest is a terminal.
        _ => Err(Errno::NOTTY.into()),
    }
}

/// The last argument: a value in the fastcomp ABI, in 3.x the address of the variable arguments.
fn argument(call: &mut Call) -> Result<i32, crate::CallError> {
    let value = call.int()?;
    if call.upstream { Ok(call.load(value as u32)? as i32) } else { Ok(value) }
}
