//! A server with endpoints: what it answers depends on method and path, and it can send chunks and trailers, and echo the
//! request. Each connection carries one request.

use std::io::{self, ErrorKind, Read, Write};
use std::net::{Shutdown, TcpStream};
use std::time::Duration;

use super::{LIMITS, MAX_DRAINED, TestServer};
use wasmlab_http::Request;
use wasmlab_model::observation::RecordedRequest;
use wasmlab_model::scenario::{Endpoint, EndpointMode};

/// Maximum number of headers, and of trailers.
const MAX_HEADERS: usize = 64;
/// How often a reader checks whether to stop.
const POLL_INTERVAL: Duration = Duration::from_millis(50);

type Headers = Vec<(String, String)>;

impl TestServer {
    /// Handles one request and closes the connection.
    pub(super) fn serve_endpoint(&self, stream: &TcpStream, stop: &dyn Fn() -> bool) {
        let mut reader = Reader { stream, stop, received: Vec::new() };
        let response = match reader.request() {
            Ok((request, trailers)) => {
                let response = self.response(&request, &trailers);
                self.record(self.recorded(request));
                response
            }
            Err(Refusal::Nothing) => return,
            Err(Refusal::Malformed(reason)) => {
                let (server, refused) = (self.server.name.clone(), Some(reason.clone()));
                self.record(RecordedRequest { server, refused, ..RecordedRequest::default() });
                whole(400, &Headers::new(), reason.as_bytes(), false)
            }
        };
        let mut to = stream;
        // A client that has disconnected misses its response. One write, so that a small response is one packet.
        if to.write_all(&response).is_ok() && stream.shutdown(Shutdown::Write).is_ok() {
            reader.drain();
        }
    }

    fn response(&self, request: &Request, trailers: &Headers) -> Vec<u8> {
        let is_head = request.method == "HEAD";
        let is_named = |e: &&Endpoint| e.method == request.method && e.path == request.target;
        let Some(endpoint) = self.server.endpoint.iter().find(is_named) else {
            return whole(404, &Headers::new(), b"", is_head);
        };
        let headers: Headers = endpoint.headers.iter().map(|(name, value)| (name.clone(), value.clone())).collect();
        match (endpoint.mode, &endpoint.chunks) {
            (EndpointMode::EchoBody, _) => whole(200, &Headers::new(), &request.body, is_head),
            (EndpointMode::EchoHeaders, _) => whole(200, &echoed(request, trailers), b"", is_head),
            (EndpointMode::Static, None) => whole(endpoint.status, &headers, endpoint.body.as_bytes(), is_head),
            (EndpointMode::Static, Some(chunks)) => in_chunks(endpoint, headers, chunks, is_head),
        }
    }
}

/// The request line, headers and trailers of a request, as headers.
fn echoed(request: &Request, trailers: &Headers) -> Headers {
    let of = |prefix: &str, all: &Headers| -> Headers {
        all.iter().map(|(name, value)| (format!("{prefix}{name}"), value.clone())).collect()
    };
    let line = [("x-request-method", &request.method), ("x-request-path", &request.target)];
    let line = line.map(|(name, value)| (name.to_owned(), value.clone())).to_vec();
    [line, of("x-echo-", &request.headers), of("x-trailer-", trailers)].concat()
}

/// The status line and headers, without the line break that ends them.
fn head(status: u16, headers: &Headers) -> String {
    let reason = ureq::http::StatusCode::from_u16(status).ok().and_then(|s| s.canonical_reason()).unwrap_or("");
    let lines = headers.iter().map(|(name, value)| format!("{name}: {value}\r\n"));
    format!("HTTP/1.1 {status} {reason}\r\nconnection: close\r\n{}", lines.collect::<String>())
}

fn whole(status: u16, headers: &Headers, body: &[u8], is_head: bool) -> Vec<u8> {
    let has_no_body = matches!(status, 204 | 304);
    let length = if has_no_body { String::new() } else { format!("content-length: {}\r\n", body.len()) };
    let head = format!("{}{length}\r\n", head(status, headers));
    [head.as_bytes(), if is_head || has_no_body { b"" } else { body }].concat()
}

fn in_chunks(endpoint: &Endpoint, mut headers: Headers, chunks: &[String], is_head: bool) -> Vec<u8> {
    headers.push(("transfer-encoding".to_owned(), "chunked".to_owned()));
    if !endpoint.trailers.is_empty() {
        let names: Vec<&str> = endpoint.trailers.keys().map(String::as_str).collect();
        headers.push(("trailer".to_owned(), names.join(", ")));
    }
    let mut response = format!("{}\r\n", head(endpoint.status, &headers));
    if !is_head {
        // An empty chunk would end the body.
        for chunk in chunks.iter().filter(|chunk| !chunk.is_empty()) {
            response += &format!("{:x}\r\n{chunk}\r\n", chunk.len());
        }
        let trailers = endpoint.trailers.iter().map(|(name, value)| format!("{name}: {value}\r\n"));
        response += &format!("0\r\n{}\r\n", trailers.collect::<String>());
    }
    response.into_bytes()
}

