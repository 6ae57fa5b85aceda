//! What several toolchains ask of a `[build]` table.

use std::path::Path;

use wasmlab_model::scenario::Build;

use crate::Fault;

/// Whether this is the name of a .wasm file, without folders.
pub fn is_wasm_file(name: &str) -> bool {
    name.ends_with(".wasm") && !name.contains(['/', '\\'])
}

/// Whether this is a SHA-256 as the lab writes it.
pub fn is_sha256(text: &str) -> bool {
    text.len() == 64 && text.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'))
}

/// The artifact is a .wasm file.
pub fn artifact(build: &Build) -> Option<Fault> {
    let good = build.artifact.as_deref().is_some_and(is_wasm_file);
    (!good).then(|| ("artifact", "names the .wasm file, without folders".to_owned()))
}

/// The source is one file with this extension.
pub fn source(build: &Build, extension: &str) -> Option<Fault> {
    let good = build.source.as_deref().and_then(Path::extension).is_some_and(|e| e == extension);
    (!good).then(|| ("source", format!("names the .{extension} file")))
}

/// The target is the world of `wit/world.wit`.
pub fn world(build: &Build) -> Option<Fault> {
    build.target.is_none().then(|| ("target", "is missing: name the world of wit/world.wit".to_owned()))
}
