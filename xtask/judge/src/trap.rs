//! A guest that trapped: its own last message first, then the trap and where it happened.

use wasmlab_protocol::{Location, Stage, TrapKind};

use super::text::last_message;
use super::{Evidence, with_code};
use wasmlab_model::codes::{Blame, Code};
use wasmlab_model::facts::{Facts, SegmentTarget};
use wasmlab_model::remedy::RemedyKind;
use wasmlab_model::subjects::ATOMIC_WAIT;
use wasmlab_model::text::counted;
use wasmlab_model::verdict::Judgement;

/// The judgement on a trap.
pub fn trapped(evidence: &Evidence, trap: TrapKind, message: &str, location: Option<&Location>) -> Judgement {
    let message = message.trim_start_matches("wasm trap: ");
    if message.contains(MAY_NOT_WAIT) {
        return may_not_wait(message, evidence.facts.ok().and_then(shares_memory));
    }
    if let Some(judgement) = of_segment(evidence, trap, message) {
        return judgement;
    }
    let located = format!("{message}{}", location.map(location_text).unwrap_or_default());
    if let Some(judgement) = out_of_memory(evidence, &located) {
        return judgement;
    }
    let last = guest_message(evidence);
    let detail = match &last {
        Some(last) => format!("{last}; then the trap: {located}"),
        None => located,
    };
    let judgement = with_code(Code::Trap, trap_name(trap), detail);
    let remedy = match trap {
        TrapKind::MemoryOutOfBounds if is_below_zero(message) => BELOW_ZERO.to_owned(),
        // Its adapter knows which limit can be raised, and with which option.
        TrapKind::StackOverflow => {
            "Reduce its recursion depth, or give it a larger stack if the runtime has an option for that; no \
             stack is large enough for infinite recursion."
                .to_owned()
        }
        // How a panic, an abort or a fatal error ends.
        TrapKind::Unreachable if last.is_some() => {
            "Fix what its own message reports: the guest gave up deliberately, and the trap is only how it exits."
                .to_owned()
        }
        TrapKind::Other if last.is_some() && location.is_none() => {
            "Fix what its own message reports. This runtime reports neither the kind of trap nor its place; wasmtime and \
             node do."
                .to_owned()
        }
        _ => {
            let hint = inspection_hint(evidence.facts.ok(), location);
            return Judgement { remedy: Some(hint), remedy_kind: RemedyKind::Inspection, ..judgement };
        }
    };
    Judgement { remedy: Some(remedy), ..judgement }
}

/// A module that trapped before anything in it ran, because a segment does not fit.
fn of_segment(evidence: &Evidence, trap: TrapKind, message: &str) -> Option<Judgement> {
    if evidence.progress.stage.is_none_or(|stage| stage > Stage::Instantiate) {
        return None;
    }
    let segments = &evidence.facts.ok()?.segments_out_of_bounds;
    let first_of = |target| segments.iter().find(|segment| segment.target == target);
    let segment = match trap {
        // SpiderMonkey has one message for both.
        TrapKind::MemoryOutOfBounds if message == "index out of bounds" => segments.first(),
        TrapKind::MemoryOutOfBounds => first_of(SegmentTarget::Memory),
        TrapKind::TableOutOfBounds => first_of(SegmentTarget::Table),
        TrapKind::Other => segments.first(),
        _ => None,
    }?;
    let (trap, what, unit, max) = match segment.target {
        SegmentTarget::Memory => (TrapKind::MemoryOutOfBounds, "memory", "byte", 1 << 32),
        SegmentTarget::Table => (TrapKind::TableOutOfBounds, "table", "element", u64::from(u32::MAX)),
    };
    let remedy = if segment.end > max {
        "Move the segment to a lower offset.".to_owned()
    } else {
        format!("Give the {what} at least {}, or move the segment to a lower offset.", counted(segment.end, unit))
    };
    let of_runtime = if message.is_empty() { String::new() } else { format!("; the runtime says: {message}") };
    let judgement = with_code(Code::Trap, trap_name(trap), format!("{segment}{of_runtime}"));
    Some(Judgement { remedy: Some(remedy), ..judgement })
}

/// V8's message for that.
const MAY_NOT_WAIT: &str = "Atomics.wait cannot be called in this context";

/// A page's main thread must not block: a rule of the web, not of the engine. (The specification requires a trap.) V8 has
/// the same message for a wait on memory that is not `shared`, on which no engine waits.
fn may_not_wait(message: &str, shared: Option<bool>) -> Judgement {
    const WORKER: &str = "Run it in a worker of the page (`new Worker`), where waiting is allowed.";
    const SHARED: &str = "Declare the memory as shared, with a maximum: `(memory 1 1 shared)` in WAT, `--shared-memory` \
                          for the linker.";
    let (code, blame, what, remedy) = match shared {
        Some(true) => {
            (Code::HostRefused, Blame::Abi, "a page's main thread may not wait on shared memory", WORKER.to_owned())
        }
        Some(false) => (Code::Trap, Blame::Guest, "it waits on a memory that is not shared", SHARED.to_owned()),
        None => (
            Code::HostRefused,
            Blame::Unknown,
            "it waits on a thread that may not wait (such as a page's main thread), or on a memory that is not shared",
            format!("{SHARED} In a page, run it in a worker (`new Worker`)."),
        ),
    };
    let judgement = with_code(code, ATOMIC_WAIT.to_owned(), format!("{what}; its message: {message}"));
    Judgement { blame: vec![blame], remedy: Some(remedy), ..judgement }
}

