//! An empty network: a network namespace with its own loopback interface, for children without network access. It
//! covers what Landlock has no rules for: UDP, raw sockets and other protocols.
//!
//! Created once per lab, which takes milliseconds, and entered between fork and exec, which takes microseconds. If the
//! lab is not root, it is created inside a user namespace with the same user. A container may forbid both; then
//! [`super::support`] reports it, and children run without.

use std::io;
use std::net::{SocketAddrV4, TcpStream};
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd};
use std::sync::OnceLock;
use std::time::Duration;

use rustix::event::{PollFd, PollFlags, Timespec, poll};

use crate::descendants;

/// The namespaces that a child enters, in this order.
#[derive(Debug)]
pub struct Namespaces {
    user: Option<OwnedFd>,
    network: OwnedFd,
    ipc: OwnedFd,
}

/// The lab's namespaces, created on first use; `None` if the machine does not allow them.
pub fn shared() -> Option<&'static Namespaces> {
    static SHARED: OnceLock<Option<Namespaces>> = OnceLock::new();
    SHARED.get_or_init(|| Namespaces::make(false).or_else(|_| Namespaces::make(true)).ok()).as_ref()
}

impl Namespaces {
    /// Moves the calling process into the namespaces. Makes only system calls, so that it can run between fork and
    /// exec.
    ///
    /// # Errors
    /// If the kernel refuses.
    pub fn enter(&self) -> io::Result<()> {
        for fd in self.user.iter().chain([&self.network, &self.ipc]) {
            // SAFETY: the descriptor is open, and the call touches no memory of this process.
            if unsafe { libc::setns(fd.as_raw_fd(), 0) } != 0 {
                return Err(io::Error::last_os_error());
            }
        }
        Ok(())
    }

    /// A TCP connection from the lab to a child in the namespaces.
    ///
    /// # Errors
    /// If the kernel refuses, nothing listens there, or `limit` passes.
    pub fn connect(&self, address: SocketAddrV4, limit: Duration) -> io::Result<TcpStream> {
        let socket = self.socket()?;
        let name = libc::sockaddr_in {
            sin_family: libc::AF_INET as libc::sa_family_t,
            sin_port: address.port().to_be(),
            sin_addr: libc::in_addr { s_addr: u32::from(*address.ip()).to_be() },
            sin_zero: [0; 8],
        };
        let length = libc::socklen_t::try_from(size_of_val(&name)).unwrap_or(0);
        // SAFETY: the descriptor is open, and the address lives across the call.
        let begun = unsafe { libc::connect(socket.as_raw_fd(), (&raw const name).cast(), length) };
        if begun != 0 && io::Error::last_os_error().raw_os_error() != Some(libc::EINPROGRESS) {
            return Err(io::Error::last_os_error());
        }
        let ready = Timespec::try_from(limit).ok();
        let mut polled = [PollFd::new(&socket, PollFlags::OUT)];
        if poll(&mut polled, ready.as_ref())? == 0 {
            return Err(io::ErrorKind::TimedOut.into());
        }
        let stream = TcpStream::from(socket);
        stream.take_error()?.map_or(Ok(()), Err)?;
        stream.set_nonblocking(false)?;
        Ok(stream)
    }

    /// A non-blocking TCP socket in the namespaces. A process with several threads cannot enter a user namespace, so a
    /// child creates the socket and sends it.
    fn socket(&self) -> io::Result<OwnedFd> {
        let (ours, theirs) = std::os::unix::net::UnixDatagram::pair()?;
        // Until the child is reaped: otherwise a supervisor takes it for an orphan and kills it.
        let _supervised = descendants::supervised();
        // SAFETY: the child only makes system calls on data prepared before the fork, and exits without returning.
        let child = unsafe { libc::fork() };
        if child == 0 {
            let sent = self.enter().and_then(|()| send_socket(theirs.as_raw_fd()));
            // SAFETY: exits without running the lab's exit handlers.
            unsafe { libc::_exit(i32::from(sent.is_err())) };
        }
        if child < 0 {
            return Err(io::Error::last_os_error());
        }
        drop(theirs);
        let mut code = 0;
        // SAFETY: waits for the child forked above.
        unsafe { libc::waitpid(child, &raw mut code, 0) };
        if code != 0 {
            return Err(io::Error::other("no socket can be created in the sandbox's network"));
        }
        receive_socket(ours.as_raw_fd())
    }

