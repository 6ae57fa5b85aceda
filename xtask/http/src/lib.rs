//! HTTP/1.1 for the lab's own servers: reads requests from a connection within limits, and writes responses. A client
//! may send anything; whatever is not a request becomes an error with a reason.

use std::collections::BTreeMap;
use std::io::{self, ErrorKind, Read, Write};
use std::net::{Shutdown, TcpStream};
use std::time::Duration;

#[cfg(test)]
mod tests;

/// Maximum number of headers in a request.
const MAX_HEADERS: usize = 64;
/// How often a reader checks whether to stop.
const POLL_INTERVAL: Duration = Duration::from_millis(50);

/// Size limits of a request, bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Request line and headers together.
    pub head: usize,
    /// The body.
    pub body: usize,
}

/// A request.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Request {
    /// `GET`.
    pub method: String,
    /// Path with query: `/a?b`.
    pub target: String,
    /// Headers in the order received; names in lower case.
    pub headers: Vec<(String, String)>,
    /// Body; chunks are joined.
    pub body: Vec<u8>,
    /// Trailers after the last chunk, as `headers`.
    pub trailers: Vec<(String, String)>,
}

impl Request {
    /// The value of a header, by lower-case name; the last one if it occurs several times.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().rfind(|(n, _)| n == name).map(|(_, value)| value.as_str())
    }
}

/// Why no request could be read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ReadError {
    /// The client sent nothing.
    Empty,
    /// What the client sent is not a request, for this reason.
    Malformed(String),
}

fn malformed<T>(reason: impl Into<String>) -> Result<T, ReadError> {
    Err(ReadError::Malformed(reason.into()))
}

/// An accepted connection.
pub struct Connection<'a> {
    stream: &'a TcpStream,
    limits: Limits,
    stop: Option<&'a dyn Fn() -> bool>,
    received: Vec<u8>,
    /// The head of a request has been read, and its body is expected.
    in_request: bool,
    /// The last request has the method `HEAD`.
    is_head: bool,
}

impl<'a> Connection<'a> {
    /// A connection on which reads block as long as the client keeps it open.
    #[must_use]
    pub fn new(stream: &'a TcpStream, limits: Limits) -> Self {
        Self { stream, limits, stop: None, received: Vec::new(), in_request: false, is_head: false }
    }

    /// Makes reads return once `stop` returns true. It is called every 50 ms, so that a client that sends a byte now
    /// and then cannot extend a deadline.
    #[must_use]
    pub fn until(self, stop: &'a dyn Fn() -> bool) -> Self {
        Self { stop: Some(stop), ..self }
    }

    /// Reads the next request.
    ///
    /// # Errors
    /// If there is none, with the reason.
    pub fn read_request(&mut self) -> Result<Request, ReadError> {
        (self.in_request, self.is_head) = (false, false);
        let (mut request, size) = loop {
            if let Some(head) = parse_head(&self.received)? {
                break head;
            }
            if self.received.len() > self.limits.head {
                return malformed(format!("the head is longer than {} bytes", self.limits.head));
            }
            self.receive()?;
        };
        self.received.drain(..size);
        self.in_request = true;
        self.is_head = request.method == "HEAD";
        let mut trailers = Vec::new();
        request.body = match request.header("transfer-encoding") {
            Some(coding) if coding.eq_ignore_ascii_case("chunked") => self.read_chunks(&mut trailers)?,
            Some(coding) => return malformed(format!("the transfer-encoding {coding:?} is not `chunked`")),
            None => {
                let length = request.header("content-length").unwrap_or("0");
                let Ok(length) = length.parse() else { return malformed(format!("content-length is {length:?}")) };
                self.read_exactly(length)?
            }
        };
        request.trailers = trailers;
        Ok(request)
    }

