//! What a server answers: the same to every request, or what its endpoint for this method and path says: a body, chunks
//! with trailers, or an echo of the request. Each connection carries one request.

use std::collections::BTreeMap;
use std::io;

use super::TestServer;
use wasmlab_http::{Body, Connection, Request};
use wasmlab_model::scenario::{EndpointMode, Server};

/// A response to one request.
pub struct Response<'a> {
    status: u16,
    headers: Vec<(String, String)>,
    body: Body<'a>,
}

impl<'a> Response<'a> {
    /// A response without further headers.
    pub fn new(status: u16, body: &'a [u8]) -> Self {
        Self { status, headers: Vec::new(), body: Body::Bytes(body) }
    }

    fn with_headers(self, headers: &BTreeMap<String, String>) -> Self {
        Self { headers: headers.clone().into_iter().collect(), ..self }
    }

    /// Sends it.
    ///
    /// # Errors
    /// If the client has disconnected.
    pub fn send(&self, connection: &Connection) -> io::Result<()> {
        let Self { status, headers, body } = self;
        let reason = ureq::http::StatusCode::from_u16(*status).ok().and_then(|s| s.canonical_reason()).unwrap_or("");
        let headers = headers.iter().map(|(name, value)| (name.as_str(), value.as_str()));
        connection.respond(&format!("{status} {reason}"), [("connection", "close")].into_iter().chain(headers), *body)
    }
}

impl TestServer {
    /// The response to a request.
    pub(super) fn response<'a>(&'a self, request: &'a Request) -> Response<'a> {
        let Server { status, headers, body, endpoint, .. } = &self.server;
        if endpoint.is_empty() {
            return Response::new(*status, body.as_bytes()).with_headers(headers);
        }
        let Some(endpoint) = endpoint.iter().find(|e| e.method == request.method && e.path == request.target) else {
            return Response::new(404, b"");
        };
        match (endpoint.mode, &endpoint.chunks) {
            (EndpointMode::EchoBody, _) => Response::new(200, &request.body),
            (EndpointMode::EchoHeaders, _) => Response { headers: echoed(request), ..Response::new(200, b"") },
            (EndpointMode::Static, chunks) => {
                let whole = Response::new(endpoint.status, endpoint.body.as_bytes()).with_headers(&endpoint.headers);
                let chunks = chunks.as_ref().map(|chunks| Body::Chunks { chunks, trailers: &endpoint.trailers });
                Response { body: chunks.unwrap_or(whole.body), ..whole }
            }
        }
    }
}

/// The request line, headers and trailers of a request, as headers.
fn echoed(request: &Request) -> Vec<(String, String)> {
    let of = |prefix: &str, all: &[(String, String)]| -> Vec<_> {
        all.iter().map(|(name, value)| (format!("{prefix}{name}"), value.clone())).collect()
    };
    let line = [("x-request-method", &request.method), ("x-request-path", &request.target)];
    let line = line.map(|(name, value)| (name.to_owned(), value.clone())).to_vec();
    [line, of("x-echo-", &request.headers), of("x-trailer-", &request.trailers)].concat()
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
        [[endpoint]]\npath = \"/none\"\nstatus = 204\nchunks = [\"one\"]\n\
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
        check("GET /none HTTP/1.1||", "HTTP/1.1 204 No Content||");
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
