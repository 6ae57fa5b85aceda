//! Listening sockets that the guest inherits.
//!
//! wasmer's network can bind an address, but cannot take over a socket that listens already. So it binds
//! one of its own, on a port that nobody knows, and the lab's socket is put in its place below it: what
//! accepts is wasmer's code, what listens is the lab's socket, with all connections that wait on it.

use std::io;
use std::mem::ManuallyDrop;
use std::net::{Ipv4Addr, SocketAddr};
use std::os::fd::{BorrowedFd, FromRawFd, OwnedFd, RawFd};
use std::sync::{Arc, Mutex, PoisonError};

use tokio::runtime::Runtime;
use wasmer_wasix::fs::{InodeVal, Kind, WasiFs, WasiInodes};
use wasmer_wasix::net::socket::{InodeSocket, InodeSocketKind};
use wasmer_wasix::virtual_net::{VirtualNetworking, VirtualTcpListener, host::LocalNetworking};
use wasmer_wasix::wasmer_wasix_types::wasi::{Fdflags, Fdflagsext, Filestat, Rights};
use wasmlab_protocol::{Cause, CellSpec};

use crate::cause::engine_error;

/// Descriptors 0 to 2 are the standard streams and 3 is the root; directories follow, then sockets.
const FIRST_DIR: usize = 4;

type Listener = Box<dyn VirtualTcpListener + Sync>;

/// The guest's sockets, and the network that they belong to.
pub(crate) struct Sockets {
    listeners: Arc<Mutex<Vec<Listener>>>,
    first: u32,
    _network: LocalNetworking,
}

/// The guest's descriptor of the first socket.
pub(crate) fn first_fd(spec: &CellSpec) -> u32 {
    u32::try_from(FIRST_DIR + spec.dirs.len()).unwrap_or(u32::MAX)
}

/// The specification's sockets, if it has any.
pub(crate) fn open(spec: &CellSpec, tokio: &Runtime) -> Result<Option<Sockets>, Cause> {
    if spec.sockets.is_empty() {
        return Ok(None);
    }
    let network = LocalNetworking::new();
    let mut listeners = vec![];
    for socket in &spec.sockets {
        let nowhere = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
        let listener =
            tokio.block_on(network.listen_tcp(nowhere, false, false, false)).map_err(|e| engine_error(&e))?;
        let stand_in = listener.addr_local().map_err(|e| engine_error(&e))?;
        replace(stand_in, socket.fd)
            .map_err(|e| engine_error(&format_args!("failed to take socket {}: {e}", socket.fd)))?;
        listeners.push(listener);
    }
    Ok(Some(Sockets { listeners: Arc::new(Mutex::new(listeners)), first: first_fd(spec), _network: network }))
}

/// Puts the socket `inherited` in the place of the one that listens on `stand_in`.
fn replace(stand_in: SocketAddr, inherited: RawFd) -> io::Result<()> {
    // SAFETY: the lab leaves this descriptor open for this engine alone; it is only borrowed here.
    let inherited = unsafe { BorrowedFd::borrow_raw(inherited) };
    // wasmer polls before it accepts.
    rustix::io::ioctl_fionbio(inherited, true)?;
    let number = descriptor_of(stand_in)?;
    // SAFETY: `descriptor_of` found it open, and it stays its listener's: it is never dropped here.
    let mut target = ManuallyDrop::new(unsafe { OwnedFd::from_raw_fd(number) });
    rustix::io::dup2(inherited, &mut target)?;
    Ok(())
}

/// The descriptor of this process whose socket has the address `wanted`.
fn descriptor_of(wanted: SocketAddr) -> io::Result<RawFd> {
    for entry in std::fs::read_dir("/proc/self/fd")? {
        let Some(number) = entry?.file_name().to_str().and_then(|name| name.parse::<RawFd>().ok()) else { continue };
        // SAFETY: it was open a moment ago; where it is not any more, the call below fails and no more.
        let fd = unsafe { BorrowedFd::borrow_raw(number) };
        if rustix::net::getsockname(fd).is_ok_and(|address| SocketAddr::try_from(address) == Ok(wanted)) {
            return Ok(number);
        }
    }
    Err(io::Error::new(io::ErrorKind::NotFound, "wasmer's own socket is not found"))
}

impl Sockets {
    /// What gives the guest its descriptors while its file system is set up.
    pub(crate) fn setup(&self) -> impl Fn(&WasiInodes, &mut WasiFs) -> Result<(), String> + Send + use<> {
        let (listeners, first) = (self.listeners.clone(), self.first);
        move |inodes, fs| {
            for (fd, socket) in (first..).zip(listeners.lock().unwrap_or_else(PoisonError::into_inner).drain(..)) {
                let kind = InodeSocketKind::TcpListener { socket, accept_timeout: None };
                let inode = inodes.add_inode_val(InodeVal {
                    stat: Filestat::default().into(),
                    is_preopened: true,
                    name: std::borrow::Cow::from("socket").into(),
                    kind: Kind::Socket { socket: InodeSocket::new(kind) }.into(),
                });
                let (rights, none) = (Rights::all_socket(), Fdflags::empty());
                fs.with_fd(rights, rights, none, Fdflagsext::empty(), 0, inode, fd)
                    .map_err(|e| format!("descriptor {fd}: {e}"))?;
            }
            Ok(())
        }
    }
}
