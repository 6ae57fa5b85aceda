//! The one server that WASI 0.1 allows: the host opens the listening socket and hands it over, the
//! guest accepts one connection on it and answers one HTTP request.
//!
//! The argument is the descriptor's number in the guest. Prints `ready` when it is about to accept,
//! and one `lab:` line for each socket function.

use std::io::{self, Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::os::fd::FromRawFd;
use std::process::ExitCode;
use std::time::Duration;
use std::{env, fmt, thread};

const RESPONSE: &[u8] = b"HTTP/1.1 200 OK\r\n\
    Content-Type: text/plain\r\n\
    Content-Length: 6\r\n\
    Connection: close\r\n\
    \r\n\
    hello\n";

fn main() -> ExitCode {
    let Some(descriptor) = env::args().nth(1).and_then(|arg| arg.parse().ok()) else {
        println!("give the number of a listening socket's descriptor as the argument");
        return ExitCode::from(2);
    };
    // SAFETY: the caller says that this descriptor is a socket and leaves it to this program; a
    // wrong number gives an error at the first use.
    let listener = unsafe { TcpListener::from_raw_fd(descriptor) };
    // `println!` ends each line at once: standard output is line-buffered.
    println!("ready");
    match serve_one(&listener) {
        Ok(()) => ExitCode::SUCCESS,
        Err(refused) => {
            println!("lab: {refused}");
            ExitCode::FAILURE
        }
    }
}

/// Accepts one connection, reads one request, answers it, and closes.
fn serve_one(listener: &TcpListener) -> Result<(), Refused> {
    let (mut stream, _) = step("sock-accept", "sock_accept", when_ready(|| listener.accept()))?;
    step("sock-recv", "fd_read", read_head(&mut stream))?;
    step("sock-send", "fd_write", stream.write_all(RESPONSE))?;
    step("sock-shutdown", "sock_shutdown", stream.shutdown(Shutdown::Write))
}

/// Some hosts hand over a socket that does not wait (wasmi's command line): it is asked again.
fn when_ready<T>(mut ask: impl FnMut() -> io::Result<T>) -> io::Result<T> {
    loop {
        match ask() {
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => thread::sleep(Duration::from_millis(5)),
            answer => return answer,
        }
    }
}

/// Reads up to and with the empty line that ends a request's head.
fn read_head(stream: &mut TcpStream) -> io::Result<()> {
    let mut head = Vec::new();
    let mut part = [0; 512];
    while !head.windows(4).any(|four| four == b"\r\n\r\n") {
        match when_ready(|| stream.read(&mut part))? {
            0 => return Err(io::ErrorKind::UnexpectedEof.into()),
            n => head.extend_from_slice(&part[..n]),
        }
    }
    Ok(())
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
