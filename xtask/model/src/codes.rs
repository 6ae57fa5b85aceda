//! The catalogue of codes: stable ids, what each means, who is responsible, and what would change it.
//!
//! A code is never renamed or reused: snapshots, `[[known]]` entries and people's CI refer to it.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::similar::{distance, max_distance};
use crate::text::escaped;
use crate::verdict::Verdict;

/// Who is responsible for a gap.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum Blame {
    /// The compiler, its standard library or its linker.
    Toolchain,
    /// The interface between guest and host: it cannot express what the guest needs.
    Abi,
    /// The runtime.
    Runtime,
    /// The program itself.
    Guest,
    /// This machine: something is not installed.
    Machine,
    /// Unknown: the guest ran nowhere else, so there is nothing to compare with. A change from or to this blame does
    /// not count as a change.
    Unknown,
}

impl Blame {
    /// As in reports: `abi`.
    #[must_use]
    pub fn id(self) -> &'static str {
        match self {
            Self::Toolchain => "toolchain",
            Self::Abi => "abi",
            Self::Runtime => "runtime",
            Self::Guest => "guest",
            Self::Machine => "machine",
            Self::Unknown => "unknown",
        }
    }
}

/// Whether two results blame the same parties. An unknown blame equals any other.
#[must_use]
pub fn same_blame(one: &[Blame], other: &[Blame]) -> bool {
    one == other || [one, other].contains(&[Blame::Unknown].as_slice())
}

/// One entry of the catalogue.
#[derive(Clone, Copy, Debug)]
pub struct CatalogueEntry {
    /// The code.
    pub code: Code,
    /// Its id, kebab-case.
    pub id: &'static str,
    /// Its letter in tables (case matters). Never reused for another code, even after this one is removed.
    pub symbol: char,
    /// Its rank among several reasons of one cell; see [`CATALOGUE`].
    pub priority: u16,
    /// The verdict that it explains.
    pub verdict: Verdict,
    /// Who is to blame, unless the evidence says otherwise.
    pub blame: &'static [Blame],
    /// The meaning.
    pub meaning: &'static str,
    /// How to change the result.
    pub remedy: &'static str,
}

macro_rules! catalogue {
    ($($variant:ident $id:literal $symbol:literal $priority:literal $verdict:ident [$($blame:ident),*] $meaning:literal $remedy:literal;)*) => {
        /// A reason, stable across versions of the lab.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Code { $(#[doc = $meaning] $variant,)* }

        /// Every code. If a cell has several reasons, the one with the lowest priority number becomes its code and the
        /// others are listed with it. Below 100: results that put everything else in doubt (an escape, a wrong result).
        /// Then by the stage at which the guest fails: build and link (100), load and compile (300), imports and
        /// exports (400), the end of the run (500), what the guest itself reports as impossible (600: first what this
        /// host lacks, then what no host of its ABI has, then what its own library refuses), and an exit code that
        /// nothing else explains (700).
        pub const CATALOGUE: &[CatalogueEntry] = &[$(CatalogueEntry {
            code: Code::$variant, id: $id, symbol: $symbol, priority: $priority, verdict: Verdict::$verdict,
            blame: &[$(Blame::$blame),*], meaning: $meaning, remedy: $remedy,
        },)*];
    };
}

