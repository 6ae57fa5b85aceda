//! A process that outlives the lab, for the one signal that nobody can handle: SIGKILL.
//!
//! A killed lab takes its direct children along (their parent-death signal), but not their descendants, which would go
//! to whoever reaps on this machine. So the lab runs as the grandchild of the process that was started:
//!
//! ```text
//! front   the process that the user started: passes signals on, exits as the lab did
//! └ guard   in a process group of its own: outlives `kill -KILL -GROUP`; as sub-reaper it inherits what a lab leaves
//!   └ lab     in the user's process group, so that the terminal reaches it
//! ```
//!
//! A lab that is killed leaves its descendants to the guard, which kills them, whatever session and environment they
//! have by then. A front or a guard that is killed leaves a lab that is told by SIGTERM and ends all that it started,
//! as on Ctrl-C. This needs no privileges and no helper program, and costs two forks of a process that is still small.

use std::io;

use rustix::process::{
    Pid, Signal, getpgrp, getpid, getppid, set_child_subreaper, set_parent_process_death_signal, setpgid,
};

use super::descendants;

/// What front and guard wait for: requests to end the lab, which they pass on, and the end of their child.
const HANDLED_SIGNALS: [i32; 5] = [libc::SIGINT, libc::SIGTERM, libc::SIGHUP, libc::SIGQUIT, libc::SIGCHLD];

/// Returns in the lab's process; the process that called it stays behind as the front and exits as the lab does.
/// Where no process can be made, the lab goes on without a guard. Call it before there is a second thread.
pub fn enter() {
    // Whoever starts the lab may ignore it, and that is inherited: then no child's end is told, nor its status kept.
    // SAFETY: a system call on this process alone, which has one thread.
    unsafe { libc::signal(libc::SIGCHLD, libc::SIG_DFL) };
    let (front, group) = (getpid(), getpgrp());
    let (noted, before) = block();
    match fork() {
        CHILD => guard(front, group, &noted, &before),
        FAILED => restore(&before),
        guard => exit_as(watch(guard, &noted), &noted),
    }
}

/// The guard's life; returns in the lab's process.
fn guard(front: Pid, group: Pid, noted: &libc::sigset_t, before: &libc::sigset_t) {
    end_with(front);
    let guard = getpid();
    // Both fail only on kernels that are older than the lab's other needs; the lab runs without what they give.
    let _ = setpgid(None, None);
    let _ = set_child_subreaper(Some(guard));
    let child = fork();
    if child > 0 {
        let status = watch(child, noted);
        // What a lab leaves that ended by itself was meant to stay: a package manager's service, a compiler's cache.
        if libc::WIFSIGNALED(status) {
            descendants::kill_all();
        }
        exit_as(status, noted);
    }
    let _ = setpgid(None, Some(group));
    if child == CHILD {
        end_with(guard);
    }
    restore(before);
}

/// What [`fork`] gives in the child.
const CHILD: i32 = 0;
/// What [`fork`] gives where there can be no child.
const FAILED: i32 = -1;

/// [`CHILD`], [`FAILED`], or in the parent the child's process id.
fn fork() -> i32 {
    // SAFETY: there is one thread, so the child has no lock that another one held.
    unsafe { libc::fork() }
}

/// Asks for SIGTERM when `parent` ends.
fn end_with(parent: Pid) {
    let told = set_parent_process_death_signal(Some(Signal::TERM));
    // An orphan already: the parent was killed before this could be asked for.
    if told.is_ok() && getppid() != Some(parent) {
        std::process::exit(128 + libc::SIGTERM);
    }
}

/// Blocks the signals of [`HANDLED_SIGNALS`]; gives them, and what was blocked before.
fn block() -> (libc::sigset_t, libc::sigset_t) {
    // SAFETY: sets of signals are plain old data, which these calls fill; all live for the calls.
    unsafe {
        let (mut noted, mut before): (libc::sigset_t, libc::sigset_t) = (std::mem::zeroed(), std::mem::zeroed());
        libc::sigemptyset(&raw mut noted);
        for signal in HANDLED_SIGNALS {
            libc::sigaddset(&raw mut noted, signal);
        }
        libc::sigprocmask(libc::SIG_BLOCK, &raw const noted, &raw mut before);
        (noted, before)
    }
}

fn restore(before: &libc::sigset_t) {
    // SAFETY: the set was filled by `block`.
    unsafe { libc::sigprocmask(libc::SIG_SETMASK, before, std::ptr::null_mut()) };
}

/// Waits for the child's end and passes on the signals that only this process was sent; gives the child's status.
fn watch(child: i32, noted: &libc::sigset_t) -> i32 {
    loop {
        // SAFETY: `info` is plain old data, which the call fills; both live for the call.
        let (signal, info) = unsafe {
            let mut info: libc::siginfo_t = std::mem::zeroed();
            (libc::sigwaitinfo(noted, &raw mut info), info)
        };
        match signal {
            libc::SIGCHLD => {
                let mut status = 0;
                // SAFETY: `status` lives for the call.
                let waited = unsafe { libc::waitpid(child, &raw mut status, libc::WNOHANG) };
                let gone = waited == -1 && io::Error::last_os_error().raw_os_error() == Some(libc::ECHILD);
                if waited == child || gone {
                    return status;
                }
            }
            // A terminal signals the whole group, the lab too; what a process sent may be for this process alone. If it
            // was for the group, the lab takes the two for one.
            signal if signal > 0 && info.si_code <= 0 => {
                // SAFETY: the child was not waited for, so the number is still its own.
                unsafe { libc::kill(child, signal) };
            }
            _ => {}
        }
    }
}

/// Ends this process as its child ended.
fn exit_as(status: i32, noted: &libc::sigset_t) -> ! {
    if libc::WIFSIGNALED(status) {
        let signal = libc::WTERMSIG(status);
        let none = rustix::process::Rlimit { current: Some(0), maximum: Some(0) };
        // The lab's own core is enough.
        let _ = rustix::process::setrlimit(rustix::process::Resource::Core, none);
        // SAFETY: system calls on this process alone.
        unsafe {
            libc::signal(signal, libc::SIG_DFL);
            libc::sigprocmask(libc::SIG_UNBLOCK, noted, std::ptr::null_mut());
            libc::kill(libc::getpid(), signal);
        }
        // A signal that does not end a process by default did not end the lab.
        std::process::exit(128 + signal);
    }
    // SAFETY: nothing is buffered here that the lab has not written itself.
    unsafe { libc::_exit(libc::WEXITSTATUS(status)) }
}
