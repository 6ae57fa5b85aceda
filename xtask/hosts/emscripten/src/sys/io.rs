//! Reads and writes descriptors.

use std::io::IoSlice;
use std::sync::Arc;

use rustix::fs::SeekFrom;

use super::network::bind_loopback;
use super::wait::until_ready;
use crate::Errno;
use crate::call::{Answer, Call, Fault};
use crate::descriptors::{Kind, Open};

/// Maximum number of bytes per call. A guest that requests more gets a short count, which programs must expect.
const MAX_TRANSFER: usize = 1 << 20;
/// Maximum number of buffers of one `readv` or `writev`: `IOV_MAX`.
const PIECES: u32 = 1024;

/// Buffers in the guest's memory, `iov_base` 0 and `iov_len` 4 each, together at most [`MAX_TRANSFER`] bytes.
pub fn pieces(call: &Call, at: u32, count: u32) -> Result<Vec<(u32, u32)>, Fault> {
    if count > PIECES {
        return Err(Errno::INVAL.into());
    }
    let (mut pieces, mut left) = (Vec::new(), MAX_TRANSFER as u32);
    for index in 0..count {
        let (base, len) = crate::layout::split(call.bytes(at.wrapping_add(index * 8))?);
        call.check(base, len)?;
        pieces.push((base, len.min(left)));
        left -= len.min(left);
    }
    Ok(pieces)
}

/// The contents of the buffers, concatenated.
pub fn gathered(call: &Call, pieces: &[(u32, u32)]) -> Result<Vec<u8>, Fault> {
    let mut bytes = vec![0; pieces.iter().map(|(_, len)| *len as usize).sum()];
    let mut rest = bytes.as_mut_slice();
    for (at, len) in pieces {
        let (piece, after) = rest.split_at_mut(*len as usize);
        call.guest.read(*at, piece)?;
        rest = after;
    }
    Ok(bytes)
}

/// Writes `bytes` to the buffers.
pub fn scattered(call: &mut Call, pieces: &[(u32, u32)], mut bytes: &[u8]) -> Result<(), Fault> {
    for (at, len) in pieces {
        let (piece, rest) = bytes.split_at(bytes.len().min(*len as usize));
        call.guest.write(*at, piece)?;
        bytes = rest;
    }
    Ok(())
}

/// A single buffer, at most as long as one call may transfer.
fn single(call: &Call, at: u32, len: u32) -> Result<[(u32, u32); 1], Fault> {
    call.check(at, len)?;
    Ok([(at, len.min(MAX_TRANSFER as u32))])
}

/// `read(fd, buffer, size)`.
pub fn read(call: &mut Call) -> Answer {
    let (fd, at, len) = (call.int()?, call.word()?, call.word()?);
    let pieces = single(call, at, len)?;
    read_into(call, fd, &pieces, None)
}

/// `readv(fd, pieces, count)`.
pub fn readv(call: &mut Call) -> Answer {
    let (fd, at, count) = (call.int()?, call.word()?, call.word()?);
    let pieces = pieces(call, at, count)?;
    read_into(call, fd, &pieces, None)
}

/// `pread64(fd, buffer, size, 0, offset)`.
pub fn pread(call: &mut Call) -> Answer {
    let (fd, at, len, _) = (call.int()?, call.word()?, call.word()?, call.int()?);
    let offset = call.pair()?;
    let pieces = single(call, at, len)?;
    read_into(call, fd, &pieces, Some(offset))
}

/// `preadv(fd, pieces, count, offset)`.
pub fn preadv(call: &mut Call) -> Answer {
    let (fd, at, count) = (call.int()?, call.word()?, call.word()?);
    let offset = call.pair()?;
    let pieces = pieces(call, at, count)?;
    read_into(call, fd, &pieces, Some(offset))
}

