//! Supervision on Linux: a pidfd, non-blocking pipes and one `poll` per child.

mod pipes;
mod reap;
mod spawn;

use std::collections::BTreeSet;
use std::io;
use std::os::fd::{AsFd, OwnedFd};
use std::process::Child;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc;
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::process::{Pid, PidfdFlags, Signal, WaitId, WaitIdOptions, kill_process_group, pidfd_open, waitid};

use super::deadline::{self, extended_limit, net_time};
use super::descendants;
use super::running::SharedState;
use super::{Command, CompletedProcess, ExitReason, ReportPipe, Running, StopSignal, Watch, cancelled};
use pipes::Pipes;

/// How often limits other than time are checked.
const TICK: Duration = Duration::from_millis(20);
/// The same for a child with so many descendants or threads that checking them takes long.
const MAX_TICK: Duration = Duration::from_millis(100);
/// The time between two checks is at least this many times the duration of a check: checking must not take the guest's
/// time.
const TICK_TO_CHECK: u32 = 30;
/// A child younger than this is checked at every [`TICK`]: it may end soon, and its memory is only known by sampling.
const YOUNG: Duration = Duration::from_millis(200);
/// The first checks come sooner: many children end before the first regular tick, and memory is only known by sampling.
const FIRST_TICKS: [Duration; 3] = [Duration::from_millis(1), Duration::from_millis(3), Duration::from_millis(8)];
/// How often the time waiting for a processor is read, which takes reading many files.
const CPU_WAIT_INTERVAL: Duration = Duration::from_millis(200);

static NEXT_MARK: AtomicU64 = AtomicU64::new(1);

/// Starts the child in its supervising thread, because the parent-death signal is tied to that thread.
pub fn start(command: &Command, watch: Option<Watch>) -> io::Result<Running> {
    descendants::become_subreaper();
    let shared = Arc::new(SharedState::with_input(&command.stdin));
    let (sender, receiver) = mpsc::sync_channel(1);
    let (thread_shared, thread_command) = (Arc::clone(&shared), command.clone());
    let thread = std::thread::Builder::new().name("supervisor".to_owned()).spawn(move || {
        match Supervisor::start(&thread_command, Arc::clone(&thread_shared), watch) {
            Ok(supervisor) => {
                let _ = sender.send(Ok(()));
                let completed = supervisor.supervise();
                thread_shared.lock().completed = Some(completed);
                thread_shared.changed.notify_all();
            }
            Err(error) => {
                let _ = sender.send(Err(error));
            }
        }
    })?;
    match receiver.recv() {
        Ok(Ok(())) => Ok(Running::new(shared, thread)),
        Ok(Err(error)) => {
            let _ = thread.join();
            Err(error)
        }
        Err(_) => Err(io::Error::other("the supervisor thread panicked")),
    }
}

struct Supervisor {
    shared: Arc<SharedState>,
    child: Child,
    pid: Pid,
    pidfd: OwnedFd,
    mark: u64,
    pipes: Pipes,
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
    /// Time the child has waited for a processor.
    cpu_wait: Duration,
    /// When to read it again.
    next_cpu_wait: Instant,
    /// Why the lab is ending the child, and when to send SIGKILL.
    ending: Option<(ExitReason, Instant)>,
}

impl Supervisor {
    fn start(command: &Command, shared: Arc<SharedState>, watch: Option<Watch>) -> io::Result<Self> {
        let mark = NEXT_MARK.fetch_add(1, Ordering::Relaxed);
        let mut builder = spawn::prepare(command, mark)?;
        let started = Instant::now();
        let inherited = descendants::largest_resident(std::process::id().cast_signed());
        let mut child = spawn::spawn(&mut builder, mark)?;
        let pid = Pid::from_child(&child);
        let pidfd = pidfd_open(pid, PidfdFlags::empty())?;
        let pipes = Pipes::take(&mut child)?;
        Ok(Self {
            shared,
            child,
            pid,
            pidfd,
            mark,
            pipes,
            report: command.report.clone(),
            limits: command.limits,
            watch,
            started,
            seen: BTreeSet::new(),
            peak: descendants::largest_resident(pid.as_raw_nonzero().get()),
            inherited,
            cpu_wait: Duration::ZERO,
            next_cpu_wait: started,
            ending: None,
        })
    }

