//! Events that an engine reports.

use std::io::Write;

use serde::{Deserialize, Serialize};

use crate::Value;

/// One line of an event file.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "event", rename_all = "kebab-case")]
pub enum Event {
    /// A stage has been entered.
    Stage {
        /// The stage.
        stage: Stage,
        /// Microseconds since the engine's process started its work.
        micros: u64,
        /// For [`Stage::Compile`]: the compiled code came from [`crate::CellSpec::code_cache`].
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        cached: bool,
    },
    /// How the host runs the module, if it has several ways and chooses by the kind of module.
    ExecutionPath {
        /// Kebab-case, with a detail after a colon: `plain`, `wasi`, `glue:emscripten`, `jco`.
        path: String,
    },
    /// A call of [`crate::EntryPoint::Calls`] returned.
    CallReturned {
        /// The export's name.
        export: String,
        /// Its results.
        results: Vec<Value>,
    },
    /// The guest called one of [`crate::CellSpec::host_functions`]. Only the first calls are reported: at most
    /// `MAX_HOST_CALLS` (in `wasmlab_engine`).
    HostCall {
        /// `module.name` of the function.
        function: String,
        /// Its arguments.
        args: Vec<Value>,
    },
    /// The last event.
    End {
        /// Why it ended.
        cause: Cause,
        /// Microseconds since the engine's process started its work.
        micros: u64,
    },
}

/// How far a cell got.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Stage {
    /// Read the file.
    Load,
    /// Check the module against the engine's features.
    Validate,
    /// Compile the module. Engines that validate while compiling only enter this stage.
    Compile,
    /// Find a definition for each import.
    Link,
    /// Set up memories, tables and data, and run the start function.
    Instantiate,
    /// Call the entry point.
    Run,
}

impl Stage {
    /// The name in events, reports and snapshots: `compile`.
    #[must_use]
    pub fn id(self) -> &'static str {
        match self {
            Self::Load => "load",
            Self::Validate => "validate",
            Self::Compile => "compile",
            Self::Link => "link",
            Self::Instantiate => "instantiate",
            Self::Run => "run",
        }
    }
}

/// Why a cell ended, as far as the engine knows.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub enum Cause {
    /// The entry point returned.
    Returned,
    /// The guest asked to exit.
    Exit {
        /// Its exit code.
        code: i32,
    },
    /// The guest trapped.
    Trap {
        /// Which trap.
        trap: TrapKind,
        /// The engine's message.
        message: String,
        /// Where it trapped, if the engine reports it.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        location: Option<Location>,
    },
    /// An import has no definition on this engine.
    MissingImport {
        /// Import module.
        module: String,
        /// Import name.
        name: String,
        /// The import's type as printed by the engine; may be empty.
        #[serde(default)]
        ty: String,
        /// Number of imports without a definition, including this one; 0 if unknown.
        #[serde(default)]
        missing_count: u32,
    },
    /// An import has a definition of a different type.
    ImportTypeMismatch {
        /// Import module.
        module: String,
        /// Import name.
        name: String,
        /// The engine's message.
        message: String,
    },
    /// The engine refused the module while reading, validating or compiling it. Whether the module is malformed or
    /// needs a proposal that the engine lacks is decided by reading the module.
    Rejected {
        /// The engine's message.
        message: String,
        /// Byte offset in the module, if the engine reports one.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        offset: Option<u64>,
    },
    /// The module is valid but the compiler failed or gave up.
    CompileFailed {
        /// The engine's message.
        message: String,
    },
    /// The module has no export of this name that can be called.
    MissingExport {
        /// The requested name.
        name: String,
    },
    /// Memory, a table or another resource could not be allocated at instantiation.
    ResourceLimit {
        /// The engine's message.
        message: String,
    },
    /// The specification requests something that the runtime reports it cannot provide.
    Unsupported {
        /// The requested feature, kebab-case: `network`, `switch`.
        feature: String,
        /// The reason.
        message: String,
    },
    /// The host refused to run or continue the guest, for a known reason.
    HostRefused {
        /// The reason.
        refusal: HostRefusal,
        /// The host's message.
        message: String,
    },
    /// The lab's own program, which embeds the engine, cannot make this request.
    NotAttempted {
        /// The requested feature, kebab-case: `component-calls`.
        subject: String,
        /// The reason.
        message: String,
    },
    /// A host function failed without a trap.
    HostError {
        /// The engine's message.
        message: String,
    },
    /// The engine itself failed: unreadable file, invalid specification.
    EngineError {
        /// The error.
        message: String,
    },
}

