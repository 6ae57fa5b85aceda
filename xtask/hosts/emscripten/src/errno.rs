//! Error numbers: Linux's, which the fastcomp ABI uses, and WASI 0.1's, which the upstream ABI uses.

use std::io;

/// An error number of Linux.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Errno(pub i32);

/// One line per number: its name, Linux's number, WASI's number.
macro_rules! numbers {
    ($($name:ident $linux:literal $wasi:literal),* $(,)?) => {
        #[expect(missing_docs, reason = "their names are those of errno.h")]
        impl Errno { $(pub const $name: Self = Self($linux);)* }

        impl Errno {
            /// The WASI 0.1 number, which musl uses in Emscripten since 1.39.
            #[must_use]
            pub fn wasi(self) -> i32 {
                match self.0 { $($linux => $wasi,)* _ => 29 }
            }
        }
    };
}

numbers! {
    PERM 1 63, NOENT 2 44, SRCH 3 71, INTR 4 27, IO 5 29, NOEXEC 8 45, BADF 9 8, CHILD 10 12, AGAIN 11 6,
    NOMEM 12 48, ACCES 13 2, FAULT 14 21, BUSY 16 10, EXIST 17 20, XDEV 18 75, NODEV 19 43, NOTDIR 20 54,
    ISDIR 21 31, INVAL 22 28, NFILE 23 41, MFILE 24 33, NOTTY 25 59, TXTBSY 26 74, FBIG 27 22, NOSPC 28 51,
    SPIPE 29 70, ROFS 30 69, MLINK 31 34, PIPE 32 64, DOM 33 18, RANGE 34 68, NAMETOOLONG 36 37, NOSYS 38 52,
    NOTEMPTY 39 55, LOOP 40 32, OVERFLOW 75 61, NOTSOCK 88 57, DESTADDRREQ 89 17, MSGSIZE 90 35,
    PROTOTYPE 91 67, NOPROTOOPT 92 50, PROTONOSUPPORT 93 66, OPNOTSUPP 95 58, AFNOSUPPORT 97 5,
    ADDRINUSE 98 3, ADDRNOTAVAIL 99 4, NETDOWN 100 38, NETUNREACH 101 40, CONNABORTED 103 13,
    CONNRESET 104 15, NOBUFS 105 42, ISCONN 106 30, NOTCONN 107 53, TIMEDOUT 110 73, CONNREFUSED 111 14,
    HOSTUNREACH 113 23, ALREADY 114 7, INPROGRESS 115 26,
}

impl From<rustix::io::Errno> for Errno {
    fn from(errno: rustix::io::Errno) -> Self {
        Self(errno.raw_os_error())
    }
}

impl From<io::Error> for Errno {
    /// An error without a number is `cap-std` refusing a path that leads outside.
    fn from(error: io::Error) -> Self {
        match error.raw_os_error() {
            // openat2's error for such a path.
            Some(18) => Self::ACCES,
            Some(number) => Self(number),
            None if error.kind() == io::ErrorKind::InvalidInput => Self::INVAL,
            None => Self::ACCES,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Errno;

    #[test]
    fn linux_and_wasi_numbers() {
        // Emscripten 3.1.6: EAGAIN is 6, as `errno.h` says.
        assert_eq!((Errno::AGAIN.0, Errno::AGAIN.wasi()), (11, 6));
        assert_eq!((Errno::EXIST.0, Errno::EXIST.wasi()), (17, 20));
        assert_eq!(Errno(4_000).wasi(), Errno::IO.wasi());
    }
}
