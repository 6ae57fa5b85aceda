//! Sends and receives on sockets.

use std::sync::Arc;

use rustix::net::{RecvFlags, SendFlags, SocketAddrAny};

use super::io::{filled, gathered, pieces};
use super::network::{address_at, bind_loopback, put_address};
use super::wait::until_ready;
use crate::Errno;
use crate::call::{Answer, Call, Fault};
use crate::descriptors::Open;

const PEEK: i32 = 2;
const DONTWAIT: i32 = 0x40;
/// Out-of-band data and error messages: not supported.
const REFUSED: i32 = 1 | 0x2000;
const MAX_TRANSFER: u32 = 1 << 20;

/// `send(fd, buffer, size, flags)`.
pub fn send(call: &mut Call) -> Answer {
    let (fd, at, len, flags) = (call.int()?, call.word()?, call.word()?, call.int()?);
    call.check(at, len)?;
    sent(call, fd, &[(at, len.min(MAX_TRANSFER))], flags, None)
}

/// `sendto(fd, buffer, size, flags, address, length)`.
pub fn sendto(call: &mut Call) -> Answer {
    let (fd, at, len, flags) = (call.int()?, call.word()?, call.word()?, call.int()?);
    let (to, to_len) = (call.word()?, call.word()?);
    call.check(at, len)?;
    let to = (to != 0).then_some((to, to_len));
    sent(call, fd, &[(at, len.min(MAX_TRANSFER))], flags, to)
}

/// `sendmsg(fd, message, flags)`: `msg_name` 0, its length 4, `msg_iov` 8, their number 12, `msg_control` 16, its
/// length 20, `msg_flags` 24.
pub fn sendmsg(call: &mut Call) -> Answer {
    let (fd, message, flags) = (call.int()?, call.word()?, call.int()?);
    let header = header(call, message)?;
    // It would pass descriptors to other processes.
    if header[5] != 0 {
        return Err(Errno::PERM.into());
    }
    let pieces = pieces(call, header[2], header[3])?;
    let to = (header[0] != 0).then_some((header[0], header[1]));
    sent(call, fd, &pieces, flags, to)
}

fn header(call: &Call, at: u32) -> Result<[u32; 7], Fault> {
    let bytes: [u8; 28] = call.bytes(at)?;
    let mut words = [0; 7];
    for (word, bytes) in words.iter_mut().zip(bytes.chunks_exact(4)) {
        *word = u32::from_le_bytes([bytes[0], bytes[1], bytes[2], bytes[3]]);
    }
    Ok(words)
}

fn sent(call: &mut Call, fd: i32, pieces: &[(u32, u32)], flags: i32, to: Option<(u32, u32)>) -> Answer {
    let open = call.host().descriptors.get(fd)?;
    open.socket()?;
    if flags & REFUSED != 0 {
        return Err(Errno::OPNOTSUPP.into());
    }
    let to = match to {
        Some((at, len)) => {
            let address = address_at(call, &open, at, len)?;
            Some(call.host().reachable(address)?)
        }
        None => None,
    };
    bind_loopback(&open)?;
    // A single message, however many buffers: datagrams cannot be reassembled.
    let gathered = if pieces.len() == 1 { Vec::new() } else { gathered(call, pieces)? };
    let mut turns = 0;
    loop {
        let bytes = if let [(at, len)] = pieces { call.piece(*at, *len)? } else { &gathered };
        let done = match &to {
            Some(to) => rustix::net::sendto(open.socket()?, bytes, SendFlags::NOSIGNAL, to),
            None => rustix::net::send(open.socket()?, bytes, SendFlags::NOSIGNAL),
        };
        if let Some(sent) = or_wait(call, &open, done, true, flags & DONTWAIT != 0, &mut turns)? {
            return Ok(sent as i64);
        }
    }
}

/// `None` to try again after waiting.
fn or_wait<T>(
    call: &mut Call,
    open: &Arc<Open>,
    done: Result<T, rustix::io::Errno>,
    write: bool,
    impatient: bool,
    turns: &mut u32,
) -> Result<Option<T>, Fault> {
    match done {
        Ok(done) => Ok(Some(done)),
        Err(rustix::io::Errno::AGAIN) if !impatient && open.may_wait(turns) => {
            until_ready(call, open, write, true)?;
            Ok(None)
        }
        Err(rustix::io::Errno::INTR) => Ok(None),
        Err(other) => Err(other.into()),
    }
}

/// `recv(fd, buffer, size, flags)`.
pub fn recv(call: &mut Call) -> Answer {
    let (fd, at, len, flags) = (call.int()?, call.word()?, call.word()?, call.int()?);
    call.check(at, len)?;
    Ok(received(call, fd, &[(at, len.min(MAX_TRANSFER))], flags)?.0)
}

/// `recvfrom(fd, buffer, size, flags, address, length)`.
pub fn recvfrom(call: &mut Call) -> Answer {
    let (fd, at, len, flags) = (call.int()?, call.word()?, call.word()?, call.int()?);
    let (from, from_len) = (call.word()?, call.word()?);
    call.check(at, len)?;
    let (got, address) = received(call, fd, &[(at, len.min(MAX_TRANSFER))], flags)?;
    if from != 0 && address.is_some() {
        put_address(call, from, from_len, address)?;
    }
    Ok(got)
}

/// `recvmsg(fd, message, flags)`.
pub fn recvmsg(call: &mut Call) -> Answer {
    let (fd, message, flags) = (call.int()?, call.word()?, call.int()?);
    let header = header(call, message)?;
    let pieces = pieces(call, header[2], header[3])?;
    let (got, address) = received(call, fd, &pieces, flags)?;
    if header[0] != 0 && address.is_some() {
        put_address(call, header[0], message.wrapping_add(4), address)?;
    }
    call.store(message.wrapping_add(20), 0)?;
    call.store(message.wrapping_add(24), 0)?;
    Ok(got)
}

fn received(
    call: &mut Call,
    fd: i32,
    pieces: &[(u32, u32)],
    flags: i32,
) -> Result<(i64, Option<SocketAddrAny>), Fault> {
    let open = call.host().descriptors.get(fd)?;
    open.socket()?;
    if flags & REFUSED != 0 {
        return Err(Errno::OPNOTSUPP.into());
    }
    let peek = if flags & PEEK != 0 { RecvFlags::PEEK } else { RecvFlags::empty() };
    let mut peer = None;
    let mut turns = 0;
    let got = filled(call, pieces, |call, into| {
        loop {
            let done = rustix::net::recvfrom(open.socket()?, into.bytes(call)?, peek);
            if let Some((got, _, address)) = or_wait(call, &open, done, false, flags & DONTWAIT != 0, &mut turns)? {
                peer = address;
                return Ok(got);
            }
        }
    })?;
    Ok((got, peer))
}
