//! Reading one HTTP/1.1 request that a guest sends to a server of the lab's.

use std::io::Read;
use std::net::TcpStream;
use std::time::{Duration, Instant};

use wasmlab_model::observation::RecordedRequest;

/// Bytes of the request line with the headers.
const MAX_HEAD: usize = 16 << 10;
/// Headers.
const MAX_HEADERS: usize = 64;
/// Bytes of a body.
const MAX_BODY: usize = 1 << 20;
/// Bytes that are read and thrown away after the answer: a connection that is closed before would be reset, and
/// its client might never see the answer.
const MAX_DRAINED: usize = 4 << 20;
/// How often a reader looks whether its cell is over.
const POLL_INTERVAL: Duration = Duration::from_millis(50);

/// Why there is no request.
pub enum ReadError {
    /// Nothing was sent.
    Empty,
    /// What was sent is none.
    Malformed(String),
}

fn malformed<T>(words: impl Into<String>) -> Result<T, ReadError> {
    Err(ReadError::Malformed(words.into()))
}

/// Reads a request, until `deadline` or until the cell `is_over`.
///
/// # Errors
/// Why there is none.
pub fn read(
    stream: &mut TcpStream,
    deadline: Instant,
    is_over: &dyn Fn() -> bool,
) -> Result<RecordedRequest, ReadError> {
    let mut input = Connection { stream, deadline, is_over, begun: false, got: Vec::new() };
    let (mut asked, size) = loop {
        if let Some(head) = parse_head(&input.got)? {
            break head;
        }
        if input.got.len() > MAX_HEAD {
            return malformed(format!("the head is longer than {MAX_HEAD} bytes"));
        }
        input.more()?;
    };
    input.got.drain(..size);
    input.begun = true;
    let body = match asked.headers.get("transfer-encoding") {
        Some(coding) if coding.eq_ignore_ascii_case("chunked") => input.chunks()?,
        Some(coding) => return malformed(format!("the transfer-encoding {coding:?} is not `chunked`")),
        None => {
            let length = asked.headers.get("content-length").map_or("0", String::as_str);
            let Ok(length) = length.parse() else { return malformed(format!("content-length is {length:?}")) };
            input.exactly(length)?
        }
    };
    asked.body = String::from_utf8_lossy(&body).into_owned();
    Ok(asked)
}

/// Reads on until the client closes, within limits.
pub fn drain(stream: &mut TcpStream, deadline: Instant, is_over: &dyn Fn() -> bool) {
    let mut input = Connection { stream, deadline, is_over, begun: false, got: Vec::new() };
    let mut drained = 0;
    while drained < MAX_DRAINED && input.more().is_ok() {
        drained += std::mem::take(&mut input.got).len();
    }
}

/// The request without its body, and the size of its head; `None` while it is not whole.
fn parse_head(bytes: &[u8]) -> Result<Option<(RecordedRequest, usize)>, ReadError> {
    let mut headers = [httparse::EMPTY_HEADER; MAX_HEADERS];
    let mut request = httparse::Request::new(&mut headers);
    let size = match request.parse(bytes) {
        Ok(httparse::Status::Complete(size)) => size,
        Ok(httparse::Status::Partial) => return Ok(None),
        Err(error) => return malformed(format!("no HTTP/1.1: {error}")),
    };
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    let asked = RecordedRequest {
        method: request.method.unwrap_or_default().to_owned(),
        path: request.path.unwrap_or_default().to_owned(),
        headers: request.headers.iter().map(|h| (h.name.to_ascii_lowercase(), text(h.value))).collect(),
        ..RecordedRequest::default()
    };
    Ok(Some((asked, size)))
}

/// A connection and what it brought.
struct Connection<'a> {
    stream: &'a mut TcpStream,
    deadline: Instant,
    is_over: &'a dyn Fn() -> bool,
    /// Whether a request's head was read: what comes after is owed.
    begun: bool,
    got: Vec<u8>,
}

