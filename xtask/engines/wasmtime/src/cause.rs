//! Converts wasmtime's errors to causes.

use std::fmt::Display;

use wasmlab_protocol::{Cause, HostRefusal, Location, Stage, TrapKind};
use wasmtime::{Engine, Error, Module, Trap, WasmBacktrace};
use wasmtime_environ::wasmparser::BinaryReaderError;
use wasmtime_environ::{CompileError, WasmError};
use wasmtime_wasi::I32Exit;

use crate::api;

/// A failure of the engine itself.
pub(crate) fn engine_error(error: &impl Display) -> Cause {
    Cause::EngineError { message: format!("{error:#}") }
}

/// The cause of the failed compilation of `bytes`.
pub(crate) fn of_compiling(error: &Error, engine: &Engine, bytes: &[u8]) -> Cause {
    let message = first_line(&format!("{error:#}"));
    if let Some(cause) = rejection(error) {
        return cause;
    }
    let Some(CompileError::Codegen(reason)) = find::<CompileError>(error) else {
        return Cause::Rejected { message, offset: None };
    };
    // Winch validates while it compiles and reports what it finds as text only, so ask the validator.
    if let Some(cause) = Module::validate(engine, bytes).err().as_ref().and_then(rejection) {
        return cause;
    }
    // Winch lacks some instructions, which it also reports as text ("Unimplemented …", "Unsupported …", "… not
    // implemented for …"). Anything else is a defect of the compiler.
    if reason.starts_with("Un") || reason.contains("not implemented") {
        return Cause::Rejected { message, offset: None };
    }
    Cause::CompileFailed { message }
}

/// The refusal of a binary that is not valid with the enabled proposals.
fn rejection(error: &Error) -> Option<Cause> {
    let message = format!("{error:#}");
    if let Some(error) = find::<BinaryReaderError>(error) {
        return Some(Cause::Rejected { offset: Some(error.offset() as u64), message });
    }
    Some(match find::<WasmError>(error)? {
        WasmError::InvalidWebAssembly { offset, .. } => Cause::Rejected { offset: Some(*offset as u64), message },
        WasmError::Unsupported(_) | WasmError::User(_) => Cause::Rejected { offset: None, message },
        WasmError::ImplLimitExceeded => Cause::CompileFailed { message },
    })
}

/// The cause of a cell that failed with `error` in `stage`.
pub(crate) fn of_running(error: &Error, stage: Stage) -> Cause {
    if let Some(I32Exit(code)) = find::<I32Exit>(error) {
        return Cause::Exit { code: *code };
    }
    if let Some(code) = error.downcast_ref::<Trap>() {
        let fault =
            error.chain().map(ToString::to_string).find(|text| text.starts_with("memory fault at wasm address"));
        let message = fault.map_or_else(|| code.to_string(), |fault| format!("{code} ({fault})"));
        return Cause::trap(trap(*code), message).at(location(error));
    }
    if api::is_uncaught_exception(error) {
        let message = "the guest threw an exception that nobody caught".to_owned();
        return Cause::trap(TrapKind::UncaughtException, message).at(location(error));
    }
    let message = error.root_cause().to_string();
    if let Some(refusal) = HostRefusal::from_message(&message) {
        return Cause::HostRefused { refusal, message };
    }
    // For a disabled feature, the message names the method that enables it.
    if message.contains("`Config::") {
        return Cause::Rejected { message, offset: None };
    }
    // A backtrace means that the guest was running. Without one, and with all imports of the right type, instantiation
    // fails for lack of memory, tables or the like.
    if stage == Stage::Instantiate && error.downcast_ref::<WasmBacktrace>().is_none() {
        return Cause::ResourceLimit { message };
    }
    Cause::HostError { message }
}

/// The guest's location: the innermost frame of its backtrace.
fn location(error: &Error) -> Option<Location> {
    let frame = error.downcast_ref::<WasmBacktrace>()?.frames().first()?;
    Some(Location {
        function_name: frame.func_name().map(str::to_owned),
        function_index: Some(frame.func_index()),
        offset: frame.module_offset().map(|offset| offset as u64),
    })
}

fn find<E: std::error::Error + Send + Sync + 'static>(error: &Error) -> Option<&E> {
    error.downcast_ref::<E>().or_else(|| error.chain().find_map(|cause| cause.downcast_ref::<E>()))
}

fn first_line(text: &str) -> String {
    text.lines().next().unwrap_or_default().to_owned()
}

fn trap(code: Trap) -> TrapKind {
    match code {
        Trap::UnreachableCodeReached => TrapKind::Unreachable,
        Trap::MemoryOutOfBounds => TrapKind::MemoryOutOfBounds,
        Trap::TableOutOfBounds => TrapKind::TableOutOfBounds,
        Trap::IndirectCallToNull | Trap::NullReference => TrapKind::NullReference,
        Trap::BadSignature => TrapKind::BadSignature,
        Trap::IntegerDivisionByZero => TrapKind::DivisionByZero,
        Trap::IntegerOverflow => TrapKind::IntegerOverflow,
        Trap::BadConversionToInteger => TrapKind::BadConversion,
        Trap::StackOverflow => TrapKind::StackOverflow,
        Trap::HeapMisaligned => TrapKind::UnalignedAtomic,
        Trap::CastFailure => TrapKind::CastFailure,
        _ => TrapKind::Other,
    }
}
