//! Checks of `[build]` tables that several toolchains share.

use std::path::Path;

use wasmlab_model::file_error::KeyError;
use wasmlab_model::scenario::Build;

/// Whether this is a .wasm file name without folders.
pub fn is_wasm_file(name: &str) -> bool {
    name.ends_with(".wasm") && !name.contains(['/', '\\'])
}

/// Whether this is a SHA-256 in lower-case hexadecimal.
pub fn is_sha256(text: &str) -> bool {
    text.len() == 64 && text.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'))
}

/// Requires the artifact to be a .wasm file.
pub fn artifact(build: &Build) -> Option<KeyError> {
    let good = build.artifact.as_deref().is_some_and(is_wasm_file);
    (!good).then(|| KeyError::new("artifact", "must be the name of a .wasm file, without folders"))
}

/// Requires the source to be one file with this extension.
pub fn source(build: &Build, extension: &str) -> Option<KeyError> {
    let good = build.source.as_deref().and_then(Path::extension).is_some_and(|e| e == extension);
    (!good).then(|| KeyError::new("source", format!("must name the .{extension} file")))
}

/// Requires the target to be the world in `wit/world.wit`.
pub fn world(build: &Build) -> Option<KeyError> {
    let message = "is missing: set it to the world of wit/world.wit";
    build.target.is_none().then(|| KeyError::new("target", message))
}
