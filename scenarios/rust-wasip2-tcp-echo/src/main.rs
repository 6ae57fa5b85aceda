//! A TCP server on the sockets of WASI 0.2: bind, listen, accept once, send back what comes.
//!
//! Prints one line a capability (`lab: NAME ok`, or what refused), and ends when its client does.

mod socket;

use std::process::ExitCode;

use socket::Refusal;

fn main() -> ExitCode {
    let Some(port) = std::env::args().nth(1).and_then(|text| text.parse().ok()) else {
        println!("usage: rust-wasip2-tcp-echo PORT");
        return ExitCode::FAILURE;
    };
    match serve(port) {
        Ok(()) => ExitCode::SUCCESS,
        Err(Refusal { capability, message }) => {
            println!("lab: {capability} {message}");
            ExitCode::FAILURE
        }
    }
}

/// Accepts one connection on `port` and sends its first line back.
fn serve(port: u16) -> Result<(), Refusal> {
    let listener = socket::listen(port)?;
    println!("ready");
    let client = listener.accept()?;
    let line = client.line()?;
    client.send(&line)?;
    client.shutdown()
}