catalogue! {
    ToolchainMissing "toolchain-missing" 'T' 110 NotBuilt [Machine]
        "The compiler or target that builds this guest is not installed, and there is no prebuilt guest."
        "`cargo xtask doctor` names what is missing and the command that installs it.";
    NotFetched "not-fetched" 'F' 120 NotBuilt [Machine]
        "The guest is a third-party binary: the repository contains only its hash, and the file has not been downloaded."
        "`cargo xtask setup` fetches it; or put the file in the folder that WASMLAB_FIXTURES names.";
    CompileError "compile-error" 'C' 150 NotBuilt [Guest]
        "The compiler rejected the source, or exited without writing a module."
        "Read the compiler's message in the detail; `cargo xtask build --scenario NAME` shows it in full.";
    UndefinedSymbol "undefined-symbol" 'U' 200 NotBuilt [Toolchain, Abi]
        "The program compiled but did not link: it calls functions that this target's libraries do not have."
        "The detail lists the functions. Build for a target that has them (for sockets: wasm32-wasip2 or WASIX), or link a library that defines them.";
    TargetRenamed "target-renamed" 'R' 160 NotBuilt [Toolchain]
        "The compiler no longer accepts the target's old name; the target exists under a new name."
        "Write the new name, which the detail gives, in `build.target` and in your scripts.";
    CompilerCrashed "compiler-crashed" 'K' 170 NotBuilt [Toolchain]
        "The compiler was killed by a signal, or used more memory than the lab allows, before it wrote a module."
        "Run the build command yourself to see whether it crashes again; another version of the compiler may work.";
    BuildTimeout "build-timeout" 'B' 180 NotBuilt [Toolchain]
        "The compiler did not finish within the time limit; the lab killed it and every process it had started."
        "If it is slow, raise the limit with WASMLAB_BUILD_TIMEOUT (seconds); if it hangs, find out what it waits for.";
    BuildFlood "build-flood" 'L' 190 NotBuilt [Toolchain]
        "The compiler printed more than the lab keeps (64 MB) and was killed."
        "Run the build command yourself and look at what it prints.";
    ToolchainBroken "toolchain-broken" 'D' 130 NotBuilt [Machine]
        "The compiler is installed but cannot be used: it does not start, or does not report its version."
        "The detail has its message. Repair the compiler, or remove it: the lab uses a prebuilt guest only if there is no compiler.";
    PrebuiltStale "prebuilt-stale" 'P' 140 NotBuilt [Guest]
        "The guest's sources changed after the prebuilt guest was built, so it says nothing about the current sources."
        "Install the toolchain and run `cargo xtask build`, then `cargo xtask accept --guests` to replace the prebuilt guest.";
    NeedsComponentModel "needs-component-model" 'c' 310 Gap [Runtime]
        "The binary is a component, and this runtime does not accept components in this mode."
        "Use a runtime that supports the component model, or translate the component for a JavaScript host with `jco transpile`.";
    MissingImport "missing-import" 'i' 410 Gap [Runtime]
        "The guest imports something that belongs to a known ABI, and this runtime does not define it."
        "Use a runtime that implements this ABI.";
    ImportTypeMismatch "import-type-mismatch" 'y' 400 Gap [Abi]
        "The runtime defines the import, but its type differs from the one that the module expects. The two were built for different versions of one ABI, or for two ABIs that use the same name."
        "Rebuild the module for the version that the runtime has, or use a runtime that has the module's version.";
    NeedsJsGlue "needs-js-glue" 'j' 440 Gap [Toolchain]
        "The module imports functions that only its glue defines: the JavaScript file that the toolchain generated with the module."
        "Run it in a JavaScript host through the glue that its toolchain generated.";
    NeedsEmscriptenHost "needs-emscripten-host" 'e' 430 Gap [Toolchain, Abi]
        "The module imports functions that Emscripten's C library expects from its host (___syscallN, __syscall_*), and no JavaScript file defines them here."
        "Rebuild the program for WASI, or together with Emscripten's JavaScript file for a JavaScript host.";
    NeedsNapiHost "needs-napi-host" 'n' 420 Gap [Abi]
        "The module is a Node-API addon: it imports napi_* functions."
        "Load it through emnapi in a JavaScript host.";
    CustomHost "custom-host" 'h' 450 Gap [Abi]
        "The module imports functions that belong to no common ABI: it was built for one particular host."
        "Embed the runtime in a program that defines these imports.";
    UnresolvedSymbol "unresolved-symbol" 'S' 445 Gap [Toolchain]
        "The module imports library symbols that the linker did not find and left undefined: no host was meant to define them."
        "Link the library that defines them, and drop `--allow-undefined` so that the linker reports what is missing.";
    SideModule "side-module" 'M' 405 Gap [Abi]
        "The module is only part of a program: a dynamic linking loader must supply its memory, table and addresses."
        "Load it from its main module, or link it statically. To call it alone, supply what it imports, for example from another module (`wasmtime run --preload env=FILE`).";
    ComponentPart "component-part" 'q' 406 Gap [Abi]
        "The module is a core module that belongs inside a component: a part taken from one, a module that is to become one, or an adapter."
        "Run the component that it is part of, or turn it into a component with `wasm-tools component new`.";
    NoEntryPoint "no-entry-point" 'x' 460 Gap [Guest]
        "The module has no entry point: it exports no `_start`, or no function with the name given by `--invoke`."
        "Name an export with `--invoke`, or build the program as a command (with _start).";
    Malformed "malformed" 'm' 300 Gap [Toolchain]
        "The file is a WebAssembly binary, but an invalid one: no runtime accepts it. (A file that is empty, truncated or not WebAssembly at all is `invalid-file`, and no runtime is started.)"
        "Build it again with current tools, or correct the .wat source.";
    FormatVersion "format-version" 'v' 305 Gap [Toolchain]
        "The binary uses an outdated version of the format: a component in the encoding of a pre-release, or a module from before WebAssembly 1.0."
        "Rebuild it with current tools (for a component: current wasm-tools or wit-bindgen).";
    ImplementationLimit "implementation-limit" 'b' 315 Gap [Toolchain]
        "The module is valid, but exceeds a limit of the runtime (the number of locals or functions, or the size). The specification sets no such limit."
        "Build it with optimization (`-O1`, `wasm-opt -O1`), or split the function or module. A debug build has a local for each temporary value.";
    UnsupportedProposal "unsupported-proposal" 'p' 320 Gap [Runtime]
        "The module needs a proposal that this runtime, in this mode, does not implement or has turned off."
        "Use a runtime that supports the proposal, or compile without it.";
    EngineCompileError "engine-compile-error" 'g' 330 Gap [Runtime]
        "The module is valid, but the runtime's compiler failed on it."
        "Report it to the runtime's authors, and attach the module; if the runtime has several compilers, try another.";
    CompileTimeout "compile-timeout" 'O' 340 Gap [Unknown]
        "The runtime did not finish compiling the module within the lab's limit."
        "Make the module smaller (`wasm-opt -Oz`, without debug information): it then compiles faster.";
    SocketsUnsupported "sockets-unsupported" 's' 620 Gap [Toolchain, Abi]
        "The guest could not use a socket. On WASI 0.1 there is no call that opens or binds one, so libraries fail without calling the host."
        "Build for wasm32-wasip2 (wasi:sockets) or WASIX, or have the host open the socket and pass it to the guest (sock_accept).";
    NotImplemented "not-implemented" 'u' 600 Gap [Runtime]
        "The runtime links the function but does not implement it: a call returns ENOSYS, ENOTSUP or not-supported, or the runtime reports the missing function only when the guest calls it."
        "Use a runtime that implements the function.";
    LibraryUnsupported "library-unsupported" 'l' 640 Gap [Toolchain]
        "The guest's own standard library failed without calling the host: it does not implement the function for this target."
        "Build for a target whose library implements it, or with another toolchain; no runtime can change this.";
    CapabilityDenied "capability-denied" 'd' 610 Gap [Runtime]
        "The runtime implements the function but refused this call (EACCES, EPERM, ENOTCAPABLE)."
        "Grant the permission, if the runtime has a switch for that. Open files relative to a directory that the guest was given.";
    ThreadsUnsupported "threads-unsupported" 'r' 630 Gap [Toolchain, Abi]
        "The guest could not start a thread: WASI 0.1 and 0.2 have no threads, and the standard library reports that without calling the host."
        "Build for WASIX or wasm32-wasip1-threads, and use a runtime that supports that target.";
    Trap "trap" 't' 540 Gap [Guest]
        "The guest trapped: an instruction failed at run time (`unreachable`, a division by zero, an access out of bounds)."
        "The detail has the guest's last message, the trap, and where it happened. A build with a name section also names the function.";
    HostRefused "host-refused" 'H' 535 Gap [Runtime]
        "The host stopped the guest, although no function was missing and the guest did not trap."
        "The detail has the host's reason. A runtime with a different host implementation may accept the guest.";
    Timeout "timeout" 'o' 520 Gap [Guest]
        "The guest did not finish within the time limit and was killed."
        "If it is slow, raise `--timeout`; if it hangs, find out what it waits for.";
    OutOfMemory "out-of-memory" 'a' 510 Gap [Guest]
        "The guest, or the runtime while running it, exceeded the memory limit, or was refused memory that it needs."
        "Reduce the guest's peak memory use; the lab's limits protect the machine it runs on.";
    OutputFlood "output-flood" 'f' 530 Gap [Guest]
        "The guest wrote more to stdout or stderr than the limit allows and was killed."
        "Make the guest print less.";
    DiskFlood "disk-flood" 'Q' 525 Gap [Guest]
        "The guest wrote more bytes or more files than the limit allows and was killed."
        "Make the guest write less; the lab's limits protect the machine it runs on.";
    SandboxEscape "sandbox-escape" 'E' 10 Fail [Runtime]
        "The guest reached something that it was not given: a file outside its directories, or the host's environment."
        "Do not run untrusted guests on this runtime, and report the escape to its authors.";
    Crashed "crashed" 'k' 500 Gap [Runtime]
        "The runtime's process was killed by a signal, or exited without reporting how the guest ended."
        "Report it to the runtime's authors, and attach the module.";
    WrongOutput "wrong-output" 'w' 20 Fail [Guest]
        "The guest ran, but what it printed, returned or called differs from what was expected."
        "Compare the output in the report with what was expected.";
    WrongExit "wrong-exit" 'W' 700 Fail [Guest]
        "The guest ran but exited with an unexpected exit code, for a reason that the lab does not recognize in its output."
        "Look at the guest's output. If the exit code is right, correct the expected one (for `check`: `--expect-exit CODE`).";
}

