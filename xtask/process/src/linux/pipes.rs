//! The pipes to and from a child, which never block.

use std::io::{self, Read, Write};
use std::os::fd::AsFd;
use std::process::{Child, ChildStderr, ChildStdin, ChildStdout};

use rustix::event::{PollFd, PollFlags};

use crate::running::ChildState;

/// The lab's ends of a child's standard streams; `None` once closed.
pub struct Pipes {
    stdin: Option<ChildStdin>,
    stdout: Option<ChildStdout>,
    stderr: Option<ChildStderr>,
}

impl Pipes {
    /// Takes the pipes of a child that was just started.
    pub fn take(child: &mut Child) -> io::Result<Self> {
        let pipes = Self { stdin: child.stdin.take(), stdout: child.stdout.take(), stderr: child.stderr.take() };
        pipes.stdin.iter().try_for_each(set_nonblocking)?;
        pipes.stdout.iter().try_for_each(set_nonblocking)?;
        pipes.stderr.iter().try_for_each(set_nonblocking)?;
        Ok(pipes)
    }

    /// Closes stdin if everything is written and nothing will follow.
    pub fn close_finished_stdin(&mut self, state: &ChildState) {
        if state.stdin.is_empty() && state.stdin_ends {
            self.stdin = None;
        }
    }

    /// What to wait for: output, and space in stdin if there is something to write.
    pub fn poll_fds(&self, has_input: bool) -> impl Iterator<Item = PollFd<'_>> {
        let stdout = self.stdout.iter().map(|pipe| PollFd::new(pipe, PollFlags::IN));
        let stderr = self.stderr.iter().map(|pipe| PollFd::new(pipe, PollFlags::IN));
        let stdin = self.stdin.iter().filter(move |_| has_input).map(|pipe| PollFd::new(pipe, PollFlags::OUT));
        stdout.chain(stderr).chain(stdin)
    }

    /// Reads what is available from both outputs, up to one byte more than `limit` in total.
    pub fn drain(&mut self, state: &mut ChildState, limit: u64) {
        let left = room(state, limit);
        if self.stdout.as_mut().is_some_and(|pipe| read_available(pipe, &mut state.stdout, left)) {
            self.stdout = None;
        }
        let left = room(state, limit);
        if self.stderr.as_mut().is_some_and(|pipe| read_available(pipe, &mut state.stderr, left)) {
            self.stderr = None;
        }
    }

    /// Writes as much of stdin as the pipe accepts.
    pub fn feed(&mut self, state: &mut ChildState) {
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
}

fn set_nonblocking(fd: &impl AsFd) -> io::Result<()> {
    let flags = rustix::fs::fcntl_getfl(fd)?;
    Ok(rustix::fs::fcntl_setfl(fd, flags | rustix::fs::OFlags::NONBLOCK)?)
}

/// How much more output is read, bytes: one more than allowed, so that the excess is noticed.
fn room(state: &ChildState, limit: u64) -> u64 {
    limit.saturating_add(1).saturating_sub(state.output_len())
}

/// Appends what can be read without blocking, at most `room` bytes; `true`: end of file.
fn read_available(pipe: &mut impl Read, output: &mut Vec<u8>, room: u64) -> bool {
    let mut room = usize::try_from(room).unwrap_or(usize::MAX);
    let mut buffer = [0; 16 * 1024];
    while room > 0 {
        let len = room.min(buffer.len());
        match pipe.read(&mut buffer[..len]) {
            Ok(0) => return true,
            Ok(n) => {
                output.extend_from_slice(&buffer[..n]);
                room -= n;
            }
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => return false,
            Err(_) => return true,
        }
    }
    false
}
