//! What an engine reports.

use serde::{Deserialize, Serialize};

use crate::Value;

/// One line of an observation file.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "event", rename_all = "kebab-case")]
pub enum Event {
    /// A stage is entered.
    Stage {
        /// Which.
        stage: Stage,
        /// Microseconds since the engine's process began its work.
        micros: u64,
        /// For [`Stage::Compile`]: compiled code was taken from [`crate::CellSpec::code_cache`].
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        cached: bool,
    },
    /// How the host runs the module, where it has several ways and chooses by what the module is.
    ExecutionPath {
        /// Kebab-case, with what it depends on after a colon: `plain`, `wasi`, `glue:emscripten`, `jco`.
        path: String,
    },
    /// A call of [`crate::EntryPoint::Calls`] returned.
    CallReturned {
        /// The export's name.
        export: String,
        /// What it returned.
        results: Vec<Value>,
    },
    /// The guest called one of [`crate::CellSpec::host_functions`]; only the first
    /// [`crate::engine::MAX_HOST_CALLS`] calls are reported.
    HostCall {
        /// `module.name` of the function.
        function: String,
        /// Its arguments.
        args: Vec<Value>,
    },
    /// The last line.
    End {
        /// Why it ended.
        cause: Cause,
        /// Microseconds since the engine's process began its work.
        micros: u64,
    },
}

/// How far a cell came.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Stage {
    /// Reading the file.
    Load,
    /// Checking the module against the engine's features.
    Validate,
    /// Translating it. Engines that validate while compiling enter this one only.
    Compile,
    /// Finding a definition for each import.
    Link,
    /// Memory, tables, data, and the start function.
    Instantiate,
    /// Calling the entry point.
    Run,
}

/// Why a cell ended, as the engine knows it.
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
        /// The engine's words.
        message: String,
        /// Where, as far as the engine says so.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        location: Option<Location>,
    },
    /// An import has no definition on this engine.
    MissingImport {
        /// Import module.
        module: String,
        /// Import name.
        name: String,
        /// The import's type as the engine prints it; may be empty.
        #[serde(default)]
        ty: String,
        /// How many imports have no definition, this one included; 0 where unknown.
        #[serde(default)]
        missing_count: u32,
    },
    /// An import has a definition of another type.
    ImportTypeMismatch {
        /// Import module.
        module: String,
        /// Import name.
        name: String,
        /// The engine's words.
        message: String,
    },
    /// The engine refused the module while reading, validating or compiling it. Whether the module
    /// is malformed or needs a proposal that the engine lacks is judged from the module.
    Rejected {
        /// The engine's words.
        message: String,
        /// Byte offset in the module, where the engine names one.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        offset: Option<u64>,
    },
    /// The module is valid but the compiler failed or gave up.
    CompileFailed {
        /// The engine's words.
        message: String,
    },
    /// The module exports nothing of this name that can be called so.
    MissingExport {
        /// The name that was wanted.
        name: String,
    },
    /// Memory, a table or another resource was refused at instantiation.
    ResourceLimit {
        /// The engine's words.
        message: String,
    },
    /// The runtime was asked for what the specification gives, and says that it cannot give it.
    Unsupported {
        /// What was asked, kebab-case: `network`, `switch`.
        feature: String,
        /// Why not.
        message: String,
    },
    /// The host would not go on with the guest, for a reason that the lab knows.
    HostRefused {
        /// What it refuses.
        refusal: HostRefusal,
        /// The host's words.
        message: String,
    },
    /// The program that embeds the engine, which is the lab's, has no way to ask this.
    NotAttempted {
        /// What was to be asked, kebab-case: `component-calls`.
        subject: String,
        /// Why it cannot be asked.
        message: String,
    },
    /// A host function failed otherwise than by a trap.
    HostError {
        /// The engine's words.
        message: String,
    },
    /// The engine failed in a way of its own: a file that cannot be read, a bad specification.
    EngineError {
        /// What happened.
        message: String,
    },
}

impl Cause {
    /// A trap at a place that the engine does not name.
    pub fn trap(trap: TrapKind, message: impl Into<String>) -> Self {
        Self::Trap { trap, message: message.into(), location: None }
    }

    /// The same cause; a trap of it with where it happened.
    #[must_use]
    pub fn at(self, location: Option<Location>) -> Self {
        match self {
            Self::Trap { trap, message, .. } => Self::Trap { trap, message, location },
            other => other,
        }
    }
}

/// What hosts refuse of a guest that is valid and has all its imports.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum HostRefusal {
    /// The code that it exits with.
    ExitCode,
    /// That it exports no memory, which WASI's functions work on.
    NoMemory,
    /// That it exports both `_start` and `_initialize`.
    TwoEntryPoints,
}

impl HostRefusal {
    /// What a host of WASI 0.1 refuses with this message: wiggle's and wasi-common's, which several engines and
    /// command lines share. It comes as the error of the host function that was called.
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

/// Where in its module a guest was: what of it the engine knows.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Location {
    /// The function's name, of the `name` section.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub function: Option<String>,
    /// The function's index, imported functions counted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub index: Option<u32>,
    /// The instruction's offset, bytes from the start of the file.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub offset: Option<u64>,
}

/// The traps of the core specification, and what engines add to them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum TrapKind {
    /// `unreachable` was executed.
    Unreachable,
    /// Memory access out of bounds.
    MemoryOutOfBounds,
    /// Table access out of bounds.
    TableOutOfBounds,
    /// `call_indirect` through a null element, or a null reference.
    NullReference,
    /// `call_indirect` of another type.
    BadSignature,
    /// Integer division by zero.
    DivisionByZero,
    /// Integer overflow in a division.
    IntegerOverflow,
    /// A float that no integer represents.
    BadConversion,
    /// The call stack is used up.
    StackOverflow,
    /// An atomic access that is not aligned.
    UnalignedAtomic,
    /// An exception that nobody caught.
    UncaughtException,
    /// A failed cast.
    CastFailure,
    /// Any other.
    Other,
}

/// What `ENGINE probe` prints.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct EngineInfo {
    /// [`crate::PROTOCOL_VERSION`] of the engine binary.
    pub protocol: u32,
    /// The engine's name: `wasmi`.
    pub engine: String,
    /// The engine library's version: `2.0.0`.
    pub version: String,
    /// The modes it offers; one column each.
    pub modes: Vec<String>,
    /// What it leaves off and a specification may turn on.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub switches: Vec<Switch>,
}

/// A switch of an engine's library that is off by default.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Switch {
    /// As whoever embeds the engine writes it: `Config::wasm_custom_page_sizes(true)`.
    pub name: String,
    /// What a guest has by it: a proposal as the lab names it (`custom-page-sizes`), or [`crate::STACK_DEPTH`].
    pub enables: String,
}
