//! Listening sockets that the guest inherits.
//!
//! wasmer's network can bind an address but cannot take over a socket that already listens. So wasmer binds its own
//! socket on a private port, and the lab's socket replaces it at the descriptor level: wasmer's code accepts, but on
//! the lab's socket, with all connections queued there.

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
use wasmlab_engine::{FIRST_FD, socket_fd};
use wasmlab_protocol::{Cause, CellSpec};

use crate::cause::engine_error;

/// The descriptor of the first directory: wasmer's own root comes before.
const FIRST_DIR: usize = FIRST_FD + 1;

type Listener = Box<dyn VirtualTcpListener + Sync>;

/// The guest's sockets and the network they belong to.
pub(crate) struct Sockets {
    listeners: Arc<Mutex<Vec<Listener>>>,
    first: u32,
    _network: LocalNetworking,
}

/// The guest's descriptor of the first socket, if there are any.
pub(crate) fn first_fd(spec: &CellSpec) -> Option<u32> {
    socket_fd(spec, FIRST_DIR)
}

/// Opens the specification's sockets, if there are any.
pub(crate) fn open(spec: &CellSpec, tokio: &Runtime) -> Result<Option<Sockets>, Cause> {
    let Some(first) = first_fd(spec) else { return Ok(None) };
    let network = LocalNetworking::new();
    let mut listeners = vec![];
    for socket in &spec.sockets {
        let any_port = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
        let listener =
            tokio.block_on(network.listen_tcp(any_port, false, false, false)).map_err(|e| engine_error(&e))?;
        let stand_in = listener.addr_local().map_err(|e| engine_error(&e))?;
        replace(stand_in, socket.fd)
            .map_err(|e| engine_error(&format_args!("failed to take socket {}: {e}", socket.fd)))?;
        listeners.push(listener);
    }
    Ok(Some(Sockets { listeners: Arc::new(Mutex::new(listeners)), first, _network: network }))
}

/// Replaces the socket that listens on `stand_in` by `inherited`.
fn replace(stand_in: SocketAddr, inherited: RawFd) -> io::Result<()> {
    // SAFETY: the lab leaves this descriptor open for this engine only; it is merely borrowed here.
    let inherited = unsafe { BorrowedFd::borrow_raw(inherited) };
    // wasmer polls before it accepts.
    rustix::io::ioctl_fionbio(inherited, true)?;
    let number = descriptor_of(stand_in)?;
    // SAFETY: `descriptor_of` found it open. It still belongs to its listener, and is never dropped here.
    let mut target = ManuallyDrop::new(unsafe { OwnedFd::from_raw_fd(number) });
    rustix::io::dup2(inherited, &mut target)?;
    Ok(())
}

/// The descriptor in this process whose socket has this address.
fn descriptor_of(address: SocketAddr) -> io::Result<RawFd> {
    for entry in std::fs::read_dir("/proc/self/fd")? {
        let Some(number) = entry?.file_name().to_str().and_then(|name| name.parse::<RawFd>().ok()) else { continue };
        // SAFETY: it was open a moment ago; if it no longer is, the call below just fails.
        let fd = unsafe { BorrowedFd::borrow_raw(number) };
        if rustix::net::getsockname(fd).is_ok_and(|name| SocketAddr::try_from(name) == Ok(address)) {
            return Ok(number);
        }
    }
    Err(io::Error::new(io::ErrorKind::NotFound, "wasmer's own socket is not found"))
}

impl Sockets {
    /// Adds the descriptors while wasmer sets up the guest's file system.
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
                let (rights, flags) = (Rights::all_socket(), Fdflags::empty());
                fs.with_fd(rights, rights, flags, Fdflagsext::empty(), 0, inode, fd)
                    .map_err(|e| format!("descriptor {fd}: {e}"))?;
            }
            Ok(())
        }
    }
}
