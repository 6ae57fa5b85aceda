//! The lab as the guest's server: web servers of the cell on the loopback address, each of which gives the same
//! response to every request, or that of an endpoint, and records the requests. A guest may send anything, so
//! everything here has a limit.

use std::io;
use std::net::{TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use wasmlab_http::{Connection, Limits, ReadError, Request};
use wasmlab_model::observation::RecordedRequest;
use wasmlab_model::scenario::Server;

use super::ports;

mod response;

use response::Response;

/// Maximum size of one request, bytes.
const LIMITS: Limits = Limits { head: 16 << 10, body: 1 << 20 };
/// Bytes that are read and discarded after the response.
const MAX_DRAINED: usize = 4 << 20;
/// Maximum number of concurrent connections; further ones are closed at once.
const MAX_CONNECTIONS: usize = 32;
/// Maximum number of recorded requests; later ones are answered, and one entry notes that there were more.
const MAX_RECORDED: usize = 100;
/// Time limit for receiving a request, and for sending the response.
const REQUEST_TIMEOUT: Duration = Duration::from_secs(10);
/// How often a server checks whether its cell has ended.
const POLL_INTERVAL: Duration = Duration::from_millis(5);

/// The requests that the servers of one cell received, in order.
type RequestLog = Arc<Mutex<Vec<RecordedRequest>>>;

/// The servers of a cell; they stop when it ends.
pub struct Servers {
    running: Vec<Running>,
    log: RequestLog,
    over: Arc<AtomicBool>,
}

struct Running {
    name: String,
    port: u16,
    accepting: Option<JoinHandle<()>>,
}

impl Servers {
    /// Starts the servers, each on a port chosen by the system.
    ///
    /// # Errors
    /// If there is no free port, or no thread can be started.
    pub fn start(servers: &[Server]) -> io::Result<Self> {
        let mut all = Self { running: Vec::new(), log: RequestLog::default(), over: Arc::default() };
        for server in servers {
            if server.closed {
                all.running.push(Running { name: server.name.clone(), port: ports::free()?, accepting: None });
                continue;
            }
            let listener = TcpListener::bind(("127.0.0.1", 0))?;
            listener.set_nonblocking(true)?;
            let port = listener.local_addr()?.port();
            let test_server =
                Arc::new(TestServer { server: server.clone(), log: all.log.clone(), over: all.over.clone() });
            let accepting = thread::Builder::new()
                .name(format!("serves {}", server.name))
                .spawn(move || accept(&listener, &test_server))?;
            all.running.push(Running { name: server.name.clone(), port, accepting: Some(accepting) });
        }
        Ok(all)
    }

    /// The servers' ports, by name.
    pub fn ports(&self) -> impl Iterator<Item = (String, u16)> {
        self.running.iter().map(|server| (server.name.clone(), server.port))
    }

    /// The requests received so far, in order.
    pub fn requests(&self) -> Vec<RecordedRequest> {
        self.log.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl Drop for Servers {
    fn drop(&mut self) {
        self.over.store(true, Ordering::SeqCst);
        for accepting in self.running.iter_mut().filter_map(|server| server.accepting.take()) {
            // A panicked thread has already ended.
            let _ = accepting.join();
        }
    }
}

/// State shared by all connections to one server.
struct TestServer {
    server: Server,
    log: RequestLog,
    over: Arc<AtomicBool>,
}

fn accept(listener: &TcpListener, server: &Arc<TestServer>) {
    let mut serving: Vec<JoinHandle<()>> = Vec::new();
    while !server.over.load(Ordering::SeqCst) {
        serving.retain(|one| !one.is_finished());
        match listener.accept() {
            Ok((stream, _)) if serving.len() < MAX_CONNECTIONS => {
                let server = Arc::clone(server);
                serving.extend(thread::Builder::new().spawn(move || server.serve(&stream)).ok());
            }
            Ok(_) => {}
            Err(_) => thread::sleep(POLL_INTERVAL),
        }
    }
    for one in serving {
        // As above: it ends by itself soon after the cell.
        let _ = one.join();
    }
}

impl TestServer {
    /// Handles one request and closes the connection.
    fn serve(&self, stream: &TcpStream) {
        let deadline = Instant::now() + REQUEST_TIMEOUT;
        let stop = || Instant::now() >= deadline || self.over.load(Ordering::SeqCst);
        // Accepted sockets inherit being non-blocking on some systems.
        if stream.set_nonblocking(false).is_err() || stream.set_write_timeout(Some(REQUEST_TIMEOUT)).is_err() {
            return;
        }
        let mut connection = Connection::new(stream, LIMITS).until(&stop);
        let responded = match connection.read_request() {
            Ok(request) => {
                self.record(self.recorded(&request));
                self.response(&request).send(&connection)
            }
            // A client that connects without sending anything only probes the port.
            Err(ReadError::Empty) => return,
            Err(ReadError::Malformed(reason)) => {
                let (server, refused) = (self.server.name.clone(), Some(reason.clone()));
                self.record(RecordedRequest { server, refused, ..RecordedRequest::default() });
                Response::new(400, reason.as_bytes()).send(&connection)
            }
        };
        // A client that has disconnected misses its response.
        if responded.is_ok() {
            connection.finish(MAX_DRAINED);
        }
    }

    fn recorded(&self, request: &Request) -> RecordedRequest {
        RecordedRequest {
            server: self.server.name.clone(),
            method: request.method.clone(),
            path: request.target.clone(),
            headers: request.headers.iter().cloned().collect(),
            body: String::from_utf8_lossy(&request.body).into_owned(),
            refused: None,
        }
    }

    fn record(&self, request: RecordedRequest) {
        let mut log = self.log.lock().unwrap_or_else(PoisonError::into_inner);
        match log.len() {
            n if n < MAX_RECORDED => log.push(request),
            MAX_RECORDED => {
                log.push(RecordedRequest { refused: Some(format!("more than {MAX_RECORDED} requests")), ..request })
            }
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{MAX_CONNECTIONS, MAX_RECORDED, Servers};
    use std::io::{Read, Write};
    use std::net::TcpStream;
    use std::time::{Duration, Instant};
    use wasmlab_model::observation::RecordedRequest;
    use wasmlab_model::scenario::Server;

    fn servers(toml: &str) -> Servers {
        Servers::start(&[toml::from_str::<Server>(toml).unwrap()]).unwrap()
    }

    /// Sends `text` and returns the complete response.
    fn ask(servers: &Servers, text: &str) -> String {
        let (_, port) = servers.ports().next().unwrap();
        let mut stream = TcpStream::connect(("127.0.0.1", port)).unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
        // After a refusal, the connection may already be closed.
        let _ = stream.write_all(text.as_bytes());
        let mut answer = String::new();
        let _ = stream.read_to_string(&mut answer);
        answer
    }

    #[test]
    fn the_response_is_fixed_and_the_request_is_recorded() {
        let all = servers("name = \"api\"\nstatus = 404\nbody = \"no\"\nheaders = { x-lab = \"1\" }");
        let answer = ask(&all, "POST /a?b HTTP/1.1\r\nHost: h\r\nX-One: 1\r\nContent-Length: 3\r\n\r\nabc");
        assert_eq!(answer, "HTTP/1.1 404 Not Found\r\nconnection: close\r\nx-lab: 1\r\ncontent-length: 2\r\n\r\nno");
        assert!(ask(&all, "HEAD / HTTP/1.1\r\n\r\n").ends_with("content-length: 2\r\n\r\n"), "no body");
        let requests = all.requests();
        let headers =
            [("host", "h"), ("x-one", "1"), ("content-length", "3")].map(|(n, v)| (n.to_owned(), v.to_owned()));
        let first = RecordedRequest {
            server: "api".to_owned(),
            method: "POST".to_owned(),
            path: "/a?b".to_owned(),
            headers: headers.into(),
            body: "abc".to_owned(),
            refused: None,
        };
        assert_eq!((requests.len(), &requests[0], requests[1].method.as_str()), (2, &first, "HEAD"));
    }

    #[test]
    fn malformed_request_is_refused_and_recorded() {
        let all = servers("name = \"api\"");
        assert!(ask(&all, "\0\0\0\0\r\n\r\n").starts_with("HTTP/1.1 400 "));
        let last = all.requests().pop().unwrap();
        assert!(last.refused.as_ref().is_some_and(|reason| reason.contains("no HTTP")), "{last:?}");
    }

    #[test]
    fn request_floods_and_silent_clients_are_limited() {
        let all = servers("name = \"api\"");
        for _ in 0..MAX_RECORDED + 5 {
            ask(&all, "GET / HTTP/1.1\r\n\r\n");
        }
        let requests = all.requests();
        assert_eq!(requests.len(), MAX_RECORDED + 1);
        assert!(requests[MAX_RECORDED].refused.as_ref().is_some_and(|message| message.contains("more than")));
        let (_, port) = all.ports().next().unwrap();
        let silent: Vec<_> =
            (0..MAX_CONNECTIONS + 5).map(|_| TcpStream::connect(("127.0.0.1", port)).unwrap()).collect();
        let began = Instant::now();
        drop(all);
        assert!(began.elapsed() < Duration::from_secs(5), "{:?}", began.elapsed());
        drop(silent);
    }
}
