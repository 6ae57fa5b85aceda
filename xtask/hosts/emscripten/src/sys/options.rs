//! Socket options that concern a single connection.

use std::os::fd::BorrowedFd;
use std::time::Duration;

use rustix::net::sockopt;

use crate::Errno;
use crate::call::{Call, CallError, CallResult};

/// Maximum number of seconds that `close` may linger: it waits in the host, where no signal of the guest can end it.
const MAX_LINGER: u32 = 5;

/// `setsockopt(fd, level, option, value, length)`.
pub fn setsockopt(call: &mut Call) -> CallResult {
    let (fd, level, option) = (call.int()?, call.int()?, call.int()?);
    let (at, len) = (call.word()?, call.word()?);
    let open = call.host().descriptors.get(fd)?;
    let socket = open.socket()?;
    if len < 4 {
        return Err(Errno::INVAL.into());
    }
    let value = call.load(at)? as i32;
    let second = if (level, option) == (1, 13) && len >= 8 { call.load(at.wrapping_add(4))? } else { 0 };
    set(socket, level, option, value, second)?;
    Ok(0)
}

fn set(socket: BorrowedFd, level: i32, option: i32, value: i32, second: u32) -> Result<(), CallError> {
    let (on, size) = (value != 0, value.max(0) as usize);
    let seconds = Duration::from_secs(u64::from(value.max(1).unsigned_abs()));
    match (level, option) {
        // SOL_SOCKET.
        (1, 2) => sockopt::set_socket_reuseaddr(socket, on)?,
        (1, 7) => sockopt::set_socket_send_buffer_size(socket, size.min(1 << 22))?,
        (1, 8) => sockopt::set_socket_recv_buffer_size(socket, size.min(1 << 22))?,
        (1, 9) => sockopt::set_socket_keepalive(socket, on)?,
        (1, 13) => sockopt::set_socket_linger(socket, on.then(|| Duration::from_secs(second.min(MAX_LINGER).into())))?,
        (1, 15) => sockopt::set_socket_reuseport(socket, on)?,
        // IPPROTO_TCP.
        (6, 1) => sockopt::set_tcp_nodelay(socket, on)?,
        (6, 3) => sockopt::set_tcp_cork(socket, on)?,
        (6, 4) => sockopt::set_tcp_keepidle(socket, seconds)?,
        (6, 5) => sockopt::set_tcp_keepintvl(socket, seconds)?,
        (6, 6) => sockopt::set_tcp_keepcnt(socket, value.max(1).unsigned_abs())?,
        // IPPROTO_IPV6, IPV6_V6ONLY.
        (41, 26) => sockopt::set_ipv6_v6only(socket, on)?,
        _ => return Err(Errno::NOPROTOOPT.into()),
    }
    Ok(())
}

/// `getsockopt(fd, level, option, value, length)`.
pub fn getsockopt(call: &mut Call) -> CallResult {
    let (fd, level, option) = (call.int()?, call.int()?, call.int()?);
    let (at, length) = (call.word()?, call.word()?);
    let open = call.host().descriptors.get(fd)?;
    let socket = open.socket()?;
    let room = call.load(length)? as usize;
    if room < 4 {
        return Err(Errno::INVAL.into());
    }
    call.check(at, 4)?;
    let value = match (level, option) {
        // Converted to the error number of the guest's libc.
        (1, 4) => match sockopt::socket_error(socket)? {
            Ok(()) => 0,
            Err(errno) => call.number(errno.into()) as u32,
        },
        _ => get(socket, level, option)?,
    };
    call.store(at, value)?;
    call.store(length, 4)?;
    Ok(0)
}

fn get(socket: BorrowedFd, level: i32, option: i32) -> Result<u32, CallError> {
    let size = |size: usize| u32::try_from(size).unwrap_or(u32::MAX);
    Ok(match (level, option) {
        (1, 2) => sockopt::socket_reuseaddr(socket)?.into(),
        (1, 3) => sockopt::socket_type(socket)?.as_raw(),
        (1, 7) => size(sockopt::socket_send_buffer_size(socket)?),
        (1, 8) => size(sockopt::socket_recv_buffer_size(socket)?),
        (1, 9) => sockopt::socket_keepalive(socket)?.into(),
        (1, 15) => sockopt::socket_reuseport(socket)?.into(),
        (1, 30) => sockopt::socket_acceptconn(socket)?.into(),
        (6, 1) => sockopt::tcp_nodelay(socket)?.into(),
        (6, 3) => sockopt::tcp_cork(socket)?.into(),
        (41, 26) => sockopt::ipv6_v6only(socket)?.into(),
        _ => return Err(Errno::NOPROTOOPT.into()),
    })
}
