//! A pipe that children inherit and on which they report to the lab, in addition to their output.
//!
//! A file would be unsafe: a guest that has escaped its sandbox could replace it with a link to a terminal, or with a
//! pipe without a writer. An open pipe cannot be replaced. The supervisor reads it as data arrives, without blocking,
//! and discards what exceeds the limit.

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
        /// Kept open so that reading never reaches end of file between one child and the next.
        write: OwnedFd,
        capacity: usize,
        text: Mutex<Vec<u8>>,
    }

    impl ReportPipe {
        /// Creates a pipe of which at most `capacity` bytes are kept.
        ///
        /// # Errors
        /// If the lab is out of descriptors.
        pub fn new(capacity: usize) -> io::Result<Self> {
            let (read, write) = pipe_with(PipeFlags::CLOEXEC)?;
            // Only the lab's end is non-blocking; writes of children block.
            fcntl_setfl(&read, fcntl_getfl(&read)? | OFlags::NONBLOCK)?;
            Ok(Self { read, write, capacity, text: Mutex::default() })
        }

        /// The descriptor that children inherit.
        #[must_use]
        pub fn inherited(&self) -> i32 {
            self.write.as_raw_fd()
        }

        /// The path under which a child opens it.
        #[must_use]
        pub fn path(&self) -> PathBuf {
            PathBuf::from(format!("/dev/fd/{}", self.inherited()))
        }

        /// The report so far, starting at byte `from`.
        #[must_use]
        pub fn since(&self, from: usize) -> Vec<u8> {
            self.drain();
            self.text.lock().unwrap_or_else(PoisonError::into_inner).get(from..).unwrap_or_default().to_vec()
        }

        /// Reads what is available.
        pub(crate) fn drain(&self) {
            let mut text = self.text.lock().unwrap_or_else(PoisonError::into_inner);
            let mut buffer = [0; 16 * 1024];
            // At most one pipe buffer, so that an endless writer cannot block the lab.
            for _ in 0..64 {
                match rustix::io::read(&self.read, &mut buffer) {
                    Ok(n @ 1..) => {
                        let room = self.capacity.saturating_sub(text.len());
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

    /// Not available: the portable supervisor passes no descriptors to children.
    #[derive(Debug)]
    pub enum ReportPipe {}

    impl ReportPipe {
        /// Always fails.
        ///
        /// # Errors
        /// Always.
        pub fn new(_: usize) -> io::Result<Self> {
            Err(io::ErrorKind::Unsupported.into())
        }

        /// Never called: there is no value of this type.
        #[must_use]
        pub fn inherited(&self) -> i32 {
            match *self {}
        }

        /// Never called: there is no value of this type.
        #[must_use]
        pub fn path(&self) -> PathBuf {
            match *self {}
        }

        /// Never called: there is no value of this type.
        #[must_use]
        pub fn since(&self, _: usize) -> Vec<u8> {
            match *self {}
        }
    }
}