impl Code {
    /// Its entry in the catalogue.
    #[must_use]
    pub fn entry(self) -> &'static CatalogueEntry {
        // The catalogue is generated from the same list as the enum, in the same order.
        &CATALOGUE[self as usize]
    }

    /// Its id.
    #[must_use]
    pub fn id(self) -> &'static str {
        self.entry().id
    }

    /// The code with this symbol.
    #[must_use]
    pub fn from_symbol(symbol: char) -> Option<Self> {
        CATALOGUE.iter().find(|entry| entry.symbol == symbol).map(|entry| entry.code)
    }

    /// Whether this is a compiler's diagnostic on this source. Like a gap, it can be declared as known.
    #[must_use]
    pub fn is_compiler_diagnostic(self) -> bool {
        matches!(self, Self::CompileError | Self::UndefinedSymbol | Self::TargetRenamed)
    }

    /// Whether it is about imports. A runtime names only the import that it looks for first.
    #[must_use]
    pub fn is_about_imports(self) -> bool {
        matches!(
            self,
            Self::ComponentPart
                | Self::CustomHost
                | Self::MissingImport
                | Self::NeedsEmscriptenHost
                | Self::NeedsJsGlue
                | Self::NeedsNapiHost
                | Self::SideModule
                | Self::UnresolvedSymbol
        )
    }

    /// Whether it tells the reader little: that a runtime has no WASI, or accepts no components, is well known.
    #[must_use]
    pub fn explains_little(self) -> bool {
        matches!(self, Self::MissingImport | Self::NeedsComponentModel)
    }

    /// Whether the guest ran and failed by itself: nothing was missing or refused.
    #[must_use]
    pub fn is_guest_failure(self) -> bool {
        matches!(self, Self::Trap | Self::WrongExit | Self::WrongOutput)
    }

    /// Whether a cell that is new with this code is bad news by itself: the program or the runtime
    /// misbehaved, rather than lacking something.
    #[must_use]
    pub fn is_alarming(self) -> bool {
        matches!(
            self,
            Self::Trap
                | Self::HostRefused
                | Self::Timeout
                | Self::CompileTimeout
                | Self::OutOfMemory
                | Self::OutputFlood
                | Self::DiskFlood
                | Self::SandboxEscape
                | Self::Crashed
                | Self::WrongOutput
                | Self::WrongExit
                | Self::Malformed
                | Self::PrebuiltStale
                | Self::CompileError
                | Self::UndefinedSymbol
                | Self::TargetRenamed
                | Self::CompilerCrashed
                | Self::BuildTimeout
                | Self::BuildFlood
                | Self::ToolchainBroken
        )
    }
}

impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.id())
    }
}

/// A text that is not a code.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub struct UnknownCode(String);

impl fmt::Display for UnknownCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = escaped(&self.0);
        let distances = CATALOGUE.iter().map(|entry| (distance(&self.0, entry.id), entry.id));
        match distances.min().filter(|(distance, _)| *distance <= max_distance(&self.0)) {
            Some((_, near)) => write!(f, "`{text}` is not a code: did you mean `{near}`?"),
            None => write!(f, "`{text}` is not a code; `cargo xtask explain` lists all codes"),
        }
    }
}

impl FromStr for Code {
    type Err = UnknownCode;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        CATALOGUE.iter().find(|e| e.id == text).map(|e| e.code).ok_or_else(|| UnknownCode(text.to_owned()))
    }
}

impl Serialize for Code {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.id())
    }
}

impl<'de> Deserialize<'de> for Code {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
impl schemars::JsonSchema for Code {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Code".into()
    }

    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({ "type": "string", "enum": CATALOGUE.iter().map(|e| e.id).collect::<Vec<_>>() })
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::{Blame, CATALOGUE, Code, same_blame};

    #[test]
    fn every_code_is_found_by_its_id_and_has_texts() {
        for (index, entry) in CATALOGUE.iter().enumerate() {
            assert_eq!(entry.code as usize, index);
            assert_eq!(entry.id.parse(), Ok(entry.code));
            assert!(entry.id.chars().all(|c| c.is_ascii_lowercase() || c == '-'), "{}", entry.id);
            assert!(entry.meaning.len() > 20 && entry.remedy.len() > 20 && !entry.blame.is_empty(), "{}", entry.id);
        }
        assert!("no-such-code".parse::<Code>().is_err());
    }

    #[test]
    fn unknown_blame_never_counts_as_a_change() {
        let (guest, unknown) = (&[Blame::Guest][..], &[Blame::Unknown][..]);
        assert!(same_blame(guest, guest) && same_blame(guest, unknown) && same_blame(unknown, guest));
        assert!(!same_blame(guest, &[Blame::Runtime]) && !same_blame(guest, &[]));
    }

    #[test]
    fn symbols_and_priorities_are_unique() {
        let (mut symbols, mut priorities) = (BTreeSet::new(), BTreeSet::new());
        for entry in CATALOGUE {
            assert!(
                entry.symbol.is_ascii_alphabetic() && symbols.insert(entry.symbol),
                "{}: {}",
                entry.id,
                entry.symbol
            );
            assert!(priorities.insert(entry.priority), "{}: {}", entry.id, entry.priority);
            assert_eq!(Code::from_symbol(entry.symbol), Some(entry.code));
        }
        assert_eq!(Code::from_symbol('?'), None);
    }
}
