//! What children tell the lab beside their output: a pipe that they inherit.
//!
//! A file would stand where a guest that has escaped can put something else in its place: a link to a terminal, a pipe
//! that nobody writes. Nothing can be put in the place of an open pipe. The supervisor reads it as it comes, without
//! waiting, and throws away what is more than anybody reads.

#[cfg(target_os = "linux")]
pub use linux::ReportPipe;
#[cfg(not(target_os = "linux"))]
pub use none::ReportPipe;

#[cfg(target_os = "linux")]
mod linux {
    use std::io;
    use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd};
    use std::path::PathBuf;
    use std::sync::{Mutex, PoisonError};

    use rustix::fs::{OFlags, fcntl_getfl, fcntl_setfl};
    use rustix::pipe::{PipeFlags, pipe_with};

    /// A pipe from children to the lab.
    #[derive(Debug)]
    pub struct ReportPipe {
        read: OwnedFd,
        /// Kept, so that reading never meets an end: one child comes after the other.
        write: OwnedFd,
        most: usize,
        text: Mutex<Vec<u8>>,
    }

    impl ReportPipe {
        /// A pipe of which `most` bytes are kept.
        ///
        /// # Errors
        /// When the lab has no descriptor left.
        pub fn new(most: usize) -> io::Result<Self> {
            let (read, write) = pipe_with(PipeFlags::CLOEXEC)?;
            // Of the lab's end alone: the children's end waits.
            fcntl_setfl(&read, fcntl_getfl(&read)? | OFlags::NONBLOCK)?;
            Ok(Self { read, write, most, text: Mutex::default() })
        }

        /// The descriptor that children inherit.
        #[must_use]
        pub fn inherited(&self) -> i32 {
            self.write.as_raw_fd()
        }

        /// Where a child opens it.
        #[must_use]
        pub fn path(&self) -> PathBuf {
            PathBuf::from(format!("/dev/fd/{}", self.inherited()))
        }

        /// What was told so far, from the byte `from` on.
        #[must_use]
        pub fn since(&self, from: usize) -> Vec<u8> {
            self.drain();
            self.text.lock().unwrap_or_else(PoisonError::into_inner).get(from..).unwrap_or_default().to_vec()
        }

        /// Takes what is there.
        pub(crate) fn drain(&self) {
            let mut text = self.text.lock().unwrap_or_else(PoisonError::into_inner);
            let mut buffer = [0; 16 * 1024];
            // As much as a pipe holds: who writes for ever must not hold the lab.
            for _ in 0..64 {
                match rustix::io::read(&self.read, &mut buffer) {
                    Ok(n @ 1..) => {
                        let room = self.most.saturating_sub(text.len());
                        text.extend_from_slice(&buffer[..n.min(room)]);
                    }
                    Err(error) if error == rustix::io::Errno::INTR => {}
                    Ok(_) | Err(_) => return,
                }
            }
        }
    }

    impl AsFd for ReportPipe {
        fn as_fd(&self) -> BorrowedFd<'_> {
            self.read.as_fd()
        }
    }
}

#[cfg(not(target_os = "linux"))]
mod none {
    use std::io;
    use std::path::PathBuf;

    /// There is none: children inherit no descriptor from the portable supervisor.
    #[derive(Debug)]
    pub enum ReportPipe {}

    impl ReportPipe {
        /// Fails.
        ///
        /// # Errors
        /// Always.
        pub fn new(_: usize) -> io::Result<Self> {
            Err(io::ErrorKind::Unsupported.into())
        }

        /// Of none.
        #[must_use]
        pub fn inherited(&self) -> i32 {
            match *self {}
        }

        /// Of none.
        #[must_use]
        pub fn path(&self) -> PathBuf {
            match *self {}
        }

        /// Of none.
        #[must_use]
        pub fn since(&self, _: usize) -> Vec<u8> {
            match *self {}
        }
    }
}
