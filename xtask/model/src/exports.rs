//! Lists exports in sentences.

use crate::facts::Export;
use crate::names::first_listed_of;

/// The maximum number of exports that a line names.
const MAX_NAMED: usize = 8;
/// The maximum length of a list of exports, in characters. A first name that is longer is still listed.
const MAX_LISTED: usize = 180;

/// The names of the exports, with the kind of each that is not a function. Lists as many as fit; no name is cut.
#[must_use]
pub fn listed(exports: &[Export]) -> String {
    let named = |e: &Export| match kind(e) {
        "function" => shown(&e.name),
        kind if e.name == kind => e.name.clone(),
        kind => format!("the {kind} `{}`", e.name),
    };
    let most = if exports.len() > MAX_NAMED + 1 { MAX_NAMED } else { exports.len() };
    let mut names: Vec<String> = Vec::new();
    let mut length = 0;
    for name in exports.iter().take(most).map(named) {
        length += name.chars().count() + 2;
        if length > MAX_LISTED && !names.is_empty() {
            break;
        }
        names.push(name);
    }
    first_listed_of(&names, names.len(), exports.len())
}

/// A function's name for display, quoted so that an empty name is visible.
#[must_use]
pub fn shown(name: &str) -> String {
    if name.is_empty() { "`\"\"`".to_owned() } else { format!("`{name}`") }
}

/// `function`, `memory`; `func` for a function whose signature could not be read.
#[must_use]
pub fn kind(export: &Export) -> &str {
    if export.signature.is_some() { "function" } else { export.ty.split(' ').next().unwrap_or_default() }
}
