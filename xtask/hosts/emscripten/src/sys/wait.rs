//! Waiting: `poll`, `select`, and blocking calls. A signal with a handler ends every wait.

use std::os::fd::BorrowedFd;
use std::os::unix::net::UnixStream;
use std::sync::Arc;
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, Timespec as HostTimespec, poll as host_poll};

use super::signals;
use crate::Errno;
use crate::call::{Call, CallError, CallResult};
use crate::descriptors::{MAX_DESCRIPTORS, OpenFile};
use crate::layout::{FD_SET, Timespec};

/// Bits of `poll`, the same on almost every Linux.
const IN: u16 = 1;
const OUT: u16 = 4;
const ERR: u16 = 8;
const HUP: u16 = 16;
const NVAL: u16 = 32;

/// A descriptor to wait for, like `struct pollfd`.
struct PollEntry {
    open: Option<Arc<OpenFile>>,
    events: u16,
    revents: u16,
}

/// What a blocking call waits for.
#[derive(Clone, Copy)]
pub enum Readiness {
    /// The descriptor can be read.
    Read,
    /// The descriptor can be written.
    Write,
}

/// Waits until `open` can be read or written without blocking, if the guest lets the call block.
pub fn until_ready(call: &mut Call, open: &Arc<OpenFile>, readiness: Readiness) -> Result<(), CallError> {
    if !open.can_wait() {
        return Ok(());
    }
    let limit = open.is_nonblocking().then_some(Duration::ZERO);
    let events = match readiness {
        Readiness::Read => IN,
        Readiness::Write => OUT,
    };
    let mut entries = [PollEntry { open: Some(open.clone()), events, revents: 0 }];
    wait(call, &mut entries, limit)?;
    if entries[0].revents == 0 { Err(Errno::AGAIN.into()) } else { Ok(()) }
}

/// Waits for a time, or until a signal.
pub fn pause(call: &mut Call, limit: Option<Duration>) -> Result<(), CallError> {
    wait(call, &mut [], limit)
}

/// Waits until a descriptor is ready, the time is up (`None`: no limit), or a signal arrived, whose handler has then
/// run.
fn wait(call: &mut Call, entries: &mut [PollEntry], limit: Option<Duration>) -> Result<(), CallError> {
    let limit = limit.into_iter().chain(call.host().max_wait).min();
    let deadline = limit.and_then(|limit| Instant::now().checked_add(limit));
    loop {
        if signals::deliver(call)? {
            return Err(Errno::INTR.into());
        }
        let left = deadline.map(|d| d.saturating_duration_since(Instant::now()));
        let wake = call.host().signals.wake();
        if poll_once(entries, &wake, left)? {
            return Ok(());
        }
        call.host().signals.drain();
        if left.is_some_and(|left| left.is_zero()) {
            return Ok(());
        }
    }
}

/// One `poll` of the host; returns whether a descriptor is ready.
fn poll_once(entries: &mut [PollEntry], wake: &UnixStream, left: Option<Duration>) -> Result<bool, Errno> {
    let mut ready = false;
    for entry in entries.iter_mut() {
        entry.revents = match &entry.open {
            None => NVAL,
            // A file is always ready, as on Linux.
            Some(open) if !open.can_wait() => entry.events & (IN | OUT),
            Some(_) => 0,
        };
        ready |= entry.revents != 0;
    }
    let (indices, fds): (Vec<usize>, Vec<(BorrowedFd, u16)>) = entries
        .iter()
        .enumerate()
        .filter_map(|(index, entry)| {
            let open = entry.open.as_ref().filter(|open| open.can_wait())?;
            Some((index, (open.fd()?, entry.events)))
        })
        .unzip();
    let mut polled: Vec<PollFd> =
        fds.iter().map(|(fd, events)| PollFd::from_borrowed_fd(*fd, host_events(*events))).collect();
    polled.push(PollFd::new(wake, PollFlags::IN));
    let left = if ready { Some(Duration::ZERO) } else { left };
    let left = left.map(|d| HostTimespec {
        tv_sec: i64::try_from(d.as_secs()).unwrap_or(i64::MAX),
        tv_nsec: d.subsec_nanos().into(),
    });
    match host_poll(&mut polled, left.as_ref()) {
        Ok(_) => {}
        // A signal that the host also notices through `wake`.
        Err(rustix::io::Errno::INTR) => return Ok(false),
        Err(other) => return Err(other.into()),
    }
    let revents: Vec<u16> = polled[..indices.len()].iter().map(|p| guest_events(p.revents())).collect();
    drop(polled);
    drop(fds);
    for (index, revents) in indices.into_iter().zip(revents) {
        entries[index].revents = revents;
        ready |= revents != 0;
    }
    Ok(ready)
}

