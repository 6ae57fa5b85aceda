//! Reads and writes descriptors.

use std::io::IoSlice;
use std::sync::Arc;

use rustix::fs::SeekFrom;

use super::network::bind_loopback;
use super::wait::{Readiness, until_ready};
use crate::Errno;
use crate::call::{Call, CallError, CallResult};
use crate::descriptors::{DescriptorKind, OpenFile};

/// Maximum number of bytes per call. A guest that requests more gets a short count, which programs must expect.
pub const MAX_TRANSFER: u32 = 1 << 20;
/// Maximum number of buffers of one `readv` or `writev`.
const IOV_MAX: u32 = 1024;

/// Buffers in the guest's memory, `iov_base` 0 and `iov_len` 4 each, together at most [`MAX_TRANSFER`] bytes.
pub fn iovecs(call: &Call, at: u32, count: u32) -> Result<Vec<(u32, u32)>, CallError> {
    if count > IOV_MAX {
        return Err(Errno::INVAL.into());
    }
    let (mut iovecs, mut left) = (Vec::new(), MAX_TRANSFER);
    for index in 0..count {
        let (base, len) = crate::layout::split(call.bytes(at.wrapping_add(index * 8))?);
        call.check(base, len)?;
        iovecs.push((base, len.min(left)));
        left -= len.min(left);
    }
    Ok(iovecs)
}

/// The contents of the buffers, concatenated.
pub fn gather(call: &Call, iovecs: &[(u32, u32)]) -> Result<Vec<u8>, CallError> {
    let mut bytes = vec![0; iovecs.iter().map(|(_, len)| *len as usize).sum()];
    let mut rest = bytes.as_mut_slice();
    for (at, len) in iovecs {
        let (buffer, after) = rest.split_at_mut(*len as usize);
        call.guest.read(*at, buffer)?;
        rest = after;
    }
    Ok(bytes)
}

/// Writes `bytes` to the buffers.
pub fn scatter(call: &mut Call, iovecs: &[(u32, u32)], mut bytes: &[u8]) -> Result<(), CallError> {
    for (at, len) in iovecs {
        let (buffer, rest) = bytes.split_at(bytes.len().min(*len as usize));
        call.guest.write(*at, buffer)?;
        bytes = rest;
    }
    Ok(())
}

/// A single buffer, at most as long as one call may transfer.
fn single(call: &Call, at: u32, len: u32) -> Result<[(u32, u32); 1], CallError> {
    call.check(at, len)?;
    Ok([(at, len.min(MAX_TRANSFER))])
}

/// `read(fd, buffer, size)`.
pub fn read(call: &mut Call) -> CallResult {
    let (fd, at, len) = (call.int()?, call.word()?, call.word()?);
    let iovecs = single(call, at, len)?;
    read_into(call, fd, &iovecs, None)
}

/// `readv(fd, iovecs, count)`.
pub fn readv(call: &mut Call) -> CallResult {
    let (fd, at, count) = (call.int()?, call.word()?, call.word()?);
    let iovecs = iovecs(call, at, count)?;
    read_into(call, fd, &iovecs, None)
}

/// `pread64(fd, buffer, size, 0, offset)`.
pub fn pread(call: &mut Call) -> CallResult {
    let (fd, at, len, _) = (call.int()?, call.word()?, call.word()?, call.int()?);
    let offset = call.pair()?;
    let iovecs = single(call, at, len)?;
    read_into(call, fd, &iovecs, Some(offset))
}

/// `preadv(fd, iovecs, count, offset)`.
pub fn preadv(call: &mut Call) -> CallResult {
    let (fd, at, count) = (call.int()?, call.word()?, call.word()?);
    let offset = call.pair()?;
    let iovecs = iovecs(call, at, count)?;
    read_into(call, fd, &iovecs, Some(offset))
}

