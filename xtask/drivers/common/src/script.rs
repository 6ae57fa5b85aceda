//! A script's data about its cell: nothing about this machine.

use std::fs;
use std::path::Path;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use serde_json::{Map, Value, json};
use wasmlab_protocol::CellSpec;

/// Directories nested deeper than this are left out.
const MAX_DEPTH: usize = 64;

/// The cell as the script's `cell.json`: the specification without paths of this machine, and the contents of its
/// directories.
#[must_use]
pub fn cell_json(spec: &CellSpec, is_component: bool) -> Value {
    let dirs: Vec<Value> =
        spec.dirs.iter().map(|dir| json!({ "guest": dir.guest, "tree": tree(&dir.host, 0) })).collect();
    let glue = spec.glue.as_ref().and_then(|glue| Some(glue.file_name()?.to_string_lossy().into_owned()));
    json!({
        "mode": spec.mode, "entry": spec.entry, "args": spec.args, "env": spec.env, "dirs": dirs, "glue": glue,
        "sockets": spec.sockets, "host_functions": spec.host_functions, "result_types": spec.result_types,
        "switches": spec.switches, "component": is_component,
    })
}

/// A directory in the form that file systems in memory take: a file is base64, a directory an object. Links are left
/// out: those file systems have none, and a link out of the directory must not be followed.
fn tree(dir: &Path, depth: usize) -> Value {
    let mut entries = Map::new();
    for entry in fs::read_dir(dir).into_iter().flatten().flatten().filter(|_| depth < MAX_DEPTH) {
        let (name, path) = (entry.file_name().to_string_lossy().into_owned(), entry.path());
        match entry.file_type() {
            Ok(kind) if kind.is_dir() => _ = entries.insert(name, tree(&path, depth + 1)),
            Ok(kind) if kind.is_file() => {
                let bytes = fs::read(&path).unwrap_or_default();
                entries.insert(name, json!(BASE64_STANDARD.encode(bytes)));
            }
            _ => {}
        }
    }
    Value::Object(entries)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn links_are_left_out_of_a_directory() {
        let dir = tempfile::tempdir().unwrap();
        fs::create_dir(dir.path().join("inner")).unwrap();
        fs::write(dir.path().join("inner/file"), "text").unwrap();
        std::os::unix::fs::symlink("/etc", dir.path().join("link")).unwrap();
        assert_eq!(tree(dir.path(), 0), json!({ "inner": { "file": "dGV4dA==" } }));
    }
}
