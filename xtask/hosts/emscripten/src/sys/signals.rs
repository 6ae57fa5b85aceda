//! Signals: from the host's process to the guest's handlers, never in the other direction.

use std::collections::BTreeMap;
use std::io::{self, Read};
use std::os::unix::net::UnixStream;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use signal_hook::SigId;
use signal_hook::consts::{SIGALRM, SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGUSR1, SIGUSR2, SIGWINCH};

use super::process::PID;
use crate::call::{Call, CallError, CallResult};
use crate::{Errno, Termination};

/// Signals from outside that the guest can handle.
const FORWARDED: [i32; 8] = [SIGHUP, SIGINT, SIGQUIT, SIGUSR1, SIGUSR2, SIGTERM, SIGALRM, SIGWINCH];

/// `SA_SIGINFO`: the handler takes three arguments.
const SIGINFO: u32 = 4;
/// Signals are numbered from 1 to 64.
const MAX_SIGNAL: i32 = 64;
/// Signals that are ignored by default: CHLD, CONT, URG, WINCH.
const IGNORED_BY_DEFAULT: [i32; 4] = [17, 18, 23, 28];

/// `struct sigaction`: `sa_handler` 0, `sa_mask` 4 (128 bytes), `sa_flags` 132, 140 bytes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Action {
    handler: u32,
    mask: u64,
    flags: u32,
}

/// The signals of one guest.
pub struct Signals {
    actions: BTreeMap<i32, Action>,
    blocked: u64,
    pending: u64,
    /// Set by the host's signal handlers.
    arrived: BTreeMap<i32, Arc<AtomicBool>>,
    /// Becomes readable when a signal arrives, so that no wait misses one.
    wake_reader: Arc<UnixStream>,
    wake_writer: UnixStream,
    /// Signal handlers of the host's process for this guest.
    handlers: Vec<SigId>,
}

impl Drop for Signals {
    fn drop(&mut self) {
        for id in self.handlers.drain(..) {
            signal_hook::low_level::unregister(id);
        }
    }
}

impl Signals {
    /// No handlers: the host's process keeps its own behaviour.
    pub fn new() -> io::Result<Self> {
        let (wake_reader, wake_writer) = UnixStream::pair()?;
        wake_reader.set_nonblocking(true)?;
        wake_writer.set_nonblocking(true)?;
        Ok(Self {
            actions: BTreeMap::new(),
            blocked: 0,
            pending: 0,
            arrived: BTreeMap::new(),
            wake_reader: Arc::new(wake_reader),
            wake_writer,
            handlers: Vec::new(),
        })
    }

    /// The descriptor that wakes a waiting guest.
    pub fn wake(&self) -> Arc<UnixStream> {
        self.wake_reader.clone()
    }

    /// Clears the wake-up.
    pub fn drain(&mut self) {
        let mut bytes = [0; 64];
        while matches!((&*self.wake_reader).read(&mut bytes), Ok(1..)) {}
    }

    /// Whether a signal is waiting for its handler.
    pub fn has_pending(&mut self) -> bool {
        for (signal, arrived) in &self.arrived {
            if arrived.load(Ordering::Relaxed) && arrived.swap(false, Ordering::Relaxed) {
                self.pending |= bit(*signal);
            }
        }
        self.pending & !self.blocked != 0
    }

    fn next(&mut self) -> Option<(i32, Action)> {
        if !self.has_pending() {
            return None;
        }
        let signal = (self.pending & !self.blocked).trailing_zeros() as i32 + 1;
        self.pending &= !bit(signal);
        Some((signal, self.actions.get(&signal).copied().unwrap_or_default()))
    }

    /// Starts to handle a signal of the host's process.
    fn register(&mut self, signal: i32) -> io::Result<()> {
        if !FORWARDED.contains(&signal) || self.arrived.contains_key(&signal) {
            return Ok(());
        }
        let arrived = Arc::new(AtomicBool::new(false));
        self.handlers.push(signal_hook::flag::register(signal, arrived.clone())?);
        self.handlers.push(signal_hook::low_level::pipe::register(signal, self.wake_writer.try_clone()?)?);
        self.arrived.insert(signal, arrived);
        Ok(())
    }
}

fn bit(signal: i32) -> u64 {
    1 << ((signal - 1) & 63)
}

fn valid(signal: i32) -> Result<i32, Errno> {
    if (1..=MAX_SIGNAL).contains(&signal) { Ok(signal) } else { Err(Errno::INVAL) }
}

/// Runs the handlers of pending signals; returns whether there were has_pending.
pub fn deliver(call: &mut Call) -> Result<bool, CallError> {
    let mut handled = false;
    while let Some((signal, action)) = call.host().signals.next() {
        match action.handler {
            0 if IGNORED_BY_DEFAULT.contains(&signal) => {}
            0 => return Err(Termination::Exit(128 + signal).into()),
            1 => {}
            handler => {
                handled = true;
                let before = call.host().signals.blocked;
                call.host().signals.blocked |= action.mask | bit(signal);
                let result = run(call, handler, signal, action.flags);
                call.host().signals.blocked = before;
                result?;
            }
        }
    }
    Ok(handled)
}

