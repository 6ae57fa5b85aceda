//! Starts a child: its environment, session, limits and sandbox.

use std::io;
use std::os::unix::process::CommandExt;
use std::process::{Child, Stdio};

use rustix::process::{Pid, Resource, Rlimit, Signal};

use crate::descendants::{self, MARK};
use crate::{Command, Sandbox, SocketFamilies, namespace, sandbox, seccomp};

/// Prepares a child that is marked with `mark`, with a session of its own.
pub fn prepare(command: &Command, mark: u64) -> io::Result<std::process::Command> {
    let mut builder = std::process::Command::new(&command.program);
    builder.args(&command.args).env_clear().envs(&command.env).env(MARK, mark.to_string()).current_dir(&command.cwd);
    builder.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let (mut inherit, file_limit) = (command.inherit.clone(), command.limits.file);
    inherit.extend(command.report.iter().map(|report| report.inherited()));
    let rules = command.sandbox.as_ref().map(sandbox::open).transpose()?.flatten();
    let sockets = command.sandbox.as_ref().map(|sandbox| sandbox.sockets);
    let filter = sockets.map(seccomp::filter).transpose()?.flatten();
    // Without sockets, no network has to be kept away. Creating a network takes the kernel a millisecond.
    let has_sockets = filter.is_none() || sockets != Some(SocketFamilies::None);
    let is_apart = |sandbox: &&Sandbox| sandbox.private_network && has_sockets;
    let namespaces = command.sandbox.as_ref().filter(is_apart).and_then(|_| namespace::shared());
    // SAFETY: between fork and exec only async-signal-safe system calls are made: setsid, prctl, setrlimit,
    // close_range, fcntl, setns, landlock_restrict_self, seccomp.
    unsafe {
        builder.pre_exec(move || {
            before_exec(&inherit, file_limit)?;
            namespaces.map_or(Ok(()), namespace::Namespaces::enter)?;
            rules.as_ref().map_or(Ok(()), sandbox::enter)?;
            filter.map_or(Ok(()), seccomp::install)
        });
    }
    Ok(builder)
}

/// Starts the child and registers it as supervised.
pub fn spawn(builder: &mut std::process::Command, mark: u64) -> io::Result<Child> {
    // While it is locked, no other supervisor mistakes the child for an orphan.
    let mut supervised = descendants::supervised();
    let child = builder.spawn()?;
    supervised.insert(Pid::from_child(&child).as_raw_nonzero().get(), mark);
    Ok(child)
}

/// Runs in the child between fork and exec.
fn before_exec(inherit: &[i32], file_limit: u64) -> io::Result<()> {
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
    // Descriptors that the lab was started with: a shell's redirection, a CI's log, another tool's socket. SAFETY:
    // affects only this process's descriptors; from here on, only those below are used. Kernels before 5.11 lack this
    // call; the child then keeps the open descriptors.
    unsafe { libc::syscall(libc::SYS_close_range, 3_u32, u32::MAX, libc::CLOSE_RANGE_CLOEXEC) };
    for fd in inherit {
        // SAFETY: the lab keeps these descriptors open while it starts the child.
        let fd = unsafe { std::os::fd::BorrowedFd::borrow_raw(*fd) };
        rustix::io::fcntl_setfd(fd, rustix::io::FdFlags::empty())?;
    }
    Ok(())
}