/// Reads into buffers in the guest's memory.
pub fn read_into(call: &mut Call, fd: i32, pieces: &[(u32, u32)], offset: Option<i64>) -> Answer {
    let open = call.host().descriptors.get(fd)?;
    if open.flags & super::files::flag::ACCESS == 1 {
        return Err(Errno::BADF.into());
    }
    let offset = offset.map(u64::try_from).transpose();
    match (&open.kind, &offset) {
        (Kind::Folder(..), _) => return Err(Errno::ISDIR.into()),
        (Kind::Null, _) => return Ok(0),
        (Kind::Standard(_) | Kind::Socket(..) | Kind::Pipe(_), Ok(Some(_)) | Err(_)) => return Err(Errno::SPIPE.into()),
        _ => {}
    }
    let offset = offset.map_err(|_| Errno::INVAL)?;
    filled(call, pieces, |call, into| read_now(call, &open, into, offset))
}

/// Destination of a read: a single buffer is filled in place, several are filled through a copy because they may
/// overlap.
pub enum Buffer<'a> {
    /// A range of the guest's memory.
    Piece(u32, u32),
    /// A buffer to be copied to the guest.
    Beside(&'a mut [u8]),
}

impl Buffer<'_> {
    /// The bytes to fill.
    pub fn bytes<'b>(&'b mut self, call: &'b mut Call) -> Result<&'b mut [u8], Fault> {
        match self {
            Self::Piece(at, len) => call.piece_mut(*at, *len),
            Self::Beside(bytes) => Ok(bytes),
        }
    }
}

/// Calls `by` to fill the buffers in the guest's memory; returns the number of bytes.
pub fn filled(
    call: &mut Call,
    pieces: &[(u32, u32)],
    by: impl FnOnce(&mut Call, &mut Buffer) -> Result<usize, Fault>,
) -> Answer {
    if let [(at, len)] = pieces {
        return Ok(by(call, &mut Buffer::Piece(*at, *len))? as i64);
    }
    let mut bytes = vec![0; pieces.iter().map(|(_, len)| *len as usize).sum()];
    let got = by(call, &mut Buffer::Beside(&mut bytes))?;
    scattered(call, pieces, &bytes[..got])?;
    Ok(got as i64)
}

fn read_now(call: &mut Call, open: &Arc<Open>, into: &mut Buffer, offset: Option<u64>) -> Result<usize, Fault> {
    if matches!(open.kind, Kind::Random) {
        return Ok(rustix::rand::getrandom(into.bytes(call)?, rustix::rand::GetRandomFlags::empty())?);
    }
    let fd = open.fd().ok_or(Errno::BADF)?;
    let mut turns = 0;
    loop {
        // The host's own streams block by themselves; sockets and pipes never do.
        if matches!(open.kind, Kind::Standard(_)) {
            until_ready(call, open, false, true)?;
        }
        let bytes = into.bytes(call)?;
        let done = match offset {
            Some(offset) => rustix::io::pread(fd, bytes, offset),
            None => rustix::io::read(fd, bytes),
        };
        match done {
            Err(rustix::io::Errno::AGAIN) if open.may_wait(&mut turns) => until_ready(call, open, false, true)?,
            Err(rustix::io::Errno::INTR) => {}
            done => return Ok(done?),
        }
    }
}

/// `write(fd, buffer, size)`.
pub fn write(call: &mut Call) -> Answer {
    let (fd, at, len) = (call.int()?, call.word()?, call.word()?);
    let pieces = single(call, at, len)?;
    write_from(call, fd, &pieces, None)
}

/// `writev(fd, pieces, count)`.
pub fn writev(call: &mut Call) -> Answer {
    let (fd, at, count) = (call.int()?, call.word()?, call.word()?);
    let pieces = pieces(call, at, count)?;
    write_from(call, fd, &pieces, None)
}

/// `pwrite64(fd, buffer, size, 0, offset)`.
pub fn pwrite(call: &mut Call) -> Answer {
    let (fd, at, len, _) = (call.int()?, call.word()?, call.word()?, call.int()?);
    let offset = call.pair()?;
    let pieces = single(call, at, len)?;
    write_from(call, fd, &pieces, Some(offset))
}

