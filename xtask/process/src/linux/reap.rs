//! Reaps a child and reads what it used.

use std::process::Child;
use std::time::Duration;

use rustix::process::Pid;

use crate::ExitReason;

/// The end of a child, as the kernel reports it.
pub struct Reaped {
    /// Why it ended.
    pub exit_reason: ExitReason,
    /// Its CPU time, with that of descendants it waited for.
    pub cpu: Duration,
    /// The largest peak resident size of it and of descendants it waited for, bytes.
    pub peak_rss: u64,
}

/// Waits for the child, which has ended.
pub fn reap(child: &mut Child) -> Reaped {
    let pid = Pid::from_child(child).as_raw_nonzero().get();
    let mut status = 0;
    // SAFETY: `rusage` is plain old data; wait4 fills it and `status`, and both live for the call.
    let (rusage, waited) = unsafe {
        let mut rusage: libc::rusage = std::mem::zeroed();
        let waited = libc::wait4(pid, &raw mut status, 0, &raw mut rusage);
        (rusage, waited)
    };
    // Tells std that the child is gone. It has already been waited for, so this only fails.
    let _ = child.try_wait();
    if waited != pid {
        return Reaped { exit_reason: ExitReason::Signaled(0), cpu: Duration::ZERO, peak_rss: 0 };
    }
    let exit_reason = if libc::WIFSIGNALED(status) {
        ExitReason::Signaled(libc::WTERMSIG(status))
    } else {
        ExitReason::Exited(libc::WEXITSTATUS(status))
    };
    let time = |t: libc::timeval| {
        Duration::from_secs(t.tv_sec.unsigned_abs()) + Duration::from_micros(t.tv_usec.unsigned_abs())
    };
    let cpu = time(rusage.ru_utime) + time(rusage.ru_stime);
    Reaped { exit_reason, cpu, peak_rss: rusage.ru_maxrss.unsigned_abs() * 1024 }
}
