//! The `servers` of a test: web servers that the guest may send requests to.

use std::collections::BTreeMap;

use serde_json::Value;

use super::fields::{Fields, Notes, one_line};
use crate::scenario::http;
use wasmlab_model::scenario::{Endpoint, EndpointMode, Server};

/// Maximum number of servers of a test; each takes a thread.
const MAX_SERVERS: usize = 16;
const METHODS: &[&str] = &["GET", "POST", "PUT", "DELETE", "PATCH", "HEAD", "OPTIONS"];

/// Reads the field `servers`.
pub fn read(fields: &mut Fields, notes: &mut Notes) -> Vec<Server> {
    let place = fields.place("servers");
    let mut servers: Vec<Server> = Vec::new();
    let values = fields.list("servers", notes).unwrap_or_default();
    if values.len() > MAX_SERVERS {
        notes.fault(&place, &format!("has {} servers: {MAX_SERVERS} at most", values.len()));
    }
    for (index, value) in values.iter().take(MAX_SERVERS).enumerate() {
        let at = format!("{place}[{index}]");
        let Some(mut fields) = Fields::of(value, &at, notes) else { continue };
        let server = server(&mut fields, notes);
        fields.finish(notes);
        if servers.iter().any(|other| other.name.eq_ignore_ascii_case(&server.name)) {
            notes.fault(&format!("{at}.name"), "is the name of another server: use another");
        }
        servers.push(server);
    }
    servers
}

/// The variable that tells the guest a server's address.
#[must_use]
pub fn variable(server: &Server) -> String {
    format!("HTTP_SERVER_{}", server.name.to_ascii_uppercase())
}

fn server(fields: &mut Fields, notes: &mut Notes) -> Server {
    let name = fields.required("name", "letters, digits and `_`", notes);
    if !name.is_empty() && !name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_') {
        notes.fault(&fields.place("name"), "becomes part of a variable's name: use letters, digits and `_`");
    }
    let closed = match fields.text("kind", notes).as_deref() {
        None | Some("listening") => false,
        Some("closed") => true,
        Some(other) => {
            notes.unknown(&format!("the kind of server `{other}`"));
            false
        }
    };
    let place = fields.place("endpoints");
    let mut endpoint = Vec::new();
    for (index, value) in fields.list("endpoints", notes).unwrap_or_default().iter().enumerate() {
        let at = format!("{place}[{index}]");
        if let Some(mut fields) = Fields::of(value, &at, notes) {
            endpoint.push(self::endpoint(&mut fields, notes));
            fields.finish(notes);
        }
    }
    if closed && !endpoint.is_empty() {
        notes.fault(&place, "are those of a closed server, which nobody reaches: remove them");
    }
    // As in the suite's own runner: whatever is not an endpoint is not found.
    Server { name, status: 404, headers: BTreeMap::new(), body: String::new(), endpoint, closed }
}

fn endpoint(fields: &mut Fields, notes: &mut Notes) -> Endpoint {
    let method = fields.text("method", notes).unwrap_or_else(|| "GET".to_owned()).to_ascii_uppercase();
    if !METHODS.contains(&method.as_str()) {
        notes.fault(&fields.place("method"), &format!("is none of {}", METHODS.join(", ")));
    }
    let path = fields.text("path", notes).unwrap_or_else(|| "/".to_owned());
    let mode = match fields.text("mode", notes).as_deref() {
        None | Some("static") => EndpointMode::Static,
        Some("echo-body") => EndpointMode::EchoBody,
        Some("echo-headers") => EndpointMode::EchoHeaders,
        Some(other) => {
            notes.unknown(&format!("the mode of an endpoint `{other}`"));
            EndpointMode::Static
        }
    };
    let mut endpoint = Endpoint {
        method,
        path,
        mode,
        status: 200,
        headers: BTreeMap::new(),
        body: String::new(),
        chunks: None,
        trailers: BTreeMap::new(),
    };
    let place = fields.place("response");
    match fields.value("response") {
        None => {}
        Some(_) if mode != EndpointMode::Static => notes.fault(&place, "is that of an endpoint that echoes: remove it"),
        Some(Value::String(body)) => endpoint.body.clone_from(body),
        Some(value) => {
            if let Some(mut fields) = Fields::of(value, &place, notes) {
                response(&mut endpoint, &mut fields, notes);
                fields.finish(notes);
            }
        }
    }
    endpoint
}

fn response(endpoint: &mut Endpoint, fields: &mut Fields, notes: &mut Notes) {
    endpoint.status = status(fields, notes);
    endpoint.headers = fields.pairs("headers", notes);
    let has_body = fields.has("body");
    endpoint.body = fields.text("body", notes).unwrap_or_default();
    endpoint.chunks = fields.texts("chunks", notes);
    endpoint.trailers = fields.pairs("trailers", notes);
    if has_body && endpoint.chunks.is_some() {
        notes.fault(&fields.place("chunks"), "are given together with `body`: remove one");
    }
    if endpoint.chunks.is_none() && !endpoint.trailers.is_empty() {
        notes.fault(&fields.place("trailers"), "need `chunks`: write the body as chunks");
    }
    check_headers(&fields.place("headers"), &endpoint.headers, notes);
    check_headers(&fields.place("trailers"), &endpoint.trailers, notes);
}

/// The status of a response [default: 200].
pub fn status(fields: &mut Fields, notes: &mut Notes) -> u16 {
    let number = fields.number("status", notes).unwrap_or(200);
    match u16::try_from(number) {
        Ok(status) if (100..=999).contains(&status) => status,
        _ => {
            notes.fault(&fields.place("status"), "is not a status: 100 to 999");
            200
        }
    }
}

/// Adds a fault for each header that cannot be sent.
pub fn check_headers(place: &str, headers: &BTreeMap<String, String>, notes: &mut Notes) {
    for (name, value) in headers {
        if let Err(message) = http::header(name, value) {
            notes.fault(place, &format!("are invalid: {}", one_line(&message)));
        }
    }
}
