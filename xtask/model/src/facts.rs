//! What reading a binary tells.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

/// All that the lab reads from a module or component without running it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Facts {
    /// Core module or component.
    pub kind: BinaryKind,
    /// How it is meant to be used.
    pub shape: Shape,
    /// The ABIs it speaks, each with its evidence, sorted; empty only without imports and evidence.
    pub abis: Vec<AbiEvidence>,
    /// The proposals it needs: the smallest set under which it validates, sorted by name.
    pub proposals: BTreeSet<String>,
    /// Every import, in the order of the binary.
    pub imports: Vec<Import>,
    /// Every export, in the order of the binary.
    pub exports: Vec<Export>,
    /// Every top-level section, in the order of the binary.
    pub sections: Vec<Section>,
    /// Where the bytes go.
    pub sizes: Sizes,
    /// The `target_features` section: `+simd128`, as the toolchain wrote it.
    pub target_features: Vec<String>,
    /// The `producers` section.
    pub producers: Vec<Producer>,
    /// Why the reader refuses it though a runtime may take it; the fields above are then what could be read.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub refusal: Option<Refusal>,
}

/// A refusal of the reader that is no fault of the file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Refusal {
    /// Which kind.
    pub kind: RefusalKind,
    /// What it is about: the version (`0xa`), the limit (`locals`).
    pub subject: String,
    /// One line for people.
    pub message: String,
}

/// Kinds of [`Refusal`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum RefusalKind {
    /// A component of a pre-release format, a core module from before WebAssembly 1.0.
    FormatVersion,
    /// An instruction, a type or a section of a proposal that was given up, or of a draft of one.
    AbandonedProposal,
    /// More of something than implementations take, of which the specification knows no limit.
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

/// How a binary is meant to be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum Shape {
    /// Exports `_start` (or, as a component, `wasi:cli/run`): runs once from the beginning to the end.
    Command,
    /// Exports `_initialize`, or, as a component, an interface a host calls (`wasi:http/incoming-handler`).
    Reactor,
    /// Exports functions, has neither.
    Library,
    /// A relocatable object file (a `linking` section with symbols).
    Object,
    /// A side module for dynamic linking (a `dylink` or `dylink.0` section).
    SideModule,
}

/// One ABI and why the lab thinks so.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct AbiEvidence {
    /// Which.
    pub abi: Abi,
    /// The imports, exports or sections that show it, sorted; as `module.name` for imports.
    pub evidence: Vec<String>,
}

/// The conventions between guests and hosts that the field knows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum Abi {
    /// `wasi_unstable`.
    WasiUnstable,
    /// `wasi_snapshot_preview1`.
    #[serde(rename = "wasi-0.1")]
    Wasi01,
    /// Component imports or exports `wasi:*@0.2.*`.
    #[serde(rename = "wasi-0.2")]
    Wasi02,
    /// Component imports or exports `wasi:*@0.3.*`.
    #[serde(rename = "wasi-0.3")]
    Wasi03,
    /// `wasix_32v1`, `wasix_64v1`.
    Wasix,
    /// `wasi.thread-spawn`.
    WasiThreads,
    /// Emscripten up to 1.39: `env.___syscallN`, `env.memoryBase`, the `global` module.
    EmscriptenFastcomp,
    /// Emscripten since: `env.__syscall_*`, `env.emscripten_*`, `env.invoke_*`.
    EmscriptenUpstream,
    /// `__wbindgen_placeholder__`, `wbg`, or `./NAME_bg.js`.
    WasmBindgen,
    /// Go's `gojs` (or `go`) module.
    GoJs,
    /// AssemblyScript: `env.abort` of its type, `env.seed`, `env.trace`.
    AssemblyScript,
    /// N-API, `napi.*` or `env.napi_*`.
    Napi,
    /// Import names minified to a letter or two: the toolchain's own glue is needed, the ABI is hidden.
    Minified,
    /// `wasm:js-string` and its like, with the string constants: builtins that a JavaScript engine itself provides.
    JsBuiltins,
    /// What a linker left as imports of `env`: symbols of a C or C++ library that nothing defines (`getpwuid`), and
    /// memory or table by `--import-memory` and `--import-table`.
    Unlinked,
    /// Component imports outside `wasi:`.
    CustomInterface,
    /// Core imports that fit none of these.
    CustomHost,
}

impl Abi {
    /// Its name for people: `WASI 0.1`.
    #[must_use]
    pub fn title(self) -> &'static str {
        match self {
            Self::WasiUnstable => "WASI snapshot 0",
            Self::Wasi01 => "WASI 0.1",
            Self::Wasi02 => "WASI 0.2",
            Self::Wasi03 => "WASI 0.3",
            Self::Wasix => "WASIX",
            Self::WasiThreads => "wasi-threads",
            Self::EmscriptenFastcomp => "Emscripten (before 2020)",
            Self::EmscriptenUpstream => "Emscripten",
            Self::WasmBindgen => "wasm-bindgen",
            Self::GoJs => "Go for JavaScript",
            Self::AssemblyScript => "AssemblyScript",
            Self::Napi => "Node-API",
            Self::Minified => "minified imports",
            Self::JsBuiltins => "JavaScript builtins",
            Self::Unlinked => "unlinked symbols",
            Self::CustomInterface => "interfaces of its own",
            Self::CustomHost => "imports of its own",
        }
    }
}

/// One import.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Import {
    /// Import module; for a component, empty.
    pub module: String,
    /// Import name.
    pub name: String,
    /// Its type as text: `func (i32, i32) -> (i32)`, `memory 1..16`, `table 2.. funcref`,
    /// `global i32 mut`, `tag (i32)`, `instance`, …
    pub ty: String,
}

/// One export.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Export {
    /// Export name.
    pub name: String,
    /// Its type, as in [`Import::ty`].
    pub ty: String,
    /// Parameter and result types, for functions: what a caller needs to parse arguments.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub signature: Option<Signature>,
}

/// The type of a function: a core module's, or one that a component exports by itself.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Signature {
    /// Parameter types: `i32`, `i64`, `f32`, `f64`, `v128`, or a reference type's text; of a component `s32`, `u64`,
    /// `bool`, `string`, …, and of a composed type its kind (`record`).
    pub params: Vec<String>,
    /// Result types.
    pub results: Vec<String>,
}

/// One top-level section.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Section {
    /// `type`, `import`, …, `code`, `data`; a custom section as `custom "NAME"`; in a component also
    /// `core module`, `component`, `alias`, …
    pub name: String,
    /// Offset of the contents, in bytes from the start of the file.
    pub offset: u64,
    /// Size of the contents, in bytes.
    pub bytes: u64,
}

/// Where the bytes of a binary go. For a component, the sums over its core modules too.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Sizes {
    /// The file.
    pub total: u64,
    /// Code sections.
    pub code: u64,
    /// Data sections.
    pub data: u64,
    /// Custom sections that are neither debug information nor names.
    pub custom: u64,
    /// DWARF (`.debug_*`), `sourceMappingURL`, `external_debug_info`.
    pub debug: u64,
    /// The `name` section (`component-name` too).
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

/// Proposals that are part of WebAssembly 2.0: seldom the reason for a refusal, so named last.
pub const COMMON_PROPOSALS: &[&str] = &[
    "mutable-global",
    "saturating-float-to-int",
    "sign-extension",
    "multi-value",
    "reference-types",
    "bulk-memory",
    "bulk-memory-opt",
    "call-indirect-overlong",
];
