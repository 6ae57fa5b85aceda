//! The page's server on loopback: provides the lab's scripts and the module, and receives the page's reports.
//!
//! The page reports with requests that it waits for, so that whatever it reported before it hung or crashed has
//! arrived.

use std::fs;
use std::io::{self, Read};
use std::net::{TcpListener, TcpStream};
use std::path::{Component, Path, PathBuf};
use std::sync::Arc;
use std::sync::mpsc::Sender;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Map, Value, json};
use wasmlab_http::{Body, Connection, Limits, ReadError};
use wasmlab_protocol::{CellSpec, Network};

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

/// What all connections use.
pub struct Shared {
    /// The cell.
    pub spec: CellSpec,
    /// The module's bytes.
    pub module: Vec<u8>,
    /// Folder of the lab's scripts: `/lab/`.
    pub pages: PathBuf,
    /// Folder of npm packages: `/packages/`.
    pub packages: Option<PathBuf>,
    /// Folder with jco's output for the component: `/component/`.
    pub component: Option<PathBuf>,
    /// Receives the page's reports.
    pub events: Sender<PageEvent>,
}

/// The server; it runs until the process exits.
pub struct Server {
    port: u16,
}

struct Answer {
    status: &'static str,
    kind: &'static str,
    body: Vec<u8>,
}

impl Server {
    /// Listens on 127.0.0.1.
    ///
    /// # Errors
    /// If it cannot listen.
    pub fn start(shared: Arc<Shared>) -> io::Result<Self> {
        let listener = TcpListener::bind(("127.0.0.1", ports::given().0))?;
        let port = listener.local_addr()?.port();
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let shared = Arc::clone(&shared);
                std::thread::spawn(move || serve(&shared, &stream));
            }
        });
        Ok(Self { port })
    }

    /// URL of the page.
    pub fn page(&self) -> String {
        format!("http://127.0.0.1:{}/", self.port)
    }
}

/// Serves one connection until the browser closes it.
fn serve(shared: &Shared, stream: &TcpStream) {
    stream.set_nodelay(true).ok();
    let policy = policy(&shared.spec);
    let mut connection = Connection::new(stream, LIMITS);
    loop {
        let request = match connection.read_request() {
            Ok(request) => request,
            Err(ReadError::Empty) => return,
            Err(ReadError::Malformed(reason)) => {
                let text = format!("driver-browser: the page's request is malformed: {reason}\n");
                shared.events.send(PageEvent::Stderr(text.into_bytes())).ok();
                return;
            }
        };
        let Answer { status, kind, body } = match request.method.as_str() {
            "POST" => report(shared, &request.target, request.body),
            _ => file(shared, request.target.split('?').next().unwrap_or_default()).unwrap_or(NOT_FOUND),
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

/// What a page may load and connect to. Scripts are the lab's and the guest's own, however they are loaded.
fn policy(spec: &CellSpec) -> String {
    let local = "'self' data: blob:";
    let known = spec.connect_ports.iter().chain(&spec.ports).filter(|_| spec.network == Network::Loopback);
    let asked: String = known
        .map(|port| {
            format!(" http://127.0.0.1:{port} ws://127.0.0.1:{port} http://localhost:{port} ws://localhost:{port}")
        })
        .collect();
    let scripts = "'unsafe-inline' 'unsafe-eval' 'wasm-unsafe-eval'";
    format!("default-src {local} {scripts}; connect-src {local}{asked}; form-action 'none'")
}

const NOT_FOUND: Answer = Answer { status: "404 Not Found", kind: "text/plain", body: Vec::new() };

fn report(shared: &Shared, target: &str, body: Vec<u8>) -> Answer {
    let event = match target {
        "/event" => match serde_json::from_slice(&body) {
            Ok(event) => PageEvent::Event(event),
            Err(e) => {
                PageEvent::Stderr(format!("driver-browser: the page's event is not understood: {e}\n").into_bytes())
            }
        },
        "/stdout" => PageEvent::Stdout(body),
        "/stderr" => PageEvent::Stderr(body),
        "/stdin" => return stdin(&body),
        _ => return NOT_FOUND,
    };
    shared.events.send(event).ok();
    Answer { status: "200 OK", kind: "text/plain", body: Vec::new() }
}

/// At most as many bytes as the request asks for; none at end of file.
fn stdin(wanted: &[u8]) -> Answer {
    let wanted = String::from_utf8_lossy(wanted).parse().unwrap_or(0).min(LIMITS.body);
    let mut body = vec![0; wanted];
    let read = io::stdin().lock().read(&mut body).unwrap_or(0);
    body.truncate(read);
    Answer { status: "200 OK", kind: "application/octet-stream", body }
}

fn file(shared: &Shared, path: &str) -> Option<Answer> {
    let ok = |kind, body| Some(Answer { status: "200 OK", kind, body });
    match path {
        "/" => return ok("text/html", page().into_bytes()),
        "/module.wasm" => return ok("application/wasm", shared.module.clone()),
        "/cell.json" => return ok("application/json", cell(shared).to_string().into_bytes()),
        _ => {}
    }
    let (folder, rest) = path.strip_prefix('/')?.split_once('/')?;
    let folder = match folder {
        "lab" => &shared.pages,
        "packages" => shared.packages.as_ref()?,
        "component" => shared.component.as_ref()?,
        "guest" => shared.spec.glue.as_ref()?.parent()?,
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

/// What the page is told about the cell: nothing about this machine.
fn cell(shared: &Shared) -> Value {
    let spec = &shared.spec;
    let dirs: Vec<Value> =
        spec.dirs.iter().map(|dir| json!({ "guest": dir.guest, "tree": tree(&dir.host, 0) })).collect();
    let glue = spec.glue.as_ref().and_then(|g| Some(g.file_name()?.to_string_lossy().into_owned()));
    json!({
        "mode": spec.mode, "entry": spec.entry, "args": spec.args, "env": spec.env, "dirs": dirs, "glue": glue,
        "sockets": spec.sockets, "host_functions": spec.host_functions, "result_types": spec.result_types, "switches": spec.switches,
        "component": shared.component.is_some(),
    })
}

/// A directory in the form that the page's file system takes. Links are left out, since that file system has none; one
/// that leads out of the directory must not be followed here either.
fn tree(dir: &Path, depth: usize) -> Value {
    let mut entries = Map::new();
    for entry in fs::read_dir(dir).into_iter().flatten().flatten().filter(|_| depth < 64) {
        let (name, path) = (entry.file_name().to_string_lossy().into_owned(), entry.path());
        match entry.file_type() {
            Ok(kind) if kind.is_dir() => _ = entries.insert(name, tree(&path, depth + 1)),
            Ok(kind) if kind.is_file() => {
                let bytes = fs::read(&path).unwrap_or_default();
                entries.insert(name, json!(STANDARD.encode(bytes)));
            }
            _ => {}
        }
    }
    Value::Object(entries)
}
