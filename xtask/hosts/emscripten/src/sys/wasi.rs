//! The part of WASI 0.1 that standalone modules of Emscripten 3.x use in addition to `env.__syscall_…`. Both share one
//! table of descriptors, so that a socket of one can be read through the other.

use super::{files, io, time};
use crate::Termination;
use crate::call::{Call, CallError, CallResult};
use crate::descriptors::DescriptorKind;

/// The function with this name.
pub fn function(name: &str) -> Option<fn(&mut Call) -> CallResult> {
    Some(match name {
        "args_get" => args_get,
        "args_sizes_get" => args_sizes_get,
        "environ_get" => environ_get,
        "environ_sizes_get" => environ_sizes_get,
        "clock_time_get" => clock_time_get,
        "clock_res_get" => clock_res_get,
        "fd_close" => io::close,
        "fd_fdstat_get" => fd_fdstat_get,
        "fd_pread" => fd_pread,
        "fd_pwrite" => fd_pwrite,
        "fd_read" => fd_read,
        "fd_seek" => fd_seek,
        "fd_sync" => io::fsync,
        "fd_write" => fd_write,
        "proc_exit" => proc_exit,
        "random_get" => random_get,
        "sched_yield" => time::sched_yield,
        _ => return None,
    })
}

fn put_list(call: &mut Call, texts: &[String]) -> CallResult {
    let (list, mut at) = (call.word()?, call.word()?);
    for (index, text) in (0..).zip(texts) {
        call.store(list.wrapping_add(index * 4), at)?;
        call.guest.write(at, text.as_bytes())?;
        at = at.wrapping_add(text.len() as u32);
        call.guest.write(at, &[0])?;
        at = at.wrapping_add(1);
    }
    Ok(0)
}

fn put_sizes(call: &mut Call, texts: &[String]) -> CallResult {
    let (count, size) = (call.word()?, call.word()?);
    call.store(count, texts.len() as u32)?;
    call.store(size, texts.iter().map(|t| t.len() as u32 + 1).sum())?;
    Ok(0)
}

fn environment(call: &mut Call) -> Vec<String> {
    call.host().env.iter().map(|(name, value)| format!("{name}={value}")).collect()
}

fn args_get(call: &mut Call) -> CallResult {
    let args = call.host().args.clone();
    put_list(call, &args)
}

fn args_sizes_get(call: &mut Call) -> CallResult {
    let args = call.host().args.clone();
    put_sizes(call, &args)
}

fn environ_get(call: &mut Call) -> CallResult {
    let list = environment(call);
    put_list(call, &list)
}

fn environ_sizes_get(call: &mut Call) -> CallResult {
    let list = environment(call);
    put_sizes(call, &list)
}

fn clock_time_get(call: &mut Call) -> CallResult {
    let (clock, _, at) = (call.int()?, call.long()?, call.word()?);
    let now = time::now(call, clock)?;
    let nanos = now.seconds as u64 * 1_000_000_000 + u64::from(now.nanos);
    call.guest.write(at, &nanos.to_le_bytes())?;
    Ok(0)
}

fn clock_res_get(call: &mut Call) -> CallResult {
    let (clock, at) = (call.int()?, call.word()?);
    time::now(call, clock)?;
    call.guest.write(at, &1_000_u64.to_le_bytes())?;
    Ok(0)
}

/// `fdstat`: `fs_filetype` 0, `fs_flags` 2, rights 8 and 16.
fn fd_fdstat_get(call: &mut Call) -> CallResult {
    let (fd, at) = (call.int()?, call.word()?);
    let open = call.host().descriptors.get(fd)?;
    let kind = match &open.kind {
        DescriptorKind::Standard(_) | DescriptorKind::Null | DescriptorKind::Random => 2,
        DescriptorKind::Folder(..) => 3,
        DescriptorKind::File(_) => 4,
        DescriptorKind::Socket(..) => 6,
        DescriptorKind::Pipe(_) => 0,
    };
    let append = u8::from(open.flags & files::flag::APPEND != 0);
    let mut bytes = [0xff; 24];
    bytes[..8].copy_from_slice(&[kind, 0, append | u8::from(open.is_nonblocking()) << 2, 0, 0, 0, 0, 0]);
    call.guest.write(at, &bytes)?;
    Ok(0)
}

fn fd_read(call: &mut Call) -> CallResult {
    let (fd, at, count, result) = (call.int()?, call.word()?, call.word()?, call.word()?);
    transfer(call, at, count, result, |call, iovecs| io::read_into(call, fd, iovecs, None))
}

fn fd_write(call: &mut Call) -> CallResult {
    let (fd, at, count, result) = (call.int()?, call.word()?, call.word()?, call.word()?);
    transfer(call, at, count, result, |call, iovecs| io::write_from(call, fd, iovecs, None))
}

fn fd_pread(call: &mut Call) -> CallResult {
    let (fd, at, count, offset, result) = (call.int()?, call.word()?, call.word()?, call.long()?, call.word()?);
    transfer(call, at, count, result, |call, iovecs| io::read_into(call, fd, iovecs, Some(offset)))
}

fn fd_pwrite(call: &mut Call) -> CallResult {
    let (fd, at, count, offset, result) = (call.int()?, call.word()?, call.word()?, call.long()?, call.word()?);
    transfer(call, at, count, result, |call, iovecs| io::write_from(call, fd, iovecs, Some(offset)))
}

type Iovecs = [(u32, u32)];

fn transfer(
    call: &mut Call,
    at: u32,
    count: u32,
    result: u32,
    by: impl Fn(&mut Call, &Iovecs) -> CallResult,
) -> CallResult {
    let iovecs = io::iovecs(call, at, count)?;
    call.check(result, 4)?;
    let len = by(call, &iovecs)?;
    call.store(result, len as u32)?;
    Ok(0)
}

fn fd_seek(call: &mut Call) -> CallResult {
    let (fd, offset, whence, at) = (call.int()?, call.long()?, call.int()?, call.word()?);
    call.check(at, 8)?;
    let position = io::seek(call, fd, offset, whence)?;
    call.guest.write(at, &position.to_le_bytes())?;
    Ok(0)
}

fn proc_exit(call: &mut Call) -> CallResult {
    Err(CallError::Termination(Termination::Exit(call.int()?)))
}

/// `random_get(buffer, length)`, used by libc's `getentropy`.
pub fn random_get(call: &mut Call) -> CallResult {
    let (at, len) = (call.word()?, call.word()?);
    let mut rest = call.slice_mut(at, len)?;
    while !rest.is_empty() {
        let len = rustix::rand::getrandom(&mut *rest, rustix::rand::GetRandomFlags::empty())?;
        rest = &mut rest[len..];
    }
    Ok(0)
}
