//! Validates `[[run.server]]` and the requests expected by the servers.

use wasmlab_protocol::Network;

use super::{http, is_kebab, listener_names};
use wasmlab_model::file_error::KeyError;
use wasmlab_model::scenario::{ScenarioFile, Server};

/// Maximum size of a response body, bytes.
const MAX_BODY: usize = 1 << 20;
/// Maximum number of servers per scenario; each takes a thread per cell.
const MAX_SERVERS: usize = 8;
/// Headers for the length and end of a response, which the lab sets itself.
const RESERVED_HEADERS: &[&str] = &["content-length", "transfer-encoding", "connection"];

/// Adds errors to `errors`.
pub fn check(spec: &ScenarioFile, errors: &mut Vec<KeyError>) {
    let servers = &spec.run.server;
    let mut say = |key: String, message: String| errors.push(KeyError::new(key, message));
    if !servers.is_empty() && spec.run.network != Network::Loopback {
        let message = "does not let the guest reach its [[run.server]]: write `network = \"loopback\"` under [run]";
        say("run.network".to_owned(), message.to_owned());
    }
    if servers.len() > MAX_SERVERS {
        say("run.server".to_owned(), format!("is set {} times; at most {MAX_SERVERS} are allowed", servers.len()));
    }
    for (index, server) in servers.iter().enumerate() {
        let key = |name: &str| format!("run.server[{index}].{name}");
        let before = servers.iter().take(index).map(|s| &s.name);
        if !is_kebab(&server.name) || listener_names(&spec.run).chain(before).any(|name| *name == server.name) {
            say(
                key("name"),
                format!("`{}` is not kebab-case, or the name of another server, socket or port", server.name),
            );
        }
        if !(200..=599).contains(&server.status) {
            say(key("status"), format!("is {}: use a response status from 200 to 599", server.status));
        }
        if matches!(server.status, 204 | 304) && !server.body.is_empty() {
            say(key("body"), format!("is set, but a response with status {} has no body: remove it", server.status));
        }
        if server.body.len() > MAX_BODY {
            say(key("body"), format!("has {} bytes; at most {MAX_BODY} are allowed", server.body.len()));
        }
        endpoints(server, &key, &mut say);
        for message in invalid_headers(&server.headers) {
            say(key("headers"), message);
        }
    }
    for (index, request) in spec.expect.request.iter().enumerate() {
        let key = |name: &str| format!("expect.request[{index}].{name}");
        if !servers.iter().any(|server| server.name == request.server) {
            say(key("server"), format!("`{}` is not the name of a [[run.server]]", request.server));
        }
        if let Err(message) = http::method(&request.method) {
            say(key("method"), message);
        }
        if !request.path.starts_with('/') {
            say(key("path"), format!("`{}` does not begin with /", request.path));
        }
    }
}

/// Validates the endpoints of one server.
fn endpoints(server: &Server, key: &dyn Fn(&str) -> String, say: &mut dyn FnMut(String, String)) {
    if server.closed && !server.endpoint.is_empty() {
        say(
            key("closed"),
            "is set, but a closed server has no reachable endpoints: remove `closed` or the endpoints".to_owned(),
        );
    }
    for (at, endpoint) in server.endpoint.iter().enumerate() {
        let mut say = |name: &str, message: String| say(key(&format!("endpoint[{at}].{name}")), message);
        for (name, checked) in [("method", http::method(&endpoint.method)), ("path", http::path(&endpoint.path))] {
            if let Err(message) = checked {
                say(name, message);
            }
        }
        if !(200..=599).contains(&endpoint.status) {
            say("status", format!("is {}: use a response status from 200 to 599", endpoint.status));
        }
        if endpoint.chunks.is_some() && !endpoint.body.is_empty() {
            say("chunks", "is set together with `body`: remove one".to_owned());
        }
        if endpoint.chunks.is_none() && !endpoint.trailers.is_empty() {
            say("trailers", "need `chunks`: write the body as chunks".to_owned());
        }
        for message in invalid_headers(endpoint.headers.iter().chain(&endpoint.trailers)) {
            say("headers", message);
        }
    }
}

/// What is wrong with the headers of a response.
fn invalid_headers<'a>(headers: impl IntoIterator<Item = (&'a String, &'a String)>) -> impl Iterator<Item = String> {
    headers.into_iter().filter_map(|(name, value)| {
        if RESERVED_HEADERS.contains(&name.to_ascii_lowercase().as_str()) {
            return Some(format!("has `{name}`, which the lab sets itself: remove it"));
        }
        http::header(name, value).err()
    })
}
