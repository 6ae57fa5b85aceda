//! Parses the JSON file of a test, in both forms of wasi-testsuite:
//! <https://github.com/WebAssembly/wasi-testsuite/blob/main/doc/specification.md>. Fields that this document does not
//! describe (`world`, `servers`, `request`, `kill`, `write`) are read as the suite's own runner reads them.

use std::collections::BTreeMap;

use serde_json::Value;

use super::fields::{Fields, Problems, one_line};
use super::servers;
use super::unique_keys::UniqueKeys;
use crate::scenario::http;
use wasmlab_model::scenario::{OutputStream, Response, Server};

/// Fields of the form that describes one run by its inputs and outputs.
const LEGACY: &[&str] = &["args", "root", "env", "exit_code", "stdout", "stderr"];
/// Fields of the form that lists operations.
const WITH_OPERATIONS: &[&str] = &["operations", "proposals", "world", "servers"];

/// Operations and expected results of a test.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct TestDocument {
    /// The operations, in order; the first is [`Operation::Run`], the last [`Operation::Wait`].
    pub operations: Vec<Operation>,
    /// It needs sockets.
    pub sockets: bool,
    /// It is a service that a host runs, and not a command.
    pub is_service: bool,
    /// Web servers for the guest to connect to.
    pub servers: Vec<Server>,
}

/// One operation.
#[derive(Clone, Debug, PartialEq)]
pub enum Operation {
    /// Start the program.
    Run {
        /// Arguments.
        args: Vec<String>,
        /// The complete environment.
        env: BTreeMap<String, String>,
        /// The folder beside the test that the guest gets as `/`.
        root: Option<String>,
    },
    /// The output has to continue with this text.
    Read(OutputStream, String),
    /// Write to stdin.
    Write(String),
    /// Connect to the address that the guest prints.
    Connect(String),
    /// Send on a connection.
    Send(String, String),
    /// Receive on a connection.
    Recv(String, String),
    /// Send a request to the service.
    Request(Box<Request>),
    /// End the program by a signal: `TERM`, `INT` or `KILL`.
    Kill(String),
    /// Wait for the end, with this exit code.
    Wait(i32),
}

/// A request and its response.
#[derive(Clone, Debug, PartialEq)]
pub struct Request {
    /// Method.
    pub method: String,
    /// Path with query.
    pub path: String,
    /// Headers.
    pub headers: BTreeMap<String, String>,
    /// Body.
    pub body: String,
    /// The expected response.
    pub response: Response,
}

/// A document that can be run, and what the lab does not know in it.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ParsedDocument {
    /// The document.
    pub document: TestDocument,
    /// Fields and operations that the lab does not know: it must not be run without them.
    pub unknown: Vec<String>,
}

impl TestDocument {
    /// A test without a JSON file.
    #[must_use]
    pub fn default_run() -> Self {
        let run = Operation::Run { args: Vec::new(), env: BTreeMap::new(), root: None };
        Self { operations: vec![run, Operation::Wait(0)], ..Self::default() }
    }
}

/// Parses the text of a JSON file.
///
/// # Errors
/// Every error, each with its field and a remedy.
pub fn parse(text: &str) -> Result<ParsedDocument, Vec<String>> {
    let wrong = |why: &str, e: serde_json::Error| vec![format!("{why}: {}", one_line(&e.to_string()))];
    let value: Value = serde_json::from_str(text).map_err(|e| wrong("is not JSON", e))?;
    serde_json::from_str::<UniqueKeys>(text).map_err(|e| wrong("is ambiguous", e))?;
    let mut problems = Problems::default();
    let document = Fields::of(&value, "", &mut problems).map(|fields| read(fields, &mut problems)).unwrap_or_default();
    if problems.errors.is_empty() {
        Ok(ParsedDocument { document, unknown: problems.unknown })
    } else {
        Err(problems.errors)
    }
}

