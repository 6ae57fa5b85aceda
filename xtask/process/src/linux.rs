//! Supervision on Linux: a pidfd, non-blocking pipes and one `poll` per child.

use std::collections::BTreeSet;
use std::io::{self, Read, Write};
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::process::CommandExt;
use std::process::{Child, ChildStderr, ChildStdin, ChildStdout, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc;
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::process::{
    Pid, PidfdFlags, Resource, Rlimit, Signal, WaitId, WaitIdOptions, kill_process_group, pidfd_open, waitid,
};

use super::deadline::{self, extended_limit, net_time};
use super::descendants::{self, MARK};
use super::namespace;
use super::running::Shared;
use super::sandbox;
use super::system_calls;
use super::{Command, CompletedProcess, ExitReason, Input, ReportPipe, Running, StopSignal, Watch, cancelled};

/// How often limits other than time are checked.
const TICK: Duration = Duration::from_millis(20);
/// The first checks come sooner: many children end before the first regular tick, and memory is only known by sampling.
const FIRST_TICKS: [Duration; 3] = [Duration::from_millis(1), Duration::from_millis(3), Duration::from_millis(8)];
/// How often the time waiting for a processor is read, which takes reading many files.
const CPU_WAIT_INTERVAL: Duration = Duration::from_millis(200);

static NEXT_MARK: AtomicU64 = AtomicU64::new(1);

/// Starts the child in its supervising thread, because the parent-death signal is tied to that thread.
pub fn start(command: &Command, watch: Option<Watch>) -> io::Result<Running> {
    descendants::become_subreaper();
    let shared = Arc::new(Shared::default());
    if let Input::Bytes(bytes) = &command.stdin {
        let mut state = shared.lock();
        state.stdin.clone_from(bytes);
        state.stdin_ends = true;
    }
    let (tell, told) = mpsc::sync_channel(1);
    let (thread_shared, thread_command) = (Arc::clone(&shared), command.clone());
    let thread = std::thread::Builder::new().name("supervisor".to_owned()).spawn(move || {
        match Supervisor::start(&thread_command, Arc::clone(&thread_shared), watch) {
            Ok(supervisor) => {
                let _ = tell.send(Ok(()));
                let ended = supervisor.supervise();
                thread_shared.lock().ended = Some(ended);
                thread_shared.changed.notify_all();
            }
            Err(error) => {
                let _ = tell.send(Err(error));
            }
        }
    })?;
    match told.recv() {
        Ok(Ok(())) => Ok(Running::new(shared, thread)),
        Ok(Err(error)) => {
            let _ = thread.join();
            Err(error)
        }
        Err(_) => Err(io::Error::other("the supervisor thread panicked")),
    }
}

struct Supervisor {
    shared: Arc<Shared>,
    child: Child,
    pid: Pid,
    pidfd: OwnedFd,
    mark: u64,
    stdin: Option<ChildStdin>,
    stdout: Option<ChildStdout>,
    stderr: Option<ChildStderr>,
    report: Option<Arc<ReportPipe>>,
    limits: super::Limits,
    watch: Option<Watch>,
    started: Instant,
    /// Descendants seen so far.
    seen: BTreeSet<i32>,
    /// Peak resident size of the tree, as sampled, bytes.
    peak: u64,
    /// The lab's own peak resident size at the fork, bytes: the kernel counts it as the child's.
    inherited: u64,
    /// Time the child has waited for a processor, and when to read it again.
    starved: (Duration, Instant),
    /// Why the lab is ending the child, and when to send SIGKILL.
    ending: Option<(ExitReason, Instant)>,
}

impl Supervisor {
    fn start(command: &Command, shared: Arc<Shared>, watch: Option<Watch>) -> io::Result<Self> {
        let mark = NEXT_MARK.fetch_add(1, Ordering::Relaxed);
        let mut builder = std::process::Command::new(&command.program);
        builder
            .args(&command.args)
            .env_clear()
            .envs(&command.env)
            .env(MARK, mark.to_string())
            .current_dir(&command.cwd);
        builder.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let (mut inherit, file_limit) = (command.inherit.clone(), command.limits.file);
        inherit.extend(command.report.iter().map(|report| report.inherited()));
        let rules = command.sandbox.as_ref().map(sandbox::open).transpose()?.flatten();
        let offline = command.sandbox.as_ref().filter(|sandbox| sandbox.offline).and_then(|_| namespace::offline());
        let unix_sockets = command.sandbox.as_ref().map(|sandbox| sandbox.unix_sockets);
        let filter = unix_sockets.map(system_calls::filter).transpose()?.flatten();
        // SAFETY: between fork and exec only async-signal-safe system calls are made: setsid, prctl, setrlimit,
        // close_range, fcntl, setns, landlock_restrict_self, seccomp.
        unsafe {
            builder.pre_exec(move || {
                prepare_child(&inherit, file_limit)?;
                offline.map_or(Ok(()), namespace::Offline::enter)?;
                rules.as_ref().map_or(Ok(()), sandbox::enter)?;
                filter.map_or(Ok(()), system_calls::install)
            });
        }
        let started = Instant::now();
        let inherited = descendants::largest_resident(std::process::id().cast_signed());
        let mut supervised = descendants::supervised();
        let mut child = builder.spawn()?;
        let pid = Pid::from_child(&child);
        supervised.insert(pid.as_raw_nonzero().get(), mark);
        drop(supervised);
        let pidfd = pidfd_open(pid, PidfdFlags::empty())?;
        let (stdin, stdout, stderr) = (child.stdin.take(), child.stdout.take(), child.stderr.take());
        stdin.iter().try_for_each(nonblocking)?;
        stdout.iter().try_for_each(nonblocking)?;
        stderr.iter().try_for_each(nonblocking)?;
        let limits = command.limits;
        Ok(Self {
            shared,
            child,
            pid,
            pidfd,
            mark,
            stdin,
            stdout,
            stderr,
            report: command.report.clone(),
            limits,
            watch,
            started,
            seen: BTreeSet::new(),
            peak: descendants::largest_resident(pid.as_raw_nonzero().get()),
            inherited,
            starved: (Duration::ZERO, started),
            ending: None,
        })
    }

    fn supervise(mut self) -> CompletedProcess {
        let mut first = FIRST_TICKS.iter();
        let mut next_tick = self.started + first.next().copied().unwrap_or(TICK);
        while !self.poll(next_tick) {
            let now = Instant::now();
            if now >= next_tick {
                next_tick = first.next().map_or(now + TICK, |age| self.started + *age);
                self.tick(now);
            }
        }
        let wall = self.started.elapsed();
        // The group is killed while its leader is still a zombie, so its id cannot have been reused.
        let _ = kill_process_group(self.pid, Signal::KILL);
        let (end, cpu, largest) = self.reap();
        // Anything above the lab's own size is that of the child or of a descendant it waited for.
        let peak_rss = if largest > self.inherited { self.peak.max(largest) } else { self.peak };
        descendants::end_descendants(self.pid.as_raw_nonzero().get(), self.mark, &self.seen);
        self.drain();
        let mut state = self.shared.lock();
        let over = (state.stdout.len() + state.stderr.len()) as u64 > self.limits.output;
        let end = match self.ending {
            Some((end, _)) => end,
            None if over => ExitReason::OutputLimit,
            None => end,
        };
        cut(&mut state.stdout, self.limits.output);
        cut(&mut state.stderr, self.limits.output);
        let (stdout, stderr) = (std::mem::take(&mut state.stdout), std::mem::take(&mut state.stderr));
        CompletedProcess { exit_reason: end, stdout, stderr, wall, cpu, peak_rss }
    }

    /// Waits for output, space in stdin, the child's end or the next tick; `true`: the child has ended.
    fn poll(&mut self, next_tick: Instant) -> bool {
        let now = Instant::now();
        let deadline = match self.ending {
            Some((_, kill_at)) => kill_at,
            None => self.started + extended_limit(self.limits.wall, self.starved.0),
        };
        let wait = next_tick.min(deadline).saturating_duration_since(now);
        let timeout = Timespec { tv_sec: wait.as_secs().cast_signed(), tv_nsec: i64::from(wait.subsec_nanos()) };
        let wants_stdin = {
            let state = self.shared.lock();
            if state.stdin.is_empty() && state.stdin_ends {
                self.stdin = None;
            }
            !state.stdin.is_empty()
        };
        let mut fds = vec![PollFd::new(&self.pidfd, PollFlags::IN)];
        fds.extend(self.stdout.iter().map(|f| PollFd::new(f, PollFlags::IN)));
        fds.extend(self.stderr.iter().map(|f| PollFd::new(f, PollFlags::IN)));
        fds.extend(self.report.iter().map(|report| PollFd::new(report, PollFlags::IN)));
        fds.extend(self.stdin.iter().filter(|_| wants_stdin).map(|f| PollFd::new(f, PollFlags::OUT)));
        let ready = poll(&mut fds, Some(&timeout));
        let ended = match &ready {
            Ok(_) => !fds[0].revents().is_empty(),
            // Without `poll` there is no waiting for events, but the child's end must still be noticed.
            Err(_) => {
                std::thread::sleep(TICK.min(wait));
                self.has_exited()
            }
        };
        drop(fds);
        if matches!(ready, Ok(n) if n > 0) {
            self.report.iter().for_each(|report| report.drain());
            self.drain();
            self.feed();
        }
        if !ended && Instant::now() >= deadline {
            match self.ending {
                None => self.end(ExitReason::TimeLimit, StopSignal::Terminate),
                Some(_) => self.kill(),
            }
        }
        ended
    }

    /// Whether the child is a zombie by now.
    fn has_exited(&self) -> bool {
        let options = WaitIdOptions::EXITED | WaitIdOptions::NOHANG | WaitIdOptions::NOWAIT;
        !matches!(waitid(WaitId::PidFd(self.pidfd.as_fd()), options), Ok(None))
    }

    /// Checks everything except time and pipes.
    fn tick(&mut self, now: Instant) {
        if self.ending.is_some() {
            return;
        }
        let stop = self.shared.lock().stop;
        let pid = self.pid.as_raw_nonzero().get();
        let (descendants, resident) = descendants::descendants(pid, self.mark, &self.seen);
        self.peak = self.peak.max(resident).max(descendants::largest_resident(pid));
        if now >= self.starved.1 {
            self.check_cpu_wait(now, &descendants);
        }
        self.seen.extend(descendants);
        let age = net_time(now.duration_since(self.started), self.starved.0);
        if cancelled() {
            self.end(ExitReason::Interrupted, StopSignal::Terminate);
        } else if let Some(how) = stop {
            self.end(ExitReason::Stopped, how);
        } else if resident > self.limits.memory {
            self.end(ExitReason::MemoryLimit, StopSignal::Kill);
        } else if self.watch.as_mut().is_some_and(|watch| watch(age)) {
            self.end(ExitReason::WatchLimit, StopSignal::Terminate);
        }
    }

    fn check_cpu_wait(&mut self, now: Instant, descendants: &BTreeSet<i32>) {
        let all = descendants.iter().copied().chain([self.pid.as_raw_nonzero().get()]);
        let starved = deadline::longest_cpu_wait(all).max(self.starved.0);
        self.starved = (starved, now + CPU_WAIT_INTERVAL);
        self.shared.starved.store(u64::try_from(starved.as_micros()).unwrap_or(u64::MAX), Ordering::Relaxed);
    }

    fn end(&mut self, end: ExitReason, how: StopSignal) {
        let grace = if how == StopSignal::Kill { Duration::ZERO } else { self.limits.grace };
        self.ending = Some((end, Instant::now() + grace));
        let signal = match how {
            StopSignal::Terminate => Signal::TERM,
            StopSignal::Interrupt => Signal::INT,
            StopSignal::Kill => Signal::KILL,
        };
        let _ = kill_process_group(self.pid, signal);
        // A stopped group (SIGSTOP) handles SIGTERM only once it continues.
        let _ = kill_process_group(self.pid, Signal::CONT);
    }

    fn kill(&mut self) {
        let _ = kill_process_group(self.pid, Signal::KILL);
        if let Some((_, kill_at)) = &mut self.ending {
            *kill_at = Instant::now() + TICK;
        }
    }

    /// Reads what is available from both outputs. At the limit, ends the child and discards the rest.
    fn drain(&mut self) {
        let shared = Arc::clone(&self.shared);
        let mut state = shared.lock();
        let state = &mut *state;
        let room = |kept: usize| self.limits.output.saturating_add(1).saturating_sub(kept as u64);
        let kept = state.stdout.len() + state.stderr.len();
        let mut closed = [false; 2];
        if let Some(pipe) = &mut self.stdout {
            closed[0] = read_into(pipe, &mut state.stdout, room(kept));
        }
        let kept = state.stdout.len() + state.stderr.len();
        if let Some(pipe) = &mut self.stderr {
            closed[1] = read_into(pipe, &mut state.stderr, room(kept));
        }
        if closed[0] {
            self.stdout = None;
        }
        if closed[1] {
            self.stderr = None;
        }
        let over = (state.stdout.len() + state.stderr.len()) as u64 > self.limits.output;
        if over && self.ending.is_none() {
            self.end(ExitReason::OutputLimit, StopSignal::Kill);
        }
        self.shared.changed.notify_all();
    }

    /// Writes as much of stdin as the pipe accepts.
    fn feed(&mut self) {
        let mut state = self.shared.lock();
        let Some(pipe) = &mut self.stdin else { return };
        while !state.stdin.is_empty() {
            match pipe.write(&state.stdin) {
                Ok(n) if n > 0 => {
                    state.stdin.drain(..n);
                }
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return,
                // A child that does not read its stdin is not an error of the lab.
                Ok(_) | Err(_) => {
                    state.stdin.clear();
                    self.stdin = None;
                    return;
                }
            }
        }
    }

    /// Reaps the child: why it ended, CPU time, peak resident size.
    fn reap(&mut self) -> (ExitReason, Duration, u64) {
        let raw = self.pid.as_raw_nonzero().get();
        let mut status = 0;
        // SAFETY: `rusage` is plain old data; wait4 fills it and `status`, and both live for the call.
        let (rusage, waited) = unsafe {
            let mut rusage: libc::rusage = std::mem::zeroed();
            let waited = libc::wait4(raw, &raw mut status, 0, &raw mut rusage);
            (rusage, waited)
        };
        // Tells std that the child is gone. It has already been waited for, so this only fails.
        let _ = self.child.try_wait();
        if waited != raw {
            return (ExitReason::Signaled(0), Duration::ZERO, 0);
        }
        let end = if libc::WIFSIGNALED(status) {
            ExitReason::Signaled(libc::WTERMSIG(status))
        } else {
            ExitReason::Exited(libc::WEXITSTATUS(status))
        };
        let time = |t: libc::timeval| {
            Duration::from_secs(t.tv_sec.unsigned_abs()) + Duration::from_micros(t.tv_usec.unsigned_abs())
        };
        (end, time(rusage.ru_utime) + time(rusage.ru_stime), rusage.ru_maxrss.unsigned_abs() * 1024)
    }
}

fn cut(bytes: &mut Vec<u8>, limit: u64) {
    bytes.truncate(usize::try_from(limit).unwrap_or(usize::MAX));
}

/// Runs in the child between fork and exec.
fn prepare_child(inherit: &[i32], file_limit: u64) -> io::Result<()> {
    rustix::process::setsid()?;
    // Address space is not limited, since engines reserve far more than they use. Resident memory is watched instead.
    for (resource, limit) in [(Resource::Core, 0), (Resource::Fsize, file_limit)] {
        rustix::process::setrlimit(resource, Rlimit { current: Some(limit), maximum: Some(limit) })?;
    }
    // Writing past the file limit must fail in the guest (EFBIG) and not kill its runtime (SIGXFSZ).
    // SAFETY: a system call that affects this process only, which has one thread.
    unsafe { libc::signal(libc::SIGXFSZ, libc::SIG_IGN) };
    // If the lab is killed, its children are too.
    rustix::process::set_parent_process_death_signal(Some(Signal::KILL))?;
    // Whatever the lab was started with: a shell's redirection, a CI's log, another tool's socket. SAFETY: affects only
    // this process's descriptors; from here on, only those below are used. Kernels before 5.11 lack this call; the
    // child then keeps the open descriptors.
    unsafe { libc::syscall(libc::SYS_close_range, 3_u32, u32::MAX, libc::CLOSE_RANGE_CLOEXEC) };
    for fd in inherit {
        // SAFETY: the lab keeps these descriptors open while it starts the child.
        let fd = unsafe { std::os::fd::BorrowedFd::borrow_raw(*fd) };
        rustix::io::fcntl_setfd(fd, rustix::io::FdFlags::empty())?;
    }
    Ok(())
}

fn nonblocking(fd: &impl AsFd) -> io::Result<()> {
    let flags = rustix::fs::fcntl_getfl(fd)?;
    Ok(rustix::fs::fcntl_setfl(fd, flags | rustix::fs::OFlags::NONBLOCK)?)
}

/// Appends what can be read without blocking, at most `room` bytes; `true`: end of file.
fn read_into(pipe: &mut impl Read, into: &mut Vec<u8>, room: u64) -> bool {
    let mut room = usize::try_from(room).unwrap_or(usize::MAX);
    let mut buffer = [0; 16 * 1024];
    while room > 0 {
        let want = room.min(buffer.len());
        match pipe.read(&mut buffer[..want]) {
            Ok(0) => return true,
            Ok(n) => {
                into.extend_from_slice(&buffer[..n]);
                room -= n;
            }
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => return false,
            Err(_) => return true,
        }
    }
    false
}
