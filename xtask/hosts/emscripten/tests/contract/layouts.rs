//! Structures that the guest's libc reads and writes, byte by byte: 32-bit, little-endian.

use std::net::TcpListener;
use std::os::unix::fs::MetadataExt;
use std::time::{SystemTime, UNIX_EPOCH};

use wasmlab_host_emscripten::Config;

use crate::guest::{Abi, BOTH, BUFFER, Folders, MemoryGuest};

fn words(values: &[u32]) -> Vec<u8> {
    values.iter().flat_map(|value| value.to_le_bytes()).collect()
}

#[test]
fn stat_in_both_widths() {
    let folders = Folders::new();
    let time = UNIX_EPOCH + std::time::Duration::new(1_538_000_000, 123_456_789);
    let file = std::fs::File::options().write(true).open(folders.given.join("file")).unwrap();
    file.set_times(std::fs::FileTimes::new().set_modified(time).set_accessed(time)).unwrap();
    let meta = file.metadata().unwrap();
    let (dev, ino, mode, nlink) = (meta.dev() as u32, meta.ino(), meta.mode(), meta.nlink() as u32);
    let (size, blocks) = (meta.size() as u32, meta.blocks() as u32);
    let low = ino as u32;
    let changed = [meta.ctime() as u32, meta.ctime_nsec() as u32];
    let times = [1_538_000_000, 123_456_789, 1_538_000_000, 123_456_789, changed[0], changed[1]];
    let common = [dev, 0, low, mode, nlink, 1000, 1000, 0, 0];
    let narrow = [&common[..], &[size, 4096, blocks], &times, &[low]].concat();
    let wide = [&common[..], &[0, size, 0, 4096, blocks], &times, &[low, (ino >> 32) as u32]].concat();
    let mut guest = folders.guest();
    for (abi, expected) in [(Abi::Fastcomp, words(&narrow)), (Abi::Upstream, words(&wide))] {
        let fd = guest.open(abi, "file", 0);
        for call in 0..3 {
            guest.put(BUFFER, &[0xee; 96]);
            let result = match call {
                0 => guest.path(abi, 195, "stat64", "file", &[BUFFER.into()]),
                1 => guest.path(abi, 196, "lstat64", "file", &[BUFFER.into()]),
                _ => guest.sys(abi, 197, "fstat64", &[fd, BUFFER.into()]),
            };
            assert_eq!(result, 0);
            assert_eq!(guest.bytes(BUFFER, expected.len()), expected, "{abi:?}");
            assert_eq!(guest.bytes(BUFFER + expected.len() as u32, 4), [0xee; 4], "bytes beyond it");
        }
    }
}

#[test]
fn directory_entries() {
    let folders = Folders::new();
    let sub = folders.given.join("sub");
    std::fs::write(sub.join("a.txt"), "").unwrap();
    let ino = std::fs::metadata(sub.join("a.txt")).unwrap().ino();
    let mut guest = folders.guest();
    for (abi, size) in [(Abi::Fastcomp, 268_usize), (Abi::Upstream, 280)] {
        let fd = guest.open(abi, "sub", 0o200_000);
        // Space for two and a half entries: two are returned.
        let room = size as i64 * 5 / 2;
        assert_eq!(guest.sys(abi, 220, "getdents64", &[fd, BUFFER.into(), room]), 2 * size as i64);
        assert_eq!(guest.sys(abi, 220, "getdents64", &[fd, BUFFER.into(), room]), 2 * size as i64);
        let (record, kind) = (size as u32, 8);
        let head = match abi {
            Abi::Fastcomp => words(&[ino as u32, 3, record | kind << 16]),
            Abi::Upstream => words(&[ino as u32, (ino >> 32) as u32, 3, 0, record | kind << 16]),
        };
        // The name starts in the last byte of the last word.
        assert_eq!(guest.bytes(BUFFER, head.len() - 1), &head[..head.len() - 1], "{abi:?}");
        assert_eq!(guest.bytes(BUFFER + head.len() as u32 - 1, 6), b"a.txt\0");
        assert_eq!(guest.sys(abi, 220, "getdents64", &[fd, BUFFER.into(), room]), 0);
    }
}

