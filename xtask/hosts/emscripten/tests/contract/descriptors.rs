//! Descriptors are the guest's own numbers, shared by `dup`, and gone when closed.

use crate::guest::{Abi, BOTH, BUFFER, Folders};

#[test]
fn pipe_is_read_until_end_of_file() {
    let folders = Folders::new();
    for abi in BOTH {
        let mut guest = folders.guest();
        assert_eq!(guest.sys(abi, 42, "pipe", &[500]), 0);
        let (read, write) = (guest.word(500).into(), guest.word(504).into());
        assert_eq!((read, write), (3, 4));
        guest.put(BUFFER, b"abc");
        assert_eq!(guest.fastcomp(4, &[write, BUFFER.into(), 3]), 3);
        assert_eq!(guest.fastcomp(3, &[read, i64::from(BUFFER) + 100, 10]), 3);
        assert_eq!(guest.bytes(BUFFER + 100, 3), b"abc");
        assert_eq!(guest.close(abi, write), 0);
        assert_eq!(guest.fastcomp(3, &[read, BUFFER.into(), 10]), 0);
        assert_eq!(guest.close(abi, read), 0);
        assert_eq!((guest.close(abi, read), guest.host.open_descriptors()), (-9, 3));
    }
}

#[test]
fn duplicated_descriptors_share_a_position() {
    let folders = Folders::new();
    let mut guest = folders.guest();
    let file = guest.open(Abi::Fastcomp, "file", 2);
    let copy = guest.fastcomp(41, &[file]);
    assert_eq!(guest.fastcomp(3, &[file, BUFFER.into(), 4]), 4);
    assert_eq!(guest.fastcomp(3, &[copy, BUFFER.into(), 4]), 4);
    assert_eq!(guest.bytes(BUFFER, 4), b"4567");
    assert_eq!(guest.fastcomp(6, &[file]), 0);
    assert_eq!(guest.fastcomp(140, &[copy, 0, -2, 500, 2]), 0);
    assert_eq!(guest.word(500), 8);
    assert_eq!(guest.fastcomp(3, &[copy, BUFFER.into(), 4]), 2);
    assert_eq!((guest.fastcomp(63, &[copy, 100]), guest.fastcomp(63, &[copy, copy])), (100, copy));
    assert_eq!(guest.fastcomp(221, &[copy, 3, 0]), 2);
}

#[test]
fn files_are_written_from_several_buffers_and_appended() {
    let folders = Folders::new();
    let mut guest = folders.guest();
    let file = guest.open(Abi::Fastcomp, "new", 0o102 | 0o2000);
    guest.put(BUFFER, b"onetwo");
    for (at, word) in [(500, BUFFER + 3), (504, 3), (508, 0), (512, 0), (516, BUFFER), (520, 3)] {
        guest.put(at, &word.to_le_bytes());
    }
    assert_eq!(guest.fastcomp(146, &[file, 500, 3]), 6);
    assert_eq!(guest.fastcomp(140, &[file, 0, 0, 600, 0]), 0);
    assert_eq!(guest.fastcomp(146, &[file, 500, 1]), 3);
    assert_eq!(std::fs::read(folders.given.join("new")).unwrap(), b"twoonetwo");
    // Read back into overlapping buffers.
    guest.put(516, &(BUFFER + 4).to_le_bytes());
    assert_eq!(guest.fastcomp(140, &[file, 0, 0, 600, 0]), 0);
    assert_eq!(guest.fastcomp(145, &[file, 500, 3]), 6);
    assert_eq!(guest.bytes(BUFFER + 3, 4), b"tone");
}

/// A named pipe in the file system would make the host wait for its other end.
#[test]
fn opening_a_fifo_does_not_block() {
    let folders = Folders::new();
    let fifo = folders.given.join("fifo");
    assert!(std::process::Command::new("mkfifo").arg(&fifo).status().unwrap().success());
    for abi in BOTH {
        let mut guest = folders.guest();
        for flags in [0, 1, 2, 0o101, 0o1102] {
            assert_eq!(guest.open(abi, "fifo", flags), -13);
        }
    }
    let mut guest = folders.guest();
    let at = guest.text("fifo");
    guest.sys(Abi::Upstream, 0, "utimensat", &[-100, at, 0, 0]);
    let at = guest.text("fifo");
    guest.env("_utimes", &[at, 0]);
}

#[test]
fn socket_pair_exchanges_data() {
    let folders = Folders::new();
    let mut guest = folders.guest();
    assert_eq!(guest.socket(Abi::Fastcomp, 8, "socketpair", &[1, 1, 0, 500]), 0);
    let (one, other) = (guest.word(500).into(), guest.word(504).into());
    guest.put(BUFFER, b"hello");
    assert_eq!(guest.socket(Abi::Fastcomp, 9, "send", &[one, BUFFER.into(), 5, 0]), 5);
    assert_eq!(guest.socket(Abi::Fastcomp, 10, "recv", &[other, BUFFER.into(), 3, 2]), 3);
    assert_eq!(guest.socket(Abi::Fastcomp, 10, "recv", &[other, i64::from(BUFFER) + 50, 9, 0]), 5);
    assert_eq!(guest.bytes(BUFFER + 50, 5), b"hello");
    assert_eq!(guest.socket(Abi::Fastcomp, 10, "recv", &[other, BUFFER.into(), 9, 0x40]), -11);
    // The number of available bytes, without reading them.
    assert_eq!(guest.fastcomp(4, &[one, BUFFER.into(), 2]), 2);
    assert_eq!((guest.fastcomp(54, &[other, 0x541b, 600]), guest.word(600)), (0, 2));
    assert_eq!(guest.fastcomp(6, &[one]), 0);
    assert_eq!(guest.fastcomp(4, &[other, BUFFER.into(), 1]), -32);
}

#[test]
fn devices_are_provided_by_the_host() {
    let folders = Folders::new();
    for abi in BOTH {
        let mut guest = folders.guest();
        let null = guest.open(abi, "/dev/null", 2);
        assert_eq!(
            (guest.fastcomp(4, &[null, BUFFER.into(), 9]), guest.fastcomp(3, &[null, BUFFER.into(), 9])),
            (9, 0)
        );
        let random = guest.open(abi, "/dev/urandom", 0);
        assert_eq!(guest.fastcomp(3, &[random, BUFFER.into(), 32]), 32);
        assert_ne!(guest.bytes(BUFFER, 32), [0; 32]);
        for path in ["/dev/null", "/dev/stdin"] {
            assert_eq!(guest.path(abi, 195, "stat64", path, &[BUFFER.into()]), 0);
            assert_eq!(guest.word(BUFFER + 12), 0o20_666);
            assert!(guest.path(abi, 10, "unlink", path, &[]) < 0);
        }
        assert!(guest.open(abi, "/dev/sda", 0) < 0 && guest.open(abi, "/dev", 0) < 0);
    }
}
