//! Sockets, limited to loopback addresses and the guest's ports.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::os::fd::OwnedFd;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use rustix::net::{AddressFamily, Shutdown, SocketAddrAny, SocketFlags, SocketType};

use super::wait::{Readiness, until_ready};
use crate::call::{Call, CallError, CallResult};
use crate::descriptors::{DescriptorKind, OpenFile};
use crate::layout::{self, AF_INET, AF_INET6};
use crate::{Errno, Host};

const NONBLOCK: i32 = 0o4000;
const AF_UNIX: u16 = 1;

/// `socketcall(number, arguments)` of the fastcomp ABI.
pub fn socketcall(call: &mut Call) -> CallResult {
    use super::{options, transfer};
    let (number, at) = (call.int()?, call.word()?);
    let mut call = call.varargs(at);
    let function = match number {
        1 => socket,
        2 => bind,
        3 => connect,
        4 => listen,
        5 => accept,
        6 => getsockname,
        7 => getpeername,
        8 => socketpair,
        9 => transfer::send,
        10 => transfer::recv,
        11 => transfer::sendto,
        12 => transfer::recvfrom,
        13 => shutdown,
        14 => options::setsockopt,
        15 => options::getsockopt,
        16 => transfer::sendmsg,
        17 => transfer::recvmsg,
        18 => accept4,
        _ => return Err(Errno::NOSYS.into()),
    };
    function(&mut call)
}

/// `socket(family, type, protocol)`.
pub fn socket(call: &mut Call) -> CallResult {
    let (family, socket_type) = (call.int()?, call.int()?);
    let (host_family, host_type) = match (family, socket_type & 0xf) {
        (2, 1) => (AddressFamily::INET, SocketType::STREAM),
        (2, 2) => (AddressFamily::INET, SocketType::DGRAM),
        (10, 1) => (AddressFamily::INET6, SocketType::STREAM),
        (10, 2) => (AddressFamily::INET6, SocketType::DGRAM),
        (2 | 10, _) => return Err(Errno::PROTONOSUPPORT.into()),
        _ => return Err(Errno::AFNOSUPPORT.into()),
    };
    if !call.host().network {
        return Err(Errno::ACCES.into());
    }
    call.host().descriptors.check_capacity()?;
    let fd = rustix::net::socket_with(host_family, host_type, socket_flags(), None)?;
    let mut open = OpenFile::new(DescriptorKind::Socket(fd, family as u16));
    *open.nonblocking.get_mut() = socket_type & NONBLOCK != 0;
    *open.unbound.get_mut() = host_type == SocketType::DGRAM;
    Ok(call.host().descriptors.add(Arc::new(open), 0)?.into())
}

/// The host's sockets never block, because a signal must be able to end a guest's wait.
fn socket_flags() -> SocketFlags {
    SocketFlags::NONBLOCK | SocketFlags::CLOEXEC
}

fn add_socket(call: &mut Call, fd: OwnedFd, family: u16, nonblocking: bool) -> CallResult {
    let mut open = OpenFile::new(DescriptorKind::Socket(fd, family));
    *open.nonblocking.get_mut() = nonblocking;
    Ok(call.host().descriptors.add(Arc::new(open), 0)?.into())
}

/// `socketpair(family, type, protocol, fds)`: two ends within the guest.
pub fn socketpair(call: &mut Call) -> CallResult {
    let (family, socket_type, _, at) = (call.int()?, call.int()?, call.int()?, call.word()?);
    if family != i32::from(AF_UNIX) || socket_type & 0xf != 1 {
        return Err(Errno::OPNOTSUPP.into());
    }
    call.check(at, 8)?;
    call.host().descriptors.check_capacity()?;
    let (one, other) = rustix::net::socketpair(AddressFamily::UNIX, SocketType::STREAM, socket_flags(), None)?;
    let first = add_socket(call, one, AF_UNIX, socket_type & NONBLOCK != 0)?;
    let second = match add_socket(call, other, AF_UNIX, socket_type & NONBLOCK != 0) {
        Ok(second) => second,
        Err(full) => {
            call.host().descriptors.close(first as i32)?;
            return Err(full);
        }
    };
    call.store(at, first as u32)?;
    call.store(at + 4, second as u32)?;
    Ok(0)
}

/// Reads an address for `open` from `at`, `len` bytes long.
pub fn address_at(call: &Call, open: &OpenFile, at: u32, len: u32) -> Result<SocketAddr, CallError> {
    let family = open.family()?;
    if !(2..=128).contains(&len) {
        return Err(Errno::INVAL.into());
    }
    let mut bytes = vec![0; len as usize];
    call.guest.read(at, &mut bytes)?;
    let address = layout::parse_sockaddr(&bytes)?;
    // Not left to the kernel, which might bind the socket before it refuses.
    if family != if address.is_ipv4() { AF_INET } else { AF_INET6 } {
        return Err(Errno::AFNOSUPPORT.into());
    }
    Ok(address)
}