/// Why there is no request.
enum Refusal {
    /// The client sent nothing: it only probes the port.
    Nothing,
    /// The input is not a request, for this reason.
    Malformed(String),
}

fn malformed<T>(reason: impl Into<String>) -> Result<T, Refusal> {
    Err(Refusal::Malformed(reason.into()))
}

/// Reads one request with its trailers, which `wasmlab_http` skips.
struct Reader<'a> {
    stream: &'a TcpStream,
    stop: &'a dyn Fn() -> bool,
    received: Vec<u8>,
}

impl Reader<'_> {
    fn request(&mut self) -> Result<(Request, Headers), Refusal> {
        let mut request = loop {
            if let Some((request, size)) = parse_head(&self.received)? {
                self.received.drain(..size);
                break request;
            }
            if self.received.len() > LIMITS.head {
                return malformed(format!("the headers are longer than {} bytes", LIMITS.head));
            }
            self.receive().map_err(|_| match self.received.is_empty() {
                true => Refusal::Nothing,
                false => Refusal::Malformed("the connection closed in the middle of the headers".to_owned()),
            })?;
        };
        if request.header("transfer-encoding").is_some_and(|coding| coding.eq_ignore_ascii_case("chunked")) {
            let (body, trailers) = self.chunks()?;
            request.body = body;
            return Ok((request, trailers));
        }
        let Ok(length) = request.header("content-length").unwrap_or("0").parse() else {
            return malformed("content-length is not a number");
        };
        request.body = self.exactly(length)?;
        Ok((request, Headers::new()))
    }

    fn chunks(&mut self) -> Result<(Vec<u8>, Headers), Refusal> {
        let mut body = Vec::new();
        loop {
            let line = self.line()?;
            let size = String::from_utf8_lossy(&line);
            let size = size.split(';').next().unwrap_or_default().trim();
            let Ok(size) = usize::from_str_radix(size, 16) else { return malformed("a chunk has no size") };
            if size == 0 {
                return Ok((body, self.trailers()?));
            }
            if size > LIMITS.body.saturating_sub(body.len()) {
                return malformed(format!("the body is longer than {} bytes", LIMITS.body));
            }
            body.extend(self.exactly(size)?);
            self.line()?;
        }
    }

    fn trailers(&mut self) -> Result<Headers, Refusal> {
        let mut trailers = Headers::new();
        loop {
            let line = self.line()?;
            let line = String::from_utf8_lossy(&line);
            let Some((name, value)) = line.split_once(':') else { return Ok(trailers) };
            if trailers.len() == MAX_HEADERS {
                return malformed(format!("it has more than {MAX_HEADERS} trailers"));
            }
            trailers.push((name.trim().to_ascii_lowercase(), value.trim().to_owned()));
        }
    }

    /// The next line, without its end.
    fn line(&mut self) -> Result<Vec<u8>, Refusal> {
        loop {
            if let Some(end) = self.received.iter().position(|byte| *byte == b'\n') {
                let mut line: Vec<u8> = self.received.drain(..=end).collect();
                line.truncate(end);
                return Ok(line);
            }
            if self.received.len() > LIMITS.head {
                return malformed("a line of the body's encoding is too long");
            }
            self.receive().or_else(|_| malformed("the connection closed in the middle of the body"))?;
        }
    }

    fn exactly(&mut self, length: usize) -> Result<Vec<u8>, Refusal> {
        if length > LIMITS.body {
            return malformed(format!("the body is longer than {} bytes", LIMITS.body));
        }
        while self.received.len() < length {
            self.receive().or_else(|_| malformed("the connection closed in the middle of the body"))?;
        }
        Ok(self.received.drain(..length).collect())
    }

    /// Waits for more bytes.
    fn receive(&mut self) -> io::Result<()> {
        self.stream.set_read_timeout(Some(POLL_INTERVAL))?;
        let (mut buffer, mut stream) = ([0; 8192], self.stream);
        while !(self.stop)() {
            match stream.read(&mut buffer) {
                Ok(0) => return Err(ErrorKind::UnexpectedEof.into()),
                Ok(n) => {
                    self.received.extend_from_slice(&buffer[..n]);
                    return Ok(());
                }
                Err(e) if matches!(e.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut | ErrorKind::Interrupted) => {}
                Err(error) => return Err(error),
            }
        }
        Err(ErrorKind::TimedOut.into())
    }

    /// Reads what the client still sends: closing a connection with unread data would reset it, and the client might never
    /// see the response.
    fn drain(&mut self) {
        let mut drained = 0;
        while drained < MAX_DRAINED && self.receive().is_ok() {
            drained += std::mem::take(&mut self.received).len();
        }
    }
}