/// Whether a memory that the module imports or exports is shared; `None` if it does neither with any.
fn shares_memory(facts: &Facts) -> Option<bool> {
    let memories: Vec<&str> = facts.memory_types().collect();
    (!memories.is_empty()).then(|| memories.iter().any(|ty| ty.contains("shared")))
}

const BELOW_ZERO: &str = "Its address is just below 0, where the C stack of a linked program ends: give it a larger stack \
                          (`-Wl,-z,stack-size=BYTES` for clang, `-C link-arg=-zstack-size=BYTES` for Rust, \
                          `-sSTACK_SIZE=BYTES` for Emscripten; some linkers reserve only 64 KiB), or reduce its recursion \
                          depth and its large local arrays.";

/// Whether an access wrapped around below address 0, by at most a large local array: `memory fault at wasm address
/// 0xfffffff0 in linear memory of size 0x20000` (wasmtime). The linker puts the C stack first, and it grows down.
fn is_below_zero(message: &str) -> bool {
    const MAX_BELOW: u64 = 16 << 20;
    let address = message
        .split_once("memory fault at wasm address 0x")
        .and_then(|(_, rest)| u64::from_str_radix(rest.split(|c: char| !c.is_ascii_hexdigit()).next()?, 16).ok());
    address.is_some_and(|address| address < 1 << 32 && (1 << 32) - address <= MAX_BELOW)
}

const LOOK_AT_FUNCTION: &str = "Look at the function that the detail names.";
const LOOK_AT_INSTRUCTION: &str = "Look at the instruction that the detail names (`wasm-tools print --print-offsets`).";
const BUILD_WITH_NAMES: &str = "Build it with names (without `-s`, `--strip-all` or `strip = true`; clang: with `--no-wasm-opt`, since wasm-opt drops \
     them); the detail then names the function.";
const RUN_ELSEWHERE: &str =
    "This runtime does not report where the trap happened: run it on one that does (wasmtime, node).";

/// How to learn more about a trap than the detail says.
fn inspection_hint(facts: Option<&Facts>, location: Option<&Location>) -> String {
    let named = facts.is_none_or(|f| f.sizes.names > 0);
    let hint = match location {
        Some(Location { function_name: Some(_), .. }) => LOOK_AT_FUNCTION,
        Some(_) if named => LOOK_AT_INSTRUCTION,
        Some(_) => BUILD_WITH_NAMES,
        None => RUN_ELSEWHERE,
    };
    hint.to_owned()
}

/// A guest that ran out of memory, and reports that after the runtime refused more. `ending` is how it ended.
pub fn out_of_memory(evidence: &Evidence, ending: &str) -> Option<Judgement> {
    const MESSAGES: &[&str] = &[
        "memory allocation of",
        "out of memory",
        "outofmemory",
        "cannot allocate memory",
        "cannot enlarge memory",
        "bad_alloc",
    ];
    let last = guest_message(evidence).filter(|last| MESSAGES.iter().any(|part| last.to_lowercase().contains(part)))?;
    let declared = evidence.facts.ok().and_then(maximum);
    let (limit, remedy) = match declared {
        Some(pages) => (
            format!("its memory declares a maximum of {pages} pages ({} KiB)", pages * 64),
            "Declare a larger maximum: `-Wl,--max-memory=BYTES` (clang), `-C link-arg=--max-memory=BYTES` (Rust), \
             `-sALLOW_MEMORY_GROWTH` with `-sMAXIMUM_MEMORY=BYTES` (Emscripten); or reduce its memory use.",
        ),
        None => (
            "its memory declares no maximum, so it reached the limit of the runtime or of the lab (1 GiB)".to_owned(),
            "Reduce its peak memory use: the runtime and the lab limit each memory, and no memory with 32-bit addresses can \
             exceed 4 GiB.",
        ),
    };
    let detail = format!("{last}; {limit}; then: {ending}");
    let judgement = with_code(Code::OutOfMemory, "memory.grow".to_owned(), detail);
    Some(Judgement { remedy: Some(remedy.to_owned()), ..judgement })
}

/// The maximum size of the exported memory in pages, if declared: `memory 1..16`.
fn maximum(facts: &Facts) -> Option<u64> {
    let memory = facts.exports.iter().find_map(|e| e.ty.strip_prefix("memory "))?;
    let (_, maximum) = memory.split_once("..")?;
    maximum.split_whitespace().next()?.parse().ok()
}

/// The guest's last message: on stderr, or on stdout if it reports an error (TinyGo prints its panics there).
pub fn guest_message(evidence: &Evidence) -> Option<String> {
    last_message(evidence.stderr()).or_else(|| {
        let line = last_message(evidence.stdout())?;
        let lower = line.to_lowercase();
        ["panic", "abort", "assert", "fatal", "error"].iter().any(|word| lower.contains(word)).then_some(line)
    })
}

/// `memory-out-of-bounds`.
pub(super) fn trap_name(trap: TrapKind) -> Option<String> {
    serde_json::to_value(trap).ok().and_then(|value| value.as_str().map(str::to_owned))
}

/// ` in `parse` (at 0x65)`: the function's name, or else its index, and the offset in the file.
fn location_text(location: &Location) -> String {
    let function = match (&location.function_name, location.function_index) {
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