/// Binds an unbound datagram socket to the loopback address of its family, before the kernel chooses an address.
pub fn bind_loopback(open: &OpenFile) -> Result<(), CallError> {
    if open.unbound.load(Ordering::Relaxed) {
        let ip: IpAddr =
            if open.family()? == AF_INET { Ipv4Addr::LOCALHOST.into() } else { Ipv6Addr::LOCALHOST.into() };
        rustix::net::bind(open.socket()?, &SocketAddr::new(ip, 0))?;
        open.unbound.store(false, Ordering::Relaxed);
    }
    Ok(())
}

impl Host {
    /// The host's address for a guest that binds to `address`.
    pub fn bindable(&self, address: SocketAddr) -> Result<SocketAddr, Errno> {
        let address = loopback(address)?;
        if self.ports.contains(&address.port()) { Ok(address) } else { Err(Errno::ACCES) }
    }

    /// The host's address for a guest that connects or sends to `address`.
    pub fn connectable(&self, address: SocketAddr) -> Result<SocketAddr, Errno> {
        let to = loopback(address)?;
        if self.connect_ports.contains(&to.port()) { Ok(to) } else { self.bindable(address) }
    }
}

/// Maps the wildcard address to loopback.
fn loopback(address: SocketAddr) -> Result<SocketAddr, Errno> {
    let ip = match address.ip() {
        IpAddr::V4(ip) if ip.is_unspecified() => Ipv4Addr::LOCALHOST.into(),
        IpAddr::V6(ip) if ip.is_unspecified() => Ipv6Addr::LOCALHOST.into(),
        ip if ip.is_loopback() => ip,
        _ => return Err(Errno::ADDRNOTAVAIL),
    };
    Ok((ip, address.port()).into())
}

/// `bind(fd, address, length)`.
pub fn bind(call: &mut Call) -> CallResult {
    let (fd, at, len) = (call.int()?, call.word()?, call.word()?);
    let open = call.host().descriptors.get(fd)?;
    let socket = open.socket()?;
    let address = address_at(call, &open, at, len)?;
    let address = call.host().bindable(address)?;
    rustix::net::bind(socket, &address)?;
    open.unbound.store(false, Ordering::Relaxed);
    Ok(0)
}

/// `listen(fd, backlog)`.
pub fn listen(call: &mut Call) -> CallResult {
    let (fd, backlog) = (call.int()?, call.int()?);
    let open = call.host().descriptors.get(fd)?;
    let socket = open.socket()?;
    // A socket that was never bound would listen on every address, on a port that the guest was not given.
    let bound: SocketAddr = rustix::net::getsockname(socket)?.try_into().map_err(|_| Errno::OPNOTSUPP)?;
    if bound.ip().is_unspecified() {
        return Err(Errno::ACCES.into());
    }
    call.host().bindable(bound)?;
    rustix::net::listen(socket, backlog.clamp(0, 4096))?;
    Ok(0)
}

/// `connect(fd, address, length)`.
pub fn connect(call: &mut Call) -> CallResult {
    let (fd, at, len) = (call.int()?, call.word()?, call.word()?);
    let open = call.host().descriptors.get(fd)?;
    let socket = open.socket()?;
    let address = address_at(call, &open, at, len)?;
    let address = call.host().connectable(address)?;
    bind_loopback(&open)?;
    match rustix::net::connect(socket, &address) {
        Err(rustix::io::Errno::INPROGRESS) if !open.is_nonblocking() => {
            until_ready(call, &open, Readiness::Write)?;
            rustix::net::sockopt::socket_error(open.socket()?)??;
            Ok(0)
        }
        result => Ok(result.map(|()| 0)?),
    }
}

/// `accept(fd, address, length)`.
pub fn accept(call: &mut Call) -> CallResult {
    accept_connection(call, false)
}

/// `accept4(fd, address, length, flags)`.
pub fn accept4(call: &mut Call) -> CallResult {
    accept_connection(call, true)
}

fn accept_connection(call: &mut Call, with_flags: bool) -> CallResult {
    let (fd, at, length) = (call.int()?, call.word()?, call.word()?);
    let nonblocking = with_flags && call.int()? & NONBLOCK != 0;
    let open = call.host().descriptors.get(fd)?;
    let DescriptorKind::Socket(_, family) = &open.kind else { return Err(Errno::NOTSOCK.into()) };
    if at != 0 {
        let room = call.load(length)?;
        call.check(at, room.min(128))?;
    }
    // If no descriptor is free, the connection stays queued.
    call.host().descriptors.check_capacity()?;
    let mut attempts = 0;
    let (fd, peer) = loop {
        match rustix::net::acceptfrom_with(open.socket()?, socket_flags()) {
            Ok(accepted) => break accepted,
            Err(rustix::io::Errno::AGAIN) if open.may_wait(&mut attempts) => until_ready(call, &open, Readiness::Read)?,
            Err(rustix::io::Errno::INTR) => {}
            Err(other) => return Err(other.into()),
        }
    };
    if at != 0 {
        put_address(call, at, length, peer)?;
    }
    add_socket(call, fd, *family, nonblocking)
}

