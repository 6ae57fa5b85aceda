//! A web server as one would write it anywhere: bind, accept, answer. On WASI 0.1 it compiles, and
//! the first of the three is refused.

use std::io::{self, BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::process::ExitCode;

fn main() -> ExitCode {
    let listener = match TcpListener::bind("127.0.0.1:8080") {
        Ok(listener) => listener,
        Err(error) => {
            // An error number would come from the host; without one, std refused by itself.
            match error.raw_os_error() {
                Some(errno) => println!("lab: socket-bind errno={errno}"),
                None => println!("lab: socket-bind no-errno {error}"),
            }
            return ExitCode::FAILURE;
        }
    };
    println!("lab: socket-bind ok");
    println!("ready");
    match listener.accept().and_then(|(stream, _)| answer(stream)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            println!("failed to serve: {error}");
            ExitCode::FAILURE
        }
    }
}

/// Reads one request's head and answers it, whatever it asks for.
fn answer(mut stream: TcpStream) -> io::Result<()> {
    for line in BufReader::new(&stream).lines() {
        if line?.is_empty() {
            break;
        }
    }
    stream.write_all(
        b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 6\r\nConnection: close\r\n\r\nhello\n",
    )
}