    fn supervise(mut self) -> CompletedProcess {
        let mut first = FIRST_TICKS.iter();
        let mut next_tick = self.started + first.next().copied().unwrap_or(TICK);
        while !self.poll(next_tick) {
            let now = Instant::now();
            if now >= next_tick {
                self.tick(now);
                let is_young = now < self.started + YOUNG;
                let pause = if is_young { TICK } else { (now.elapsed() * TICK_TO_CHECK).clamp(TICK, MAX_TICK) };
                next_tick = first.next().map_or(now + pause, |age| self.started + *age);
            }
        }
        let wall = self.started.elapsed();
        // The group is killed while its leader is still a zombie, so its id cannot have been reused.
        let _ = kill_process_group(self.pid, Signal::KILL);
        let reaped = reap::reap(&mut self.child);
        // A size above the lab's own is the child's, or that of a descendant it waited for.
        let peak_rss = if reaped.peak_rss > self.inherited { self.peak.max(reaped.peak_rss) } else { self.peak };
        descendants::end_descendants(self.pid.as_raw_nonzero().get(), self.mark, &self.seen);
        self.drain();
        let mut state = self.shared.lock();
        let exit_reason = match self.ending {
            Some((reason, _)) => reason,
            None if state.output_len() > self.limits.output => ExitReason::OutputLimit,
            None => reaped.exit_reason,
        };
        let (stdout, stderr) = state.take_output(self.limits.output);
        CompletedProcess { exit_reason, stdout, stderr, wall, cpu: reaped.cpu, peak_rss }
    }

    /// Waits for output, space in stdin, the child's end or the next tick; `true`: the child has ended.
    fn poll(&mut self, next_tick: Instant) -> bool {
        let now = Instant::now();
        let deadline = match self.ending {
            Some((_, kill_at)) => kill_at,
            None => self.started + extended_limit(self.limits.wall, self.cpu_wait),
        };
        let wait = next_tick.min(deadline).saturating_duration_since(now);
        let timeout = Timespec { tv_sec: wait.as_secs().cast_signed(), tv_nsec: i64::from(wait.subsec_nanos()) };
        let has_input = {
            let state = self.shared.lock();
            self.pipes.close_finished_stdin(&state);
            !state.stdin.is_empty()
        };
        let mut fds = vec![PollFd::new(&self.pidfd, PollFlags::IN)];
        fds.extend(self.report.iter().map(|report| PollFd::new(report, PollFlags::IN)));
        fds.extend(self.pipes.poll_fds(has_input));
        let ready = poll(&mut fds, Some(&timeout));
        let has_exited = match &ready {
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
            self.pipes.feed(&mut self.shared.lock());
        }
        if !has_exited && Instant::now() >= deadline {
            match self.ending {
                None => self.end(ExitReason::TimeLimit, StopSignal::Terminate),
                Some(_) => self.kill(),
            }
        }
        has_exited
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
        if now >= self.next_cpu_wait {
            self.check_cpu_wait(now, &descendants);
        }
        self.seen.extend(descendants);
        let age = net_time(now.duration_since(self.started), self.cpu_wait);
        if cancelled() {
            self.end(ExitReason::Interrupted, StopSignal::Terminate);
        } else if let Some(signal) = stop {
            self.end(ExitReason::Stopped, signal);
        } else if resident > self.limits.memory {
            self.end(ExitReason::MemoryLimit, StopSignal::Kill);
        } else if self.watch.as_mut().is_some_and(|watch| watch(age)) {
            self.end(ExitReason::WatchLimit, StopSignal::Terminate);
        }
    }

    fn check_cpu_wait(&mut self, now: Instant, descendants: &BTreeSet<i32>) {
        let all = descendants.iter().copied().chain([self.pid.as_raw_nonzero().get()]);
        self.cpu_wait = deadline::longest_cpu_wait(all).max(self.cpu_wait);
        self.next_cpu_wait = now + CPU_WAIT_INTERVAL;
        let micros = u64::try_from(self.cpu_wait.as_micros()).unwrap_or(u64::MAX);
        self.shared.cpu_wait.store(micros, Ordering::Relaxed);
    }

    fn end(&mut self, reason: ExitReason, signal: StopSignal) {
        let grace = if signal == StopSignal::Kill { Duration::ZERO } else { self.limits.grace };
        self.ending = Some((reason, Instant::now() + grace));
        let signal = match signal {
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
        let is_over = {
            let mut state = self.shared.lock();
            self.pipes.drain(&mut state, self.limits.output);
            state.output_len() > self.limits.output
        };
        if is_over && self.ending.is_none() {
            self.end(ExitReason::OutputLimit, StopSignal::Kill);
        }
        self.shared.changed.notify_all();
    }
}
