//! Validates the `[[step]]`s of a scenario.

use std::path::Path;

use super::{http, listener_names};
use wasmlab_model::file_error::KeyError;
use wasmlab_model::scenario::{Dir, ScenarioFile, Step};

/// Adds errors to `errors`.
pub fn check(spec: &ScenarioFile, errors: &mut Vec<KeyError>) {
    let mut connections: Vec<&str> = Vec::new();
    for (index, step) in spec.step.iter().enumerate() {
        let mut say = |key: &str, message: String| errors.push(KeyError::new(format!("step[{index}].{key}"), message));
        match step {
            Step::Connect { socket, .. } | Step::Request { socket, .. } | Step::Listen { socket, .. }
                if !listener_names(&spec.run).any(|name| name == socket) =>
            {
                say("socket", format!("`{socket}` is not the name of a [[run.socket]] or [[run.port]]"));
            }
            Step::Request { parallel, .. } if !(1..=200).contains(parallel) => {
                say("parallel", format!("is {parallel}: between 1 and 200 requests can be sent at once"));
            }
            Step::Request { expect, .. }
                if expect.body_file.as_ref().is_some_and(|file| !provides(&spec.run.dir, Path::new(file))) =>
            {
                say("expect", "`body_file` is not a file of any [[run.dir]]".to_owned());
            }
            Step::Connect { id, .. } | Step::ConnectPrinted { id, .. } => connections.push(id),
            Step::Send { id, .. } | Step::Recv { id, .. } | Step::RecvNext { id, .. } | Step::Close { id }
                if !connections.contains(&id.as_str()) =>
            {
                say("id", format!("`{id}` was not opened by an earlier `connect`"));
            }
            Step::Kill { signal } if !matches!(signal.as_str(), "TERM" | "INT" | "KILL") => {
                say("signal", format!("`{signal}` is not TERM, INT or KILL"));
            }
            _ => {}
        }
        check_http(step, &mut say);
        if timeout_ms(step) == Some(0) {
            say("timeout_ms", "must be greater than 0".to_owned());
        }
    }
}

/// Checks what a request sends, and the headers that it expects.
fn check_http(step: &Step, say: &mut dyn FnMut(&str, String)) {
    let Step::Request { method, path, headers, expect, .. } = step else { return };
    let first = [("method", http::method(method)), ("path", http::path(path))];
    let sent = headers.iter().map(|(name, value)| ("headers", http::header(name, value)));
    let expected = expect.headers.iter().map(|(name, value)| ("expect.headers", http::header(name, value)));
    for (key, checked) in first.into_iter().chain(sent).chain(expected) {
        if let Err(message) = checked {
            say(key, message);
        }
    }
}

/// The limit of a step that waits.
fn timeout_ms(step: &Step) -> Option<u64> {
    match step {
        Step::Read { timeout_ms, .. }
        | Step::ReadNext { timeout_ms, .. }
        | Step::ConnectPrinted { timeout_ms, .. }
        | Step::RecvNext { timeout_ms, .. }
        | Step::Listen { timeout_ms, .. }
        | Step::Connect { timeout_ms, .. }
        | Step::Send { timeout_ms, .. }
        | Step::Recv { timeout_ms, .. }
        | Step::Request { timeout_ms, .. }
        | Step::Wait { timeout_ms, .. } => Some(*timeout_ms),
        Step::Write { .. } | Step::EndInput | Step::Close { .. } | Step::Kill { .. } => None,
    }
}

/// Whether the lab creates the file with guest path `path`. Files in copied folders are checked when the step runs.
fn provides(dirs: &[Dir], path: &Path) -> bool {
    dirs.iter()
        .filter_map(|dir| Some((dir, path.strip_prefix(&dir.guest).ok()?.to_str()?)))
        .any(|(dir, name)| dir.files.contains_key(name) || dir.generated.contains_key(name) || dir.copy.is_some())
}
