//! Facts that the lab learns from a binary by reading it.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};
use wasmlab_protocol::Stage;

use crate::codes::Code;

mod abi;
mod export;
mod segment;

pub use abi::{Abi, AbiEvidence};
pub use export::{Export, Signature};
pub use segment::{SegmentOutOfBounds, SegmentTarget};

/// Everything the lab reads from a module or component without running it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Facts {
    /// Core module or component.
    pub kind: BinaryKind,
    /// How it is meant to be used.
    pub shape: Shape,
    /// The ABIs it uses, each with its evidence, sorted; empty only if there are no imports and no evidence.
    pub abis: Vec<AbiEvidence>,
    /// The proposals it needs, sorted by name: the smallest set under which it validates.
    pub proposals: BTreeSet<String>,
    /// A core module uses instructions of both forms of exceptions, legacy (`try`) and standard (`try_table`). Some
    /// runtimes support each form but refuse a module with both. `proposals` cannot show this, because a tag
    /// needs `exceptions` in either form.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub mixes_exceptions: bool,
    /// The only part of `function-references` that it uses is the type `(ref extern)`, as modules with the string
    /// builtins of JavaScript do. Some runtimes support only that part.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub only_non_null_externref: bool,
    /// Proposals of which a core module has only declarations (a type, a tag) and no instruction of its own (`throw` also
    /// belongs to the legacy form of exceptions). Some runtimes accept such modules without supporting the proposal.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub declared_only: BTreeSet<String>,
    /// Of `threads`, it uses atomic instructions only: it has no shared memory.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub unshared_atomics: bool,
    /// It has an instruction that waits for another thread, `memory.atomic.wait32` or `-64`: some runtimes with `threads`
    /// cannot run it, or only on some threads.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub atomic_wait: bool,
    /// Counts that runtimes limit, if they are unusually high: `locals` (of one function), `tables`.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub limited_counts: BTreeMap<String, u64>,
    /// The first active element segment and the first active data segment that do not fit, in this order: a runtime that
    /// checks it traps when it instantiates the module.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub segments_out_of_bounds: Vec<SegmentOutOfBounds>,
    /// Every import, in file order.
    pub imports: Vec<Import>,
    /// Every export, in file order.
    pub exports: Vec<Export>,
    /// Every top-level section, in file order.
    pub sections: Vec<Section>,
    /// Size of the file and its parts.
    pub sizes: Sizes,
    /// The `target_features` section: `+simd128`, as the toolchain wrote it.
    pub target_features: Vec<String>,
    /// The `producers` section.
    pub producers: Vec<Producer>,
    /// Why the reader rejects it although a runtime may accept it; the other fields then hold what could be read.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rejection: Option<Rejection>,
    /// Where each proposal is needed first, except for those of WebAssembly 2.0.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub first_uses: BTreeMap<String, FirstUse>,
}

/// Key of [`Facts::limited_counts`]: the initial size of a memory, in pages of 64 KiB.
pub const MEMORY_PAGES: &str = "memory-pages";
/// The lab's limit of each memory of a guest in a cell, pages of 64 KiB: 1 GiB.
pub const MAX_MEMORY_PAGES: u64 = 1 << 14;
/// Key of [`Facts::limited_counts`]: the initial size of a table.
pub const TABLE_ELEMENTS: &str = "table-elements";

impl Facts {
    /// Whether a core module imports every memory that it shares between threads.
    #[must_use]
    pub fn only_imports_shared_memory(&self) -> bool {
        let imports = self.imports.iter().any(|i| i.ty.starts_with("memory ") && i.ty.contains("shared"));
        imports && !self.sections.iter().any(|section| section.name == "memory")
    }

    /// The limit because of which the lab's reader refuses the file: `parameters`.
    #[must_use]
    pub fn exceeded_limit(&self) -> Option<&str> {
        let rejection =
            self.rejection.as_ref().filter(|rejection| rejection.kind == RejectionKind::ImplementationLimit)?;
        Some(&rejection.subject)
    }