    /// Creates the namespaces in a child process that lives until they are opened here.
    fn make(with_user: bool) -> io::Result<Self> {
        let (user, group) = (rustix::process::getuid().as_raw(), rustix::process::getgid().as_raw());
        let maps = with_user.then(|| Maps { users: format!("{user} {user} 1"), groups: format!("{group} {group} 1") });
        let (ready, report) = rustix::pipe::pipe_with(rustix::pipe::PipeFlags::CLOEXEC)?;
        let (wait_for, release) = rustix::pipe::pipe_with(rustix::pipe::PipeFlags::CLOEXEC)?;
        // Until the child is reaped: otherwise a supervisor takes it for an orphan and kills it.
        let _supervised = descendants::supervised();
        // SAFETY: the child only makes system calls on data prepared before the fork, and exits without returning.
        let child = unsafe { libc::fork() };
        if child == 0 {
            let code = u8::from(unshare(maps.as_ref()).is_err());
            let _ = rustix::io::write(&report, &[code]);
            // The pipe closes when the lab ends or the namespaces are open.
            drop(release);
            let _ = rustix::io::read(&wait_for, &mut [0_u8; 1]);
            // SAFETY: exits without running the lab's exit handlers.
            unsafe { libc::_exit(0) };
        }
        if child < 0 {
            return Err(io::Error::last_os_error());
        }
        drop((report, wait_for));
        let mut code = [1_u8];
        let read = rustix::io::read(&ready, &mut code);
        let open = |kind: &str| std::fs::File::open(format!("/proc/{child}/ns/{kind}")).map(OwnedFd::from);
        let namespaces = match (read, code) {
            (Ok(1), [0]) => open("net").and_then(|network| {
                let user = if with_user { Some(open("user")?) } else { None };
                Ok(Self { user, network, ipc: open("ipc")? })
            }),
            _ => Err(io::Error::other("this machine allows no network namespaces")),
        };
        drop(release);
        // SAFETY: waits for the child forked above.
        unsafe { libc::waitpid(child, std::ptr::null_mut(), 0) };
        namespaces
    }
}

/// Space for one descriptor in a message, aligned as the kernel needs it.
#[repr(C, align(8))]
struct Ancillary([u8; 32]);

/// Calls `act` with a message of one byte and space for one descriptor.
fn with_message(act: impl FnOnce(&mut libc::msghdr) -> isize) -> io::Result<()> {
    let (mut byte, mut space) = ([0_u8; 1], Ancillary([0; 32]));
    let mut part = libc::iovec { iov_base: byte.as_mut_ptr().cast(), iov_len: 1 };
    // SAFETY: plain old data; everything that it points to lives until `act` returns.
    let mut message: libc::msghdr = unsafe { std::mem::zeroed() };
    message.msg_iov = &raw mut part;
    message.msg_iovlen = 1;
    message.msg_control = space.0.as_mut_ptr().cast();
    // SAFETY: computes a size.
    message.msg_controllen = unsafe { libc::CMSG_SPACE(FD_SIZE) } as _;
    if act(&mut message) == 1 { Ok(()) } else { Err(io::Error::last_os_error()) }
}

/// Size of a descriptor in a message, bytes.
const FD_SIZE: u32 = size_of::<libc::c_int>() as u32;

