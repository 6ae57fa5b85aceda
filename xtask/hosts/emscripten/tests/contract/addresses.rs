//! Sockets are limited to loopback and the given ports; without a network there are none.

use std::io::{Read, Write};
use std::net::{Ipv4Addr, Ipv6Addr, TcpListener, TcpStream, UdpSocket};

use wasmlab_host_emscripten::Config;

use crate::guest::{Abi, BOTH, BUFFER, MemoryGuest};

const NONBLOCK: i64 = 0o4000;

/// A free port.
fn port() -> u16 {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

fn guest(ports: &[u16]) -> MemoryGuest {
    MemoryGuest::new(Config { network: true, ports: ports.to_vec(), ..Config::default() })
}

fn socket(guest: &mut MemoryGuest, abi: Abi, family: i64, kind: i64) -> i64 {
    let fd = guest.socket(abi, 1, "socket", &[family, kind | NONBLOCK, 0]);
    assert!(fd >= 3, "socket({family}, {kind}): {fd}");
    fd
}

#[test]
fn sockets_need_a_network() {
    let mut guest = MemoryGuest::new(Config { ports: vec![80], ..Config::default() });
    for abi in BOTH {
        for (family, kind) in [(2, 1), (2, 2), (10, 1), (10, 2)] {
            assert_eq!(guest.socket(abi, 1, "socket", &[family, kind, 0]), -13);
        }
    }
    assert_eq!(guest.host.open_descriptors(), 3);
}

#[test]
fn raw_and_packet_sockets_are_unavailable() {
    let mut guest = guest(&[]);
    for abi in BOTH {
        // Raw, netlink, packet and Unix sockets.
        for (family, kind, errno) in [(2, 3, -93), (10, 3, -93), (2, 5, -93), (16, 3, -97), (17, 3, -97), (1, 1, -97)] {
            assert_eq!(guest.socket(abi, 1, "socket", &[family, kind, 0]), errno, "{family} {kind}");
        }
    }
    assert_eq!(guest.host.open_descriptors(), 3);
}

#[test]
fn other_addresses_and_ports_are_refused() {
    let free = port();
    let outside =
        [[10, 0, 0, 1], [192, 168, 1, 1], [8, 8, 8, 8], [255, 255, 255, 255], [224, 0, 0, 1], [169, 254, 169, 254]];
    let outside6 = ["::ffff:127.0.0.1", "::ffff:8.8.8.8", "fe80::1", "ff02::1", "2001:db8::1", "64:ff9b::808:808"];
    for abi in BOTH {
        let mut guest = guest(&[free]);
        for kind in [1, 2] {
            let fd = socket(&mut guest, abi, 2, kind);
            let fd6 = socket(&mut guest, abi, 10, kind);
            for (number, name) in [(2, "bind"), (3, "connect")] {
                for ip in outside {
                    let at = guest.address(ip, free);
                    assert_eq!(guest.socket(abi, number, name, &[fd, at, 16]), -99, "{name} {ip:?}");
                }
                for ip in outside6 {
                    let at = guest.address6(ip.parse().unwrap(), free);
                    assert_eq!(guest.socket(abi, number, name, &[fd6, at, 28]), -99, "{name} {ip}");
                }
                // Another port, and a port that the kernel would choose.
                for other in [free.wrapping_add(1), 0, 22] {
                    let at = guest.address([127, 0, 0, 1], other);
                    assert_eq!(guest.socket(abi, number, name, &[fd, at, 16]), -13, "{name} port {other}");
                    let at = guest.address6(Ipv6Addr::LOCALHOST, other);
                    assert_eq!(guest.socket(abi, number, name, &[fd6, at, 28]), -13, "{name} port {other}");
                }
            }
            for ip in outside {
                let at = guest.address(ip, free);
                let sent = guest.socket(abi, 11, "sendto", &[fd, BUFFER.into(), 4, 0, at, 16]);
                assert_eq!(sent, -99, "sendto {ip:?}");
            }
            let at = guest.address([127, 0, 0, 1], free.wrapping_add(1));
            assert_eq!(guest.socket(abi, 11, "sendto", &[fd, BUFFER.into(), 4, 0, at, 16]), -13);
            // The same with sendmsg.
            guest.address([8, 8, 8, 8], free);
            for (index, word) in [at as u32, 16, 900, 1, 0, 0, 0].into_iter().enumerate() {
                guest.put(800 + index as u32 * 4, &word.to_le_bytes());
            }
            guest.put(900, &[0, 0, 1, 0, 4, 0, 0, 0]);
            assert_eq!(guest.socket(abi, 16, "sendmsg", &[fd, 800, 0]), -99);
        }
    }
}

#[test]
fn unbound_socket_cannot_listen() {
    let free = port();
    let mut guest = guest(&[free]);
    for abi in BOTH {
        for family in [2, 10] {
            let fd = socket(&mut guest, abi, family, 1);
            assert_eq!(guest.socket(abi, 4, "listen", &[fd, 5]), -13);
        }
    }
}

/// A socket that sends before it is bound gets a port on loopback, so that only this machine can send to it.
#[test]
fn kernel_chosen_port_is_on_loopback() {
    let peer = UdpSocket::bind("127.0.0.1:0").unwrap();
    let peer6 = UdpSocket::bind("[::1]:0").unwrap();
    let (port, port6) = (peer.local_addr().unwrap().port(), peer6.local_addr().unwrap().port());
    for abi in BOTH {
        let mut guest = guest(&[port, port6]);
        let fd = socket(&mut guest, abi, 2, 2);
        let at = guest.address([127, 0, 0, 1], port);
        assert_eq!(guest.socket(abi, 11, "sendto", &[fd, BUFFER.into(), 4, 0, at, 16]), 4);
        assert!(peer.recv_from(&mut [0; 8]).unwrap().1.ip().is_loopback());
        guest.put(600, &16_u32.to_le_bytes());
        assert_eq!(guest.socket(abi, 6, "getsockname", &[fd, 700, 600]), 0);
        assert_eq!(guest.bytes(704, 4), [127, 0, 0, 1]);

        let fd = socket(&mut guest, abi, 10, 2);
        let at = guest.address6(Ipv6Addr::LOCALHOST, port6);
        assert_eq!(guest.socket(abi, 11, "sendto", &[fd, BUFFER.into(), 4, 0, at, 28]), 4);
        guest.put(600, &28_u32.to_le_bytes());
        assert_eq!(guest.socket(abi, 6, "getsockname", &[fd, 700, 600]), 0);
        assert_eq!(guest.bytes(708, 16), Ipv6Addr::LOCALHOST.octets());
    }
}

/// Whether `getsockname` of `fd` reports a port that is not on loopback.
fn reachable_from_outside(guest: &mut MemoryGuest, abi: Abi, fd: i64) -> bool {
    guest.put(600, &28_u32.to_le_bytes());
    assert_eq!(guest.socket(abi, 6, "getsockname", &[fd, 700, 600]), 0);
    let bound = guest.bytes(702, 2) != [0, 0];
    let loopback = match guest.bytes(700, 1) {
        [2] => guest.bytes(704, 4) == [127, 0, 0, 1],
        _ => guest.bytes(708, 16) == Ipv6Addr::LOCALHOST.octets(),
    };
    bound && !loopback
}

/// The kernel binds the socket before it reports that a datagram has no destination or that the address family is
/// wrong.
#[test]
fn refused_datagrams_leave_no_socket_on_the_wildcard_address() {
    let free = port();
    for abi in BOTH {
        for family in [2, 10] {
            let mut guest = guest(&[free]);
            let buffer = i64::from(BUFFER);
            let fd = socket(&mut guest, abi, family, 2);
            assert_eq!(guest.socket(abi, 11, "sendto", &[fd, buffer, 1, 0, 0, 0]), -89);
            assert!(!reachable_from_outside(&mut guest, abi, fd), "sendto without an address, family {family}");

            let fd = socket(&mut guest, abi, family, 2);
            guest.put(900, &[0, 0, 1, 0, 1, 0, 0, 0]);
            let written = match abi {
                Abi::Fastcomp => guest.fastcomp(4, &[fd, buffer, 1]),
                Abi::Upstream => -guest.import("wasi_snapshot_preview1", "fd_write", &[fd, 900, 1, 500]).unwrap(),
            };
            assert_eq!(written, if abi == Abi::Fastcomp { -89 } else { -17 });
            assert!(!reachable_from_outside(&mut guest, abi, fd), "write, family {family}");
            if abi == Abi::Fastcomp {
                let fd = socket(&mut guest, abi, family, 2);
                assert_eq!(guest.fastcomp(146, &[fd, 900, 1]), -89);
                assert!(!reachable_from_outside(&mut guest, abi, fd), "writev, family {family}");
                let fd = socket(&mut guest, abi, family, 2);
                assert_eq!(guest.socket(abi, 9, "send", &[fd, buffer, 1, 0]), -89);
                assert!(!reachable_from_outside(&mut guest, abi, fd), "send, family {family}");
            }
        }
    }
}

#[test]
fn addresses_of_another_family_are_refused() {
    let free = port();
    for abi in BOTH {
        for (family, kind) in [(2, 1), (2, 2), (10, 1), (10, 2)] {
            let mut guest = guest(&[free]);
            let other = |guest: &mut MemoryGuest| match family {
                2 => (guest.address6(Ipv6Addr::LOCALHOST, free), 28),
                _ => (guest.address([127, 0, 0, 1], free), 16),
            };
            for (number, name) in [(2, "bind"), (3, "connect")] {
                let fd = socket(&mut guest, abi, family, kind);
                let (at, len) = other(&mut guest);
                assert_eq!(guest.socket(abi, number, name, &[fd, at, len]), -97, "{name}, family {family}");
                assert!(!reachable_from_outside(&mut guest, abi, fd), "{name}, family {family}");
            }
            let fd = socket(&mut guest, abi, family, kind);
            let (at, len) = other(&mut guest);
            assert_eq!(guest.socket(abi, 11, "sendto", &[fd, BUFFER.into(), 1, 0, at, len]), -97);
            assert!(!reachable_from_outside(&mut guest, abi, fd), "sendto, family {family}");
        }
    }
}

/// A connected datagram socket has a port that cannot be reached from outside either; a port it was given is kept.
#[test]
fn connected_datagram_sockets_stay_on_loopback() {
    let peer = UdpSocket::bind("127.0.0.1:0").unwrap();
    let (peer_port, own_port) = (peer.local_addr().unwrap().port(), port());
    for abi in BOTH {
        let mut guest = guest(&[peer_port, own_port]);
        for bound in [false, true] {
            let fd = socket(&mut guest, abi, 2, 2);
            if bound {
                let at = guest.address([0, 0, 0, 0], own_port);
                assert_eq!(guest.socket(abi, 2, "bind", &[fd, at, 16]), 0);
            }
            let at = guest.address([127, 0, 0, 1], peer_port);
            assert_eq!(guest.socket(abi, 3, "connect", &[fd, at, 16]), 0);
            assert!(!reachable_from_outside(&mut guest, abi, fd));
            assert_eq!(guest.socket(abi, 11, "sendto", &[fd, BUFFER.into(), 4, 0, 0, 0]), 4);
            let from = peer.recv_from(&mut [0; 8]).unwrap().1;
            assert!(from.ip().is_loopback() && (!bound || from.port() == own_port), "{from}");
            guest.close(abi, fd);
        }
    }
}

/// Where another server listens, the guest may connect but not listen.
#[test]
fn connect_ports_cannot_be_listened_on() {
    let server = TcpListener::bind("127.0.0.1:0").unwrap();
    let datagrams = UdpSocket::bind("127.0.0.1:0").unwrap();
    let (server_port, datagram_port) = (server.local_addr().unwrap().port(), datagrams.local_addr().unwrap().port());
    let connect_ports = vec![server_port, datagram_port];
    for abi in BOTH {
        let mut guest =
            MemoryGuest::new(Config { network: true, connect_ports: connect_ports.clone(), ..Config::default() });
        for ip in [[127, 0, 0, 1], [0, 0, 0, 0]] {
            let fd = socket(&mut guest, abi, 2, 1);
            let at = guest.address(ip, server_port);
            // In progress, or done.
            assert!([0, -115].contains(&guest.socket(abi, 3, "connect", &[fd, at, 16])));
            server.accept().unwrap();
            let fd = socket(&mut guest, abi, 2, 2);
            let at = guest.address(ip, datagram_port);
            assert_eq!(guest.socket(abi, 11, "sendto", &[fd, BUFFER.into(), 4, 0, at, 16]), 4);
            for kind in [1, 2] {
                let fd = socket(&mut guest, abi, 2, kind);
                let at = guest.address(ip, server_port);
                assert_eq!(guest.socket(abi, 2, "bind", &[fd, at, 16]), -13);
            }
        }
        let fd = socket(&mut guest, abi, 2, 1);
        let at = guest.address([8, 8, 8, 8], server_port);
        assert_eq!(guest.socket(abi, 3, "connect", &[fd, at, 16]), -99);
    }
}

/// A server of the guest: the wildcard address means loopback, and a client outside the guest is served.
#[test]
fn wildcard_address_means_loopback() {
    for abi in BOTH {
        for ip in [Ipv4Addr::UNSPECIFIED, Ipv4Addr::LOCALHOST, Ipv4Addr::new(127, 0, 0, 9)] {
            let port = port();
            let mut guest = guest(&[port]);
            let listener = socket(&mut guest, abi, 2, 1);
            let at = guest.address(ip.octets(), port);
            assert_eq!(guest.socket(abi, 2, "bind", &[listener, at, 16]), 0);
            assert_eq!(guest.socket(abi, 4, "listen", &[listener, 5]), 0);
            let bound = if ip.is_unspecified() { Ipv4Addr::LOCALHOST } else { ip };
            guest.put(600, &16_u32.to_le_bytes());
            assert_eq!(guest.socket(abi, 6, "getsockname", &[listener, 700, 600]), 0);
            assert_eq!(guest.bytes(704, 4), bound.octets());

            assert_eq!(guest.socket(abi, 5, "accept4", &[listener, 0, 0, 0]), -11);
            let mut client = TcpStream::connect((bound, port)).unwrap();
            client.write_all(b"ping").unwrap();
            let fd = guest.socket(abi, 5, "accept4", &[listener, 700, 600, NONBLOCK]);
            assert!(fd > listener, "{fd}");
            assert_eq!(guest.bytes(700, 2), [2, 0]);
            let mut len = guest.socket(abi, 12, "recvfrom", &[fd, BUFFER.into(), 100, 0, 0, 0]);
            while len == -11 {
                len = guest.socket(abi, 12, "recvfrom", &[fd, BUFFER.into(), 100, 0, 0, 0]);
            }
            assert_eq!(guest.bytes(BUFFER, len as usize), b"ping");
            assert_eq!(guest.socket(abi, 11, "sendto", &[fd, BUFFER.into(), len, 0, 0, 0]), 4);
            let mut reply = [0; 4];
            client.read_exact(&mut reply).unwrap();
            assert_eq!(&reply, b"ping");
        }
    }
}

#[test]
fn messages_carry_no_descriptors() {
    let mut guest = guest(&[]);
    assert_eq!(guest.socket(Abi::Fastcomp, 8, "socketpair", &[1, 1, 0, 500]), 0);
    let fd = guest.word(500).into();
    for (index, word) in [0, 0, 900, 1, 1000, 16, 0_u32].into_iter().enumerate() {
        guest.put(800 + index as u32 * 4, &word.to_le_bytes());
    }
    guest.put(900, &[0, 0, 1, 0, 4, 0, 0, 0]);
    assert_eq!(guest.socket(Abi::Fastcomp, 16, "sendmsg", &[fd, 800, 0]), -1);
}

/// Names are not resolved, because that would need a server outside.
#[test]
fn names_are_not_resolved() {
    let mut guest = guest(&[]);
    for name in ["example.com", "localhost.", "host.docker.internal", "127.1"] {
        let at = guest.text(name);
        assert_eq!(guest.env("_getaddrinfo", &[at, 0, 0, BUFFER.into()]), -2, "{name}");
    }
}