fn run(call: &mut Call, handler: u32, signal: i32, flags: u32) -> Result<(), CallError> {
    if flags & SIGINFO == 0 {
        call.guest.call("dynCall_vi", &[handler as i32, signal])?;
        return Ok(());
    }
    // A siginfo without a sender: `si_signo` 0, everything else 0. Created when the handler was set.
    let info = call.host().statics.get("siginfo").copied().unwrap_or_default();
    if info != 0 {
        call.store(info, signal as u32)?;
    }
    call.guest.call("dynCall_viii", &[handler as i32, signal, info as i32, 0])?;
    Ok(())
}

/// `sigaction(signal, action, old)`.
pub fn sigaction(call: &mut Call) -> CallResult {
    let (signal, new, old) = (valid(call.int()?)?, call.word()?, call.word()?);
    if old != 0 {
        let action = call.host().signals.actions.get(&signal).copied().unwrap_or_default();
        let mut bytes = [0; 140];
        bytes[..4].copy_from_slice(&action.handler.to_le_bytes());
        bytes[4..12].copy_from_slice(&action.mask.to_le_bytes());
        bytes[132..136].copy_from_slice(&action.flags.to_le_bytes());
        call.guest.write(old, &bytes)?;
    }
    if new == 0 {
        return Ok(0);
    }
    // KILL and STOP have no handler.
    if matches!(signal, 9 | 19) {
        return Err(Errno::INVAL.into());
    }
    let bytes: [u8; 140] = call.bytes(new)?;
    let word = |at: usize| u32::from_le_bytes([bytes[at], bytes[at + 1], bytes[at + 2], bytes[at + 3]]);
    let action = Action { handler: word(0), mask: u64::from(word(8)) << 32 | u64::from(word(4)), flags: word(132) };
    if action.flags & SIGINFO != 0 && !call.host().statics.contains_key("siginfo") {
        let at = call.allocate(128)?;
        call.host().statics.insert("siginfo".to_owned(), at);
    }
    call.host().signals.actions.insert(signal, action);
    if action.handler > 1 {
        call.host().signals.register(signal)?;
    }
    Ok(0)
}

/// `sigemptyset(set)`.
pub fn sigemptyset(call: &mut Call) -> CallResult {
    let at = call.word()?;
    call.guest.write(at, &[0; 128])?;
    Ok(0)
}

/// `sigaddset(set, signal)`.
pub fn sigaddset(call: &mut Call) -> CallResult {
    let (at, signal) = (call.word()?, valid(call.int()?)?);
    let set = u64::from_le_bytes(call.bytes(at)?) | bit(signal);
    call.guest.write(at, &set.to_le_bytes())?;
    Ok(0)
}

/// `sigprocmask(how, set, old)`: 0 blocks, 1 unblocks, 2 sets.
pub fn sigprocmask(call: &mut Call) -> CallResult {
    let (how, new, old) = (call.int()?, call.word()?, call.word()?);
    let before = call.host().signals.blocked;
    if new != 0 {
        let set = u64::from_le_bytes(call.bytes(new)?);
        let after = match how {
            0 => before | set,
            1 => before & !set,
            2 => set,
            _ => return Err(Errno::INVAL.into()),
        };
        call.host().signals.blocked = after;
    }
    if old != 0 {
        call.guest.write(old, &before.to_le_bytes())?;
    }
    Ok(0)
}

/// `sigsuspend(set)`: waits until a signal outside the set arrives.
pub fn sigsuspend(call: &mut Call) -> CallResult {
    let at = call.word()?;
    let set = u64::from_le_bytes(call.bytes(at)?);
    let before = std::mem::replace(&mut call.host().signals.blocked, set);
    let result = super::wait::pause(call, None);
    call.host().signals.blocked = before;
    result?;
    Err(Errno::INTR.into())
}

/// `kill(process, signal)`: to itself only.
pub fn kill(call: &mut Call) -> CallResult {
    let (process, signal) = (call.int()?, call.int()?);
    if !(0..=MAX_SIGNAL).contains(&signal) {
        return Err(Errno::INVAL.into());
    }
    match process {
        PID | 0 => send(call, signal),
        -1 => Err(Errno::PERM.into()),
        _ => Err(Errno::SRCH.into()),
    }
}

/// `raise(signal)`.
pub fn raise(call: &mut Call) -> CallResult {
    let signal = valid(call.int()?)?;
    send(call, signal)
}

/// The handler runs when the call returns.
fn send(call: &mut Call, signal: i32) -> CallResult {
    if signal != 0 {
        call.host().signals.pending |= bit(signal);
    }
    Ok(0)
}

/// 3.x: `__call_sighandler(handler, signal)`: the guest raised the signal itself, in its own libc.
pub fn call_sighandler(call: &mut Call) -> CallResult {
    let (handler, signal) = (call.int()?, call.int()?);
    call.guest.call("dynCall_vi", &[handler, signal])?;
    Ok(0)
}