/// `pwritev(fd, pieces, count, offset)`.
pub fn pwritev(call: &mut Call) -> Answer {
    let (fd, at, count) = (call.int()?, call.word()?, call.word()?);
    let offset = call.pair()?;
    let pieces = pieces(call, at, count)?;
    write_from(call, fd, &pieces, Some(offset))
}

/// Writes the contents of buffers in the guest's memory.
pub fn write_from(call: &mut Call, fd: i32, pieces: &[(u32, u32)], offset: Option<i64>) -> Answer {
    let open = call.host().descriptors.get(fd)?;
    if open.flags & super::files::flag::ACCESS == 0 {
        return Err(Errno::BADF.into());
    }
    let offset = offset.map(u64::try_from).transpose();
    match (&open.kind, &offset) {
        (Kind::Folder(..), _) => return Err(Errno::BADF.into()),
        (Kind::Null | Kind::Random, _) => return Ok(pieces.iter().map(|(_, len)| i64::from(*len)).sum()),
        (Kind::Standard(_) | Kind::Socket(..) | Kind::Pipe(_), Ok(Some(_)) | Err(_)) => return Err(Errno::SPIPE.into()),
        _ => {}
    }
    let offset = offset.map_err(|_| Errno::INVAL)?;
    bind_loopback(&open)?;
    Ok(write_now(call, &open, pieces, offset)? as i64)
}

/// Slices of the guest's memory.
fn slices<'a>(call: &'a Call, pieces: &[(u32, u32)]) -> Result<Vec<IoSlice<'a>>, Fault> {
    pieces.iter().map(|(at, len)| Ok(IoSlice::new(call.piece(*at, *len)?))).collect()
}

fn write_now(call: &mut Call, open: &Arc<Open>, pieces: &[(u32, u32)], offset: Option<u64>) -> Result<usize, Fault> {
    let fd = open.fd().ok_or(Errno::BADF)?;
    let mut turns = 0;
    loop {
        if matches!(open.kind, Kind::Standard(_)) {
            until_ready(call, open, true, true)?;
        }
        let done = match (pieces, offset) {
            ([(at, len)], Some(offset)) => rustix::io::pwrite(fd, call.piece(*at, *len)?, offset),
            ([(at, len)], None) => rustix::io::write(fd, call.piece(*at, *len)?),
            (_, Some(offset)) => rustix::io::pwritev(fd, &slices(call, pieces)?, offset),
            (_, None) => rustix::io::writev(fd, &slices(call, pieces)?),
        };
        match done {
            Err(rustix::io::Errno::AGAIN) if open.may_wait(&mut turns) => until_ready(call, open, true, true)?,
            Err(rustix::io::Errno::INTR) => {}
            done => return Ok(done?),
        }
    }
}

/// `_llseek(fd, high, low, result, whence)`; the result has the width of the ABI's `off_t`.
pub fn llseek(call: &mut Call) -> Answer {
    let (fd, high, low, at, whence) = (call.int()?, call.int()?, call.word()?, call.word()?, call.int()?);
    // In the old ABI, callers pass 0 as the high word of a negative offset: its `off_t` is the low word.
    let offset = if call.new { i64::from(high) << 32 | i64::from(low) } else { i64::from(low as i32) };
    call.check(at, if call.new { 8 } else { 4 })?;
    let to = seek(call, fd, offset, whence)?;
    if call.new {
        call.guest.write(at, &to.to_le_bytes())?;
    } else {
        call.store(at, u32::try_from(to).map_err(|_| Errno::OVERFLOW)?)?;
    }
    Ok(0)
}