/// Writes an address, truncated to the available space, and its full length.
pub fn put_address(call: &mut Call, at: u32, length: u32, address: Option<SocketAddrAny>) -> Result<(), CallError> {
    let bytes = match address.and_then(|a| SocketAddr::try_from(a).ok()) {
        Some(address) => layout::sockaddr(address),
        // The address of a socket pair: a family without a name.
        None => AF_UNIX.to_le_bytes().to_vec(),
    };
    let room = call.load(length)? as usize;
    call.guest.write(at, &bytes[..bytes.len().min(room)])?;
    call.store(length, bytes.len() as u32)
}

/// `getsockname(fd, address, length)`.
pub fn getsockname(call: &mut Call) -> CallResult {
    let (fd, at, length) = (call.int()?, call.word()?, call.word()?);
    let open = call.host().descriptors.get(fd)?;
    let name = rustix::net::getsockname(open.socket()?)?;
    put_address(call, at, length, Some(name))?;
    Ok(0)
}

/// `getpeername(fd, address, length)`.
pub fn getpeername(call: &mut Call) -> CallResult {
    let (fd, at, length) = (call.int()?, call.word()?, call.word()?);
    let open = call.host().descriptors.get(fd)?;
    let name = rustix::net::getpeername(open.socket()?)?;
    put_address(call, at, length, name)?;
    Ok(0)
}

/// `shutdown(fd, how)`.
pub fn shutdown(call: &mut Call) -> CallResult {
    let (fd, how) = (call.int()?, call.int()?);
    let open = call.host().descriptors.get(fd)?;
    let how = match how {
        0 => Shutdown::Read,
        1 => Shutdown::Write,
        2 => Shutdown::Both,
        _ => return Err(Errno::INVAL.into()),
    };
    rustix::net::shutdown(open.socket()?, how)?;
    Ok(0)
}

/// libc's `getaddrinfo(node, service, hints, result)`: numeric addresses, and names of this machine.
pub fn getaddrinfo(call: &mut Call) -> CallResult {
    const NONAME: i64 = -2;
    const FAMILY: i64 = -6;
    const SERVICE: i64 = -8;
    let (node, service, hints, at) = (call.word()?, call.word()?, call.word()?, call.word()?);
    let (mut family, mut socket_type, mut passive) = (0, 1, false);
    if hints != 0 {
        passive = call.load(hints)? & 1 != 0;
        family = call.load(hints.wrapping_add(4))? as u16;
        socket_type = call.load(hints.wrapping_add(8))?.max(1);
    }
    let port = match if service == 0 { String::from("0") } else { call.text(service)? }.parse::<u16>() {
        Ok(port) => port,
        Err(_) => return Ok(SERVICE),
    };
    let v6 = family == AF_INET6;
    let name = if node == 0 { String::new() } else { call.text(node)? };
    let ip: IpAddr = match name.as_str() {
        "" if passive && v6 => Ipv6Addr::UNSPECIFIED.into(),
        "" if passive => Ipv4Addr::UNSPECIFIED.into(),
        "" | "localhost" if v6 => Ipv6Addr::LOCALHOST.into(),
        "" | "localhost" => Ipv4Addr::LOCALHOST.into(),
        name => match name.parse() {
            Ok(ip) => ip,
            // There is no resolver, because resolving a name would need a server.
            Err(_) => return Ok(NONAME),
        },
    };
    if family != 0 && (family == AF_INET) != ip.is_ipv4() {
        return Ok(FAMILY);
    }
    let address = layout::sockaddr((ip, port).into());
    // `addrinfo`: flags 0, family 4, socktype 8, protocol 12, addrlen 16, addr 20, canonname 24, next 28.
    let info = call.allocate(32 + address.len() as u32)?;
    let family = if ip.is_ipv4() { AF_INET } else { AF_INET6 };
    let protocol = if socket_type == 2 { 17 } else { 6 };
    for (offset, word) in
        [(4, family.into()), (8, socket_type), (12, protocol), (16, address.len() as u32), (20, info + 32)]
    {
        call.store(info + offset, word)?;
    }
    call.guest.write(info + 32, &address)?;
    call.store(at, info)?;
    Ok(0)
}
