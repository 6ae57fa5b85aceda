//! Checks of `[run]`: what a guest is started with.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use super::{is_inside, is_kebab, is_really_inside, names};
use crate::store::files;
use wasmlab_model::file_error::KeyError;
use wasmlab_model::scenario::{Dir, EntryPointKind, Run};
use wasmlab_protocol::Network;
use wasmlab_report::visible::VisiblePath;

/// Maximum size of a generated file, bytes.
const MAX_GENERATED_BYTES: u64 = 64 << 20;
/// The end of the year 9999, seconds since 1970: some file systems and languages support no later time.
const MAX_MODIFIED: u64 = 253_402_300_799;
/// Why an argument with a NUL character is refused.
pub const NUL_IN_ARGUMENT: &str = "has a NUL character, which no argument can have";
/// Why an environment variable is refused.
pub const INVALID_VARIABLE: &str = "a variable's name must not be empty or contain `=`, and neither the name nor the \
                                    value may contain a NUL character";

/// Checks `[run]` by itself; `folder` is the scenario's.
pub fn check(folder: &Path, run: &Run, errors: &mut Vec<KeyError>) {
    check_entry(run, errors);
    for (index, dir) in run.dir.iter().enumerate() {
        check_dir(folder, dir, &mut |key, message| {
            errors.push(KeyError::new(format!("run.dir[{index}].{key}"), message))
        });
    }
    check_strings(run, errors);
    check_network(run, errors);
    check_ports_in_texts(run, errors);
    for function in run.host_functions.iter().filter(|function| !function.contains('.')) {
        errors.push(KeyError::new("run.host_functions", format!("`{function}` is not `module.name`")));
    }
}

fn check_entry(run: &Run, errors: &mut Vec<KeyError>) {
    let mut say = |key: &str, message: &str| errors.push(KeyError::new(format!("run.{key}"), message));
    if run.entry == EntryPointKind::Calls && run.call.is_empty() {
        say("entry", "is `calls`, but there is no [[run.call]]: add at least one");
    }
    if run.call.first().is_some_and(|call| call.after_previous) {
        say("call[0].after_previous", "is true, but no call comes before it");
    }
    if run.entry == EntryPointKind::Command && !run.call.is_empty() {
        say("call", "is set, but run.entry is not `calls`");
    }
    if run.entry == EntryPointKind::Http && run.port.is_empty() {
        say("entry", "is `http`, but there is no [[run.port]]: add the port that the host serves on");
    }
    if run.timeout_ms == Some(0) {
        say("timeout_ms", "must be greater than 0");
    }
}

/// A process takes its arguments and variables as C strings.
fn check_strings(run: &Run, errors: &mut Vec<KeyError>) {
    for (index, _) in run.args.iter().enumerate().filter(|(_, arg)| arg.contains('\0')) {
        errors.push(KeyError::new(format!("run.args[{index}]"), NUL_IN_ARGUMENT));
    }
    for (name, _) in run.env.iter().filter(|(name, value)| !is_variable(name, value)) {
        let message = format!("`{}`: {INVALID_VARIABLE}", name.escape_debug());
        errors.push(KeyError::new("run.env", message));
    }
}

/// Whether a process can have this environment variable.
#[must_use]
pub fn is_variable(name: &str, value: &str) -> bool {
    !name.is_empty() && !name.contains(['=', '\0']) && !value.contains('\0')
}

