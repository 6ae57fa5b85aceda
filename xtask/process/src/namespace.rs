//! An empty network: a network namespace with its own loopback interface, for children without network access. It
//! covers what Landlock has no rules for: UDP, raw sockets and other protocols.
//!
//! Created once per lab, which takes milliseconds, and entered between fork and exec, which takes microseconds. If the
//! lab is not root, it is created inside a user namespace with the same user. A container may forbid both; then
//! [`super::support`] reports it, and children run without.

use std::io;
use std::os::fd::{AsRawFd, OwnedFd};
use std::sync::OnceLock;

/// The namespaces that a child enters, in this order.
#[derive(Debug)]
pub struct Offline {
    user: Option<OwnedFd>,
    network: OwnedFd,
    ipc: OwnedFd,
}

/// The lab's namespaces, created on first use; `None` if the machine does not allow them.
pub fn offline() -> Option<&'static Offline> {
    static OFFLINE: OnceLock<Option<Offline>> = OnceLock::new();
    OFFLINE.get_or_init(|| Offline::make(false).or_else(|_| Offline::make(true)).ok()).as_ref()
}

impl Offline {
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

    /// Creates the namespaces in a child process that lives until they are opened here.
    fn make(with_user: bool) -> io::Result<Self> {
        let (user, group) = (rustix::process::getuid().as_raw(), rustix::process::getgid().as_raw());
        let maps = with_user.then(|| Maps { users: format!("{user} {user} 1"), groups: format!("{group} {group} 1") });
        let (ready, tell_ready) = rustix::pipe::pipe_with(rustix::pipe::PipeFlags::CLOEXEC)?;
        let (wait_for, release) = rustix::pipe::pipe_with(rustix::pipe::PipeFlags::CLOEXEC)?;
        // SAFETY: the child only makes system calls on data prepared before the fork, and exits without returning.
        let child = unsafe { libc::fork() };
        if child == 0 {
            let code = u8::from(unshare(maps.as_ref()).is_err());
            let _ = rustix::io::write(&tell_ready, &[code]);
            // The pipe closes when the lab ends or the namespaces are open.
            drop(release);
            let _ = rustix::io::read(&wait_for, &mut [0_u8; 1]);
            // SAFETY: exits without running the lab's exit handlers.
            unsafe { libc::_exit(0) };
        }
        if child < 0 {
            return Err(io::Error::last_os_error());
        }
        drop((tell_ready, wait_for));
        let mut code = [1_u8];
        let told = rustix::io::read(&ready, &mut code);
        let open = |kind: &str| std::fs::File::open(format!("/proc/{child}/ns/{kind}")).map(OwnedFd::from);
        let made = match (told, code) {
            (Ok(1), [0]) => open("net").and_then(|network| {
                let user = if with_user { Some(open("user")?) } else { None };
                Ok(Self { user, network, ipc: open("ipc")? })
            }),
            _ => Err(io::Error::other("this machine allows no network namespaces")),
        };
        drop(release);
        // SAFETY: waits for the child forked above.
        unsafe { libc::waitpid(child, std::ptr::null_mut(), 0) };
        made
    }
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
