//! A web client as one would write it anywhere: connect, ask, read the answer. On WASI 0.1 it compiles, and
//! the first of the three is refused.

use std::io::{self, Read, Write};
use std::net::TcpStream;
use std::process::ExitCode;

fn main() -> ExitCode {
    let Some(address) = std::env::args().nth(1) else {
        println!("usage: rust-wasip1-http-client HOST:PORT");
        return ExitCode::FAILURE;
    };
    let stream = match TcpStream::connect(&address) {
        Ok(stream) => stream,
        Err(error) => {
            // An error number would come from the host; without one, std refused by itself.
            match error.raw_os_error() {
                Some(errno) => println!("lab: socket-connect errno={errno}"),
                None => println!("lab: socket-connect no-errno {error}"),
            }
            return ExitCode::FAILURE;
        }
    };
    println!("lab: socket-connect ok");
    match ask(stream, &address) {
        Ok(answer) if answer.starts_with("HTTP/1.1 200 ") && answer.ends_with("\r\n\r\nHello from the lab\n") => {
            println!("lab: http-response ok");
            ExitCode::SUCCESS
        }
        Ok(answer) => {
            println!("lab: http-response wrong {answer:?}");
            ExitCode::FAILURE
        }
        Err(error) => {
            println!("lab: http-response wrong {error}");
            ExitCode::FAILURE
        }
    }
}

/// Sends one request and reads the answer until the server closes.
fn ask(mut stream: TcpStream, host: &str) -> io::Result<String> {
    write!(stream, "GET /greeting HTTP/1.1\r\nHost: {host}\r\nAccept: text/plain\r\nConnection: close\r\n\r\n")?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer)?;
    Ok(answer)
}
