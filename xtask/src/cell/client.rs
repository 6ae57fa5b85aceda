//! The lab as a guest's client: the steps of a scenario, each with a limit.

use std::collections::BTreeMap;
use std::io::{self, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

use memchr::memmem;

use super::preopens::Contents;
use wasmlab_model::observation::ClientProgress;
use wasmlab_model::scenario::{OutputStream, Step};
use wasmlab_process::{self as process, Deadline, Running, StopSignal};

mod printed;
mod request;
#[cfg(test)]
mod tests;

use request::Request;

/// Maximum number of bytes accepted from a response or connection.
const MAX_BYTES: u64 = 64 << 20;
/// Maximum interval between checks of whether a port is listening.
const MAX_PAUSE: Duration = Duration::from_millis(100);

/// Runs the client steps against a guest. `ports` are those of its sockets, by name. `has_begun` returns whether the
/// guest is running, as far as known, because compile time does not count against the limit of a `listen` step.
/// Afterwards the guest has exited or been asked to exit. After a last step `wait`, it has the time limit `run` to exit
/// by itself; after any other step, or if a step failed, half a second.
pub fn run_steps(
    steps: &[Step],
    running: &Running,
    ports: &BTreeMap<String, u16>,
    contents: Contents,
    run: Duration,
    has_begun: &dyn Fn() -> bool,
) -> ClientProgress {
    let connections = BTreeMap::new();
    let mut runner = StepRunner { running, ports, contents, has_begun, connections, taken: [0; 2] };
    let mut progress = ClientProgress { steps: steps.len(), ..ClientProgress::default() };
    for step in steps {
        if let Err(why) = runner.step(step) {
            progress.failed = Some(why);
            progress.unreachable = matches!(step, Step::Listen { .. } | Step::Connect { .. });
            break;
        }
        progress.steps_passed += 1;
    }
    let ends_itself = matches!(steps.last(), Some(Step::Wait { .. }));
    // If a step failed, the guest has often just exited and is about to print why.
    let wait = if progress.failed.is_some() || !ends_itself { Duration::from_millis(500) } else { run };
    if !running.wait_end(wait) {
        running.stop(StopSignal::Terminate);
    }
    progress
}

struct StepRunner<'a> {
    running: &'a Running,
    ports: &'a BTreeMap<String, u16>,
    contents: Contents<'a>,
    has_begun: &'a dyn Fn() -> bool,
    connections: BTreeMap<String, TcpStream>,
    /// Bytes of stdout and stderr that steps have taken.
    taken: [usize; 2],
}

impl StepRunner<'_> {
    fn step(&mut self, step: &Step) -> Result<(), String> {
        match step {
            Step::Read { stream, contains, timeout_ms } => self.read(*stream, contains, *timeout_ms),
            Step::ReadNext { stream, text, timeout_ms } => self.read_next(*stream, text, ms(*timeout_ms)),
            Step::Write { data } => {
                self.running.write(data.as_bytes());
                Ok(())
            }
            Step::EndInput => {
                self.running.end_input();
                Ok(())
            }
            Step::Listen { socket, timeout_ms } => self.listen(socket, ms(*timeout_ms)),
            Step::Connect { socket, id, timeout_ms } => {
                let stream = TcpStream::connect_timeout(&self.address(socket), self.extended(*timeout_ms))
                    .map_err(|e| format!("connect to {socket}: {e}"))?;
                self.connections.insert(id.clone(), stream);
                Ok(())
            }
            Step::ConnectPrinted { id, timeout_ms } => {
                let stream = self.connect_printed(ms(*timeout_ms)).map_err(|why| format!("connect {id}: {why}"))?;
                self.connections.insert(id.clone(), stream);
                Ok(())
            }
            Step::Send { id, data, timeout_ms } => self.send(id, data, *timeout_ms),
            Step::Recv { id, contains, timeout_ms } => self.receive(id, contains, *timeout_ms),
            Step::RecvNext { id, text, timeout_ms } => self.receive_next(id, text, *timeout_ms),
            Step::Close { id } => match self.connections.remove(id) {
                Some(_) => Ok(()),
                None => Err(format!("no connection `{id}` is open")),
            },
            Step::Request { socket, method, path, headers, body, parallel, expect, timeout_ms } => {
                let (contents, limit) = (self.contents, self.extended(*timeout_ms));
                let sent = Request { method, headers, body, expect, contents, limit }.send(
                    self.address(socket),
                    path,
                    *parallel,
                );
                sent.map_err(|why| format!("{method} {path} on {socket}: {why}"))
            }
            Step::Kill { signal } => {
                self.running.stop(stop_signal(signal));
                Ok(())
            }
            // The engine reports the exit code, and the judge compares it with `expect.exit`.
            Step::Wait { timeout_ms } => {
                let has_ended = self.running.wait_end(ms(*timeout_ms));
                has_ended.then_some(()).ok_or_else(|| format!("wait: the guest did not finish within {timeout_ms} ms"))
            }
        }
    }

    fn read(&self, stream: OutputStream, contains: &str, timeout_ms: u64) -> Result<(), String> {
        let (stream, name) = match stream {
            OutputStream::Stdout => (process::OutputStream::Stdout, "stdout"),
            OutputStream::Stderr => (process::OutputStream::Stderr, "stderr"),
        };
        let seen = self.running.wait_text(stream, contains, ms(timeout_ms));
        seen.then_some(()).ok_or_else(|| format!("read: {contains:?} did not arrive on {name} within {timeout_ms} ms"))
    }

    fn send(&mut self, id: &str, data: &str, timeout_ms: u64) -> Result<(), String> {
        let limit = self.extended(timeout_ms);
        let stream = self.connection(id)?;
        let sent = stream.set_write_timeout(Some(limit)).and_then(|()| stream.write_all(data.as_bytes()));
        sent.map_err(|e| format!("send on {id}: {e}"))
    }

    fn receive(&mut self, id: &str, contains: &str, timeout_ms: u64) -> Result<(), String> {
        let deadline = Deadline::new(self.running, ms(timeout_ms));
        receive(self.connection(id)?, contains, &deadline)
            .map_err(|e| format!("recv on {id}: {contains:?} did not arrive: {e}"))
    }

    fn receive_next(&mut self, id: &str, text: &str, timeout_ms: u64) -> Result<(), String> {
        let deadline = Deadline::new(self.running, ms(timeout_ms));
        let got = receive_exactly(self.connection(id)?, text.len(), &deadline)
            .map_err(|e| format!("recv on {id}: {text:?} did not arrive: {e}"))?;
        same(&got, text).map_err(|why| format!("recv on {id}: {why}"))
    }

    /// The limit for a step that is a single system call with a wall-clock timeout.
    fn extended(&self, timeout_ms: u64) -> Duration {
        self.running.extended(ms(timeout_ms))
    }

    fn address(&self, socket: &str) -> SocketAddr {
        SocketAddr::from(([127, 0, 0, 1], self.ports.get(socket).copied().unwrap_or(0)))
    }

    fn connection(&mut self, id: &str) -> Result<&mut TcpStream, String> {
        self.connections.get_mut(id).ok_or_else(|| format!("no connection `{id}` is open"))
    }

    /// Waits until the port is listening, without connecting: a guest may accept only once.
    fn listen(&self, socket: &str, limit: Duration) -> Result<(), String> {
        let port = self.address(socket).port();
        // The limits of the whole process apply in any case.
        let mut deadline = None;
        // The kernel walks all its sockets for each answer, which takes some milliseconds.
        let mut pauses = (1..).map(|n| Duration::from_millis(10 * n).min(MAX_PAUSE));
        loop {
            if is_listening(port) {
                return Ok(());
            }
            if deadline.is_none() && (self.has_begun)() {
                deadline = Some(Deadline::new(self.running, limit));
            }
            let over = deadline.as_ref().is_some_and(|deadline| deadline.left().is_none());
            if over || self.running.wait_end(pauses.next().unwrap_or(MAX_PAUSE)) {
                return Err(format!("listen: nothing listens on {socket} (port {port})"));
            }
        }
    }
}

