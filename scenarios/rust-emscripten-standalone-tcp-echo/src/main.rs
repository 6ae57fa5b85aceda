//! A TCP server by std alone: `TcpListener`, one connection, its first line back.
//!
//! The argument is the port on 127.0.0.1. Prints `ready` when it is about to accept, and one `lab:` line for each
//! capability: std opens, binds and listens in one call, so that its error is that of the step that failed.

#![no_main]

use std::ffi::{CStr, c_char};
use std::io::{self, BufRead, BufReader, Write};
use std::net::{Ipv4Addr, TcpListener};

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

/// C's `main`, for Emscripten's tools, which look for this name.
// SAFETY: the type is that of C's `main`.
#[unsafe(no_mangle)]
extern "C" fn main(argc: i32, argv: *const *const c_char) -> i32 {
    __main_argc_argv(argc, argv)
}

/// The same by the name that clang gives to a `main` with arguments: the start code of standalone modules calls it so.
/// rustc gives it the plain name alone, and the linker finds no `main`.
// SAFETY: see `main`.
#[unsafe(no_mangle)]
extern "C" fn __main_argc_argv(argc: i32, argv: *const *const c_char) -> i32 {
    // SAFETY: the start code gives `argc` pointers to texts that end with a zero and stay.
    let argument = (argc > 1).then(|| unsafe { CStr::from_ptr(*argv.add(1)) });
    let Some(port) = argument.and_then(|text| text.to_str().ok()?.parse().ok()) else {
        println!("give the number of a port as the argument");
        return 2;
    };
    match serve(port) {
        Ok(()) => 0,
        Err((capability, error)) => {
            match error.raw_os_error() {
                Some(number) => println!("lab: {capability} errno={number}"),
                None => println!("lab: {capability} no-errno {error}"),
            }
            1
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