#[test]
fn socket_addresses() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let [high, low] = port.to_be_bytes();
    for abi in BOTH {
        let mut guest = MemoryGuest::new(Config { network: true, ports: vec![port], ..Config::default() });
        let fd = guest.socket(abi, 1, "socket", &[2, 1, 0]);
        guest.put(600, &[2, 0, high, low, 127, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0]);
        assert_eq!(guest.socket(abi, 3, "connect", &[fd, 600, 16]), 0);
        guest.put(500, &words(&[100]));
        guest.put(700, &[0xee; 40]);
        assert_eq!(guest.socket(abi, 7, "getpeername", &[fd, 700, 500]), 0);
        assert_eq!(guest.bytes(700, 16), [2, 0, high, low, 127, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0]);
        assert_eq!((guest.word(500), guest.bytes(716, 4)), (16, [0xee; 4].as_slice()));
        // With too little space, the address is truncated and its full length returned.
        guest.put(500, &words(&[4]));
        guest.put(700, &[0xee; 40]);
        assert_eq!(guest.socket(abi, 7, "getpeername", &[fd, 700, 500]), 0);
        assert_eq!((guest.bytes(700, 5), guest.word(500)), ([2, 0, high, low, 0xee].as_slice(), 16));
        let address = guest.address([127, 0, 0, 1], port);
        assert_eq!(guest.socket(abi, 3, "connect", &[fd, address, 15]), -22);
        // AF_UNSPEC, AF_UNIX, and a truncated IPv6 address.
        for (bytes, errno) in [([0, 0], -97), ([1, 0], -97), ([10, 0], -22)] {
            guest.put(600, &bytes);
            assert_eq!(guest.socket(abi, 3, "connect", &[fd, 600, 16]), errno);
        }
    }
}

#[test]
fn ipv6_addresses() {
    let listener = TcpListener::bind("[::1]:0").expect("the machine has IPv6 on loopback");
    let port = listener.local_addr().unwrap().port();
    let [high, low] = port.to_be_bytes();
    let mut bytes = [0; 28];
    bytes[..4].copy_from_slice(&[10, 0, high, low]);
    bytes[23] = 1;
    for abi in BOTH {
        let mut guest = MemoryGuest::new(Config { network: true, ports: vec![port], ..Config::default() });
        let fd = guest.socket(abi, 1, "socket", &[10, 1, 0]);
        guest.put(600, &bytes);
        assert_eq!(guest.socket(abi, 3, "connect", &[fd, 600, 28]), 0);
        guest.put(500, &words(&[28]));
        assert_eq!(guest.socket(abi, 7, "getpeername", &[fd, 700, 500]), 0);
        assert_eq!((guest.bytes(700, 28), guest.word(500)), (bytes.as_slice(), 28));
    }
}

/// `msghdr`: name 0, its length 4, buffers 8, their number 12, control 16, its length 20, flags 24; `iovec`: 0 and 4.
#[test]
fn messages_and_their_buffers() {
    for abi in BOTH {
        let mut guest = MemoryGuest::new(Config::default());
        assert_eq!(guest.socket(abi, 8, "socketpair", &[1, 1, 0, 500]), 0);
        let (one, other) = (guest.word(500).into(), guest.word(504).into());
        guest.put(BUFFER, b"firstsecond");
        guest.put(800, &words(&[0, 0, 900, 2, 0, 0, 0]));
        guest.put(900, &words(&[BUFFER, 5, BUFFER + 5, 6]));
        assert_eq!(guest.socket(abi, 16, "sendmsg", &[one, 800, 0]), 11);
        guest.put(800, &words(&[0, 0, 900, 2, 0, 77, 77]));
        guest.put(900, &words(&[BUFFER + 100, 3, BUFFER + 200, 20]));
        assert_eq!(guest.socket(abi, 17, "recvmsg", &[other, 800, 0]), 11);
        assert_eq!(
            (guest.bytes(BUFFER + 100, 4), guest.bytes(BUFFER + 200, 8)),
            (b"fir\0".as_slice(), b"stsecond".as_slice())
        );
        // No control data arrived, and no flag is set.
        assert_eq!(guest.bytes(800, 28), words(&[0, 0, 900, 2, 0, 0, 0]));
    }
}

