//! Sends and receives on sockets.

use std::sync::Arc;

use rustix::net::{RecvFlags, SendFlags, SocketAddrAny};

use super::io::{MAX_TRANSFER, fill, gather, iovecs};
use super::network::{address_at, bind_loopback, put_address};
use super::wait::{Readiness, until_ready};
use crate::Errno;
use crate::call::{Call, CallError, CallResult};
use crate::descriptors::OpenFile;

const PEEK: i32 = 2;
const DONTWAIT: i32 = 0x40;
/// Out-of-band data and error messages: not supported.
const UNSUPPORTED_FLAGS: i32 = 1 | 0x2000;

/// `send(fd, buffer, size, flags)`.
pub fn send(call: &mut Call) -> CallResult {
    let (fd, at, len, flags) = (call.int()?, call.word()?, call.word()?, call.int()?);
    call.check(at, len)?;
    send_iovecs(call, fd, &[(at, len.min(MAX_TRANSFER))], flags, None)
}

/// `sendto(fd, buffer, size, flags, address, length)`.
pub fn sendto(call: &mut Call) -> CallResult {
    let (fd, at, len, flags) = (call.int()?, call.word()?, call.word()?, call.int()?);
    let (to, to_len) = (call.word()?, call.word()?);
    call.check(at, len)?;
    let to = (to != 0).then_some((to, to_len));
    send_iovecs(call, fd, &[(at, len.min(MAX_TRANSFER))], flags, to)
}

/// `sendmsg(fd, message, flags)`: `msg_name` 0, its length 4, `msg_iov` 8, their number 12, `msg_control` 16, its
/// length 20, `msg_flags` 24.
pub fn sendmsg(call: &mut Call) -> CallResult {
    let (fd, message, flags) = (call.int()?, call.word()?, call.int()?);
    let header = header(call, message)?;
    // It would pass descriptors to other processes.
    if header[5] != 0 {
        return Err(Errno::PERM.into());
    }
    let iovecs = iovecs(call, header[2], header[3])?;
    let to = (header[0] != 0).then_some((header[0], header[1]));
    send_iovecs(call, fd, &iovecs, flags, to)
}

fn header(call: &Call, at: u32) -> Result<[u32; 7], CallError> {
    let bytes: [u8; 28] = call.bytes(at)?;
    let mut fields = [0; 7];
    for (field, bytes) in fields.iter_mut().zip(bytes.chunks_exact(4)) {
        *field = u32::from_le_bytes([bytes[0], bytes[1], bytes[2], bytes[3]]);
    }
    Ok(fields)
}

fn send_iovecs(call: &mut Call, fd: i32, iovecs: &[(u32, u32)], flags: i32, to: Option<(u32, u32)>) -> CallResult {
    let open = call.host().descriptors.get(fd)?;
    open.socket()?;
    if flags & UNSUPPORTED_FLAGS != 0 {
        return Err(Errno::OPNOTSUPP.into());
    }
    let to = match to {
        Some((at, len)) => {
            let address = address_at(call, &open, at, len)?;
            Some(call.host().connectable(address)?)
        }
        None => None,
    };
    bind_loopback(&open)?;
    // A single message, however many buffers: datagrams cannot be reassembled.
    let gathered = if iovecs.len() == 1 { Vec::new() } else { gather(call, iovecs)? };
    let mut attempts = 0;
    loop {
        let bytes = if let [(at, len)] = iovecs { call.slice(*at, *len)? } else { &gathered };
        let result = match &to {
            Some(to) => rustix::net::sendto(open.socket()?, bytes, SendFlags::NOSIGNAL, to),
            None => rustix::net::send(open.socket()?, bytes, SendFlags::NOSIGNAL),
        };
        if let Some(len) = or_wait(call, &open, result, Readiness::Write, flags & DONTWAIT != 0, &mut attempts)? {
            return Ok(len as i64);
        }
    }
}

/// `None` to try again after waiting.
fn or_wait<T>(
    call: &mut Call,
    open: &Arc<OpenFile>,
    result: Result<T, rustix::io::Errno>,
    readiness: Readiness,
    dont_wait: bool,
    attempts: &mut u32,
) -> Result<Option<T>, CallError> {
    match result {
        Ok(value) => Ok(Some(value)),
        Err(rustix::io::Errno::AGAIN) if !dont_wait && open.may_wait(attempts) => {
            until_ready(call, open, readiness)?;
            Ok(None)
        }
        Err(rustix::io::Errno::INTR) => Ok(None),
        Err(other) => Err(other.into()),
    }
}

/// `recv(fd, buffer, size, flags)`.
pub fn recv(call: &mut Call) -> CallResult {
    let (fd, at, len, flags) = (call.int()?, call.word()?, call.word()?, call.int()?);
    call.check(at, len)?;
    Ok(receive_iovecs(call, fd, &[(at, len.min(MAX_TRANSFER))], flags)?.0)
}

/// `recvfrom(fd, buffer, size, flags, address, length)`.
pub fn recvfrom(call: &mut Call) -> CallResult {
    let (fd, at, len, flags) = (call.int()?, call.word()?, call.word()?, call.int()?);
    let (from, from_len) = (call.word()?, call.word()?);
    call.check(at, len)?;
    let (len, address) = receive_iovecs(call, fd, &[(at, len.min(MAX_TRANSFER))], flags)?;
    if from != 0 && address.is_some() {
        put_address(call, from, from_len, address)?;
    }
    Ok(len)
}

/// `recvmsg(fd, message, flags)`.
pub fn recvmsg(call: &mut Call) -> CallResult {
    let (fd, message, flags) = (call.int()?, call.word()?, call.int()?);
    let header = header(call, message)?;
    let iovecs = iovecs(call, header[2], header[3])?;
    let (len, address) = receive_iovecs(call, fd, &iovecs, flags)?;
    if header[0] != 0 && address.is_some() {
        put_address(call, header[0], message.wrapping_add(4), address)?;
    }
    call.store(message.wrapping_add(20), 0)?;
    call.store(message.wrapping_add(24), 0)?;
    Ok(len)
}

fn receive_iovecs(
    call: &mut Call,
    fd: i32,
    iovecs: &[(u32, u32)],
    flags: i32,
) -> Result<(i64, Option<SocketAddrAny>), CallError> {
    let open = call.host().descriptors.get(fd)?;
    open.socket()?;
    if flags & UNSUPPORTED_FLAGS != 0 {
        return Err(Errno::OPNOTSUPP.into());
    }
    let peek = if flags & PEEK != 0 { RecvFlags::PEEK } else { RecvFlags::empty() };
    let mut peer = None;
    let mut attempts = 0;
    let len = fill(call, iovecs, |call, into| {
        loop {
            let result = rustix::net::recvfrom(open.socket()?, into.bytes(call)?, peek);
            if let Some((len, _, address)) =
                or_wait(call, &open, result, Readiness::Read, flags & DONTWAIT != 0, &mut attempts)?
            {
                peer = address;
                return Ok(len);
            }
        }
    })?;
    Ok((len, peer))
}
