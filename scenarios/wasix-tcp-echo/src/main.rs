//! A TCP server that makes its own socket, by WASIX: opens, binds, listens, accepts one connection, sends
//! its first line back, and ends.
//!
//! The argument is the port on 127.0.0.1. Prints `ready` when it is about to accept, and one `lab:` line for
//! each step. Compiled for plain wasm32-wasip1: what WASI 0.1 lacks comes from crate `wasix`, which declares
//! the functions of `wasix_32v1` and does nothing else.

use std::io::{BufRead, BufReader, Write};
use std::net::{Shutdown, TcpStream};
use std::os::fd::FromRawFd;
use std::process::ExitCode;
use std::{env, fmt, io};

use wasix::x::{
    ADDRESS_FAMILY_INET4, AddrIp4, AddrIp4Port, AddrPort, AddrPortU, SOCK_PROTO_TCP, SOCK_TYPE_SOCKET_STREAM,
    sock_accept_v2, sock_bind, sock_listen, sock_open,
};

fn main() -> ExitCode {
    let Some(port) = env::args().nth(1).and_then(|arg| arg.parse().ok()) else {
        println!("give the number of a port as the argument");
        return ExitCode::from(2);
    };
    match serve_one(port) {
        Ok(()) => ExitCode::SUCCESS,
        Err(refused) => {
            println!("lab: {refused}");
            ExitCode::FAILURE
        }
    }
}

/// Accepts one connection on `port` and sends its first line back.
fn serve_one(port: u16) -> Result<(), Refused> {
    let localhost = AddrIp4 { n0: 127, n1: 0, h0: 0, h1: 1 };
    let inet4 = AddrIp4Port { port, addr: localhost };
    let address = AddrPort { tag: ADDRESS_FAMILY_INET4.raw(), u: AddrPortU { inet4 } };

    // SAFETY: each of these takes numbers, or pointers to values that live here.
    let opened = unsafe { sock_open(ADDRESS_FAMILY_INET4, SOCK_TYPE_SOCKET_STREAM, SOCK_PROTO_TCP) };
    let socket = step("socket-open", "sock_open", errno(opened))?;
    // SAFETY: as above.
    step("socket-bind", "sock_bind", errno(unsafe { sock_bind(socket, &address) }))?;
    // SAFETY: as above.
    step("socket-listen", "sock_listen", errno(unsafe { sock_listen(socket, 1) }))?;
    // `println!` ends each line at once: standard output is line-buffered.
    println!("ready");
    // SAFETY: as above.
    let (accepted, _) = step("sock-accept", "sock_accept_v2", errno(unsafe { sock_accept_v2(socket, 0) }))?;

    // A socket that is open is a descriptor like others: from here on std for WASI 0.1 will do.
    // SAFETY: the host has just given it to this program.
    let mut stream = unsafe { TcpStream::from_raw_fd(accepted as i32) };
    let mut line = String::new();
    step("sock-recv", "fd_read", BufReader::new(&stream).read_line(&mut line))?;
    step("sock-send", "fd_write", stream.write_all(line.as_bytes()))?;
    step("sock-shutdown", "sock_shutdown", stream.shutdown(Shutdown::Write))
}

/// WASIX's errors as std's: the numbers are the same.
fn errno<T>(result: Result<T, wasix::x::Errno>) -> io::Result<T> {
    result.map_err(|errno| io::Error::from_raw_os_error(errno.raw().into()))
}

/// Prints that a step worked, or names what refused it.
fn step<T>(name: &'static str, function: &'static str, result: io::Result<T>) -> Result<T, Refused> {
    if result.is_ok() {
        println!("lab: {name} ok");
    }
    result.map_err(|error| Refused { name, function, error })
}

/// A step that failed, as a `lab:` line says it.
struct Refused {
    name: &'static str,
    function: &'static str,
    error: io::Error,
}

impl fmt::Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.error.raw_os_error() {
            Some(errno) => write!(f, "{} errno={errno} {}", self.name, self.function),
            None => write!(f, "{} no-errno {}", self.name, self.error),
        }
    }
}