impl Cause {
    /// A trap at an unknown location.
    pub fn trap(trap: TrapKind, message: impl Into<String>) -> Self {
        Self::Trap { trap, message: message.into(), location: None }
    }

    /// The same cause, with a location if it is a trap.
    #[must_use]
    pub fn at(self, location: Option<Location>) -> Self {
        match self {
            Self::Trap { trap, message, .. } => Self::Trap { trap, message, location },
            other => other,
        }
    }

    /// Whether the runtime found all imports: it then looked for a function to call, or called one.
    #[must_use]
    pub fn is_after_linking(&self) -> bool {
        matches!(
            self,
            Self::Returned
                | Self::Exit { .. }
                | Self::Trap { .. }
                | Self::HostError { .. }
                | Self::MissingExport { .. }
        )
    }
}

/// Why a host refuses a guest that is valid and has all its imports.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum HostRefusal {
    /// The exit code of the guest.
    ExitCode,
    /// The guest exports no memory for WASI functions to work on.
    NoMemory,
    /// The guest exports both `_start` and `_initialize`.
    TwoEntryPoints,
}

impl HostRefusal {
    /// Recognizes a refusal by a WASI 0.1 host from its message. wiggle and wasi-common, which several engines and
    /// command lines share, report it as an error of the called host function.
    #[must_use]
    pub fn from_message(message: &str) -> Option<Self> {
        if message.contains("invalid exit status outside of") {
            Some(Self::ExitCode)
        } else if message.contains("missing required") && message.contains("memory export") {
            Some(Self::NoMemory)
        } else {
            None
        }
    }
}

/// A location in the guest's module, as far as the engine knows it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Location {
    /// Function name from the `name` section.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub function_name: Option<String>,
    /// Function index, including imported functions.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub function_index: Option<u32>,
    /// Offset of the instruction from the start of the file, bytes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub offset: Option<u64>,
}

/// Traps of the core specification, and those that engines add.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum TrapKind {
    /// `unreachable` was executed.
    Unreachable,
    /// Memory access out of bounds.
    MemoryOutOfBounds,
    /// Table access out of bounds.
    TableOutOfBounds,
    /// `call_indirect` through a null element, or use of a null reference.
    NullReference,
    /// `call_indirect` with a different type.
    BadSignature,
    /// Integer division by zero.
    DivisionByZero,
    /// Integer overflow in a division.
    IntegerOverflow,
    /// Conversion of a float that does not fit into the integer type.
    BadConversion,
    /// Call stack exhausted.
    StackOverflow,
    /// Unaligned atomic access.
    UnalignedAtomic,
    /// Uncaught exception.
    UncaughtException,
    /// Failed cast.
    CastFailure,
    /// Any other trap.
    Other,
}

/// The output of `ENGINE info`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct EngineInfo {
    /// The [`crate::PROTOCOL_VERSION`] that the engine was built with.
    pub protocol: u32,
    /// The engine's name: `wasmi`.
    pub engine: String,
    /// The engine library's version: `2.0.0`.
    pub version: String,
    /// The modes it offers, one column each.
    pub modes: Vec<String>,
    /// Features that are off by default and that a specification may turn on.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub switches: Vec<Switch>,
}

impl EngineInfo {
    /// Prints it as a line of JSON on stdout, for the lab.
    ///
    /// # Errors
    /// If stdout is closed or full.
    pub fn print(&self) -> Result<(), String> {
        let line = serde_json::to_string(self).map_err(|e| e.to_string())?;
        writeln!(std::io::stdout(), "{line}").map_err(|e| format!("failed to write to stdout: {e}"))
    }
}

/// A switch of an engine library that is off by default.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Switch {
    /// As embedders write it: `Config::wasm_custom_page_sizes(true)`.
    pub name: String,
    /// The feature that it provides: a proposal by the lab's name (`custom-page-sizes`), or [`crate::STACK_DEPTH`].
    pub enables: String,
}

#[cfg(test)]
mod tests {
    use super::Stage;

    /// Snapshots are written with the ids, and read by serde.
    #[test]
    fn stages_are_read_by_their_ids() {
        for stage in [Stage::Load, Stage::Validate, Stage::Compile, Stage::Link, Stage::Instantiate, Stage::Run] {
            assert_eq!(serde_json::to_value(stage).unwrap(), stage.id());
        }
    }
}