    /// Writes a response: `status` such as `404 Not Found`, headers, and the body. A response to `HEAD` has only the
    /// headers; one with status 204 or 304 has no body and no header about it.
    ///
    /// # Errors
    /// If the client has disconnected.
    pub fn respond<'h>(
        &self,
        status: &str,
        headers: impl IntoIterator<Item = (&'h str, &'h str)>,
        body: Body<'_>,
    ) -> io::Result<()> {
        let mut head = format!("HTTP/1.1 {status}\r\n");
        for (name, value) in headers {
            head += &format!("{name}: {value}\r\n");
        }
        let content = match body {
            _ if status.starts_with("204") || status.starts_with("304") => Vec::new(),
            Body::Bytes(bytes) => {
                head += &format!("content-length: {}\r\n", bytes.len());
                bytes.to_vec()
            }
            Body::Chunks { chunks, trailers } => {
                head += "transfer-encoding: chunked\r\n";
                if !trailers.is_empty() {
                    let names: Vec<&str> = trailers.keys().map(String::as_str).collect();
                    head += &format!("trailer: {}\r\n", names.join(", "));
                }
                chunked(chunks, trailers).into_bytes()
            }
        };
        let content = if self.is_head { &[][..] } else { &content };
        let mut stream = self.stream;
        // A single write, so that a small response is one packet.
        stream.write_all(&[head.as_bytes(), b"\r\n", content].concat())
    }

    /// Shuts down writing, and reads what the client still sends, up to `limit` bytes. Closing a connection with unread
    /// data would reset it, and the client might never see the response.
    pub fn finish(mut self, limit: usize) {
        // A client that has disconnected misses nothing.
        let _ = self.stream.shutdown(Shutdown::Write);
        let mut drained = 0;
        while drained < limit && self.receive().is_ok() {
            drained += std::mem::take(&mut self.received).len();
        }
    }

    /// Waits for more bytes.
    fn receive(&mut self) -> Result<(), ReadError> {
        let nothing_yet = self.received.is_empty() && !self.in_request;
        let end = |reason: &str| if nothing_yet { Err(ReadError::Empty) } else { malformed(reason) };
        if self.stream.set_read_timeout(self.stop.map(|_| POLL_INTERVAL)).is_err() {
            return end("the connection failed");
        }
        let mut buffer = [0; 8192];
        let mut stream = self.stream;
        while self.stop.is_none_or(|stop| !stop()) {
            match stream.read(&mut buffer) {
                Ok(0) => return end("the connection was closed in the middle of the request"),
                Ok(n) => {
                    self.received.extend_from_slice(&buffer[..n]);
                    return Ok(());
                }
                Err(e) if matches!(e.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut | ErrorKind::Interrupted) => {}
                Err(_) => return end("the connection failed"),
            }
        }
        end("the request is incomplete")
    }

    fn read_exactly(&mut self, length: usize) -> Result<Vec<u8>, ReadError> {
        if length > self.limits.body {
            return malformed(format!("the body is longer than {} bytes", self.limits.body));
        }
        while self.received.len() < length {
            self.receive()?;
        }
        Ok(self.received.drain(..length).collect())
    }

    fn read_chunks(&mut self, trailers: &mut Vec<(String, String)>) -> Result<Vec<u8>, ReadError> {
        let mut body = Vec::new();
        loop {
            let (head, size) = match httparse::parse_chunk_size(&self.received) {
                Ok(httparse::Status::Complete((head, size))) => (head, usize::try_from(size).unwrap_or(usize::MAX)),
                Ok(httparse::Status::Partial) if self.received.len() <= self.limits.head => {
                    self.receive()?;
                    continue;
                }
                _ => return malformed("a chunk has no size"),
            };
            self.received.drain(..head);
            if size == 0 {
                *trailers = self.read_trailers()?;
                return Ok(body);
            }
            if size > self.limits.body - body.len() {
                return malformed(format!("the body is longer than {} bytes", self.limits.body));
            }
            body.extend(self.read_exactly(size)?);
            // The line break after a chunk.
            self.read_exactly(2)?;
        }
    }

    /// Reads the trailers after the last chunk, up to the empty line that ends them.
    fn read_trailers(&mut self) -> Result<Vec<(String, String)>, ReadError> {
        loop {
            let mut headers = [httparse::EMPTY_HEADER; MAX_HEADERS];
            let read = match httparse::parse_headers(&self.received, &mut headers) {
                Ok(httparse::Status::Complete((size, headers))) => Some((size, owned(headers))),
                Ok(httparse::Status::Partial) => None,
                Err(error) => return malformed(format!("the trailers are not valid headers: {error}")),
            };
            match read {
                Some((size, trailers)) => {
                    self.received.drain(..size);
                    return Ok(trailers);
                }
                None if self.received.len() > self.limits.head => return malformed("the trailers are too long"),
                None => self.receive()?,
            }
        }
    }
}

/// The body of a response.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Body<'a> {
    /// These bytes, with their length.
    Bytes(&'a [u8]),
    /// The transfer encoding `chunked`.
    Chunks {
        /// The chunks; empty ones are left out.
        chunks: &'a [String],
        /// Headers after the last chunk, by name.
        trailers: &'a BTreeMap<String, String>,
    },
}

fn chunked(chunks: &[String], trailers: &BTreeMap<String, String>) -> String {
    // An empty chunk would end the body.
    let chunks = chunks.iter().filter(|chunk| !chunk.is_empty());
    let chunks = chunks.map(|chunk| format!("{:x}\r\n{chunk}\r\n", chunk.len()));
    let trailers = trailers.iter().map(|(name, value)| format!("{name}: {value}\r\n"));
    chunks.chain(["0\r\n".to_owned()]).chain(trailers).chain(["\r\n".to_owned()]).collect()
}

/// Parses a request without its body, and returns the size of its head; `None` if it is incomplete.
fn parse_head(bytes: &[u8]) -> Result<Option<(Request, usize)>, ReadError> {
    let mut headers = [httparse::EMPTY_HEADER; MAX_HEADERS];
    let mut request = httparse::Request::new(&mut headers);
    let size = match request.parse(bytes) {
        Ok(httparse::Status::Complete(size)) => size,
        Ok(httparse::Status::Partial) => return Ok(None),
        Err(error) => return malformed(format!("no HTTP/1.1: {error}")),
    };
    let request = Request {
        method: request.method.unwrap_or_default().to_owned(),
        target: request.path.unwrap_or_default().to_owned(),
        headers: owned(request.headers),
        ..Request::default()
    };
    Ok(Some((request, size)))
}

fn owned(headers: &[httparse::Header]) -> Vec<(String, String)> {
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    headers.iter().map(|header| (header.name.to_ascii_lowercase(), text(header.value))).collect()
}
