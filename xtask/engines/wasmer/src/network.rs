//! Network access of the guest: none, or the cell's own ports on loopback addresses.
//!
//! wasmer's own rules (`virtual_net::ruleset`) are not suitable: they check whether an accepted client's port may be
//! connected to, and a client's port can be any. So the functions that open sockets are wrapped, and nothing else of
//! wasmer's network is passed on: datagrams, raw sockets, names and routes stay unsupported.

use std::net::SocketAddr;

use wasmer_wasix::virtual_net::host::LocalNetworking;
use wasmer_wasix::virtual_net::{
    NetworkError, Result, VirtualNetworking, VirtualTcpBoundSocket, VirtualTcpListener, VirtualTcpSocket,
};
use wasmer_wasix::{PluggableRuntime, UnsupportedVirtualNetworking};
use wasmlab_protocol::{CellSpec, Network};

/// Sets the network of the specification. (wasmer's default is the machine's whole network.)
pub(crate) fn allow(runtime: &mut PluggableRuntime, spec: &CellSpec) {
    match spec.network {
        Network::None => runtime.set_networking_implementation(UnsupportedVirtualNetworking::default()),
        Network::Loopback => {
            let allowed = AllowedPorts { listen: spec.ports.clone(), connect: spec.connect_ports.clone() };
            runtime.set_networking_implementation(Loopback { local: LocalNetworking::new(), allowed })
        }
    };
}

/// Ports of the loopback addresses.
#[derive(Clone, Debug)]
struct AllowedPorts {
    /// Ports to listen on and connect to.
    listen: Vec<u16>,
    /// Ports to connect to.
    connect: Vec<u16>,
}

impl AllowedPorts {
    /// Whether the guest may bind to `address`.
    fn bind(&self, address: SocketAddr) -> Result<()> {
        check(address, self.listen.contains(&address.port()))
    }

    /// Whether the guest may connect to `address`.
    fn connect(&self, address: SocketAddr) -> Result<()> {
        check(address, self.listen.contains(&address.port()) || self.connect.contains(&address.port()))
    }
}

fn check(address: SocketAddr, is_allowed: bool) -> Result<()> {
    if address.ip().is_loopback() && is_allowed { Ok(()) } else { Err(NetworkError::PermissionDenied) }
}

/// This machine's TCP, limited to the allowed ports.
#[derive(Debug)]
struct Loopback {
    local: LocalNetworking,
    allowed: AllowedPorts,
}

#[async_trait::async_trait]
impl VirtualNetworking for Loopback {
    async fn listen_tcp(
        &self,
        address: SocketAddr,
        only_v6: bool,
        reuse_port: bool,
        reuse_addr: bool,
    ) -> Result<Box<dyn VirtualTcpListener + Sync>> {
        self.allowed.bind(address)?;
        self.local.listen_tcp(address, only_v6, reuse_port, reuse_addr).await
    }

    async fn bind_tcp(
        &self,
        address: SocketAddr,
        only_v6: bool,
        reuse_port: bool,
        reuse_addr: bool,
    ) -> Result<Box<dyn VirtualTcpBoundSocket + Sync>> {
        self.allowed.bind(address)?;
        let socket = self.local.bind_tcp(address, only_v6, reuse_port, reuse_addr).await?;
        Ok(Box::new(Bound { socket, allowed: self.allowed.clone() }))
    }

    async fn connect_tcp(&self, from: SocketAddr, peer: SocketAddr) -> Result<Box<dyn VirtualTcpSocket + Sync>> {
        self.allowed.connect(peer)?;
        self.local.connect_tcp(from, peer).await
    }
}

/// A socket bound to an allowed address, whose connections are still checked.
#[derive(Debug)]
struct Bound {
    socket: Box<dyn VirtualTcpBoundSocket + Sync>,
    allowed: AllowedPorts,
}

impl VirtualTcpBoundSocket for Bound {
    fn addr_local(&self) -> Result<SocketAddr> {
        self.socket.addr_local()
    }

    fn listen(&mut self) -> Result<Box<dyn VirtualTcpListener + Sync>> {
        self.socket.listen()
    }

    fn connect(&mut self, peer: SocketAddr) -> Result<Box<dyn VirtualTcpSocket + Sync>> {
        self.allowed.connect(peer)?;
        self.socket.connect(peer)
    }

    fn set_ttl(&mut self, ttl: u32) -> Result<()> {
        self.socket.set_ttl(ttl)
    }

    fn ttl(&self) -> Result<u32> {
        self.socket.ttl()
    }
}
