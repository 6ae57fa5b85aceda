//! A guest that trapped: its own last words first, then the trap and where it happened.

use wasmlab_protocol::{Location, TrapKind};

use super::words::last_message;
use super::{Evidence, because};
use wasmlab_model::codes::Code;
use wasmlab_model::verdict::Judgement;

/// The judgement on a trap.
pub fn trapped(evidence: &Evidence, trap: TrapKind, message: &str, location: Option<&Location>) -> Judgement {
    let words = format!("{message}{}", location.map(place).unwrap_or_default());
    let detail = match last_words(evidence) {
        Some(last) => format!("{last}; then the trap: {words}"),
        None => words,
    };
    because(Code::Trap, kind(trap), detail)
}

/// What the guest said last: on stderr, or on stdout where it says that something went wrong (TinyGo writes its
/// panics there).
pub fn last_words(evidence: &Evidence) -> Option<String> {
    last_message(evidence.stderr()).or_else(|| {
        let line = last_message(evidence.stdout())?;
        let lower = line.to_lowercase();
        ["panic", "abort", "assert", "fatal", "error"].iter().any(|word| lower.contains(word)).then_some(line)
    })
}

/// `memory-out-of-bounds`.
fn kind(trap: TrapKind) -> Option<String> {
    serde_json::to_value(trap).ok().and_then(|value| value.as_str().map(str::to_owned))
}

/// ` in `parse` (at 0x65)`: the function by its name, else by its index, and the offset in the file.
fn place(location: &Location) -> String {
    let function = match (&location.function, location.index) {
        (Some(name), _) => format!(" in `{name}`"),
        (None, Some(index)) => format!(" in function {index}"),
        (None, None) => String::new(),
    };
    match location.offset {
        Some(offset) if function.is_empty() => format!(" at 0x{offset:x}"),
        Some(offset) => format!("{function} (at 0x{offset:x})"),
        None => function,
    }
}
