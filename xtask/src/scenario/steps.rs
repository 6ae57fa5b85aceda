//! Validates the `[[step]]`s of a scenario.

use std::path::Path;

use super::{Faults, http};
use wasmlab_model::scenario::{Dir, ScenarioFile, Step};

/// Adds errors to `faults`.
pub fn check(spec: &ScenarioFile, faults: &mut Faults) {
    let mut connections: Vec<&str> = Vec::new();
    for (index, step) in spec.step.iter().enumerate() {
        let mut say = |key: &str, message: String| faults.push((format!("step[{index}].{key}"), message));
        match step {
            Step::Connect { socket, .. } | Step::Request { socket, .. } | Step::Listen { socket, .. }
                if !spec
                    .run
                    .socket
                    .iter()
                    .map(|s| &s.name)
                    .chain(spec.run.port.iter().map(|p| &p.name))
                    .any(|n| n == socket) =>
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
        if let Step::Request { method, path, headers, expect, .. } = step {
            for (key, fault) in [("method", http::method(method)), ("path", http::path(path))] {
                if let Err(message) = fault {
                    say(key, message);
                }
            }
            for (name, value) in headers {
                if let Err(message) = http::header(name, value) {
                    say("headers", message);
                }
            }
            for (name, value) in &expect.headers {
                if let Err(message) = http::header(name, value) {
                    say("expect.headers", message);
                }
            }
        }
        if let Step::Read { timeout_ms: 0, .. }
        | Step::ReadNext { timeout_ms: 0, .. }
        | Step::ConnectPrinted { timeout_ms: 0, .. }
        | Step::RecvNext { timeout_ms: 0, .. }
        | Step::Listen { timeout_ms: 0, .. }
        | Step::Connect { timeout_ms: 0, .. }
        | Step::Send { timeout_ms: 0, .. }
        | Step::Recv { timeout_ms: 0, .. }
        | Step::Request { timeout_ms: 0, .. }
        | Step::Wait { timeout_ms: 0, .. } = step
        {
            say("timeout_ms", "must be greater than 0".to_owned());
        }
    }
}

/// Whether the lab creates the file with guest path `path`. Files in copied folders are checked when the step runs.
fn provides(dirs: &[Dir], path: &Path) -> bool {
    dirs.iter()
        .filter_map(|dir| Some((dir, path.strip_prefix(&dir.guest).ok()?.to_str()?)))
        .any(|(dir, name)| dir.files.contains_key(name) || dir.generated.contains_key(name) || dir.copy.is_some())
}