/// Reads into buffers in the guest's memory.
pub fn read_into(call: &mut Call, fd: i32, iovecs: &[(u32, u32)], offset: Option<i64>) -> CallResult {
    let open = call.host().descriptors.get(fd)?;
    if open.flags & super::files::flag::ACCESS == 1 {
        return Err(Errno::BADF.into());
    }
    let offset = offset.map(u64::try_from).transpose();
    match (&open.kind, &offset) {
        (DescriptorKind::Folder(..), _) => return Err(Errno::ISDIR.into()),
        (DescriptorKind::Null, _) => return Ok(0),
        (DescriptorKind::Standard(_) | DescriptorKind::Socket(..) | DescriptorKind::Pipe(_), Ok(Some(_)) | Err(_)) => {
            return Err(Errno::SPIPE.into());
        }
        _ => {}
    }
    let offset = offset.map_err(|_| Errno::INVAL)?;
    fill(call, iovecs, |call, buffer| read_now(call, &open, buffer, offset))
}

/// Destination of a read: a single buffer is filled in place, several are filled through a copy because they may
/// overlap.
pub enum Buffer<'a> {
    /// A range of the guest's memory: its address and length.
    InGuest(u32, u32),
    /// A buffer of the host, to be copied to the guest.
    InHost(&'a mut [u8]),
}

impl Buffer<'_> {
    /// The bytes to fill.
    pub fn bytes<'b>(&'b mut self, call: &'b mut Call) -> Result<&'b mut [u8], CallError> {
        match self {
            Self::InGuest(at, len) => call.slice_mut(*at, *len),
            Self::InHost(bytes) => Ok(bytes),
        }
    }
}

/// Calls `read` to fill the buffers in the guest's memory; returns the number of bytes.
pub fn fill(
    call: &mut Call,
    iovecs: &[(u32, u32)],
    read: impl FnOnce(&mut Call, &mut Buffer) -> Result<usize, CallError>,
) -> CallResult {
    if let [(at, len)] = iovecs {
        return Ok(read(call, &mut Buffer::InGuest(*at, *len))? as i64);
    }
    let mut bytes = vec![0; iovecs.iter().map(|(_, len)| *len as usize).sum()];
    let len = read(call, &mut Buffer::InHost(&mut bytes))?;
    scatter(call, iovecs, &bytes[..len])?;
    Ok(len as i64)
}

fn read_now(
    call: &mut Call,
    open: &Arc<OpenFile>,
    buffer: &mut Buffer,
    offset: Option<u64>,
) -> Result<usize, CallError> {
    if matches!(open.kind, DescriptorKind::Random) {
        return Ok(rustix::rand::getrandom(buffer.bytes(call)?, rustix::rand::GetRandomFlags::empty())?);
    }
    let fd = open.fd().ok_or(Errno::BADF)?;
    let mut attempts = 0;
    loop {
        // The host's own streams block by themselves; sockets and pipes never do.
        if matches!(open.kind, DescriptorKind::Standard(_)) {
            until_ready(call, open, Readiness::Read)?;
        }
        let bytes = buffer.bytes(call)?;
        let result = match offset {
            Some(offset) => rustix::io::pread(fd, bytes, offset),
            None => rustix::io::read(fd, bytes),
        };
        match result {
            Err(rustix::io::Errno::AGAIN) if open.may_wait(&mut attempts) => until_ready(call, open, Readiness::Read)?,
            Err(rustix::io::Errno::INTR) => {}
            result => return Ok(result?),
        }
    }
}

/// `write(fd, buffer, size)`.
pub fn write(call: &mut Call) -> CallResult {
    let (fd, at, len) = (call.int()?, call.word()?, call.word()?);
    let iovecs = single(call, at, len)?;
    write_from(call, fd, &iovecs, None)
}

/// `writev(fd, iovecs, count)`.
pub fn writev(call: &mut Call) -> CallResult {
    let (fd, at, count) = (call.int()?, call.word()?, call.word()?);
    let iovecs = iovecs(call, at, count)?;
    write_from(call, fd, &iovecs, None)
}

