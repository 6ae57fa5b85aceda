//! Reading the messages of programs: errors as Rust's `anyhow` prints them, and traps by the names that the
//! specification's own tests gave them.

use wasmlab_protocol::TrapKind;

/// The text from the last line that begins with `mark` to the end: what a guest printed before is left out.
#[must_use]
pub fn last_block<'a>(text: &'a str, mark: &str) -> Option<&'a str> {
    let at = if text.starts_with(mark) { Some(0) } else { None };
    let later = text.rfind(&format!("\n{mark}")).map(|at| at + 1);
    let block = &text[later.or(at)?..];
    // A backtrace is there only where the environment asks for one.
    Some(block.split("\n\nStack backtrace:").next().unwrap_or(block))
}

/// The error and its causes, outermost first, without numbers; the lines of a guest's backtrace are left out.
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

/// The number in `(at offset 0x1a)`.
#[must_use]
pub fn offset(text: &str) -> Option<u64> {
    let hex = text.split_once("at offset 0x")?.1;
    u64::from_str_radix(hex.split(|c: char| !c.is_ascii_hexdigit()).next()?, 16).ok()
}

/// The first two quoted texts: an import's module and name.
#[must_use]
pub fn quoted_pair(text: &str) -> (&str, &str) {
    let mut quoted = text.split('"').skip(1).step_by(2);
    (quoted.next().unwrap_or_default(), quoted.next().unwrap_or_default())
}

/// The trap of these words, which the specification's tests expect and most engines use.
#[must_use]
pub fn trap(words: &str) -> Option<TrapKind> {
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
    KINDS.iter().find(|(prefix, _)| words.starts_with(prefix)).map(|(_, kind)| *kind)
}
