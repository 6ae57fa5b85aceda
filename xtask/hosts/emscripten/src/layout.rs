//! Structures of the guest's libc, byte by byte: 32-bit, little-endian.
//!
//! Sources: musl's headers as shipped with Emscripten 1.38 and 3.1. `off_t` and `ino_t` were 32 bits wide up to 1.38
//! and have been 64 since; `time_t` is 32 bits in both. No host structure is cast.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use crate::Errno;

/// Size of `sockaddr_in`.
pub const SOCKADDR_IN: usize = 16;
/// Size of `sockaddr_in6`.
pub const SOCKADDR_IN6: usize = 28;
/// `AF_INET`.
pub const AF_INET: u16 = 2;
/// `AF_INET6`.
pub const AF_INET6: u16 = 10;
/// Size of an `fd_set`, bytes: one bit per descriptor, 1,024 of them.
pub const FD_SET: usize = 128;

/// A structure under construction.
pub struct Bytes(pub Vec<u8>);

impl Bytes {
    fn new(size: usize) -> Self {
        Self(vec![0; size])
    }

    fn u16(&mut self, at: usize, value: u16) -> &mut Self {
        self.0[at..at + 2].copy_from_slice(&value.to_le_bytes());
        self
    }

    fn u32(&mut self, at: usize, value: u32) -> &mut Self {
        self.0[at..at + 4].copy_from_slice(&value.to_le_bytes());
        self
    }

    fn u64(&mut self, at: usize, value: u64) -> &mut Self {
        self.0[at..at + 8].copy_from_slice(&value.to_le_bytes());
        self
    }
}

/// A point in time, or a duration, as in `struct timespec`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Timespec {
    /// Seconds.
    pub seconds: i64,
    /// Nanoseconds within the second.
    pub nanos: u32,
}

impl Timespec {
    /// `struct timespec`, 8 bytes: `tv_sec` 0, `tv_nsec` 4.
    pub fn timespec(self) -> [u8; 8] {
        pair(self.seconds as u32, self.nanos)
    }

    /// `struct timeval`, 8 bytes: `tv_sec` 0, `tv_usec` 4.
    pub fn timeval(self) -> [u8; 8] {
        pair(self.seconds as u32, self.nanos / 1_000)
    }

    /// Reads a `struct timeval` of the guest.
    pub fn from_timeval(bytes: [u8; 8]) -> Result<Self, Errno> {
        let (seconds, micros) = split(bytes);
        match (seconds as i32, u32::try_from(micros as i32)) {
            (seconds @ 0.., Ok(micros @ 0..1_000_000)) => Ok(Self { seconds: seconds.into(), nanos: micros * 1_000 }),
            _ => Err(Errno::INVAL),
        }
    }
}

fn pair(first: u32, second: u32) -> [u8; 8] {
    let mut bytes = [0; 8];
    bytes[..4].copy_from_slice(&first.to_le_bytes());
    bytes[4..].copy_from_slice(&second.to_le_bytes());
    bytes
}

/// Splits eight bytes into two words.
pub fn split(bytes: [u8; 8]) -> (u32, u32) {
    let word = |at: usize| u32::from_le_bytes([bytes[at], bytes[at + 1], bytes[at + 2], bytes[at + 3]]);
    (word(0), word(4))
}

/// The result of `stat`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Stat {
    /// Device.
    pub dev: u64,
    /// Inode.
    pub ino: u64,
    /// Type and permissions.
    pub mode: u32,
    /// Number of links.
    pub nlink: u32,
    /// Size, bytes.
    pub size: u64,
    /// Blocks of 512 bytes.
    pub blocks: u64,
    /// Times of last access, modification and change.
    pub times: [Timespec; 3],
}

impl Stat {
    /// `struct stat` of 1.38, 76 bytes; cannot represent files of 4 GB and more.
    pub fn narrow(&self) -> Result<Vec<u8>, Errno> {
        let size = u32::try_from(self.size).ok().filter(|s| *s <= i32::MAX as u32).ok_or(Errno::OVERFLOW)?;
        let mut bytes = Bytes::new(76);
        self.common(&mut bytes);
        bytes.u32(36, size).u32(40, 4096).u32(44, self.blocks as u32).u32(72, self.ino as u32);
        self.put_times(&mut bytes, 48);
        Ok(bytes.0)
    }