impl Connection<'_> {
    /// Waits for more; a client that sends a byte now and then does not stretch the limit.
    fn more(&mut self) -> Result<(), ReadError> {
        let mut buffer = [0; 8192];
        loop {
            let nothing_yet = self.got.is_empty() && !self.begun;
            let end = |words: &str| if nothing_yet { Err(ReadError::Empty) } else { malformed(words) };
            if Instant::now() >= self.deadline || (self.is_over)() {
                return end("the request did not come to its end");
            }
            if self.stream.set_read_timeout(Some(POLL_INTERVAL)).is_err() {
                return end("the connection failed");
            }
            match self.stream.read(&mut buffer) {
                Ok(0) => return end("the connection was closed within the request"),
                Ok(n) => {
                    self.got.extend_from_slice(&buffer[..n]);
                    return Ok(());
                }
                Err(error) if matches!(error.kind(), std::io::ErrorKind::WouldBlock | std::io::ErrorKind::TimedOut) => {
                }
                Err(_) => return end("the connection failed"),
            }
        }
    }

    fn exactly(&mut self, length: usize) -> Result<Vec<u8>, ReadError> {
        if length > MAX_BODY {
            return malformed(format!("the body is longer than {MAX_BODY} bytes"));
        }
        while self.got.len() < length {
            self.more()?;
        }
        Ok(self.got.drain(..length).collect())
    }

    fn chunks(&mut self) -> Result<Vec<u8>, ReadError> {
        let mut body = Vec::new();
        loop {
            let (head, size) = match httparse::parse_chunk_size(&self.got) {
                Ok(httparse::Status::Complete((head, size))) => (head, usize::try_from(size).unwrap_or(usize::MAX)),
                Ok(httparse::Status::Partial) if self.got.len() <= MAX_HEAD => {
                    self.more()?;
                    continue;
                }
                _ => return malformed("a chunk has no size"),
            };
            self.got.drain(..head);
            if size == 0 {
                return Ok(body);
            }
            if size > MAX_BODY || body.len() + size > MAX_BODY {
                return malformed(format!("the body is longer than {MAX_BODY} bytes"));
            }
            body.extend(self.exactly(size)?);
            // The line's end after a chunk.
            self.exactly(2)?;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{ReadError, read};
    use std::io::Write;
    use std::net::{TcpListener, TcpStream};
    use std::time::{Duration, Instant};
    use wasmlab_model::observation::RecordedRequest;

    /// What is read of a client that sends `parts`, one after the other, and then closes.
    fn check<T: AsRef<[u8]>>(parts: &[T]) -> Result<RecordedRequest, String> {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let mut client = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
        let (mut stream, _) = listener.accept().unwrap();
        let parts: Vec<Vec<u8>> = parts.iter().map(|part| part.as_ref().to_vec()).collect();
        let sender = std::thread::spawn(move || {
            for part in parts {
                client.write_all(&part).unwrap();
                std::thread::sleep(Duration::from_millis(10));
            }
        });
        let read = read(&mut stream, Instant::now() + Duration::from_secs(10), &|| false);
        sender.join().unwrap();
        read.map_err(|refused| match refused {
            ReadError::Empty => "nothing".to_owned(),
            ReadError::Malformed(words) => words,
        })
    }

    #[test]
    fn bodies_come_by_length_or_in_chunks_and_in_any_pieces() {
        assert_eq!(check(&["GET /x HT", "TP/1.1\r\n", "\r\n"]).unwrap().path, "/x");
        assert_eq!(check(&["PUT / HTTP/1.1\r\ncontent-length: 4\r\n\r\na", "bcd"]).unwrap().body, "abcd");
        let chunks =
            ["POST / HTTP/1.1\r\ntransfer-encoding: chunked\r\n\r\n3\r", "\nabc\r\n2;x=y\r\nde\r\n", "0\r\n\r\n"];
        assert_eq!(check(&chunks).unwrap().body, "abcde");
        // A character in two pieces.
        let chunks: [&[u8]; 3] =
            [b"POST / HTTP/1.1\r\ntransfer-encoding: chunked\r\n\r\n", b"2\r\na\xc3\r\n", b"1\r\n\xa9\r\n0\r\n\r\n"];
        assert_eq!(check(&chunks).unwrap().body, "aé");
    }

    #[test]
    fn what_is_cut_short_is_no_request() {
        assert_eq!(check::<&str>(&[]).unwrap_err(), "nothing");
        assert!(check(&["PUT / HTTP/1.1\r\ncontent-length: 4\r\n\r\n"]).unwrap_err().contains("closed"));
        let chunked = "PUT / HTTP/1.1\r\ntransfer-encoding: chunked\r\n\r\n1\r\na\r\n";
        assert!(check(&[chunked]).unwrap_err().contains("closed"));
        assert!(check(&["GET / HT"]).unwrap_err().contains("closed"));
        assert!(check(&["PUT / HTTP/1.1\r\ncontent-length: 4\r\n\r\na"]).unwrap_err().contains("closed"));
        let head = "POST / HTTP/1.1\r\ntransfer-encoding: chunked\r\n\r\n";
        assert!(check(&[head, "zz\r\n"]).unwrap_err().contains("no size"));
        assert!(check(&[head, "ffffffff\r\n"]).unwrap_err().contains("longer"));
        assert!(check(&["POST / HTTP/1.1\r\ntransfer-encoding: gzip\r\n\r\n"]).unwrap_err().contains("gzip"));
    }
}