fn host_events(events: u16) -> PollFlags {
    let mut flags = PollFlags::empty();
    // POLLRDNORM and POLLWRNORM are equivalent for sockets and files.
    flags.set(PollFlags::IN, events & (IN | 0x40) != 0);
    flags.set(PollFlags::OUT, events & (OUT | 0x100) != 0);
    flags.set(PollFlags::PRI, events & 2 != 0);
    flags.set(PollFlags::RDHUP, events & 0x2000 != 0);
    flags
}

fn guest_events(flags: PollFlags) -> u16 {
    let bit = |flag, value| if flags.contains(flag) { value } else { 0 };
    bit(PollFlags::IN, IN)
        | bit(PollFlags::OUT, OUT)
        | bit(PollFlags::PRI, 2)
        | bit(PollFlags::ERR, ERR)
        | bit(PollFlags::HUP, HUP)
        | bit(PollFlags::NVAL, NVAL)
        | bit(PollFlags::RDHUP, 0x2000)
}

/// `poll(fds, count, milliseconds)`: `fd` 0, `events` 4, `revents` 6.
pub fn poll(call: &mut Call) -> CallResult {
    let (at, count, ms) = (call.word()?, call.word()?, call.int()?);
    if count as usize > MAX_DESCRIPTORS {
        return Err(Errno::INVAL.into());
    }
    call.check(at, count * 8)?;
    let mut polled = Vec::new();
    let mut ignored = Vec::new();
    for index in 0..count {
        let bytes: [u8; 8] = call.bytes(at + index * 8)?;
        let fd = i32::from_le_bytes([bytes[0], bytes[1], bytes[2], bytes[3]]);
        let events = u16::from_le_bytes([bytes[4], bytes[5]]);
        if fd < 0 {
            ignored.push(index);
            continue;
        }
        let open = call.host().descriptors.get(fd).ok();
        polled.push((index, PollEntry { open, events, revents: 0 }));
    }
    let limit = u64::try_from(ms).ok().map(Duration::from_millis);
    let (indices, mut entries): (Vec<u32>, Vec<PollEntry>) = polled.into_iter().unzip();
    wait(call, &mut entries, limit)?;
    for index in ignored {
        call.guest.write(at + index * 8 + 6, &[0, 0])?;
    }
    let mut ready = 0;
    for (index, entry) in indices.into_iter().zip(&entries) {
        ready += i64::from(entry.revents != 0);
        call.guest.write(at + index * 8 + 6, &entry.revents.to_le_bytes())?;
    }
    Ok(ready)
}

/// `_newselect(count, read, write, except, timeval)`.
pub fn select(call: &mut Call) -> CallResult {
    let count = call.word()? as usize;
    if count > FD_SET * 8 {
        return Err(Errno::INVAL.into());
    }
    let addresses = [call.word()?, call.word()?, call.word()?];
    let timeout = call.word()?;
    let limit = if timeout == 0 {
        None
    } else {
        let timeout = Timespec::from_timeval(call.bytes(timeout)?)?;
        Some(Duration::new(timeout.seconds.unsigned_abs(), timeout.nanos))
    };
    // Complete words, as the kernel reads and writes them.
    let len = count.div_ceil(32) * 4;
    let mut sets = [[0; FD_SET]; 3];
    for (set, at) in sets.iter_mut().zip(addresses).filter(|(_, at)| *at != 0) {
        call.guest.read(at, &mut set[..len])?;
    }
    let (mut fds, mut entries) = (Vec::new(), Vec::new());
    for fd in 0..count {
        let has = |set: &[u8; FD_SET]| set[fd / 8] >> (fd % 8) & 1 == 1;
        let events = if has(&sets[0]) { IN } else { 0 }
            | if has(&sets[1]) { OUT } else { 0 }
            | if has(&sets[2]) { 2 } else { 0 };
        if events != 0 {
            let open = Some(call.host().descriptors.get(fd as i32)?);
            fds.push(fd);
            entries.push(PollEntry { open, events, revents: 0 });
        }
    }
    wait(call, &mut entries, limit)?;
    let mut out = [[0; FD_SET]; 3];
    let mut ready = 0;
    for (fd, entry) in fds.into_iter().zip(&entries) {
        for (set, requested, bits) in [(0, IN, IN | HUP | ERR), (1, OUT, OUT | ERR), (2, 2, 2)] {
            if entry.events & requested != 0 && entry.revents & bits != 0 {
                out[set][fd / 8] |= 1 << (fd % 8);
                ready += 1;
            }
        }
    }
    for (set, at) in out.iter().zip(addresses).filter(|(_, at)| *at != 0) {
        call.guest.write(at, &set[..len])?;
    }
    Ok(ready)
}
