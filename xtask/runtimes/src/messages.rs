//! Parses messages of programs: errors in the format of Rust's `anyhow`, and traps by their names in the tests of the
//! specification.

use std::borrow::Cow;

use wasmlab_protocol::{Location, TrapKind};

/// The text from the last line that starts with `mark`, without anything a guest printed before.
#[must_use]
pub fn last_block<'a>(text: &'a str, mark: &str) -> Option<&'a str> {
    let block = &text[block_start(text, mark)?..];
    // A backtrace is only printed if the environment requests it.
    Some(block.split("\n\nStack backtrace:").next().unwrap_or(block))
}

/// The offset at which [`last_block`] starts.
#[must_use]
pub fn block_start(text: &str, mark: &str) -> Option<usize> {
    let first = text.starts_with(mark).then_some(0);
    text.rfind(&format!("\n{mark}")).map(|at| at + 1).or(first)
}

/// Inserts a line break before each of `errors` that does not start a line, because a guest's last line may lack one.
#[must_use]
pub fn on_own_lines<'a>(text: &'a str, errors: &[&str]) -> Cow<'a, str> {
    let mut text = Cow::Borrowed(text);
    for error in errors {
        if let Some(at) = text.rfind(error).filter(|at| *at > 0 && !text[..*at].ends_with('\n')) {
            text.to_mut().insert(at, '\n');
        }
    }
    text
}

/// The error and its causes, outermost first, without numbers and without the lines of a guest's backtrace.
#[must_use]
pub fn causes(block: &str) -> Vec<&str> {
    let mut lines = block.lines();
    let first = lines.next().map(|l| l.strip_prefix("Error: ").unwrap_or(l));
    let rest = lines.map(str::trim).filter(|l| !l.is_empty() && *l != "Caused by:");
    let rest = rest.map(|line| match line.split_once(": ") {
        Some((number, rest)) if number.chars().all(|c| c.is_ascii_digit()) => rest.trim(),
        _ => line,
    });
    // `0:     0x2c - <unknown>!<wasm function 0>` is a frame.
    first.into_iter().chain(rest.filter(|l| !l.contains(" - ") && !l.starts_with('<'))).collect()
}

/// The innermost frame of wasmtime's backtrace: `0:     0x65 - app.wasm!parse`, or `0: <unknown>!<wasm function 3>`.
#[must_use]
pub fn innermost_frame(block: &str) -> Option<Location> {
    let (_, trace) = block.split_once("wasm backtrace:\n")?;
    let (_, frame) = trace.lines().next()?.split_once(": ")?;
    let (offset, name) = match frame.split_once(" - ") {
        Some((offset, name)) => (u64::from_str_radix(offset.trim().strip_prefix("0x")?, 16).ok(), name),
        None => (None, frame),
    };
    let (_, function) = name.trim().split_once('!')?;
    let function_index = function.strip_prefix("<wasm function ").and_then(|i| i.strip_suffix('>')?.parse().ok());
    let function_name = Some(function.to_owned()).filter(|_| function_index.is_none());
    Some(Location { function_name, function_index, offset })
}

/// The number in `(at offset 0x1a)`.
#[must_use]
pub fn offset(text: &str) -> Option<u64> {
    let hex = text.split_once("at offset 0x")?.1;
    u64::from_str_radix(hex.split(|c: char| !c.is_ascii_hexdigit()).next()?, 16).ok()
}

/// The first two quoted texts: module and name of an import.
#[must_use]
pub fn quoted_pair(text: &str) -> (&str, &str) {
    let mut quoted = text.split('"').skip(1).step_by(2);
    (quoted.next().unwrap_or_default(), quoted.next().unwrap_or_default())
}

/// The trap for a message, as expected by the specification's tests and used by most engines.
#[must_use]
pub fn trap(message: &str) -> Option<TrapKind> {
    const KINDS: &[(&str, TrapKind)] = &[
        ("wasm `unreachable` instruction executed", TrapKind::Unreachable),
        ("unreachable", TrapKind::Unreachable),
        ("out of bounds memory access", TrapKind::MemoryOutOfBounds),
        ("undefined element", TrapKind::TableOutOfBounds),
        ("out of bounds table access", TrapKind::TableOutOfBounds),
        ("uninitialized element", TrapKind::NullReference),
        ("null reference", TrapKind::NullReference),
        ("indirect call type mismatch", TrapKind::BadSignature),
        ("integer divide by zero", TrapKind::DivisionByZero),
        ("integer overflow", TrapKind::IntegerOverflow),
        ("invalid conversion to integer", TrapKind::BadConversion),
        ("call stack exhausted", TrapKind::StackOverflow),
        ("unaligned atomic", TrapKind::UnalignedAtomic),
        ("cast failure", TrapKind::CastFailure),
    ];
    KINDS.iter().find(|(prefix, _)| message.starts_with(prefix)).map(|(_, kind)| *kind)
}
