//! A file's facts, in one line.

use wasmlab_model::facts::{BinaryKind, Facts, Shape};
use wasmlab_model::proposals::{COMMON_PROPOSALS, EXCEPTIONS};

/// `module · command · WASI 0.1 · 62.0 KiB · needs tail-call`.
#[must_use]
pub fn facts_line(facts: Option<&Facts>, bytes: u64) -> String {
    let size = wasmlab_model::text::bytes(bytes);
    let Some(facts) = facts else { return size };
    let mut parts = vec![kind(facts).to_owned()];
    // A core module that implements a component's program is not a program by itself.
    let lifted = facts.kind == BinaryKind::Module && facts.exports.iter().any(|e| e.name.starts_with("wasi:cli/run@"));
    parts.extend(if lifted { Some("for a component") } else { shape(facts.shape) }.map(str::to_owned));
    parts.extend(facts.abis.iter().map(|a| a.abi.title().to_owned()));
    parts.push(size);
    if facts.kind == BinaryKind::Module && facts.exports_function("_start") && facts.exports_function("") {
        parts.push("exports `\"\"` beside `_start`: some runtimes start that one".to_owned());
    }
    // A tag counts as `exceptions`, even in a module that uses only legacy exceptions.
    let only_legacy = facts.has_only_legacy_exceptions();
    let is_rare = |p: &&str| !(COMMON_PROPOSALS.contains(p) || only_legacy && *p == EXCEPTIONS);
    let rare: Vec<&str> = facts.proposals.iter().map(String::as_str).filter(is_rare).collect();
    if !rare.is_empty() && facts.kind == BinaryKind::Module {
        parts.push(format!("needs {}", rare.join(", ")));
    }
    parts.join(" · ")
}

fn kind(facts: &Facts) -> &'static str {
    match facts.kind {
        BinaryKind::Module => "module",
        BinaryKind::Component => "component",
    }
}

fn shape(shape: Shape) -> Option<&'static str> {
    match shape {
        Shape::Command => Some("command"),
        Shape::Reactor => Some("reactor"),
        Shape::Library => Some("library"),
        Shape::Object => Some("object file"),
        Shape::SideModule => Some("side module"),
    }
}
