//! The `servers` of a test: web servers that the guest may send requests to.

use std::collections::BTreeMap;

use serde_json::Value;

use super::fields::{Fields, Problems, one_line};
use crate::scenario::http;
use wasmlab_model::scenario::{Endpoint, EndpointMode, Server};

/// Maximum number of servers of a test; each takes a thread.
const MAX_SERVERS: usize = 16;
const METHODS: &[&str] = &["GET", "POST", "PUT", "DELETE", "PATCH", "HEAD", "OPTIONS"];

/// Reads the field `servers`.
pub fn read(fields: &mut Fields, problems: &mut Problems) -> Vec<Server> {
    let place = fields.place("servers");
    let mut servers: Vec<Server> = Vec::new();
    let values = fields.list("servers", problems).unwrap_or_default();
    if values.len() > MAX_SERVERS {
        problems.error(&place, &format!("has {} servers; at most {MAX_SERVERS} are allowed", values.len()));
    }
    for (index, value) in values.iter().take(MAX_SERVERS).enumerate() {
        let at = format!("{place}[{index}]");
        let Some(mut fields) = Fields::of(value, &at, problems) else { continue };
        let server = server(&mut fields, problems);
        fields.finish(problems);
        if servers.iter().any(|other| other.name.eq_ignore_ascii_case(&server.name)) {
            problems.error(&format!("{at}.name"), "is the name of another server: use another");
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

fn server(fields: &mut Fields, problems: &mut Problems) -> Server {
    let name = fields.required("name", "letters, digits and `_`", problems);
    if !name.is_empty() && !name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_') {
        problems.error(&fields.place("name"), "becomes part of a variable's name: use letters, digits and `_`");
    }
    let closed = match fields.text("kind", problems).as_deref() {
        None | Some("listening") => false,
        Some("closed") => true,
        Some(other) => {
            problems.unknown(&format!("the kind of server `{other}`"));
            false
        }
    };
    let place = fields.place("endpoints");
    let mut endpoint = Vec::new();
    for (index, value) in fields.list("endpoints", problems).unwrap_or_default().iter().enumerate() {
        let at = format!("{place}[{index}]");
        if let Some(mut fields) = Fields::of(value, &at, problems) {
            endpoint.push(self::endpoint(&mut fields, problems));
            fields.finish(problems);
        }
    }
    if closed && !endpoint.is_empty() {
        problems.error(&place, "belong to a closed server, which cannot be reached: remove them");
    }
    // As in the suite's own runner: whatever is not an endpoint is not found.
    Server { name, status: 404, headers: BTreeMap::new(), body: String::new(), endpoint, closed }
}

fn endpoint(fields: &mut Fields, problems: &mut Problems) -> Endpoint {
    let method = fields.text("method", problems).unwrap_or_else(|| "GET".to_owned()).to_ascii_uppercase();
    if !METHODS.contains(&method.as_str()) {
        problems.error(&fields.place("method"), &format!("is not one of {}", METHODS.join(", ")));
    }
    let path = fields.text("path", problems).unwrap_or_else(|| "/".to_owned());
    let mode = match fields.text("mode", problems).as_deref() {
        None | Some("static") => EndpointMode::Static,
        Some("echo-body") => EndpointMode::EchoBody,
        Some("echo-headers") => EndpointMode::EchoHeaders,
        Some(other) => {
            problems.unknown(&format!("the mode of an endpoint `{other}`"));
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
        Some(_) if mode != EndpointMode::Static => {
            problems.error(&place, "is set for an endpoint that echoes its request: remove it")
        }
        Some(Value::String(body)) => endpoint.body.clone_from(body),
        Some(value) => {
            if let Some(mut fields) = Fields::of(value, &place, problems) {
                response(&mut endpoint, &mut fields, problems);
                fields.finish(problems);
            }
        }
    }
    endpoint
}

fn response(endpoint: &mut Endpoint, fields: &mut Fields, problems: &mut Problems) {
    endpoint.status = status(fields, problems);
    endpoint.headers = fields.pairs("headers", problems);
    let has_body = fields.has("body");
    endpoint.body = fields.text("body", problems).unwrap_or_default();
    endpoint.chunks = fields.texts("chunks", problems);
    endpoint.trailers = fields.pairs("trailers", problems);
    if has_body && endpoint.chunks.is_some() {
        problems.error(&fields.place("chunks"), "are set together with `body`: remove one");
    }
    if endpoint.chunks.is_none() && !endpoint.trailers.is_empty() {
        problems.error(&fields.place("trailers"), "need `chunks`: write the body as chunks");
    }
    check_headers(&fields.place("headers"), &endpoint.headers, problems);
    check_headers(&fields.place("trailers"), &endpoint.trailers, problems);
}

/// The status of a response [default: 200].
pub fn status(fields: &mut Fields, problems: &mut Problems) -> u16 {
    let number = fields.number("status", problems).unwrap_or(200);
    match u16::try_from(number) {
        Ok(status) if (100..=999).contains(&status) => status,
        _ => {
            problems.error(&fields.place("status"), "is not a status: write 100 to 999");
            200
        }
    }
}

/// Adds an error for each header that cannot be sent.
pub fn check_headers(place: &str, headers: &BTreeMap<String, String>, problems: &mut Problems) {
    for (name, value) in headers {
        if let Err(message) = http::header(name, value) {
            problems.error(place, &format!("are invalid: {}", one_line(&message)));
        }
    }
}