/// `pollfd`: `fd` 0, `events` 4, `revents` 6.
#[test]
fn poll_descriptors() {
    let folders = Folders::new();
    for abi in BOTH {
        let mut guest = folders.guest();
        assert_eq!(guest.sys(abi, 42, "pipe", &[500]), 0);
        let (read, write) = (guest.word(500), guest.word(504));
        let asked = |guest: &mut MemoryGuest| {
            guest.put(BUFFER, &words(&[read, 1, write, 4, 77, 1, u32::MAX, 0xee_0001]));
            guest.sys(abi, 168, "poll", &[BUFFER.into(), 4, 0])
        };
        assert_eq!(asked(&mut guest), 2);
        let expected = words(&[read, 1, write, 4 | 4 << 16, 77, 1 | 32 << 16, u32::MAX, 1]);
        assert_eq!(guest.bytes(BUFFER, 32), expected);
        assert_eq!(guest.close(abi, write.into()), 0);
        assert_eq!(asked(&mut guest), 3);
        let expected = words(&[read, 1 | 16 << 16, write, 4 | 32 << 16, 77, 1 | 32 << 16, u32::MAX, 1]);
        assert_eq!(guest.bytes(BUFFER, 32), expected);
    }
}

/// `fd_set`: one bit per descriptor, the lowest bit of the first byte is descriptor 0; `timeval`: 0 and 4.
#[test]
fn sets_of_descriptors() {
    let folders = Folders::new();
    for abi in BOTH {
        let mut guest = folders.guest();
        assert_eq!(guest.sys(abi, 42, "pipe", &[500]), 0);
        for to in [40, 41] {
            assert_eq!(
                guest.sys(abi, 63, "dup2", &[i64::from(guest.word(500 + (to - 40) * 4)), to.into()]),
                i64::from(to)
            );
        }
        guest.put(600, &words(&[0, 0]));
        let select = |guest: &mut MemoryGuest| {
            for at in [BUFFER, BUFFER + 200] {
                guest.put(at, &[0; 128]);
                guest.put(at + 5, &[3]);
                // Beyond the requested descriptors, nothing changes.
                guest.put(at + 120, &[0xff]);
            }
            guest.sys(abi, 142, "_newselect", &[42, BUFFER.into(), i64::from(BUFFER) + 200, 0, 600])
        };
        assert_eq!(select(&mut guest), 1);
        assert_eq!(
            (guest.bytes(BUFFER, 8), guest.bytes(BUFFER + 200, 8)),
            ([0; 8].as_slice(), [0, 0, 0, 0, 0, 2, 0, 0].as_slice())
        );
        assert_eq!(
            (guest.bytes(BUFFER + 120, 1), guest.bytes(BUFFER + 320, 1)),
            ([0xff].as_slice(), [0xff].as_slice())
        );
        assert_eq!(guest.fastcomp(4, &[41, 0, 1]), 1);
        assert_eq!(select(&mut guest), 2);
        assert_eq!(guest.bytes(BUFFER, 8), [0, 0, 0, 0, 0, 1, 0, 0]);
        for bad in [[u32::MAX, 0], [0, 1_000_000], [0, u32::MAX]] {
            guest.put(600, &words(&bad));
            assert_eq!(select(&mut guest), -22);
        }
        assert_eq!(guest.sys(abi, 142, "_newselect", &[1025, 0, 0, 0, 600]), -22);
    }
}