    /// Whether nothing is known of the file but the limit that it exceeds.
    #[must_use]
    pub fn is_unread(&self) -> bool {
        self.exceeded_limit().is_some() && self.sections.is_empty()
    }

    /// Whether it exports a memory under the name that WASI hosts look for.
    #[must_use]
    pub fn exports_memory(&self) -> bool {
        self.exports.iter().any(|export| export.name == "memory" && export.ty.starts_with("memory"))
    }

    /// The functions that a host may call: a reactor's `_initialize` is called before any other.
    pub fn callable_exports(&self) -> impl Iterator<Item = &Export> {
        self.exports.iter().filter(|export| export.signature.is_some() && export.name != "_initialize")
    }

    /// Whether the file exports a function of this name, with a type that could be read.
    #[must_use]
    pub fn exports_function(&self, name: &str) -> bool {
        self.exports.iter().any(|export| export.name == name && export.signature.is_some())
    }

    /// The types of imported and exported memories, without the word `memory`: `1..2 shared`.
    pub fn memory_types(&self) -> impl Iterator<Item = &str> {
        let types = self.imports.iter().map(|i| &i.ty).chain(self.exports.iter().map(|e| &e.ty));
        types.filter_map(|ty| ty.strip_prefix("memory "))
    }

    /// Whether it imports a function of WASI 0.1 or of WASI's snapshot 0.
    #[must_use]
    pub fn imports_wasi(&self) -> bool {
        self.imports.iter().any(Import::is_of_wasi)
    }

    /// Whether it is a module, but not a command: a library or a reactor.
    #[must_use]
    pub fn lacks_command(&self) -> bool {
        self.kind == BinaryKind::Module && matches!(self.shape, Shape::Library | Shape::Reactor)
    }

    /// Whether a runtime with this result only loaded it: it is a library with something to call, all of its imports were
    /// found, and nothing but a program is missing.
    #[must_use]
    pub fn only_loads(&self, code: Option<Code>, subject: Option<&str>, stage: Option<Stage>) -> bool {
        self.lacks_command()
            && self.callable_exports().next().is_some()
            && (code, subject) == (Some(Code::NoEntryPoint), Some("_start"))
            && stage.is_some_and(|stage| stage >= Stage::Instantiate)
    }

    /// Whether no memory is shared between threads.
    #[must_use]
    pub fn shares_no_memory(&self) -> bool {
        if self.unshared_atomics {
            return true;
        }
        let mut memories = self.memory_types().peekable();
        !self.proposals.contains("multi-memory")
            && memories.peek().is_some()
            && !memories.any(|ty| ty.contains("shared"))
            && self.kind == BinaryKind::Module
    }

    /// Reads facts. Not generic, so it is compiled in this crate, which development builds optimize.
    ///
    /// # Errors
    /// If the text does not hold facts.
    pub fn from_json(text: &[u8]) -> serde_json::Result<Self> {
        serde_json::from_slice(text)
    }

    /// Serializes facts for [`Self::from_json`].
    ///
    /// # Errors
    /// Facts can always be serialized.
    pub fn to_json(&self) -> serde_json::Result<Vec<u8>> {
        serde_json::to_vec(self)
    }
}

/// Where a proposal is needed first.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct FirstUse {
    /// Offset from the start of the file, bytes.
    pub offset: u64,
    /// Index of the function, if it is in the code of a core module.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub function_index: Option<u32>,
    /// The function's name, from the name section or an export.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub function_name: Option<String>,
}

impl FirstUse {
    /// `in function 12 (main) at byte 0x1f3`, or `at byte 0x1f3`.
    #[must_use]
    pub fn place(&self) -> String {
        let word = if self.function_index.is_some() { "in" } else { "at" };
        format!("{word} {self}")
    }
}

impl std::fmt::Display for FirstUse {
    /// `function 12 (main) at byte 0x1f3`, or `byte 0x1f3`.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match (self.function_index, &self.function_name) {
            (Some(index), Some(name)) => write!(f, "function {index} ({name}) at ")?,
            (Some(index), None) => write!(f, "function {index} at ")?,
            (None, _) => {}
        }
        write!(f, "byte {:#x}", self.offset)
    }
}

