//! A parent process that outlives the lab, because SIGKILL cannot be handled.
//!
//! When the lab is killed, its direct children die with it (parent-death signal), but their descendants would be
//! reparented to whatever reaps on this machine. So the lab runs in a child of the process that was started. That
//! process is the guard: as a sub-reaper it inherits every descendant of a killed lab, whatever its session and
//! environment, and kills it. If the guard is killed, the lab gets SIGTERM and ends everything it started, as on
//! Ctrl-C. This needs no privileges and no helper program, and costs one fork of a process that is still small.

use std::io;

use rustix::process::{Signal, getpid, set_child_subreaper, set_parent_process_death_signal};

use super::descendants;

/// Signals that the guard handles: requests to end the lab, which it forwards, and the end of the lab.
const HANDLED_SIGNALS: [i32; 5] = [libc::SIGINT, libc::SIGTERM, libc::SIGHUP, libc::SIGQUIT, libc::SIGCHLD];

/// Returns in the lab's process. The calling process stays behind as its guard and exits with its status. If no guard
/// can be created, the lab runs without one. Call it before a second thread is started.
pub fn enter() {
    // The lab's parent may ignore SIGCHLD, which is inherited: then children are reaped silently and their status is
    // lost.
    // SAFETY: a system call that affects this process only, which has one thread.
    unsafe { libc::signal(libc::SIGCHLD, libc::SIG_DFL) };
    let guard = getpid();
    if set_child_subreaper(Some(guard)).is_err() {
        return;
    }
    let (noted, before) = block();
    // SAFETY: there is one thread, so the child inherits no lock held by another.
    match unsafe { libc::fork() } {
        0 => {
            // Already an orphan: the guard was killed before the signal was requested.
            let told = set_parent_process_death_signal(Some(Signal::TERM));
            restore(&before);
            if told.is_ok() && rustix::process::getppid() != Some(guard) {
                std::process::exit(128 + libc::SIGTERM);
            }
        }
        -1 => restore(&before),
        lab => exit_as(watch(lab, &noted), &noted),
    }
}

/// Blocks the signals in [`HANDLED_SIGNALS`]; returns them and the previously blocked ones.
fn block() -> (libc::sigset_t, libc::sigset_t) {
    // SAFETY: signal sets are plain old data, filled by these calls; all live for the calls.
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

/// Waits for the lab to end, forwards signals that only the guard received, and returns the lab's wait status.
fn watch(lab: i32, noted: &libc::sigset_t) -> i32 {
    loop {
        // SAFETY: `info` is plain old data, filled by the call; both live for the call.
        let (signal, info) = unsafe {
            let mut info: libc::siginfo_t = std::mem::zeroed();
            (libc::sigwaitinfo(noted, &raw mut info), info)
        };
        match signal {
            libc::SIGCHLD => {
                let mut status = 0;
                // SAFETY: `status` lives for the call.
                let waited = unsafe { libc::waitpid(lab, &raw mut status, libc::WNOHANG) };
                let gone = waited == -1 && io::Error::last_os_error().raw_os_error() == Some(libc::ECHILD);
                if waited == lab || gone {
                    return status;
                }
            }
            // A terminal signals the whole group, including the lab. A signal from a process may be meant for this
            // process only. If it was sent to the group, the lab receives it twice and treats both as one.
            signal if signal > 0 && info.si_code <= 0 => {
                // SAFETY: the lab is a child of this process that was not waited for, so the pid is still its own.
                unsafe { libc::kill(lab, signal) };
            }
            _ => {}
        }
    }
}

/// Ends this process as the lab ended. If a signal killed the lab, also kills everything it left running. What a lab
/// leaves after a normal exit is meant to stay: a package manager's service, a compiler's cache server.
fn exit_as(status: i32, noted: &libc::sigset_t) -> ! {
    if libc::WIFSIGNALED(status) {
        descendants::kill_all();
        let signal = libc::WTERMSIG(status);
        let none = rustix::process::Rlimit { current: Some(0), maximum: Some(0) };
        // The lab's own core dump is enough.
        let _ = rustix::process::setrlimit(rustix::process::Resource::Core, none);
        // SAFETY: system calls that affect this process only.
        unsafe {
            libc::signal(signal, libc::SIG_DFL);
            libc::sigprocmask(libc::SIG_UNBLOCK, noted, std::ptr::null_mut());
            libc::kill(libc::getpid(), signal);
        }
        // The default action of this signal is not to terminate, so it did not end the lab.
        std::process::exit(128 + signal);
    }
    // SAFETY: there is no buffered output except the lab's, which the lab has written itself.
    unsafe { libc::_exit(libc::WEXITSTATUS(status)) }
}