#[test]
fn times() {
    let mut guest = MemoryGuest::new(Config::default());
    let now = || SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs() as u32;
    let before = now();
    guest.put(BUFFER, &[0xee; 12]);
    assert_eq!(guest.env("_clock_gettime", &[0, BUFFER.into()]), 0);
    let timespec = (guest.word(BUFFER), guest.word(BUFFER + 4));
    assert_eq!(guest.env("_gettimeofday", &[i64::from(BUFFER) + 20, 0]), 0);
    let timeval = (guest.word(BUFFER + 20), guest.word(BUFFER + 24));
    let after = now();
    assert!((before..=after).contains(&timespec.0) && timespec.1 < 1_000_000_000);
    assert!((before..=after).contains(&timeval.0) && timeval.1 < 1_000_000);
    assert_eq!(guest.bytes(BUFFER + 8, 4), [0xee; 4]);
    assert_eq!((guest.env("_clock_gettime", &[99, BUFFER.into()]), guest.errno()), (-1, 22));
    // Thu Feb 29 12:34:56 2024: eleven words, the last is the name of the time zone.
    guest.put(600, &words(&[1_709_210_096]));
    assert_eq!(guest.env("_gmtime_r", &[600, BUFFER.into()]), i64::from(BUFFER));
    assert_eq!(guest.bytes(BUFFER, 40), words(&[56, 34, 12, 29, 1, 124, 4, 59, 0, 0]));
    let zone = guest.word(BUFFER + 40);
    assert_eq!(guest.bytes(zone, 4), b"UTC\0");
    assert_eq!(guest.env("_mktime", &[BUFFER.into()]), 1_709_210_096);
}

/// `utimensat` takes two `timespec`, libc's `utimes` two `timeval`.
#[test]
fn setting_times() {
    let folders = Folders::new();
    let mut guest = folders.guest();
    guest.put(600, &words(&[1_000_000_001, 500_000_000, 1_000_000_002, 250_000_000]));
    let at = guest.text("file");
    assert_eq!(guest.sys(Abi::Upstream, 0, "utimensat", &[-100, at, 600, 0]), 0);
    let meta = std::fs::metadata(folders.given.join("file")).unwrap();
    assert_eq!(
        (meta.atime(), meta.atime_nsec(), meta.mtime(), meta.mtime_nsec()),
        (1_000_000_001, 500_000_000, 1_000_000_002, 250_000_000)
    );
    guest.put(600, &words(&[1_000_000_003, 400_000, 1_000_000_004, 300_000]));
    let at = guest.text("file");
    assert_eq!(guest.env("_utimes", &[at, 600]), 0);
    let meta = std::fs::metadata(folders.given.join("file")).unwrap();
    assert_eq!(
        (meta.atime(), meta.atime_nsec(), meta.mtime(), meta.mtime_nsec()),
        (1_000_000_003, 400_000_000, 1_000_000_004, 300_000_000)
    );
    folders.untouched();
}

/// `flock`, `linger`, 64-bit `rlimit`, `addrinfo`, `statfs64`.
#[test]
fn smaller_structures() {
    let folders = Folders::new();
    let mut guest = folders.guest();
    let fd = guest.open(Abi::Fastcomp, "file", 0);
    guest.put(BUFFER, &[0xee; 16]);
    assert_eq!(guest.fastcomp(221, &[fd, 12, BUFFER.into()]), 0);
    assert_eq!(guest.bytes(BUFFER, 4), [2, 0, 0xee, 0xee]);
    assert_eq!(guest.fastcomp(191, &[7, BUFFER.into()]), 0);
    assert_eq!(guest.bytes(BUFFER, 16), words(&[1024, 0, 1024, 0]));
    let at = guest.text("/guest");
    assert_eq!(guest.fastcomp(268, &[at, 64, BUFFER.into()]), 0);
    assert_eq!(guest.bytes(BUFFER, 8), words(&[0, 4096]));
    let (node, service) = (guest.text("127.0.0.1"), guest.text("80"));
    assert_eq!(guest.env("_getaddrinfo", &[node, service, 0, 600]), 0);
    let info = guest.word(600);
    assert_eq!(guest.bytes(info, 32), words(&[0, 2, 1, 6, 16, info + 32, 0, 0]));
    assert_eq!(guest.bytes(info + 32, 8), [2, 0, 0, 80, 127, 0, 0, 1]);
}
