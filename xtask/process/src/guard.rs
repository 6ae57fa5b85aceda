//! A parent that outlives the lab, for the end that nobody can handle: SIGKILL.
//!
//! A killed lab takes its direct children along (their parent-death signal), but not their descendants, which
//! would go to whoever reaps on this machine. So the lab runs in a child of the process that was started. That one
//! is the guard: as a sub-reaper it inherits every descendant of a lab that was killed, whatever session and
//! environment it has by then, and ends it. A guard that is killed leaves a lab that is told so by SIGTERM, which
//! ends all that it started, as on Ctrl-C. Needs no rights and no helper; costs one fork of a process that is small yet.

use std::io;

use rustix::process::{Signal, getpid, set_child_subreaper, set_parent_process_death_signal};

use super::descendants;

/// What the guard takes note of: wishes to end the lab, which it passes on, and the lab's end.
const HANDLED_SIGNALS: [i32; 5] = [libc::SIGINT, libc::SIGTERM, libc::SIGHUP, libc::SIGQUIT, libc::SIGCHLD];

/// Returns in the lab's process; the one that called stays behind as its guard and ends as it ends. Where there
/// can be no guard, the lab goes on without. To be called before there is a second thread.
pub fn enter() {
    // Whoever starts the lab may ignore it, and that is inherited: then no child's end is told, nor its status kept.
    // SAFETY: a system call on this process alone, which has one thread.
    unsafe { libc::signal(libc::SIGCHLD, libc::SIG_DFL) };
    let guard = getpid();
    if set_child_subreaper(Some(guard)).is_err() {
        return;
    }
    let (noted, before) = block();
    // SAFETY: there is one thread, so the child has no lock that another one held.
    match unsafe { libc::fork() } {
        0 => {
            // An orphan already: the guard was killed before this could be asked for.
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

/// Waits for the lab's end, and passes on what only the guard was told; gives the lab's status.
fn watch(lab: i32, noted: &libc::sigset_t) -> i32 {
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
                let waited = unsafe { libc::waitpid(lab, &raw mut status, libc::WNOHANG) };
                let gone = waited == -1 && io::Error::last_os_error().raw_os_error() == Some(libc::ECHILD);
                if waited == lab || gone {
                    return status;
                }
            }
            // A terminal tells the whole group, the lab too: what a process sends may be for this one alone. Where
            // it was for the group, the lab takes the two for one.
            signal if signal > 0 && info.si_code <= 0 => {
                // SAFETY: the lab is this process's child and was not waited for: the number is its own.
                unsafe { libc::kill(lab, signal) };
            }
            _ => {}
        }
    }
}

/// Ends this process as the lab has ended; after a signal, with all that the lab left behind. What a lab leaves
/// that ended by itself was meant to stay: a package manager's service, a compiler's cache.
fn exit_as(status: i32, noted: &libc::sigset_t) -> ! {
    if libc::WIFSIGNALED(status) {
        descendants::kill_all();
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
