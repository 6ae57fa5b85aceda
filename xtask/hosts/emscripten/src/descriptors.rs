//! The guest's descriptors: its own numbers, never those of the host.

use std::fs::File;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use cap_std::fs::Dir;

use crate::Errno;

/// Maximum number of descriptors of a guest: what fits into its `fd_set`.
pub const MAX_DESCRIPTORS: usize = 1024;

/// The target of a descriptor.
pub enum DescriptorKind {
    /// A standard stream of the host's process: 0, 1 or 2.
    Standard(u8),
    /// A file.
    File(File),
    /// A directory; the number is the position of `getdents64`.
    Folder(Arc<Dir>, AtomicUsize),
    /// A socket, with the guest's address family.
    Socket(OwnedFd, u16),
    /// One end of a pipe.
    Pipe(OwnedFd),
    /// `/dev/null`.
    Null,
    /// `/dev/urandom`.
    Random,
}

/// An open file description, shared by descriptors duplicated with `dup2`.
pub struct OpenFile {
    /// Its kind.
    pub kind: DescriptorKind,
    /// Flags of `open` that `fcntl` returns: access mode, `O_APPEND`.
    pub flags: i32,
    /// `O_NONBLOCK`.
    pub nonblocking: AtomicBool,
    /// A datagram socket without an address: on the first send or connect, the kernel would bind it to a port on every
    /// address of the machine.
    pub unbound: AtomicBool,
}

impl OpenFile {
    /// An open file description without flags.
    pub fn new(kind: DescriptorKind) -> Self {
        Self { kind, flags: 2, nonblocking: AtomicBool::new(false), unbound: AtomicBool::new(false) }
    }

    /// The host's descriptor, if there is one.
    pub fn fd(&self) -> Option<BorrowedFd<'_>> {
        match &self.kind {
            DescriptorKind::Standard(0) => Some(rustix::stdio::stdin()),
            DescriptorKind::Standard(1) => Some(rustix::stdio::stdout()),
            DescriptorKind::Standard(_) => Some(rustix::stdio::stderr()),
            DescriptorKind::File(file) => Some(file.as_fd()),
            DescriptorKind::Folder(dir, _) => Some(dir.as_ref().as_fd()),
            DescriptorKind::Socket(fd, _) | DescriptorKind::Pipe(fd) => Some(fd.as_fd()),
            DescriptorKind::Null | DescriptorKind::Random => None,
        }
    }

    /// The socket.
    pub fn socket(&self) -> Result<BorrowedFd<'_>, Errno> {
        match &self.kind {
            DescriptorKind::Socket(fd, _) => Ok(fd.as_fd()),
            _ => Err(Errno::NOTSOCK),
        }
    }

    /// The guest's address family of the socket.
    pub fn family(&self) -> Result<u16, Errno> {
        match &self.kind {
            DescriptorKind::Socket(_, family) => Ok(*family),
            _ => Err(Errno::NOTSOCK),
        }
    }

    /// Whether an operation on it may block.
    pub fn can_wait(&self) -> bool {
        matches!(self.kind, DescriptorKind::Standard(_) | DescriptorKind::Socket(..) | DescriptorKind::Pipe(_))
    }

    /// Whether a call that found nothing may wait and try again. Not forever, because `poll` reports some sockets as
    /// ready that are not, such as one that was shut down before it was connected.
    pub fn may_wait(&self, attempts: &mut u32) -> bool {
        *attempts += 1;
        !self.is_nonblocking() && *attempts <= 16
    }

    /// Whether it is non-blocking.
    pub fn is_nonblocking(&self) -> bool {
        self.nonblocking.load(Ordering::Relaxed)
    }
}

/// The guest's table of descriptors.
pub struct Descriptors {
    table: Vec<Option<Arc<OpenFile>>>,
}

impl Descriptors {
    /// A table with the three standard streams.
    pub fn new() -> Self {
        Self { table: (0..3).map(|n| Some(Arc::new(OpenFile::new(DescriptorKind::Standard(n))))).collect() }
    }

    /// The file description of descriptor `fd`.
    pub fn get(&self, fd: i32) -> Result<Arc<OpenFile>, Errno> {
        let at = usize::try_from(fd).map_err(|_| Errno::BADF)?;
        self.table.get(at).and_then(Clone::clone).ok_or(Errno::BADF)
    }

    /// Adds it at the lowest free number starting at `from`.
    pub fn add(&mut self, open: Arc<OpenFile>, from: i32) -> Result<i32, Errno> {
        let from = usize::try_from(from).map_err(|_| Errno::INVAL)?;
        let at =
            (from..MAX_DESCRIPTORS).find(|at| self.table.get(*at).is_none_or(Option::is_none)).ok_or(Errno::MFILE)?;
        self.put(at, open);
        Ok(at as i32)
    }

    /// Puts it at this number, closing what was there.
    pub fn replace(&mut self, fd: i32, open: Arc<OpenFile>) -> Result<i32, Errno> {
        let at = usize::try_from(fd).ok().filter(|at| *at < MAX_DESCRIPTORS).ok_or(Errno::BADF)?;
        self.put(at, open);
        Ok(fd)
    }

    /// Checks that another descriptor is available, before the host opens one.
    pub fn check_capacity(&self) -> Result<(), Errno> {
        if self.count() < MAX_DESCRIPTORS { Ok(()) } else { Err(Errno::MFILE) }
    }

    /// Frees a number.
    pub fn close(&mut self, fd: i32) -> Result<Arc<OpenFile>, Errno> {
        let at = usize::try_from(fd).map_err(|_| Errno::BADF)?;
        self.table.get_mut(at).and_then(Option::take).ok_or(Errno::BADF)
    }

    /// Number of open descriptors.
    pub fn count(&self) -> usize {
        self.table.iter().flatten().count()
    }

    fn put(&mut self, at: usize, open: Arc<OpenFile>) {
        if self.table.len() <= at {
            self.table.resize_with(at + 1, || None);
        }
        self.table[at] = Some(open);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lowest_free_number_is_used_up_to_the_limit() {
        let mut table = Descriptors::new();
        let null = || Arc::new(OpenFile::new(DescriptorKind::Null));
        assert_eq!(table.add(null(), 0), Ok(3));
        assert_eq!(table.add(null(), 10), Ok(10));
        assert!(table.close(3).is_ok() && table.close(3).is_err());
        assert_eq!(table.add(null(), 0), Ok(3));
        while table.add(null(), 0).is_ok() {}
        assert_eq!((table.count(), table.check_capacity()), (MAX_DESCRIPTORS, Err(Errno::MFILE)));
        assert!(table.get(-1).is_err() && table.get(i32::MAX).is_err() && table.replace(1024, null()).is_err());
    }
}