/// Sets a file's position: from its start, the current position, or its end.
pub fn seek(call: &mut Call, fd: i32, offset: i64, whence: i32) -> Result<u64, Fault> {
    let open = call.host().descriptors.get(fd)?;
    match (&open.kind, whence) {
        (Kind::File(file), 0) => {
            let offset = u64::try_from(offset).map_err(|_| Errno::INVAL)?;
            Ok(rustix::fs::seek(file, SeekFrom::Start(offset))?)
        }
        (Kind::File(file), 1) => Ok(rustix::fs::seek(file, SeekFrom::Current(offset))?),
        (Kind::File(file), 2) => Ok(rustix::fs::seek(file, SeekFrom::End(offset))?),
        (Kind::Folder(_, done), 0) => {
            let to = usize::try_from(offset).map_err(|_| Errno::INVAL)?;
            done.store(to, std::sync::atomic::Ordering::Relaxed);
            Ok(to as u64)
        }
        (Kind::File(_) | Kind::Folder(..), _) => Err(Errno::INVAL.into()),
        (Kind::Null | Kind::Random, _) => Ok(0),
        _ => Err(Errno::SPIPE.into()),
    }
}

/// `close(fd)`.
pub fn close(call: &mut Call) -> Answer {
    let fd = call.int()?;
    call.host().descriptors.close(fd)?;
    Ok(0)
}

/// `dup(fd)`.
pub fn dup(call: &mut Call) -> Answer {
    let fd = call.int()?;
    let open = call.host().descriptors.get(fd)?;
    Ok(call.host().descriptors.add(open, 0)?.into())
}

/// `dup2(from, to)`.
pub fn dup2(call: &mut Call) -> Answer {
    let (from, to) = (call.int()?, call.int()?);
    let open = call.host().descriptors.get(from)?;
    Ok(call.host().descriptors.replace(to, open)?.into())
}

/// `dup3(from, to, flags)`.
pub fn dup3(call: &mut Call) -> Answer {
    let (from, to) = (call.int()?, call.int()?);
    if from == to {
        return Err(Errno::INVAL.into());
    }
    let open = call.host().descriptors.get(from)?;
    Ok(call.host().descriptors.replace(to, open)?.into())
}

/// `pipe(fds)`.
pub fn pipe(call: &mut Call) -> Answer {
    let at = call.word()?;
    call.check(at, 8)?;
    call.host().descriptors.room()?;
    let (read, write) = rustix::pipe::pipe_with(rustix::pipe::PipeFlags::NONBLOCK | rustix::pipe::PipeFlags::CLOEXEC)?;
    let end = |fd, flags| Arc::new(Open { flags, ..Open::new(Kind::Pipe(fd)) });
    let first = call.host().descriptors.add(end(read, 0), 0)?;
    let second = match call.host().descriptors.add(end(write, 1), 0) {
        Ok(second) => second,
        Err(full) => {
            call.host().descriptors.close(first)?;
            return Err(full.into());
        }
    };
    call.store(at, first as u32)?;
    call.store(at + 4, second as u32)?;
    Ok(0)
}

/// `ftruncate64(fd, [0,] low, high)`: the old ABI pads to an even argument.
pub fn ftruncate(call: &mut Call) -> Answer {
    let fd = call.int()?;
    if !call.new {
        call.int()?;
    }
    let size = call.pair()?;
    let open = call.host().descriptors.get(fd)?;
    let Kind::File(file) = &open.kind else { return Err(Errno::INVAL.into()) };
    rustix::fs::ftruncate(file, u64::try_from(size).map_err(|_| Errno::INVAL)?)?;
    Ok(0)
}

/// `fsync(fd)` and `fdatasync`.
pub fn fsync(call: &mut Call) -> Answer {
    let fd = call.int()?;
    let open = call.host().descriptors.get(fd)?;
    match &open.kind {
        Kind::File(file) => Ok(rustix::fs::fsync(file).map(|()| 0)?),
        _ => Err(Errno::INVAL.into()),
    }
}

/// `fadvise64_64(fd, …)`: accepted without effect.
pub fn fadvise(call: &mut Call) -> Answer {
    let fd = call.int()?;
    call.host().descriptors.get(fd)?;
    Ok(0)
}
