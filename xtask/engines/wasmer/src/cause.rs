//! Converts wasmer's errors to causes.

use std::fmt::Display;

use wasmer::sys::vm::TrapCode;
use wasmer::{CompileError, InstantiationError, LinkError, RuntimeError, WasmError};
use wasmer_wasix::WasiError;
use wasmlab_protocol::{Cause, HostRefusal, Location, TrapKind};

/// A failure of the engine itself.
pub(crate) fn engine_error(error: &impl Display) -> Cause {
    Cause::EngineError { message: error.to_string() }
}

/// The cause of a failed compilation.
pub(crate) fn of_compiling(error: &CompileError) -> Cause {
    let message = error.to_string();
    match error {
        CompileError::Wasm(WasmError::InvalidWebAssembly { offset, .. }) => {
            Cause::Rejected { message, offset: Some(*offset as u64) }
        }
        // The validator's error is a message that ends with the offset.
        CompileError::Validate(text) => Cause::Rejected { offset: offset(text), message },
        // Singlepass considers every proposal valid and stops at the first instruction that it lacks.
        CompileError::Codegen(text) if text.contains("not yet implemented") => {
            Cause::Rejected { message, offset: None }
        }
        CompileError::Wasm(WasmError::ImplLimitExceeded) | CompileError::Codegen(_) | CompileError::Resource(_) => {
            Cause::CompileFailed { message }
        }
        _ => Cause::Rejected { message, offset: None },
    }
}

/// Parses the number in `… (at offset 0x27)`.
fn offset(message: &str) -> Option<u64> {
    let (_, number) = message.rsplit_once("(at offset 0x")?;
    u64::from_str_radix(number.split(')').next()?, 16).ok()
}

/// The cause of a failed instantiation; imports have been checked before.
pub(crate) fn of_instantiating(error: &InstantiationError) -> Cause {
    let message = error.to_string();
    match error {
        InstantiationError::Start(error) | InstantiationError::Link(LinkError::Trap(error)) => of_running(error),
        InstantiationError::Link(LinkError::Resource(_)) => Cause::ResourceLimit { message },
        InstantiationError::Link(LinkError::Import(module, name, _)) => {
            Cause::ImportTypeMismatch { module: module.clone(), name: name.clone(), message }
        }
        _ => Cause::EngineError { message },
    }
}

/// The cause of a failed call.
pub(crate) fn of_running(error: &RuntimeError) -> Cause {
    if let Some(WasiError::Exit(code)) = error.downcast_ref::<WasiError>() {
        return Cause::Exit { code: code.raw() };
    }
    if error.is_exception() {
        let message = "the guest threw an exception that nobody caught".to_owned();
        return Cause::trap(TrapKind::UncaughtException, message).at(location(error));
    }
    let message = error.message();
    match error.clone().to_trap() {
        Some(code) => Cause::trap(trap(code), message).at(location(error)),
        None => match HostRefusal::from_message(&message) {
            Some(refusal) => Cause::HostRefused { refusal, message },
            None => Cause::HostError { message },
        },
    }
}

/// The guest's location: the innermost frame of its backtrace. Singlepass does not record offsets and returns 0.
fn location(error: &RuntimeError) -> Option<Location> {
    let frame = error.trace().first()?;
    Some(Location {
        function_name: frame.function_name().map(str::to_owned),
        function_index: Some(frame.func_index()),
        offset: Some(frame.module_offset() as u64).filter(|offset| *offset > 0),
    })
}

fn trap(code: TrapCode) -> TrapKind {
    match code {
        TrapCode::UnreachableCodeReached => TrapKind::Unreachable,
        TrapCode::HeapAccessOutOfBounds => TrapKind::MemoryOutOfBounds,
        TrapCode::TableAccessOutOfBounds => TrapKind::TableOutOfBounds,
        TrapCode::IndirectCallToNull | TrapCode::UninitializedExnRef => TrapKind::NullReference,
        TrapCode::BadSignature => TrapKind::BadSignature,
        TrapCode::IntegerDivisionByZero => TrapKind::DivisionByZero,
        TrapCode::IntegerOverflow => TrapKind::IntegerOverflow,
        TrapCode::BadConversionToInteger => TrapKind::BadConversion,
        TrapCode::StackOverflow => TrapKind::StackOverflow,
        TrapCode::HeapMisaligned | TrapCode::UnalignedAtomic => TrapKind::UnalignedAtomic,
        TrapCode::UncaughtException => TrapKind::UncaughtException,
        TrapCode::YieldOutsideAsyncContext | TrapCode::HostInterrupt | TrapCode::ReadonlyTableModified => {
            TrapKind::Other
        }
    }
}