    /// `struct stat` of 3.x, 88 bytes.
    pub fn wide(&self) -> Vec<u8> {
        let mut bytes = Bytes::new(88);
        self.common(&mut bytes);
        bytes.u64(40, self.size).u32(48, 4096).u32(52, self.blocks as u32).u64(80, self.ino);
        self.put_times(&mut bytes, 56);
        bytes.0
    }

    /// `st_dev` 0, `__st_ino_truncated` 8, `st_mode` 12, `st_nlink` 16, `st_uid` 20, `st_gid` 24, `st_rdev` 28.
    fn common(&self, bytes: &mut Bytes) {
        let user = crate::sys::users::ID;
        bytes.u32(0, self.dev as u32).u32(8, self.ino as u32).u32(12, self.mode).u32(16, self.nlink);
        bytes.u32(20, user).u32(24, user);
    }

    fn put_times(&self, bytes: &mut Bytes, at: usize) {
        for (index, time) in self.times.iter().enumerate() {
            let at = at + index * 8;
            bytes.0[at..at + 8].copy_from_slice(&time.timespec());
        }
    }
}

/// One entry of `getdents64`. In 1.38: `d_ino` 0, `d_off` 4, `d_reclen` 8, `d_type` 10, `d_name` 11, in total 268
/// bytes. In 3.x the first two have 64 bits, and the total is 280 bytes.
pub fn dirent(upstream: bool, ino: u64, next: u32, kind: u8, name: &str) -> Vec<u8> {
    let (size, reclen) = if upstream { (280, 16) } else { (268, 8) };
    let mut bytes = Bytes::new(size);
    if upstream {
        bytes.u64(0, ino).u64(8, next.into());
    } else {
        bytes.u32(0, ino as u32).u32(4, next);
    }
    bytes.u16(reclen, size as u16);
    bytes.0[reclen + 2] = kind;
    let name = &name.as_bytes()[..name.len().min(255)];
    bytes.0[reclen + 3..reclen + 3 + name.len()].copy_from_slice(name);
    bytes.0
}

/// `sockaddr_in` (`sin_family` 0, `sin_port` 2 and `sin_addr` 4, both big-endian) or `sockaddr_in6` (`sin6_port` 2,
/// `sin6_flowinfo` 4, `sin6_addr` 8, `sin6_scope_id` 24).
pub fn sockaddr(address: SocketAddr) -> Vec<u8> {
    let mut bytes = Bytes::new(if address.is_ipv4() { SOCKADDR_IN } else { SOCKADDR_IN6 });
    bytes.0[2..4].copy_from_slice(&address.port().to_be_bytes());
    match address.ip() {
        IpAddr::V4(ip) => {
            bytes.u16(0, AF_INET);
            bytes.0[4..8].copy_from_slice(&ip.octets());
        }
        IpAddr::V6(ip) => {
            bytes.u16(0, AF_INET6);
            bytes.0[8..24].copy_from_slice(&ip.octets());
        }
    }
    bytes.0
}

/// Parses an address written by the guest.
pub fn parse_sockaddr(bytes: &[u8]) -> Result<SocketAddr, Errno> {
    let at = |at: usize| bytes.get(at).copied().unwrap_or_default();
    let family = u16::from_le_bytes([at(0), at(1)]);
    let port = u16::from_be_bytes([at(2), at(3)]);
    match family {
        AF_INET if bytes.len() >= SOCKADDR_IN => {
            Ok((Ipv4Addr::new(bytes[4], bytes[5], bytes[6], bytes[7]), port).into())
        }
        AF_INET6 if bytes.len() >= SOCKADDR_IN6 => {
            let mut ip = [0; 16];
            ip.copy_from_slice(&bytes[8..24]);
            Ok((Ipv6Addr::from(ip), port).into())
        }
        AF_INET | AF_INET6 => Err(Errno::INVAL),
        _ => Err(Errno::AFNOSUPPORT),
    }
}

/// `struct tm`, 44 bytes: eleven words, the last one is the address of the time zone's name.
pub fn tm(fields: [i32; 9], zone: u32) -> Vec<u8> {
    let mut bytes = Bytes::new(44);
    for (index, field) in fields.iter().enumerate() {
        bytes.u32(index * 4, *field as u32);
    }
    bytes.u32(40, zone);
    bytes.0
}