/// `pwrite64(fd, buffer, size, 0, offset)`.
pub fn pwrite(call: &mut Call) -> CallResult {
    let (fd, at, len, _) = (call.int()?, call.word()?, call.word()?, call.int()?);
    let offset = call.pair()?;
    let iovecs = single(call, at, len)?;
    write_from(call, fd, &iovecs, Some(offset))
}

/// `pwritev(fd, iovecs, count, offset)`.
pub fn pwritev(call: &mut Call) -> CallResult {
    let (fd, at, count) = (call.int()?, call.word()?, call.word()?);
    let offset = call.pair()?;
    let iovecs = iovecs(call, at, count)?;
    write_from(call, fd, &iovecs, Some(offset))
}

/// Writes the contents of buffers in the guest's memory.
pub fn write_from(call: &mut Call, fd: i32, iovecs: &[(u32, u32)], offset: Option<i64>) -> CallResult {
    let open = call.host().descriptors.get(fd)?;
    if open.flags & super::files::flag::ACCESS == 0 {
        return Err(Errno::BADF.into());
    }
    let offset = offset.map(u64::try_from).transpose();
    match (&open.kind, &offset) {
        (DescriptorKind::Folder(..), _) => return Err(Errno::BADF.into()),
        (DescriptorKind::Null | DescriptorKind::Random, _) => {
            return Ok(iovecs.iter().map(|(_, len)| i64::from(*len)).sum());
        }
        (DescriptorKind::Standard(_) | DescriptorKind::Socket(..) | DescriptorKind::Pipe(_), Ok(Some(_)) | Err(_)) => {
            return Err(Errno::SPIPE.into());
        }
        _ => {}
    }
    let offset = offset.map_err(|_| Errno::INVAL)?;
    bind_loopback(&open)?;
    Ok(write_now(call, &open, iovecs, offset)? as i64)
}

/// The buffers as slices of the guest's memory.
fn io_slices<'a>(call: &'a Call, iovecs: &[(u32, u32)]) -> Result<Vec<IoSlice<'a>>, CallError> {
    iovecs.iter().map(|(at, len)| Ok(IoSlice::new(call.slice(*at, *len)?))).collect()
}

fn write_now(
    call: &mut Call,
    open: &Arc<OpenFile>,
    iovecs: &[(u32, u32)],
    offset: Option<u64>,
) -> Result<usize, CallError> {
    let fd = open.fd().ok_or(Errno::BADF)?;
    let mut attempts = 0;
    loop {
        if matches!(open.kind, DescriptorKind::Standard(_)) {
            until_ready(call, open, Readiness::Write)?;
        }
        let result = match (iovecs, offset) {
            ([(at, len)], Some(offset)) => rustix::io::pwrite(fd, call.slice(*at, *len)?, offset),
            ([(at, len)], None) => rustix::io::write(fd, call.slice(*at, *len)?),
            (_, Some(offset)) => rustix::io::pwritev(fd, &io_slices(call, iovecs)?, offset),
            (_, None) => rustix::io::writev(fd, &io_slices(call, iovecs)?),
        };
        match result {
            Err(rustix::io::Errno::AGAIN) if open.may_wait(&mut attempts) => until_ready(call, open, Readiness::Write)?,
            Err(rustix::io::Errno::INTR) => {}
            result => return Ok(result?),
        }
    }
}

/// `_llseek(fd, high, low, result, whence)`; the result has the width of the ABI's `off_t`.
pub fn llseek(call: &mut Call) -> CallResult {
    let (fd, high, low, at, whence) = (call.int()?, call.int()?, call.word()?, call.word()?, call.int()?);
    // In the fastcomp ABI, callers pass 0 as the high word of a negative offset: its `off_t` is the low word.
    let offset = if call.upstream { i64::from(high) << 32 | i64::from(low) } else { i64::from(low as i32) };
    call.check(at, if call.upstream { 8 } else { 4 })?;
    let position = seek(call, fd, offset, whence)?;
    if call.upstream {
        call.guest.write(at, &position.to_le_bytes())?;
    } else {
        call.store(at, u32::try_from(position).map_err(|_| Errno::OVERFLOW)?)?;
    }
    Ok(0)
}

