//! Requests sent piece by piece, and how they are read.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::time::{Duration, Instant};

use super::{Body, Connection, Limits, ReadError, Request};

const LIMITS: Limits = Limits { head: 16 << 10, body: 1 << 20 };

/// Both ends of a connection.
fn pair() -> (TcpStream, TcpStream) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let client = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
    (client, listener.accept().unwrap().0)
}

/// The requests of a client that sends `parts` in order and disconnects, and the final error.
fn read_all<T: AsRef<[u8]>>(parts: &[T]) -> (Vec<Request>, ReadError) {
    let (mut client, stream) = pair();
    let parts: Vec<Vec<u8>> = parts.iter().map(|part| part.as_ref().to_vec()).collect();
    let sender = std::thread::spawn(move || {
        for part in parts {
            // After a refusal, the connection may already be closed.
            let _ = client.write_all(&part);
            std::thread::sleep(Duration::from_millis(10));
        }
    });
    let deadline = Instant::now() + Duration::from_secs(10);
    let is_late = || Instant::now() >= deadline;
    let mut connection = Connection::new(&stream, LIMITS).until(&is_late);
    let mut requests = Vec::new();
    let error = loop {
        match connection.read_request() {
            Ok(request) => requests.push(request),
            Err(error) => break error,
        }
    };
    sender.join().unwrap();
    (requests, error)
}

#[test]
fn bodies_have_a_length_or_chunks_and_arrive_in_any_pieces() {
    let body = |parts: &[&[u8]]| {
        let (requests, error) = read_all(parts);
        assert_eq!((requests.len(), error), (1, ReadError::Empty));
        String::from_utf8(requests[0].body.clone()).unwrap()
    };
    let head = b"POST / HTTP/1.1\r\ntransfer-encoding: chunked\r\n\r\n";
    assert_eq!(body(&[b"GET /x HT", b"TP/1.1\r\n", b"\r\n"]), "");
    assert_eq!(body(&[b"PUT / HTTP/1.1\r\ncontent-length: 4\r\n\r\na", b"bcd"]), "abcd");
    assert_eq!(body(&[head, b"3\r", b"\nabc\r\n2;x=y\r\nde\r\n", b"0\r\n\r\n"]), "abcde");
    assert_eq!(body(&[head, b"1\r\na\r\n0\r\nx-sum: 1\r\n", b"\r\n"]), "a", "trailers are skipped");
    // A character split between two chunks.
    assert_eq!(body(&[head, b"2\r\na\xc3\r\n", b"1\r\n\xa9\r\n0\r\n\r\n"]), "aé");
}

#[test]
fn one_connection_carries_several_requests() {
    let (requests, error) = read_all(&[
        "POST /a?b HTTP/1.1\r\nHost: h\r\nX-One: 1\r\nx-one: 2\r\nContent-Length: 3\r\n\r\nabcGET /b HT",
        "TP/1.1\r\n\r\n",
    ]);
    let targets: Vec<&str> = requests.iter().map(|request| request.target.as_str()).collect();
    assert_eq!((targets, error), (vec!["/a?b", "/b"], ReadError::Empty));
    assert_eq!((requests[0].header("host"), requests[0].header("x-one")), (Some("h"), Some("2")));
}

#[test]
fn invalid_requests_are_errors_with_a_reason() {
    let chunked = "POST / HTTP/1.1\r\ntransfer-encoding: chunked\r\n\r\n";
    let long = format!("GET / HTTP/1.1\r\nx: {}\r\n\r\n", "y".repeat(40_000));
    for (parts, reason) in [
        (&["\0\0\0\0\r\n\r\n"][..], "no HTTP"),
        (&[&long], "the head is longer than 16384 bytes"),
        (&["PUT / HTTP/1.1\r\ncontent-length: 4\r\n\r\n"], "closed in the middle of the request"),
        (&["PUT / HTTP/1.1\r\ncontent-length: 4\r\n\r\na"], "closed in the middle of the request"),
        (&["PUT / HTTP/1.1\r\ncontent-length: 99999999\r\n\r\n"], "the body is longer than 1048576 bytes"),
        (&["PUT / HTTP/1.1\r\ncontent-length: many\r\n\r\n"], "content-length is \"many\""),
        (&["GET / HT"], "closed in the middle of the request"),
        (&[chunked, "1\r\na\r\n"], "closed in the middle of the request"),
        (&[chunked, "zz\r\n"], "a chunk has no size"),
        (&[chunked, "ffffffff\r\n"], "the body is longer"),
        (&[chunked, "0\r\n: x\r\n\r\n"], "the trailers are not valid headers"),
        (&["POST / HTTP/1.1\r\ntransfer-encoding: gzip\r\n\r\n"], "\"gzip\" is not `chunked`"),
    ] {
        let (requests, error) = read_all(parts);
        let ReadError::Malformed(said) = error else { panic!("{parts:?}: nothing was sent") };
        assert!(requests.is_empty() && said.contains(reason), "{said} does not say {reason}");
    }
    assert_eq!(read_all::<&str>(&[]), (Vec::new(), ReadError::Empty));
}

#[test]
fn silent_client_is_dropped_at_the_deadline() {
    let (client, stream) = pair();
    let began = Instant::now();
    let is_late = || began.elapsed() > Duration::from_millis(200);
    assert_eq!(Connection::new(&stream, LIMITS).until(&is_late).read_request(), Err(ReadError::Empty));
    assert!(began.elapsed() < Duration::from_secs(5));
    drop(client);
}

#[test]
fn responses_describe_their_body_unless_there_is_none() {
    let written = |method: &str, status: &str, body: Body| {
        let (mut client, stream) = pair();
        client.write_all(format!("{method} / HTTP/1.1\r\n\r\n").as_bytes()).unwrap();
        let mut connection = Connection::new(&stream, LIMITS);
        connection.read_request().unwrap();
        connection.respond(status, [("x-lab", "1")], body).unwrap();
        client.shutdown(std::net::Shutdown::Write).unwrap();
        connection.finish(1 << 20);
        drop(stream);
        let mut text = String::new();
        client.read_to_string(&mut text).unwrap();
        text.replace("\r\n", "|")
    };
    let (chunks, trailers) = (["a".to_owned(), String::new()], [("x-end".to_owned(), "2".to_owned())].into());
    let whole = Body::Bytes(b"no");
    let chunked = Body::Chunks { chunks: &chunks, trailers: &trailers };
    let chunk_headers = "transfer-encoding: chunked|trailer: x-end";
    for (method, status, body, rest) in [
        ("GET", "200 OK", whole, "content-length: 2||no"),
        ("HEAD", "200 OK", whole, "content-length: 2||"),
        ("GET", "204 No Content", whole, "|"),
        ("GET", "200 OK", chunked, &format!("{chunk_headers}||1|a|0|x-end: 2||")),
        ("HEAD", "200 OK", chunked, &format!("{chunk_headers}||")),
        ("GET", "304 Not Modified", chunked, "|"),
    ] {
        assert_eq!(written(method, status, body), format!("HTTP/1.1 {status}|x-lab: 1|{rest}"), "{method}");
    }
}