/// The signal of a `kill` step.
fn stop_signal(name: &str) -> StopSignal {
    match name {
        "INT" => StopSignal::Interrupt,
        "KILL" => StopSignal::Kill,
        _ => StopSignal::Terminate,
    }
}

/// Compares received with expected text.
fn same(got: &[u8], expected: &str) -> Result<(), String> {
    let text = String::from_utf8_lossy(got);
    if got == expected.as_bytes() { Ok(()) } else { Err(format!("got {}, expected {}", shown(&text), shown(expected))) }
}

/// The text in quotes, shortened.
fn shown(text: &str) -> String {
    const MAX_CHARS: usize = 120;
    match text.char_indices().nth(MAX_CHARS) {
        Some((end, _)) => format!("{:?}…", &text[..end]),
        None => format!("{text:?}"),
    }
}

fn ms(ms: u64) -> Duration {
    Duration::from_millis(ms)
}

/// Whether a TCP socket of this machine listens on `port`: state 0A in the kernel's table.
pub fn is_listening(port: u16) -> bool {
    let suffix = format!(":{port:04X}");
    ["/proc/net/tcp", "/proc/net/tcp6"].iter().filter_map(|f| std::fs::read_to_string(f).ok()).any(|table| {
        table.lines().skip(1).any(|line| {
            let mut fields = line.split_whitespace().skip(1);
            fields.next().is_some_and(|local| local.ends_with(&suffix)) && fields.nth(1) == Some("0A")
        })
    })
}

fn receive(stream: &mut TcpStream, contains: &str, deadline: &Deadline) -> io::Result<()> {
    let (mut got, mut buffer, mut searched) = (Vec::new(), [0; 4096], 0);
    while memmem::find(&got[searched..], contains.as_bytes()).is_none() {
        // The text may begin in what was searched and end in what comes next.
        searched = got.len().saturating_sub(contains.len());
        let n = receive_some(stream, &mut buffer, deadline)?;
        if n == 0 || got.len() as u64 > MAX_BYTES {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        got.extend_from_slice(&buffer[..n]);
    }
    Ok(())
}

/// Receives `length` bytes; fewer if the connection is closed before.
fn receive_exactly(stream: &mut TcpStream, length: usize, deadline: &Deadline) -> io::Result<Vec<u8>> {
    let mut got = vec![0; length];
    let mut filled = 0;
    while filled < length {
        match receive_some(stream, &mut got[filled..], deadline)? {
            0 => break,
            n => filled += n,
        }
    }
    got.truncate(filled);
    Ok(got)
}

/// Receives what comes next; 0 bytes: the connection is closed.
fn receive_some(stream: &mut TcpStream, buffer: &mut [u8], deadline: &Deadline) -> io::Result<usize> {
    loop {
        // A peer that sends a byte now and then must not extend the limit.
        let left = deadline.left().ok_or(io::ErrorKind::TimedOut)?;
        stream.set_read_timeout(Some(left))?;
        match stream.read(buffer) {
            // The guest may have been waiting for a CPU.
            Err(e) if matches!(e.kind(), io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut) => {
                deadline.left().ok_or(e)?;
            }
            read => return read,
        }
    }
}