fn read(mut fields: Fields, problems: &mut Problems) -> TestDocument {
    let first = |names: &[&'static str]| names.iter().copied().find(|name| fields.has(name));
    let document = match (first(LEGACY), first(WITH_OPERATIONS)) {
        (Some(old), Some(new)) => {
            let message =
                format!("belongs to the form without operations, but there is `{new}`: move it into an operation");
            problems.error(old, &message);
            return TestDocument::default();
        }
        (_, None) => legacy(&mut fields, problems),
        (None, Some(_)) => with_operations(&mut fields, problems),
    };
    fields.finish(problems);
    document
}

/// The older form: one run, compared by the beginning of its output and its exit code.
fn legacy(fields: &mut Fields, problems: &mut Problems) -> TestDocument {
    let mut operations = vec![run(fields, problems)];
    for (name, stream) in [("stdout", OutputStream::Stdout), ("stderr", OutputStream::Stderr)] {
        operations.extend(fields.text(name, problems).map(|text| Operation::Read(stream, text)));
    }
    operations.push(Operation::Wait(fields.number("exit_code", problems).unwrap_or(0)));
    TestDocument { operations, ..TestDocument::default() }
}

fn run(fields: &mut Fields, problems: &mut Problems) -> Operation {
    let args = fields.texts("args", problems).unwrap_or_default();
    let env = fields.pairs("env", problems);
    if let Some(name) = env.keys().find(|name| name.is_empty() || name.contains(['=', '\0'])) {
        problems.error(&fields.place("env"), &format!("has the name `{}`, which no variable can have", one_line(name)));
    }
    if args.iter().chain(env.values()).any(|text| text.contains('\0')) {
        problems.error(
            &fields.place("args"),
            "or `env` contains the character NUL, which no argument or variable can contain",
        );
    }
    Operation::Run { args, env, root: fields.text("root", problems).filter(|root| !root.is_empty()) }
}

fn with_operations(fields: &mut Fields, problems: &mut Problems) -> TestDocument {
    let mut document = TestDocument::default();
    for proposal in fields.texts("proposals", problems).unwrap_or_default() {
        match proposal.as_str() {
            "sockets" => document.sockets = true,
            // The lab finds out by itself which switch a runtime needs for wasi:http.
            "http" => {}
            other => problems.unknown(&format!("the proposal `{other}`")),
        }
    }
    match fields.text("world", problems).as_deref() {
        None | Some("wasi:cli/command") => {}
        Some("wasi:http/service") => document.is_service = true,
        Some(other) => problems.unknown(&format!("the world `{other}`")),
    }
    document.servers = servers::read(fields, problems);
    if !fields.has("operations") {
        let _ = fields.value("operations");
        document.operations = TestDocument::default_run().operations;
        return document;
    }
    let place = fields.place("operations");
    for (index, value) in fields.list("operations", problems).unwrap_or_default().iter().enumerate() {
        let at = format!("{place}[{index}]");
        if let Some(mut fields) = Fields::of(value, &at, problems) {
            document.operations.extend(operation(&mut fields, problems));
            fields.finish(problems);
        }
    }
    if problems.errors.is_empty() && problems.unknown.is_empty() {
        check_order(&document.operations, &place, problems);
    }
    document
}

fn operation(fields: &mut Fields, problems: &mut Problems) -> Option<Operation> {
    let name = fields.required("type", "the operation's name: \"run\", \"wait\", …", problems);
    Some(match name.as_str() {
        "" => return None,
        "run" => run(fields, problems),
        "wait" => Operation::Wait(fields.number("exit_code", problems).unwrap_or(0)),
        "read" => {
            let stream = match fields.text("id", problems).as_deref() {
                None | Some("stdout") => OutputStream::Stdout,
                Some("stderr") => OutputStream::Stderr,
                Some(_) => {
                    problems
                        .error(&fields.place("id"), "is not a stream that can be read: write \"stdout\" or \"stderr\"");
                    return None;
                }
            };
            Operation::Read(stream, fields.text("payload", problems).unwrap_or_default())
        }
        "write" => {
            if fields.text("id", problems).as_deref() != Some("stdin") {
                problems.error(&fields.place("id"), "is not a stream that can be written: write \"stdin\"");
            }
            Operation::Write(fields.text("payload", problems).unwrap_or_default())
        }
        "connect" => {
            let protocol = fields.text("protocol_type", problems).unwrap_or_else(|| "tcp".to_owned());
            match protocol.as_str() {
                "tcp" => {}
                "udp" | "http" => problems.unknown(&format!("`connect` with `protocol_type` `{protocol}`")),
                _ => problems.error(&fields.place("protocol_type"), "is not a protocol: write \"tcp\""),
            }
            Operation::Connect(fields.text("id", problems).unwrap_or_else(|| "server".to_owned()))
        }
        "send" | "recv" => {
            let id = fields.required("id", "that of a `connect` operation", problems);
            let payload = fields.text("payload", problems).unwrap_or_default();
            if name == "send" { Operation::Send(id, payload) } else { Operation::Recv(id, payload) }
        }
        "request" => Operation::Request(Box::new(request(fields, problems))),
        "kill" => Operation::Kill(signal(fields, problems)),
        other => {
            problems.unknown(&format!("the operation `{other}`"));
            fields.ignore_remaining();
            return None;
        }
    })
}

fn signal(fields: &mut Fields, problems: &mut Problems) -> String {
    let name = fields.text("signal", problems).unwrap_or_else(|| "SIGTERM".to_owned());
    match name.strip_prefix("SIG") {
        Some(signal @ ("TERM" | "INT" | "KILL")) => return signal.to_owned(),
        Some(signal) if !signal.is_empty() && signal.chars().all(|c| c.is_ascii_uppercase() || c.is_ascii_digit()) => {
            problems.unknown(&format!("`kill` with `{name}`"));
        }
        _ => problems.error(&fields.place("signal"), "is not a signal: write \"SIGTERM\", \"SIGINT\" or \"SIGKILL\""),
    }
    String::new()
}

fn request(fields: &mut Fields, problems: &mut Problems) -> Request {
    let method = fields.text("method", problems).unwrap_or_else(|| "GET".to_owned());
    let path = fields.text("path", problems).unwrap_or_else(|| "/".to_owned());
    let path = if path.starts_with('/') { path } else { format!("/{path}") };
    let headers = fields.pairs("headers", problems);
    let body = fields.text("body", problems).unwrap_or_default();
    let mut response = Response { status: 200, body: Some(String::new()), ..Response::default() };
    let place = fields.place("response");
    if let Some(mut wanted) = fields.value("response").and_then(|value| Fields::of(value, &place, problems)) {
        response.status = servers::status(&mut wanted, problems);
        response.headers = wanted.pairs("headers", problems);
        response.body = Some(wanted.text("body", problems).unwrap_or_default());
        wanted.finish(problems);
    }
    for (name, checked) in [("method", http::method(&method)), ("path", http::path(&path))] {
        if let Err(message) = checked {
            problems.error(&fields.place(name), &format!("is invalid: {}", one_line(&message)));
        }
    }
    servers::check_headers(&fields.place("headers"), &headers, problems);
    servers::check_headers(&format!("{place}.headers"), &response.headers, problems);
    Request { method, path, headers, body, response }
}

/// Requires that only one program runs at a time, that it is waited for, and that everything else happens in between.
fn check_order(operations: &[Operation], place: &str, problems: &mut Problems) {
    let mut is_running = false;
    let mut connections: Vec<&str> = Vec::new();
    for (index, operation) in operations.iter().enumerate() {
        let mut error = |message: &str| problems.error(&format!("{place}[{index}]"), message);
        match operation {
            Operation::Run { .. } if is_running => error("runs a program while another one runs: add `wait` before it"),
            Operation::Run { .. } => is_running = true,
            _ if !is_running => error("comes before `run`, or after `wait`: add `run` before it"),
            Operation::Wait(_) => {
                is_running = false;
                connections.clear();
            }
            Operation::Connect(id) if connections.contains(&id.as_str()) => {
                error("opens a connection with an `id` that is already in use: choose another");
            }
            Operation::Connect(id) => connections.push(id),
            Operation::Send(id, _) | Operation::Recv(id, _) if !connections.contains(&id.as_str()) => {
                error("uses an `id` that no earlier `connect` opened: add `connect`");
            }
            _ => {}
        }
    }
    if operations.is_empty() {
        problems.error(place, "is empty: add `run` and `wait`");
    } else if is_running {
        problems.error(place, "never waits for the program's end: add `wait`");
    }
}