/// Parses a request without its body, and returns the size of its head; `None` if it is incomplete.
fn parse_head(bytes: &[u8]) -> Result<Option<(Request, usize)>, Refusal> {
    let mut headers = [httparse::EMPTY_HEADER; MAX_HEADERS];
    let mut parsed = httparse::Request::new(&mut headers);
    let size = match parsed.parse(bytes) {
        Ok(httparse::Status::Complete(size)) => size,
        Ok(httparse::Status::Partial) => return Ok(None),
        Err(error) => return malformed(format!("not HTTP/1.1: {error}")),
    };
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    let request = Request {
        method: parsed.method.unwrap_or_default().to_owned(),
        target: parsed.path.unwrap_or_default().to_owned(),
        headers: parsed.headers.iter().map(|h| (h.name.to_ascii_lowercase(), text(h.value))).collect(),
        body: Vec::new(),
    };
    Ok(Some((request, size)))
}

#[cfg(test)]
mod tests {
    use crate::cell::server::Servers;
    use std::io::{Read, Write};
    use std::net::TcpStream;
    use wasmlab_model::scenario::Server;

    const ENDPOINTS: &str = "name = \"api\"\n\
        [[endpoint]]\npath = \"/made?x=1\"\nstatus = 201\nbody = \"made\"\nheaders = { x-a = \"1\" }\n\
        [[endpoint]]\npath = \"/chunks\"\nchunks = [\"one\", \"\", \"seven..\"]\ntrailers = { x-end = \"2\" }\n\
        [[endpoint]]\nmethod = \"HEAD\"\npath = \"/\"\nbody = \"long\"\n\
        [[endpoint]]\nmethod = \"POST\"\npath = \"/body\"\nmode = \"echo-body\"\n\
        [[endpoint]]\nmethod = \"POST\"\npath = \"/headers\"\nmode = \"echo-headers\"\n";

    fn ask(request: &str) -> String {
        let all = Servers::start(&[toml::from_str::<Server>(ENDPOINTS).unwrap()]).unwrap();
        let (_, port) = all.ports().next().unwrap();
        let mut stream = TcpStream::connect(("127.0.0.1", port)).unwrap();
        stream.write_all(request.as_bytes()).unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        answer.replace("\r\n", "|").replacen("connection: close|", "", 1)
    }

    #[test]
    fn answer_depends_on_method_and_path() {
        let check = |request: &str, wanted: &str| assert_eq!(ask(&request.replace('|', "\r\n")), wanted, "{request}");
        check("GET /made?x=1 HTTP/1.1||", "HTTP/1.1 201 Created|x-a: 1|content-length: 4||made");
        check("GET /made HTTP/1.1||", "HTTP/1.1 404 Not Found|content-length: 0||");
        check("POST /made?x=1 HTTP/1.1||", "HTTP/1.1 404 Not Found|content-length: 0||");
        check("HEAD / HTTP/1.1||", "HTTP/1.1 200 OK|content-length: 4||");
        check(
            "GET /chunks HTTP/1.1||",
            "HTTP/1.1 200 OK|transfer-encoding: chunked|trailer: x-end||3|one|7|seven..|0|x-end: 2||",
        );
        check("POST /body HTTP/1.1|content-length: 3||abc", "HTTP/1.1 200 OK|content-length: 3||abc");
        let chunked = "transfer-encoding: chunked||2;a=b|ab|1|c|0|X-Sum: 9||";
        check(&format!("POST /body HTTP/1.1|{chunked}"), "HTTP/1.1 200 OK|content-length: 3||abc");
        check(
            &format!("POST /headers HTTP/1.1|X-One: 1|{chunked}"),
            "HTTP/1.1 200 OK|x-request-method: POST|x-request-path: /headers|x-echo-x-one: 1|\
             x-echo-transfer-encoding: chunked|x-trailer-x-sum: 9|content-length: 0||",
        );
        check("nonsense||", "HTTP/1.1 400 Bad Request|content-length: 26||not HTTP/1.1: invalid token");
    }

    #[test]
    fn closed_server_refuses_connections() {
        let all = Servers::start(&[toml::from_str::<Server>("name = \"dead\"\nclosed = true").unwrap()]).unwrap();
        let (name, port) = all.ports().next().unwrap();
        assert_eq!(name, "dead");
        assert!(TcpStream::connect(("127.0.0.1", port)).is_err());
    }
}
