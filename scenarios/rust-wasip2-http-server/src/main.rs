//! A web server on the sockets of WASI 0.2: bind, listen, and answer one request after the other, for ever.
//!
//! Prints one line a capability (`lab: NAME ok`, or what refused).

mod socket;

use std::process::ExitCode;

use socket::{Client, Refusal};

fn main() -> ExitCode {
    let Some(port) = std::env::args().nth(1).and_then(|text| text.parse().ok()) else {
        println!("usage: rust-wasip2-http-server PORT");
        return ExitCode::FAILURE;
    };
    let listener = match socket::listen(port) {
        Ok(listener) => listener,
        Err(refusal) => return report(&refusal),
    };
    println!("ready");
    loop {
        match listener.accept() {
            // A client that breaks off is its own affair.
            Ok(client) => drop(answer(&client)),
            Err(refusal) => return report(&refusal),
        }
    }
}

fn report(refusal: &Refusal) -> ExitCode {
    println!("lab: {} {}", refusal.capability, refusal.message);
    ExitCode::FAILURE
}

/// Reads one request's head and answers it.
fn answer(client: &Client) -> Result<(), Refusal> {
    let head = client.head()?;
    let mut fields = head.split(|byte| byte.is_ascii_whitespace());
    let (status, body) = match (fields.next(), fields.next()) {
        (Some(b"GET" | b"HEAD"), Some(b"/")) => ("200 OK", "hello\n"),
        (Some(b"GET" | b"HEAD"), Some(_)) => ("404 Not Found", "nothing here\n"),
        _ => ("405 Method Not Allowed", "only GET\n"),
    };
    let length = body.len();
    let head = format!(
        "HTTP/1.1 {status}\r\nContent-Type: text/plain\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n"
    );
    client.send((head + body).as_bytes())
}
