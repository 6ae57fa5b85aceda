//! Steps that read the guest's output piece by piece, as the operations of wasi-testsuite do: each continues where the
//! one before stopped.

use std::net::{IpAddr, Ipv4Addr, SocketAddr, TcpStream};
use std::time::Duration;

use super::{StepRunner, same, shown};
use crate::cell::sandbox;
use wasmlab_model::scenario::OutputStream;
use wasmlab_process as process;

impl StepRunner<'_> {
    /// Requires that the output continues with `text`.
    pub(super) fn read_next(&mut self, stream: OutputStream, text: &str, limit: Duration) -> Result<(), String> {
        let name = if stream == OutputStream::Stdout { "stdout" } else { "stderr" };
        let got = self.take(stream, Some(text.len()), limit);
        same(&got, text).map_err(|why| format!("read on {name}: {why}"))
    }

    /// Connects to the address in the next line of stdout.
    pub(super) fn connect_printed(&mut self, limit: Duration) -> Result<TcpStream, String> {
        let line = self.take(OutputStream::Stdout, None, limit);
        let address = address(&String::from_utf8_lossy(&line))?;
        let limit = self.running.extended(limit);
        let is_inside = self.contents.scenario.spec.run.own_loopback && sandbox::has_private_network();
        let stream = match is_inside {
            true => process::connect_in_namespace(address, limit),
            false => TcpStream::connect_timeout(&address, limit),
        };
        stream.map_err(|e| format!("to {address}: {e}"))
    }

    /// Takes the next bytes, or the next line.
    fn take(&mut self, stream: OutputStream, wanted: Option<usize>, limit: Duration) -> Vec<u8> {
        let (index, stream) = match stream {
            OutputStream::Stdout => (0, process::OutputStream::Stdout),
            OutputStream::Stderr => (1, process::OutputStream::Stderr),
        };
        let (running, from) = (self.running, self.taken[index]);
        let is_complete = |got: &[u8]| wanted.map_or_else(|| got.ends_with(b"\n"), |wanted| got.len() == wanted);
        // Compiling does not count against the limit. The limits of the whole process apply in any case.
        let mut got = running.wait_bytes(stream, from, wanted, Duration::ZERO);
        while !is_complete(&got) && !(self.has_begun)() && !running.wait_end(Duration::ZERO) {
            got = running.wait_bytes(stream, from, wanted, Duration::from_millis(10));
        }
        if !is_complete(&got) {
            got = running.wait_bytes(stream, from, wanted, limit);
        }
        self.taken[index] += got.len();
        got
    }
}

/// An IPv4 loopback address with a port, as a guest prints it.
fn address(line: &str) -> Result<SocketAddr, String> {
    let wrong =
        || format!("the next line of stdout is {}, not the guest's address, such as 127.0.0.1:8080", shown(line));
    let (host, port) = line.trim().rsplit_once(':').ok_or_else(wrong)?;
    let port: u16 = port.parse().map_err(|_| wrong())?;
    let host = if host == "localhost" { Ipv4Addr::LOCALHOST } else { host.parse().map_err(|_| wrong())? };
    if !host.is_loopback() {
        return Err(format!("the guest listens on {host}, which is not a loopback address"));
    }
    Ok(SocketAddr::new(IpAddr::V4(host), port))
}

#[cfg(test)]
mod tests {
    use super::address;

    #[test]
    fn address_is_a_loopback_address() {
        let check = |line: &str, expected: Result<&str, &str>| match (address(line), expected) {
            (Ok(got), Ok(expected)) => assert_eq!(got.to_string(), expected, "{line}"),
            (Err(got), Err(expected)) => assert!(got.contains(expected), "{line}: {got}"),
            (got, _) => panic!("{line}: {got:?}"),
        };
        check("127.0.0.1:4321\n", Ok("127.0.0.1:4321"));
        check("localhost:1\r\n", Ok("127.0.0.1:1"));
        check("192.0.2.1:80\n", Err("not a loopback address"));
        for line in ["", "\n", "listening\n", "127.0.0.1\n", "127.0.0.1:http\n", "127.0.0.1:70000\n", "[::1]:80\n"] {
            check(line, Err("the next line of stdout is"));
        }
    }
}
