//! Recognizes constructs of proposals that were abandoned, or changed before they were finished. Current validators
//! call them malformed, but a runtime from that time may accept them.
//!
//! Sources: the drafts at <https://github.com/WebAssembly/stringref> and
//! <https://github.com/WebAssembly/module-linking>, and the milestones of <https://github.com/WebAssembly/gc>.

use std::ops::RangeInclusive;

use crate::InspectError;
use wasmlab_model::facts::{Rejection, RejectionKind};

/// Opcodes after the 0xfb prefix: strings, and garbage collection before its instructions were renumbered (the final
/// ones end below these).
const STRINGS: RangeInclusive<u8> = 0x80..=0xb7;
const OLD_GC: RangeInclusive<u8> = 0x1f..=0x7f;
/// Type bytes: `stringref` and its three views.
const STRING_TYPES: [u8; 4] = [0x67, 0x66, 0x62, 0x61];
/// Section ids: strings, or modules within a module; instances; aliases.
const STRINGS_OR_MODULES: u8 = 14;
const INSTANCES: u8 = 15;
const ALIASES: u8 = 16;

/// The rejection, if the validator stopped at a construct of an abandoned proposal.
pub fn rejection(bytes: &[u8], error: &InspectError) -> Option<Rejection> {
    let (InspectError::Invalid { offset, message } | InspectError::Malformed { offset, message }) = error else {
        return None;
    };
    let of = |subject: &str, what: String| {
        let message = format!("{what} (byte {offset:#x}) of {subject}, an abandoned proposal");
        Some(Rejection { kind: RejectionKind::AbandonedProposal, subject: subject.to_owned(), message })
    };
    let second = message.strip_prefix("unknown 0xfb subopcode: 0x");
    if let Some(second) = second.and_then(|digits| u8::from_str_radix(digits, 16).ok()) {
        if STRINGS.contains(&second) {
            return of("stringref", format!("it has the instruction 0xfb {second:#04x}"));
        }
        return OLD_GC.contains(&second).then(|| Rejection {
            kind: RejectionKind::AbandonedProposal,
            subject: "gc-draft".to_owned(),
            message: format!("it has the instruction 0xfb {second:#04x} (byte {offset:#x}) of an early draft of gc"),
        });
    }
    let at = bytes.get(usize::try_from(*offset).ok()?).copied();
    let of_type = ["invalid value type", "invalid heap type", "invalid leading byte"];
    if let Some(byte) = at.filter(|byte| STRING_TYPES.contains(byte) && of_type.iter().any(|w| message.starts_with(w)))
    {
        return of("stringref", format!("it has the type {byte:#04x}"));
    }
    if let Some(id) = message.strip_prefix("malformed section id: ") {
        return match id.parse().ok()? {
            // Modules nested in a module start with the usual header.
            STRINGS_OR_MODULES if bytes[8..].windows(4).any(|four| four == b"\0asm") => {
                of("module-linking", "it has a module section".to_owned())
            }
            STRINGS_OR_MODULES => of("stringref", "it has a section of strings".to_owned()),
            INSTANCES => of("module-linking", "it has a section of instances".to_owned()),
            ALIASES => of("module-linking", "it has a section of aliases".to_owned()),
            _ => None,
        };
    }
    None
}
