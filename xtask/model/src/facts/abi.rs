//! The ABIs that a binary can use.

use serde::{Deserialize, Serialize};

/// An ABI, with the evidence for it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct AbiEvidence {
    /// The ABI.
    pub abi: Abi,
    /// The imports, exports or sections that indicate it, sorted; imports as `module.name`.
    pub evidence: Vec<String>,
}

/// The known calling conventions between guest and host.
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
    /// Emscripten after 1.39: `env.__syscall_*`, `env.emscripten_*`, `env.invoke_*`.
    EmscriptenUpstream,
    /// `__wbindgen_placeholder__`, `wbg`, or `./NAME_bg.js`.
    WasmBindgen,
    /// Go's `gojs` (or `go`) module.
    GoJs,
    /// AssemblyScript: `env.abort` with its signature, `env.seed`, `env.trace`.
    AssemblyScript,
    /// Kotlin for JavaScript hosts: `js_code`, `intrinsics`.
    KotlinJs,
    /// N-API, `napi.*` or `env.napi_*`.
    Napi,
    /// Import names minified to a letter or two, which hides the ABI; only the toolchain's own glue can load it.
    Minified,
    /// `wasm:js-string` and similar, with the string constants: builtins that JavaScript engines provide.
    JsBuiltins,
    /// Imports of `env` left by a linker: undefined symbols of a C or C++ library (`getpwuid`), and the memory or table
    /// with `--import-memory` and `--import-table`.
    Unlinked,
    /// Component imports outside `wasi:`.
    CustomInterface,
    /// Core imports that match none of these.
    CustomHost,
}

impl Abi {
    /// Name for display: `WASI 0.1`.
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
            Self::KotlinJs => "Kotlin for JavaScript",
            Self::Napi => "Node-API",
            Self::Minified => "minified imports",
            Self::JsBuiltins => "JavaScript builtins",
            Self::Unlinked => "unlinked symbols",
            Self::CustomInterface => "interfaces of its own",
            Self::CustomHost => "imports of its own",
        }
    }
}