/// In the child: creates a socket and sends it. Makes only system calls.
fn send_socket(over: libc::c_int) -> io::Result<()> {
    with_message(|message| {
        // SAFETY: the header lies within the space that the message points to.
        unsafe {
            let socket = libc::socket(libc::AF_INET, libc::SOCK_STREAM | libc::SOCK_NONBLOCK | libc::SOCK_CLOEXEC, 0);
            if socket < 0 {
                return -1;
            }
            let header = libc::CMSG_FIRSTHDR(message);
            (*header).cmsg_level = libc::SOL_SOCKET;
            (*header).cmsg_type = libc::SCM_RIGHTS;
            (*header).cmsg_len = libc::CMSG_LEN(FD_SIZE) as _;
            libc::CMSG_DATA(header).cast::<libc::c_int>().write_unaligned(socket);
            libc::sendmsg(over, message, 0)
        }
    })
}

/// Receives the socket that the child sent.
fn receive_socket(over: libc::c_int) -> io::Result<OwnedFd> {
    let mut socket = -1;
    with_message(|message| {
        // SAFETY: the kernel writes within the space that the message points to, and the header is checked.
        unsafe {
            let len = libc::recvmsg(over, message, libc::MSG_CMSG_CLOEXEC);
            let header = libc::CMSG_FIRSTHDR(message);
            if len == 1 && !header.is_null() && (*header).cmsg_type == libc::SCM_RIGHTS {
                socket = libc::CMSG_DATA(header).cast::<libc::c_int>().read_unaligned();
            }
            len
        }
    })?;
    if socket < 0 {
        return Err(io::Error::other("no socket came from the sandbox's network"));
    }
    // SAFETY: the kernel has just created this descriptor for this process.
    Ok(unsafe { OwnedFd::from_raw_fd(socket) })
}

/// User and group id maps of the user namespace.
struct Maps {
    users: String,
    groups: String,
}

/// In the child: creates the namespaces and brings their loopback interface up.
fn unshare(maps: Option<&Maps>) -> io::Result<()> {
    let user = if maps.is_some() { libc::CLONE_NEWUSER } else { 0 };
    // SAFETY: a system call that affects this process only, which has one thread.
    if unsafe { libc::unshare(user | libc::CLONE_NEWNET | libc::CLONE_NEWIPC) } != 0 {
        return Err(io::Error::last_os_error());
    }
    if let Some(maps) = maps {
        for (file, text) in [
            (c"/proc/self/setgroups", "deny"),
            (c"/proc/self/uid_map", &maps.users),
            (c"/proc/self/gid_map", &maps.groups),
        ] {
            use rustix::fs::{Mode, OFlags, open};
            let file = open(file, OFlags::WRONLY | OFlags::CLOEXEC, Mode::empty())?;
            rustix::io::write(&file, text.as_bytes())?;
        }
    }
    // SAFETY: plain old data; name and flags are set before the kernel reads them.
    unsafe {
        let socket = libc::socket(libc::AF_INET, libc::SOCK_DGRAM | libc::SOCK_CLOEXEC, 0);
        let mut request: libc::ifreq = std::mem::zeroed();
        for (to, from) in request.ifr_name.iter_mut().zip(b"lo") {
            *to = from.cast_signed();
        }
        request.ifr_ifru.ifru_flags = i16::try_from(libc::IFF_UP | libc::IFF_RUNNING).unwrap_or(libc::c_short::MAX);
        let up = libc::ioctl(socket, libc::SIOCSIFFLAGS, &raw const request);
        libc::close(socket);
        if up == 0 { Ok(()) } else { Err(io::Error::last_os_error()) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Supervisors kill orphans at any time, but not the children that create namespaces and sockets.
    #[test]
    fn helper_processes_are_not_killed_as_orphans() {
        let (stop, stopped) = std::sync::mpsc::channel::<()>();
        let killer = std::thread::spawn(move || {
            while stopped.try_recv() == Err(std::sync::mpsc::TryRecvError::Empty) {
                descendants::kill_orphans();
            }
        });
        for _ in 0..100 {
            let namespaces = Namespaces::make(false).or_else(|_| Namespaces::make(true)).unwrap();
            namespaces.socket().unwrap();
        }
        drop(stop);
        killer.join().unwrap();
    }
}
