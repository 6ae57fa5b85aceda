//! The page's server on loopback: provides the lab's scripts and the module, and receives the page's reports.
//!
//! The page reports with requests that it waits for, so that whatever it reported before it hung or crashed has
//! arrived.

use std::fs;
use std::io::{self, Read};
use std::net::{TcpListener, TcpStream};
use std::path::{Component, Path};
use std::sync::mpsc::Sender;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use serde_json::{Map, json};
use wasmlab_driver::{CellInput, ScriptMessage, cell_json};
use wasmlab_http::{Body, Connection, Limits, ReadError};
use wasmlab_protocol::CellSpec;

use crate::cell::PageEvent;
use crate::ports;

/// Size limits of a request, bytes; the guest's output comes in smaller pieces.
const LIMITS: Limits = Limits { head: 64 << 10, body: 16 << 20 };

/// The page. jco's WASI 0.3 shim imports files of the 0.2 shim by package name, which a page cannot resolve by itself.
fn page() -> String {
    let shim = "@bytecodealliance/preview2-shim";
    let files = ["cli", "clocks", "filesystem", "http", "io", "random", "sockets"];
    let files = files.map(|file| (format!("{shim}/{file}"), json!(format!("/packages/{shim}/dist/browser/{file}.js"))));
    let imports = json!({ "imports": Map::from_iter(files) });
    format!(
        "<!doctype html><meta charset=\"utf-8\"><title>cell</title><link rel=\"icon\" href=\"data:,\">\
         <script type=\"importmap\">{imports}</script>\
         <body><script type=\"module\" src=\"/lab/page/main.mjs\"></script></body>"
    )
}

/// State that all connections share.
struct Shared {
    served: Mutex<Served>,
    /// Receives the page's reports.
    events: Sender<PageEvent>,
}

/// What is served.
#[derive(Default)]
struct Served {
    /// The cell. The page sees its module at `/module.wasm`, and its folders as `/lab/` (the lab's scripts),
    /// `/packages/`, `/component/` and `/guest/` (the glue).
    cell: Option<Arc<CellInput>>,
    /// The page was served. Windows that the guest opens must not run it again: their reports would mix with its own.
    is_page_open: bool,
}

impl Shared {
    fn served(&self) -> MutexGuard<'_, Served> {
        self.served.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The server; it runs until the process exits.
pub struct Server {
    port: u16,
    shared: Arc<Shared>,
}

struct PageResponse {
    status: &'static str,
    kind: &'static str,
    body: Vec<u8>,
}

impl Server {
    /// Listens on 127.0.0.1 for the page; `events` receives its reports.
    ///
    /// # Errors
    /// If it cannot listen.
    pub fn start(events: Sender<PageEvent>) -> io::Result<Self> {
        let shared = Arc::new(Shared { served: Mutex::default(), events });
        let of_connections = Arc::clone(&shared);
        let listener = TcpListener::bind(("127.0.0.1", ports::given().0))?;
        let port = listener.local_addr()?.port();
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let shared = Arc::clone(&of_connections);
                std::thread::spawn(move || serve(&shared, &stream));
            }
        });
        Ok(Self { port, shared })
    }

    /// From now on serves the page of this cell, once.
    pub fn serve(&self, cell: CellInput) {
        *self.shared.served() = Served { cell: Some(Arc::new(cell)), is_page_open: false };
    }

    /// Its port.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// URL of the page.
    pub fn page(&self) -> String {
        format!("http://127.0.0.1:{}/", self.port)
    }
}