/// Checks a directory; `say` takes the key in its table.
fn check_dir(folder: &Path, dir: &Dir, say: &mut dyn FnMut(&str, String)) {
    for error in names::check(dir) {
        say(&error.key, error.message);
    }
    if let Some(from) = &dir.copy
        && !(is_inside(from) && folder.join(from).is_dir() && is_really_inside(folder, from))
    {
        say("copy", format!("`{}` is not a folder inside the scenario's folder", from.visible()));
    } else if let Some(from) = &dir.copy
        && let Some(name) = escaping_file(folder, from)
    {
        let message = "is not a regular file inside the scenario's folder (a link out of it, a pipe or a device)";
        say("copy", format!("`{}` {message}", from.join(name).visible()));
    }
    if dir.modified.is_some_and(|seconds| seconds > MAX_MODIFIED) {
        say("modified", "is after the year 9999: give seconds since 1970".to_owned());
    }
    if dir.host.is_some() {
        let message =
            "names a folder of this machine, which only the command line may do (`check --dir-rw`): use files or copy";
        say("host", message.to_owned());
    }
    if let Some((path, bytes)) = dir.generated.iter().find(|(_, bytes)| **bytes > MAX_GENERATED_BYTES) {
        let most = MAX_GENERATED_BYTES >> 20;
        say("generated", format!("`{path}` has {bytes} bytes, more than {most} MiB"));
    }
    let given = !(dir.files.is_empty() && dir.links.is_empty() && dir.generated.is_empty()) || dir.copy.is_some();
    if dir.host.is_some() && given {
        say("host", "is set together with files to put into it: remove one".to_owned());
    }
}

/// The first file below `from` that is not a regular file or is outside the folder because of a link.
fn escaping_file(folder: &Path, from: &Path) -> Option<PathBuf> {
    let dir = folder.join(from);
    let is_own = |name: &PathBuf| dir.join(name).is_file() && is_really_inside(folder, &from.join(name));
    files::walk(&dir, &[]).unwrap_or_default().into_iter().find(|name| !is_own(name))
}

/// Checks the network, its sockets and ports, and what is served on them.
fn check_network(run: &Run, errors: &mut Vec<KeyError>) {
    let mut say = |key: &str, message: String| errors.push(KeyError::new(format!("run.{key}"), message));
    if run.own_loopback
        && (run.network != Network::Loopback
            || !run.port.is_empty()
            || !run.socket.is_empty()
            || !run.server.is_empty())
    {
        let message = "needs `network = \"loopback\"`, and cannot be combined with run.port, run.socket or run.server";
        say("own_loopback", message.to_owned());
    }
    if run.args.iter().any(|a| a.contains("{socket-fd}")) && run.socket.is_empty() {
        say("args", "has {socket-fd}, but there is no [[run.socket]]".to_owned());
    }
    let mut names = BTreeSet::new();
    let sockets = run.socket.iter().enumerate().map(|(index, s)| ("socket", index, &s.name));
    for (kind, index, name) in sockets.chain(run.port.iter().enumerate().map(|(index, p)| ("port", index, &p.name))) {
        if !is_kebab(name) || !names.insert(name) {
            let message = format!("`{name}` is not kebab-case, or names two sockets or ports");
            say(&format!("{kind}[{index}].name"), message);
        }
    }
    if let Some(serve) = &run.serve {
        if !run.port.iter().any(|p| p.name == serve.port) {
            say("serve.port", format!("`{}` is not the name of a [[run.port]]", serve.port));
        }
        if serve.root.as_ref().is_some_and(|root| !run.dir.iter().any(|d| d.guest == *root)) {
            say("serve.root", "is not the guest path of a [[run.dir]]".to_owned());
        }
    }
}

/// Checks that each `{port:NAME}` in an argument, a variable or a file is the name of a port.
fn check_ports_in_texts(run: &Run, errors: &mut Vec<KeyError>) {
    let in_files = run.dir.iter().flat_map(|d| d.files.values()).map(|text| ("run.dir", text));
    let in_args = run.args.iter().map(|a| ("run.args", a)).chain(run.env.values().map(|v| ("run.env", v)));
    for (key, text) in in_args.chain(in_files) {
        for wanted in text.split("{port:").skip(1).filter_map(|rest| rest.split('}').next()) {
            let mut names = run.port.iter().map(|p| &p.name).chain(run.server.iter().map(|s| &s.name));
            if !names.any(|name| name == wanted) {
                let message = format!(
                    "has {{port:{wanted}}}, but `{wanted}` is not the name of a [[run.port]] or [[run.server]]"
                );
                errors.push(KeyError::new(key, message));
            }
        }
    }
}
