//! A process that outlives the lab, because SIGKILL cannot be handled.
//!
//! When the lab is killed, its direct children die with it (parent-death signal), but their descendants would be
//! reparented to this machine's init process. So the lab runs as the grandchild of the process that was started:
//!
//! ```text
//! front   the process that the user started: forwards signals, exits with the lab's status
//! └ guard   in its own process group, so it outlives `kill -KILL -GROUP`; as sub-reaper it inherits orphans of the lab
//!   └ lab     in the user's process group, so that the terminal can signal it
//! ```
//!
//! If the lab is killed, the guard inherits its descendants and kills them, whatever their session and environment. If
//! the front or the guard is killed, the lab gets SIGTERM and ends everything it started, as on Ctrl-C. This needs no
//! privileges and no helper program, and costs two forks of a process that is still small.

use std::io;

use rustix::process::{
    Pid, Signal, getpgrp, getpid, getppid, set_child_subreaper, set_parent_process_death_signal, setpgid,
};

use super::descendants;

/// Signals that front and guard wait for: requests to end the lab, which they forward, and the end of their child.
const HANDLED_SIGNALS: [i32; 5] = [libc::SIGINT, libc::SIGTERM, libc::SIGHUP, libc::SIGQUIT, libc::SIGCHLD];

/// Returns in the lab's process. The calling process stays behind as the front and exits with the lab's status. If no
/// process can be created, the lab runs without a guard. Call it before a second thread is started.
pub fn enter() {
    // The lab's parent may ignore SIGCHLD, which is inherited: then children are reaped silently and their status is
    // lost.
    // SAFETY: a system call that affects this process only, which has one thread.
    unsafe { libc::signal(libc::SIGCHLD, libc::SIG_DFL) };
    // With `ulimit -f`, a report that grows past the limit must be an error, not the lab's end.
    // SAFETY: as above.
    unsafe { libc::signal(libc::SIGXFSZ, libc::SIG_IGN) };
    let (front, group) = (getpid(), getpgrp());
    let (handled, previous) = block();
    match fork() {
        CHILD => guard(front, group, &handled, &previous),
        FAILED => restore(&previous),
        guard => exit_as(watch(guard, &handled), &handled),
    }
}

/// Runs the guard; returns in the lab's process.
fn guard(front: Pid, group: Pid, handled: &libc::sigset_t, previous: &libc::sigset_t) {
    end_with(front);
    let guard = getpid();
    // Both fail only on kernels too old for the lab anyway; it then runs without their effect.
    let _ = setpgid(None, None);
    let _ = set_child_subreaper(Some(guard));
    let child = fork();
    if child > 0 {
        let status = watch(child, handled);
        // What a lab leaves after a normal exit is meant to stay: a package manager's service, a compiler's cache.
        if libc::WIFSIGNALED(status) {
            descendants::kill_all();
        }
        exit_as(status, handled);
    }
    let _ = setpgid(None, Some(group));
    if child == CHILD {
        end_with(guard);
    }
    restore(previous);
}

/// The return value of [`fork`] in the child.
const CHILD: i32 = 0;
/// The return value of [`fork`] if no child could be created.
const FAILED: i32 = -1;

/// Returns [`CHILD`] in the child; in the parent the child's process id, or [`FAILED`].
fn fork() -> i32 {
    // SAFETY: there is one thread, so the child inherits no lock held by another.
    unsafe { libc::fork() }
}

/// Requests SIGTERM for this process when `parent` ends.
fn end_with(parent: Pid) {
    let requested = set_parent_process_death_signal(Some(Signal::TERM));
    // Already an orphan: the parent was killed before the signal was requested.
    if requested.is_ok() && getppid() != Some(parent) {
        std::process::exit(128 + libc::SIGTERM);
    }
}

/// Blocks the signals in [`HANDLED_SIGNALS`]; returns them and the previously blocked ones.
fn block() -> (libc::sigset_t, libc::sigset_t) {
    // SAFETY: signal sets are plain old data, filled by these calls; all live for the calls.
    unsafe {
        let (mut handled, mut previous): (libc::sigset_t, libc::sigset_t) = (std::mem::zeroed(), std::mem::zeroed());
        libc::sigemptyset(&raw mut handled);
        for signal in HANDLED_SIGNALS {
            libc::sigaddset(&raw mut handled, signal);
        }
        libc::sigprocmask(libc::SIG_BLOCK, &raw const handled, &raw mut previous);
        (handled, previous)
    }
}

fn restore(previous: &libc::sigset_t) {
    // SAFETY: the set was filled by `block`.
    unsafe { libc::sigprocmask(libc::SIG_SETMASK, previous, std::ptr::null_mut()) };
}

/// Waits for the child to end, forwards signals that only this process received, and returns the child's wait status.
fn watch(child: i32, handled: &libc::sigset_t) -> i32 {
    loop {
        // SAFETY: `info` is plain old data, filled by the call; both live for the call.
        let (signal, info) = unsafe {
            let mut info: libc::siginfo_t = std::mem::zeroed();
            (libc::sigwaitinfo(handled, &raw mut info), info)
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
            // A terminal signals the whole group, including the lab. A signal from a process may be meant for this
            // process only. If it was sent to the group, the lab receives it twice and treats both as one.
            signal if signal > 0 && info.si_code <= 0 => {
                // SAFETY: the child was not waited for, so the pid is still its own.
                unsafe { libc::kill(child, signal) };
            }
            _ => {}
        }
    }
}

/// Ends this process the way its child ended.
fn exit_as(status: i32, handled: &libc::sigset_t) -> ! {
    if libc::WIFSIGNALED(status) {
        let signal = libc::WTERMSIG(status);
        let none = rustix::process::Rlimit { current: Some(0), maximum: Some(0) };
        // The lab's own core dump is enough.
        let _ = rustix::process::setrlimit(rustix::process::Resource::Core, none);
        // SAFETY: system calls that affect this process only.
        unsafe {
            libc::signal(signal, libc::SIG_DFL);
            libc::sigprocmask(libc::SIG_UNBLOCK, handled, std::ptr::null_mut());
            libc::kill(libc::getpid(), signal);
        }
        // The default action of this signal is not to terminate, so it did not end the lab.
        std::process::exit(128 + signal);
    }
    // SAFETY: there is no buffered output except the lab's, which the lab has written itself.
    unsafe { libc::_exit(libc::WEXITSTATUS(status)) }
}