/// Sets a file's position: from its start, the current position, or its end.
pub fn seek(call: &mut Call, fd: i32, offset: i64, whence: i32) -> Result<u64, CallError> {
    let open = call.host().descriptors.get(fd)?;
    match (&open.kind, whence) {
        (DescriptorKind::File(file), 0) => {
            let offset = u64::try_from(offset).map_err(|_| Errno::INVAL)?;
            Ok(rustix::fs::seek(file, SeekFrom::Start(offset))?)
        }
        (DescriptorKind::File(file), 1) => Ok(rustix::fs::seek(file, SeekFrom::Current(offset))?),
        (DescriptorKind::File(file), 2) => Ok(rustix::fs::seek(file, SeekFrom::End(offset))?),
        (DescriptorKind::Folder(_, position), 0) => {
            let start = usize::try_from(offset).map_err(|_| Errno::INVAL)?;
            position.store(start, std::sync::atomic::Ordering::Relaxed);
            Ok(start as u64)
        }
        (DescriptorKind::File(_) | DescriptorKind::Folder(..), _) => Err(Errno::INVAL.into()),
        (DescriptorKind::Null | DescriptorKind::Random, _) => Ok(0),
        _ => Err(Errno::SPIPE.into()),
    }
}

/// `close(fd)`.
pub fn close(call: &mut Call) -> CallResult {
    let fd = call.int()?;
    call.host().descriptors.close(fd)?;
    Ok(0)
}

/// `dup(fd)`.
pub fn dup(call: &mut Call) -> CallResult {
    let fd = call.int()?;
    let open = call.host().descriptors.get(fd)?;
    Ok(call.host().descriptors.add(open, 0)?.into())
}

/// `dup2(from, to)`.
pub fn dup2(call: &mut Call) -> CallResult {
    let (from, to) = (call.int()?, call.int()?);
    let open = call.host().descriptors.get(from)?;
    Ok(call.host().descriptors.replace(to, open)?.into())
}

/// `dup3(from, to, flags)`.
pub fn dup3(call: &mut Call) -> CallResult {
    let (from, to) = (call.int()?, call.int()?);
    if from == to {
        return Err(Errno::INVAL.into());
    }
    let open = call.host().descriptors.get(from)?;
    Ok(call.host().descriptors.replace(to, open)?.into())
}

/// `pipe(fds)`.
pub fn pipe(call: &mut Call) -> CallResult {
    let at = call.word()?;
    call.check(at, 8)?;
    call.host().descriptors.check_capacity()?;
    let (read, write) = rustix::pipe::pipe_with(rustix::pipe::PipeFlags::NONBLOCK | rustix::pipe::PipeFlags::CLOEXEC)?;
    let end = |fd, flags| Arc::new(OpenFile { flags, ..OpenFile::new(DescriptorKind::Pipe(fd)) });
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

/// `ftruncate64(fd, [0,] low, high)`: the fastcomp ABI pads to an even argument.
pub fn ftruncate(call: &mut Call) -> CallResult {
    let fd = call.int()?;
    if !call.upstream {
        call.int()?;
    }
    let size = call.pair()?;
    let open = call.host().descriptors.get(fd)?;
    let DescriptorKind::File(file) = &open.kind else { return Err(Errno::INVAL.into()) };
    rustix::fs::ftruncate(file, u64::try_from(size).map_err(|_| Errno::INVAL)?)?;
    Ok(0)
}

/// `fsync(fd)` and `fdatasync`.
pub fn fsync(call: &mut Call) -> CallResult {
    let fd = call.int()?;
    let open = call.host().descriptors.get(fd)?;
    match &open.kind {
        DescriptorKind::File(file) => Ok(rustix::fs::fsync(file).map(|()| 0)?),
        _ => Err(Errno::INVAL.into()),
    }
}

/// `fadvise64_64(fd, …)`: accepted without effect.
pub fn fadvise(call: &mut Call) -> CallResult {
    let fd = call.int()?;
    call.host().descriptors.get(fd)?;
    Ok(0)
}
