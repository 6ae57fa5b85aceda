//! A server with endpoints: what it answers depends on method and path, and it can send chunks and trailers, and echo
//! the request. Each connection carries one request.

use std::io::Write;
use std::net::TcpStream;

use super::{LIMITS, MAX_DRAINED, TestServer};
use wasmlab_http::{Connection, ReadError, Request};
use wasmlab_model::observation::RecordedRequest;
use wasmlab_model::scenario::{Endpoint, EndpointMode};

type Headers = Vec<(String, String)>;

impl TestServer {
    /// Handles one request and closes the connection.
    pub(super) fn serve_endpoint(&self, stream: &TcpStream, stop: &dyn Fn() -> bool) {
        let mut connection = Connection::new(stream, LIMITS).until(stop);
        let response = match connection.read_request() {
            Ok(request) => {
                let response = self.response(&request);
                self.record(self.recorded(request));
                response
            }
            Err(ReadError::Empty) => return,
            Err(ReadError::Malformed(reason)) => {
                let (server, refused) = (self.server.name.clone(), Some(reason.clone()));
                self.record(RecordedRequest { server, refused, ..RecordedRequest::default() });
                whole(400, &Headers::new(), reason.as_bytes(), false)
            }
        };
        let mut to = stream;
        // A client that has disconnected misses its response. One write, so that a small response is one packet.
        if to.write_all(&response).is_ok() {
            connection.finish(MAX_DRAINED);
        }
    }

    fn response(&self, request: &Request) -> Vec<u8> {
        let is_head = request.method == "HEAD";
        let is_named = |e: &&Endpoint| e.method == request.method && e.path == request.target;
        let Some(endpoint) = self.server.endpoint.iter().find(is_named) else {
            return whole(404, &Headers::new(), b"", is_head);
        };
        let headers: Headers = endpoint.headers.iter().map(|(name, value)| (name.clone(), value.clone())).collect();
        match (endpoint.mode, &endpoint.chunks) {
            (EndpointMode::EchoBody, _) => whole(200, &Headers::new(), &request.body, is_head),
            (EndpointMode::EchoHeaders, _) => whole(200, &echoed(request), b"", is_head),
            (EndpointMode::Static, None) => whole(endpoint.status, &headers, endpoint.body.as_bytes(), is_head),
            (EndpointMode::Static, Some(chunks)) => in_chunks(endpoint, headers, chunks, is_head),
        }
    }
}

/// The request line, headers and trailers of a request, as headers.
fn echoed(request: &Request) -> Headers {
    let of = |prefix: &str, all: &Headers| -> Headers {
        all.iter().map(|(name, value)| (format!("{prefix}{name}"), value.clone())).collect()
    };
    let line = [("x-request-method", &request.method), ("x-request-path", &request.target)];
    let line = line.map(|(name, value)| (name.to_owned(), value.clone())).to_vec();
    [line, of("x-echo-", &request.headers), of("x-trailer-", &request.trailers)].concat()
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
        let check =
            |request: &str, expected: &str| assert_eq!(ask(&request.replace('|', "\r\n")), expected, "{request}");
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
        check("nonsense||", "HTTP/1.1 400 Bad Request|content-length: 26||no HTTP/1.1: invalid token");
    }

    #[test]
    fn closed_server_refuses_connections() {
        let all = Servers::start(&[toml::from_str::<Server>("name = \"dead\"\nclosed = true").unwrap()]).unwrap();
        let (name, port) = all.ports().next().unwrap();
        assert_eq!(name, "dead");
        assert!(TcpStream::connect(("127.0.0.1", port)).is_err());
    }
}
