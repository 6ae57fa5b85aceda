//! Converts wasmi's errors to causes.

use wasmi::errors::{ErrorKind, InstantiationError, LinkerError, MemoryError, TableError};
use wasmi::{Error, TrapCode};
use wasmlab_protocol::{Cause, HostRefusal, Stage, TrapKind};

/// The cause of a cell that failed with `error` in `stage`.
pub(crate) fn of(error: &Error, stage: Stage) -> Cause {
    let message = error.to_string();
    match error.kind() {
        ErrorKind::I32ExitStatus(code) => Cause::Exit { code: *code },
        // A resource refused before the guest runs is not a trap of the guest.
        ErrorKind::Memory(MemoryError::OutOfSystemMemory | MemoryError::ResourceLimiterDeniedAllocation)
        | ErrorKind::Table(TableError::OutOfSystemMemory | TableError::ResourceLimiterDeniedAllocation)
        | ErrorKind::Instantiation(
            InstantiationError::FailedToInstantiateMemory(_)
            | InstantiationError::FailedToInstantiateTable(_)
            | InstantiationError::TooManyInstances
            | InstantiationError::TooManyTables
            | InstantiationError::TooManyMemories,
        ) if stage == Stage::Instantiate => Cause::ResourceLimit { message },
        ErrorKind::Instantiation(InstantiationError::ElementSegmentDoesNotFit { .. }) => {
            Cause::trap(TrapKind::TableOutOfBounds, message)
        }
        ErrorKind::Instantiation(
            InstantiationError::ImportTypeMismatch { name, .. }
            | InstantiationError::GlobalTypeMismatch { name, .. }
            | InstantiationError::FuncTypeMismatch { name, .. }
            | InstantiationError::TableTypeMismatch { name, .. }
            | InstantiationError::MemoryTypeMismatch { name, .. },
        )
        | ErrorKind::Linker(LinkerError::InvalidTypeDefinition { name, .. }) => {
            Cause::ImportTypeMismatch { module: name.module().to_owned(), name: name.name().to_owned(), message }
        }
        ErrorKind::Wasm(error) => Cause::Rejected { offset: Some(error.offset() as u64), message },
        ErrorKind::Translation(_)
        | ErrorKind::ImplementationLimits(_)
        | ErrorKind::UserLimits(_)
        | ErrorKind::Ir(_) => Cause::CompileFailed { message },
        kind => match kind.as_trap_code() {
            // wasmi records no backtrace.
            Some(code) => Cause::trap(trap(code), message),
            None if stage == Stage::Compile => Cause::Rejected { message, offset: None },
            None => match HostRefusal::from_message(&message) {
                Some(refusal) => Cause::HostRefused { refusal, message },
                None => Cause::HostError { message },
            },
        },
    }
}

fn trap(code: TrapCode) -> TrapKind {
    match code {
        TrapCode::UnreachableCodeReached => TrapKind::Unreachable,
        TrapCode::MemoryOutOfBounds => TrapKind::MemoryOutOfBounds,
        TrapCode::TableOutOfBounds => TrapKind::TableOutOfBounds,
        TrapCode::IndirectCallToNull => TrapKind::NullReference,
        TrapCode::IntegerDivisionByZero => TrapKind::DivisionByZero,
        TrapCode::IntegerOverflow => TrapKind::IntegerOverflow,
        TrapCode::BadConversionToInteger => TrapKind::BadConversion,
        TrapCode::StackOverflow => TrapKind::StackOverflow,
        TrapCode::BadSignature => TrapKind::BadSignature,
        TrapCode::OutOfFuel | TrapCode::GrowthOperationLimited | TrapCode::OutOfSystemMemory => TrapKind::Other,
    }
}