/// `struct utsname`: six texts of 65 bytes.
pub fn utsname(texts: [&str; 6]) -> Vec<u8> {
    let mut bytes = vec![0; 6 * 65];
    for (index, text) in texts.iter().enumerate() {
        bytes[index * 65..index * 65 + text.len()].copy_from_slice(text.as_bytes());
    }
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;

    fn word(bytes: &[u8], at: usize) -> u32 {
        u32::from_le_bytes(bytes[at..at + 4].try_into().unwrap())
    }

    const STAT: Stat = Stat {
        dev: 3,
        ino: 0x1_0000_0007,
        mode: 0o100_644,
        nlink: 1,
        size: 500,
        blocks: 8,
        times: [
            Timespec { seconds: 11, nanos: 1 },
            Timespec { seconds: 22, nanos: 2 },
            Timespec { seconds: 33, nanos: 3 },
        ],
    };

    #[test]
    fn stat_layouts_of_both_abis() {
        let fastcomp = STAT.narrow().unwrap();
        assert_eq!(
            (fastcomp.len(), word(&fastcomp, 12), word(&fastcomp, 36), word(&fastcomp, 44)),
            (76, 0o100_644, 500, 8)
        );
        assert_eq!([48, 52, 56, 64, 72].map(|at| word(&fastcomp, at)), [11, 1, 22, 33, 7]);
        // Offsets according to offsetof with emcc 3.1.6.
        let upstream = STAT.wide();
        assert_eq!((upstream.len(), word(&upstream, 40), word(&upstream, 48), word(&upstream, 52)), (88, 500, 4096, 8));
        assert_eq!([56, 60, 64, 72, 80, 84].map(|at| word(&upstream, at)), [11, 1, 22, 33, 7, 1]);
        assert_eq!(Stat { size: 1 << 32, ..STAT }.narrow(), Err(Errno::OVERFLOW));
    }

    #[test]
    fn socket_addresses_round_trip() {
        let bytes = sockaddr("127.0.0.1:8080".parse().unwrap());
        assert_eq!(bytes, [2, 0, 0x1f, 0x90, 127, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0]);
        for text in ["127.0.0.1:8080", "[::1]:80"] {
            let address = text.parse().unwrap();
            assert_eq!(parse_sockaddr(&sockaddr(address)), Ok(address));
        }
        assert_eq!(parse_sockaddr(&[2, 0, 0, 1]), Err(Errno::INVAL));
        assert_eq!(parse_sockaddr(&[1, 0, b'/', b'x']), Err(Errno::AFNOSUPPORT));
        assert_eq!(parse_sockaddr(&[]), Err(Errno::AFNOSUPPORT));
    }

    #[test]
    fn dirent_layouts_of_both_abis() {
        let fastcomp = dirent(false, 9, 1, 8, "a.txt");
        assert_eq!(
            (fastcomp.len(), word(&fastcomp, 0), word(&fastcomp, 4), fastcomp[8], fastcomp[9], fastcomp[10]),
            (268, 9, 1, 12, 1, 8)
        );
        assert_eq!(&fastcomp[11..17], b"a.txt\0");
        let upstream = dirent(true, 9, 1, 4, "d");
        assert_eq!(
            (upstream.len(), word(&upstream, 0), word(&upstream, 8), upstream[16], upstream[17], upstream[18]),
            (280, 9, 1, 24, 1, 4)
        );
        assert_eq!(&upstream[19..21], b"d\0");
        assert_eq!(dirent(false, 0, 0, 0, &"x".repeat(300)).len(), 268);
    }

    #[test]
    fn time_and_utsname_layouts() {
        let time = Timespec { seconds: 7, nanos: 1_500_000 };
        assert_eq!((split(time.timespec()), split(time.timeval())), ((7, 1_500_000), (7, 1_500)));
        assert_eq!(Timespec::from_timeval(time.timeval()), Ok(time));
        assert_eq!(Timespec::from_timeval(pair(0, 1_000_000)), Err(Errno::INVAL));
        assert_eq!(Timespec::from_timeval(pair(u32::MAX, 0)), Err(Errno::INVAL));
        let bytes = tm([1, 2, 3, 4, 5, 126, 0, 7, 0], 99);
        assert_eq!((bytes.len(), word(&bytes, 20), word(&bytes, 40)), (44, 126, 99));
        let names = utsname(["Emscripten", "host", "1", "v", "x86-JS", ""]);
        assert_eq!((names.len(), &names[65..70]), (390, b"host\0".as_slice()));
    }
}