/// The reader rejected the file, but the file is not at fault.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Rejection {
    /// The kind of rejection.
    pub kind: RejectionKind,
    /// The version (`0xa`) or limit (`locals`) concerned.
    pub subject: String,
    /// One line for display.
    pub message: String,
}

/// Why the lab's reader refuses a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum RejectionKind {
    /// A component in a pre-release format, or a core module from before WebAssembly 1.0.
    FormatVersion,
    /// An instruction, type or section of an abandoned proposal, or of an early draft of one.
    AbandonedProposal,
    /// More of something than implementations accept, although the specification sets no limit.
    ImplementationLimit,
}

/// The two layers of WebAssembly.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum BinaryKind {
    /// A core module.
    Module,
    /// A component.
    Component,
}

/// How a binary is meant to be called.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum Shape {
    /// Exports `_start` (as a component: `wasi:cli/run`), which runs once from start to finish.
    Command,
    /// Exports `_initialize` (as a component: an interface for the host to call, such as `wasi:http/incoming-handler`).
    Reactor,
    /// Exports functions but neither of these.
    Library,
    /// A relocatable object file (a `linking` section with symbols).
    Object,
    /// A side module for dynamic linking (a `dylink` or `dylink.0` section).
    SideModule,
}

/// One import.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Import {
    /// Import module; empty for a component.
    pub module: String,
    /// Import name.
    pub name: String,
    /// Its type as text: `func (i32, i32) -> (i32)`, `memory 1..16`, `table 2.. funcref`, `global i32 mut`, `tag
    /// (i32)`, `instance`, …
    pub ty: String,
    /// The functions that a component imports from an interface.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub functions: Vec<String>,
}

impl Import {
    /// Whether it is a function of WASI 0.1 or of WASI's snapshot 0, in any spelling that starts with `wasi_`.
    #[must_use]
    pub fn is_of_wasi(&self) -> bool {
        self.module.starts_with("wasi_") && self.ty.starts_with("func")
    }

    /// Whether it is a memory or a table.
    #[must_use]
    pub fn is_memory_or_table(&self) -> bool {
        self.ty.starts_with("memory") || self.ty.starts_with("table")
    }

    /// As [`import_name`].
    #[must_use]
    pub fn shown(&self, kind: BinaryKind) -> String {
        import_name(kind, &self.module, &self.name)
    }
}

/// The full name of an import: `module.name`, or the name alone for a component. Each name of a core module may be empty:
/// `"".name`, `module.""`.
#[must_use]
pub fn import_name(kind: BinaryKind, module: &str, name: &str) -> String {
    let shown = |name: &str| if name.is_empty() { "\"\"".to_owned() } else { name.to_owned() };
    match (kind, module) {
        (BinaryKind::Component, "") => name.to_owned(),
        (BinaryKind::Component, module) => format!("{module}.{name}"),
        (BinaryKind::Module, module) => format!("{}.{}", shown(module), shown(name)),
    }
}

/// One top-level section.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Section {
    /// `type`, `import`, …, `code`, `data`; `custom "NAME"`; in a component also `core module`, `component`, `alias`, …
    pub name: String,
    /// Offset of the contents, in bytes from the start of the file.
    pub offset: u64,
    /// Size of the contents, in bytes.
    pub bytes: u64,
}

/// Size of a binary and its parts. For a component, the parts include those of its core modules.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Sizes {
    /// The whole file.
    pub total: u64,
    /// Code sections.
    pub code: u64,
    /// Data sections.
    pub data: u64,
    /// Custom sections that are neither debug information nor names.
    pub custom: u64,
    /// DWARF (`.debug_*`), `sourceMappingURL`, `external_debug_info`.
    pub debug: u64,
    /// The `name` and `component-name` sections.
    pub names: u64,
}

/// One entry of the `producers` section.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Producer {
    /// `language`, `processed-by` or `sdk`.
    pub field: String,
    /// `rustc`.
    pub name: String,
    /// `1.96.0`.
    pub version: String,
}
