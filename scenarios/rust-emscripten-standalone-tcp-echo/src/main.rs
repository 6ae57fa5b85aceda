//! A TCP server by std alone: `TcpListener`, one connection, its first line back.
//!
//! The argument is the port on 127.0.0.1. Prints `ready` when it is about to accept, and one `lab:` line for each
//! capability: std opens, binds and listens in one call, so that its error is that of the step that failed.

use std::io::{self, BufRead, BufReader, Write};
use std::net::{Ipv4Addr, TcpListener};
use std::process::ExitCode;

/// std wants each descriptor closed on exec (there is none) and the address to be reused, and takes no for an answer.
/// Emscripten's library for standalone modules says ENOSYS to both without asking its host; with these here, its own
/// are not linked.
// SAFETY: name and type are those of `fcntl.h`, and nothing is touched.
#[unsafe(no_mangle)]
extern "C" fn fcntl(_fd: i32, _command: i32, _arguments: *const u8) -> i32 {
    0
}

/// See [`fcntl`].
// SAFETY: name and type are those of `sys/socket.h`, and nothing is touched.
#[unsafe(no_mangle)]
extern "C" fn setsockopt(_fd: i32, _level: i32, _name: i32, _value: *const u8, _len: u32) -> i32 {
    0
}

fn main() -> ExitCode {
    let Some(port) = std::env::args().nth(1).and_then(|text| text.parse().ok()) else {
        println!("give the number of a port as the argument");
        return ExitCode::from(2);
    };
    match serve(port) {
        Ok(()) => ExitCode::SUCCESS,
        Err((capability, error)) => {
            match error.raw_os_error() {
                Some(number) => println!("lab: {capability} errno={number}"),
                None => println!("lab: {capability} no-errno {error}"),
            }
            ExitCode::FAILURE
        }
    }
}

/// Accepts one connection on `port` and sends its first line back.
fn serve(port: u16) -> Result<(), (&'static str, io::Error)> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port)).map_err(|e| ("socket-open", e))?;
    for capability in ["socket-open", "socket-bind", "socket-listen"] {
        println!("lab: {capability} ok");
    }
    println!("ready");
    let (mut stream, _) = step("sock-accept", listener.accept())?;
    let mut line = String::new();
    step("sock-recv", BufReader::new(&stream).read_line(&mut line))?;
    step("sock-send", stream.write_all(line.as_bytes()))
}

fn step<T>(capability: &'static str, done: io::Result<T>) -> Result<T, (&'static str, io::Error)> {
    if done.is_ok() {
        println!("lab: {capability} ok");
    }
    done.map_err(|error| (capability, error))
}