/// Serves one connection until the browser closes it.
fn serve(shared: &Shared, stream: &TcpStream) {
    stream.set_nodelay(true).ok();
    let mut connection = Connection::new(stream, LIMITS);
    loop {
        let request = match connection.read_request() {
            Ok(request) => request,
            Err(ReadError::Empty) => return,
            Err(ReadError::Malformed(reason)) => {
                let text = format!("driver-browser: the page's request is malformed: {reason}");
                shared.events.send(PageEvent::stderr_line(&text)).ok();
                return;
            }
        };
        let Some(cell) = shared.served().cell.clone() else { return };
        let policy = policy(&cell.spec);
        let PageResponse { status, kind, body } = match request.method.as_str() {
            "POST" => report(shared, &request.target, request.body),
            _ => file(shared, &cell, request.target.split('?').next().unwrap_or_default()).unwrap_or(NOT_FOUND),
        };
        // The page may send requests to this server and those of the cell only. The two other policies isolate the
        // page, which shared memory (threads) requires.
        let headers = [
            ("content-type", kind),
            ("cache-control", "no-store"),
            ("content-security-policy", &policy),
            ("cross-origin-opener-policy", "same-origin"),
            ("cross-origin-embedder-policy", "require-corp"),
        ];
        if connection.respond(status, headers, Body::Bytes(&body)).is_err() {
            return;
        }
    }
}

/// The Content-Security-Policy: sources and connections that a page may use. Scripts are the lab's and the guest's own,
/// however they are loaded.
fn policy(spec: &CellSpec) -> String {
    let local = "'self' data: blob:";
    let asked: String = ports::of_guest(spec)
        .map(|port| {
            format!(" http://127.0.0.1:{port} ws://127.0.0.1:{port} http://localhost:{port} ws://localhost:{port}")
        })
        .collect();
    let scripts = "'unsafe-inline' 'unsafe-eval' 'wasm-unsafe-eval'";
    format!("default-src {local} {scripts}; connect-src {local}{asked}; form-action 'none'")
}

const NOT_FOUND: PageResponse = PageResponse { status: "404 Not Found", kind: "text/plain", body: Vec::new() };

fn report(shared: &Shared, target: &str, body: Vec<u8>) -> PageResponse {
    let event = match target {
        "/event" => match serde_json::from_slice(&body) {
            Ok(event) => PageEvent::Message(ScriptMessage::Event(event)),
            Err(e) => PageEvent::stderr_line(&format!("driver-browser: the page's event is not understood: {e}")),
        },
        "/stdout" => PageEvent::Message(ScriptMessage::Stdout(body)),
        "/stderr" => PageEvent::Message(ScriptMessage::Stderr(body)),
        "/stdin" => return stdin(&body),
        _ => return NOT_FOUND,
    };
    shared.events.send(event).ok();
    PageResponse { status: "200 OK", kind: "text/plain", body: Vec::new() }
}

/// At most as many bytes as the request asks for; none at end of file.
fn stdin(wanted: &[u8]) -> PageResponse {
    let wanted = String::from_utf8_lossy(wanted).parse().unwrap_or(0).min(LIMITS.body);
    let mut body = vec![0; wanted];
    let read = io::stdin().lock().read(&mut body).unwrap_or(0);
    body.truncate(read);
    PageResponse { status: "200 OK", kind: "application/octet-stream", body }
}

fn file(shared: &Shared, cell: &CellInput, path: &str) -> Option<PageResponse> {
    let ok = |kind, body| Some(PageResponse { status: "200 OK", kind, body });
    match path {
        "/" if std::mem::replace(&mut shared.served().is_page_open, true) => return None,
        "/" => return ok("text/html", page().into_bytes()),
        "/module.wasm" => return ok("application/wasm", cell.module.clone()),
        "/cell.json" => {
            let json = cell_json(&cell.spec, cell.component.is_some());
            return ok("application/json", json.to_string().into_bytes());
        }
        _ => {}
    }
    let (folder, rest) = path.strip_prefix('/')?.split_once('/')?;
    let folder = match folder {
        "lab" => &cell.scripts,
        "packages" => cell.packages.as_ref()?,
        "component" => cell.component.as_ref()?,
        "guest" => cell.spec.glue.as_ref()?.parent()?,
        _ => return None,
    };
    // Only paths below the folder: no `..`, no root.
    if !Path::new(rest).components().all(|c| matches!(c, Component::Normal(_))) {
        return None;
    }
    let kind = match Path::new(rest).extension()?.to_str()? {
        "js" | "mjs" => "text/javascript",
        "wasm" => "application/wasm",
        "json" => "application/json",
        _ => "application/octet-stream",
    };
    ok(kind, fs::read(folder.join(rest)).ok()?)
}
