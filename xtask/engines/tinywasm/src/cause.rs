//! Converts tinywasm's errors to causes.

use tinywasm::{Error, LinkingError, ParseError, Trap};
use wasmlab_protocol::{Cause, Stage, TrapKind};

/// The cause of a cell that failed with `error` in `stage`.
pub(crate) fn of(error: &Error, stage: Stage) -> Cause {
    let message = error.to_string();
    match error {
        Error::Parser(ParseError::ParseError { message, offset }) => {
            Cause::Rejected { message: message.clone(), offset: Some(*offset as u64) }
        }
        Error::Parser(_) | Error::UnsupportedFeature(_) => Cause::Rejected { message, offset: None },
        Error::Linker(LinkingError::IncompatibleImportType { module, name }) => {
            Cause::ImportTypeMismatch { module: module.clone(), name: name.clone(), message }
        }
        // A failure before the guest runs is not a trap of the guest.
        Error::Trap(Trap::OutOfMemory) if stage == Stage::Instantiate => Cause::ResourceLimit { message },
        Error::Trap(Trap::HostFunction(_)) => Cause::HostError { message },
        Error::Trap(trap) => Cause::trap(kind(trap), trap.to_string()),
        _ => Cause::HostError { message },
    }
}

fn kind(trap: &Trap) -> TrapKind {
    match trap {
        Trap::Unreachable => TrapKind::Unreachable,
        Trap::MemoryOutOfBounds { .. } => TrapKind::MemoryOutOfBounds,
        Trap::TableOutOfBounds { .. } | Trap::UndefinedElement { .. } => TrapKind::TableOutOfBounds,
        Trap::UninitializedElement { .. } => TrapKind::NullReference,
        Trap::IndirectCallTypeMismatch { .. } => TrapKind::BadSignature,
        Trap::DivisionByZero => TrapKind::DivisionByZero,
        Trap::IntegerOverflow => TrapKind::IntegerOverflow,
        Trap::InvalidConversionToInt => TrapKind::BadConversion,
        Trap::CallStackOverflow | Trap::ValueStackOverflow => TrapKind::StackOverflow,
        _ => TrapKind::Other,
    }
}
