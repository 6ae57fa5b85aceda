//! The catalogue of codes: stable ids, what each means, who is to blame, and what changes it.
//!
//! A code is never renamed or reused: snapshots, `[[known]]` entries and people's CI refer to it.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::verdict::Verdict;

/// Whose gap it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum Blame {
    /// The compiler, its standard library or its linker.
    Toolchain,
    /// The convention between guest and host: it has no word for what the guest needs.
    Abi,
    /// The runtime.
    Runtime,
    /// The program itself.
    Guest,
    /// This machine: something is not installed.
    Machine,
    /// Nobody knows: the guest ran nowhere else, so that there is nothing to compare. No other blame is a change
    /// against it, nor it against another.
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

/// Whether two results blame alike: what nobody knows contradicts nobody.
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
    /// Its letter in tables, of either case: its own, and never another code's, not even when this one is gone.
    pub symbol: char,
    /// Its place among several reasons of one cell; see [`CATALOGUE`].
    pub priority: u16,
    /// The verdict that it explains.
    pub verdict: Verdict,
    /// Whom it blames, unless the evidence says otherwise.
    pub blame: &'static [Blame],
    /// What it means.
    pub meaning: &'static str,
    /// What would change it.
    pub remedy: &'static str,
}

macro_rules! catalogue {
    ($($variant:ident $id:literal $symbol:literal $priority:literal $verdict:ident [$($blame:ident),*] $meaning:literal $remedy:literal;)*) => {
        /// A reason, stable across versions of the lab.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Code { $(#[doc = $meaning] $variant,)* }

        /// Every code. Where a cell has several reasons, the one with the least priority is its code, and the
        /// others are told beside it: what has to be known first, comes first. That is (below 100) what puts all
        /// else in doubt: an escape, a wrong result; then the first obstacle on a guest's way: build and link
        /// (100), load and translate (300), imports and exports (400), the end of the run (500), what the guest
        /// itself says it could not do (600: first what this host lacks, then what no host of its ABI has, last
        /// what its own library refuses), and an exit code for which there is no other reason (700).
        pub const CATALOGUE: &[CatalogueEntry] = &[$(CatalogueEntry {
            code: Code::$variant, id: $id, symbol: $symbol, priority: $priority, verdict: Verdict::$verdict,
            blame: &[$(Blame::$blame),*], meaning: $meaning, remedy: $remedy,
        },)*];
    };
}

catalogue! {
    ToolchainMissing "toolchain-missing" 'T' 110 NotBuilt [Machine]
        "The compiler or target that builds this guest is not on this machine, and there is no prebuilt guest."
        "`cargo xtask doctor` names what is missing and the command that installs it.";
    NotFetched "not-fetched" 'F' 120 NotBuilt [Machine]
        "The module is somebody else's work, pinned by its hash and never part of the repository, and it is not on this machine."
        "`cargo xtask setup` fetches it; or put the file below the folder that WASMLAB_FIXTURES names.";
    CompileError "compile-error" 'C' 150 NotBuilt [Guest]
        "The compiler refused the source, or ended without leaving a module."
        "Read the compiler's words in the cell's detail; `cargo xtask build --scenario NAME` shows them in full.";
    UndefinedSymbol "undefined-symbol" 'U' 200 NotBuilt [Toolchain, Abi]
        "The program compiled and did not link: it calls functions that this target's libraries do not have."
        "Build for a target that has them (sockets: wasm32-wasip2 or WASIX), or link what defines them; the cell's detail lists them.";
    TargetRenamed "target-renamed" 'R' 160 NotBuilt [Toolchain]
        "The compiler refuses the target by its old name; the target itself is there under another one."
        "Write the new name, which the cell's detail gives, into build.target and into your scripts.";
    CompilerCrashed "compiler-crashed" 'K' 170 NotBuilt [Toolchain]
        "The compiler died by a signal, or used more memory than the lab allows, before it made a module."
        "Build it by hand to see whether it happens again; another version of the compiler may not do it.";
    BuildTimeout "build-timeout" 'B' 180 NotBuilt [Toolchain]
        "The compiler was not done within the limit and was ended with everything that it had started."
        "Raise the limit with WASMLAB_BUILD_TIMEOUT (seconds) if it is slow; if it waits, look at what for.";
    BuildFlood "build-flood" 'L' 190 NotBuilt [Toolchain]
        "The compiler printed more than the lab keeps (64 MB) and was ended."
        "Build it by hand and look at what it prints.";
    ToolchainBroken "toolchain-broken" 'D' 130 NotBuilt [Machine]
        "The compiler is on this machine and cannot be used: it cannot be started, or does not say its version."
        "Repair or remove it; the cell's detail has its words. The prebuilt guest does not stand in for a broken compiler.";
    PrebuiltStale "prebuilt-stale" 'P' 140 NotBuilt [Guest]
        "The guest's sources changed after its prebuilt guest was made, so the prebuilt guest proves nothing about them."
        "Install the toolchain and run `cargo xtask build`, then `cargo xtask bless --guests` to renew the prebuilt guest.";
    NeedsComponentModel "needs-component-model" 'c' 310 Gap [Runtime]
        "The binary is a component, and this runtime, in this mode, does not take it as one."
        "Use a runtime with the component model, or translate it with `jco transpile` for a JavaScript host.";
    MissingImport "missing-import" 'i' 410 Gap [Runtime]
        "The guest imports a function of a known ABI that this runtime does not define."
        "Use a runtime that has this ABI.";
    ImportTypeMismatch "import-type-mismatch" 'y' 400 Gap [Abi]
        "The runtime defines the import with another type: two versions of one ABI, or two ABIs with one name."
        "Rebuild with a toolchain of the version that the runtime has, or use a runtime of the version that the module was built for.";
    NeedsJsGlue "needs-js-glue" 'j' 440 Gap [Toolchain]
        "The module expects functions that its toolchain's own JavaScript file defines."
        "Run it in a JavaScript host by the JavaScript file that its toolchain wrote beside it.";
    NeedsEmscriptenHost "needs-emscripten-host" 'e' 430 Gap [Toolchain, Abi]
        "The module imports functions of Emscripten's C library that Emscripten leaves to its host (___syscallN, __syscall_*), and has no JavaScript that defines them."
        "Rebuild the program for WASI, or with Emscripten's JavaScript file for a JavaScript host.";
    NeedsNapiHost "needs-napi-host" 'n' 420 Gap [Abi]
        "The module is a Node-API addon: it expects napi_* functions."
        "Load it through emnapi in a JavaScript host.";
    CustomHost "custom-host" 'h' 450 Gap [Abi]
        "The module imports functions that no common ABI has: it was made for one particular host."
        "Embed the runtime in a program that defines these imports.";
    UnresolvedSymbol "unresolved-symbol" 'S' 445 Gap [Toolchain]
        "The module imports symbols of a library that the linker did not find and let through: no host was meant to define them."
        "Link what defines them, and drop `--allow-undefined`, so that the linker says what is missing.";
    SideModule "side-module" 'M' 405 Gap [Abi]
        "The module is half of a program: dynamic linking's loader gives it memory, table and addresses."
        "Have its main module load it, or link it statically; no runtime's command line runs it.";
    NoEntryPoint "no-entry-point" 'x' 460 Gap [Guest]
        "The module has no export of the wanted name that can be called."
        "Name an export with `--invoke`, or build the program as a command (with _start).";
    Malformed "malformed" 'm' 300 Gap [Toolchain]
        "The file is no valid module or component at all: no runtime takes it."
        "Build it again; `cargo xtask inspect FILE` names the byte offset.";
    FormatVersion "format-version" 'v' 305 Gap [Toolchain]
        "The binary is of another version of the format than today's: a component of a pre-release, a module from before WebAssembly 1.0."
        "Rebuild it with current tools (for a component: wasm-tools or wit-bindgen of today).";
    ImplementationLimit "implementation-limit" 'b' 315 Gap [Toolchain]
        "The module has more of something than implementations take: it is valid, and the specification knows no such limit."
        "Build it with optimization (`-O1`, `wasm-opt -O1`), or split the function or module; a debug build has a local for each temporary.";
    UnsupportedProposal "unsupported-proposal" 'p' 320 Gap [Runtime]
        "The module needs a proposal that this runtime, in this mode, does not have or has switched off."
        "Compile without that feature, or use a runtime (or a flag of it) that has the proposal.";
    EngineCompileError "engine-compile-error" 'g' 330 Gap [Runtime]
        "The module is valid, and the runtime's compiler failed on it."
        "Report it to the runtime with the module; where the runtime has several compilers, try another.";
    CompileTimeout "compile-timeout" 'O' 340 Gap [Unknown]
        "The runtime did not finish compiling the module within the lab's limit."
        "Make the module smaller (`wasm-opt -Oz`, without debug information).";
    SocketsUnsupported "sockets-unsupported" 's' 620 Gap [Toolchain, Abi]
        "The guest could not use a socket. On WASI 0.1 there is no call that opens or binds one, so libraries refuse before any host call."
        "Build for wasm32-wasip2 (wasi:sockets) or WASIX, or have the host open the socket and hand it over (sock_accept).";
    NotImplemented "not-implemented" 'u' 600 Gap [Runtime]
        "The runtime links the function and does not carry it out when it is called: it answers ENOSYS, ENOTSUP or not-supported, or that it has none."
        "Use a runtime that implements it; the cell's subject names the function.";
    LibraryUnsupported "library-unsupported" 'l' 640 Gap [Toolchain]
        "The guest's own standard library refused without asking the host: for this target it has no such function."
        "Build for a target whose library has it, or with another toolchain; no runtime can change it.";
    CapabilityDenied "capability-denied" 'd' 610 Gap [Runtime]
        "The runtime has the function and refused this use of it (EACCES, EPERM, ENOTCAPABLE)."
        "Grant it, where the runtime has a switch for that; open files relative to a directory that the guest was given.";
    ThreadsUnsupported "threads-unsupported" 'r' 630 Gap [Toolchain, Abi]
        "The guest could not start a thread: WASI 0.1 and 0.2 have none, and the standard library says so without asking the host."
        "Build for WASIX, or for wasm32-wasip1-threads, and use a runtime that has one of them.";
    Trap "trap" 't' 540 Gap [Guest]
        "The guest trapped: an instruction could not be executed."
        "The detail has the guest's last words, the trap and its place; a build with names tells the function.";
    HostRefused "host-refused" 'H' 535 Gap [Runtime]
        "The host would not go on with the guest. It is not for the want of a function, and the guest did not trap."
        "The cell's detail has the host's reason; a runtime with another host may not have it.";
    Timeout "timeout" 'o' 520 Gap [Guest]
        "The guest did not end within the limit and was ended."
        "Raise `--timeout` if it is slow; if it waits, look at what for.";
    OutOfMemory "out-of-memory" 'a' 510 Gap [Guest]
        "The guest, or the runtime for it, used more memory than the limit, or was refused memory that it cannot do without."
        "Let it need less memory at a time; the limits of the lab protect the machine that it runs on.";
    OutputFlood "output-flood" 'f' 530 Gap [Guest]
        "The guest wrote more to stdout or stderr than the limit and was ended."
        "Make the guest print less.";
    DiskFlood "disk-flood" 'Q' 525 Gap [Guest]
        "The guest wrote more bytes or more files than the limit and was ended."
        "Make the guest write less; the limits of the lab protect the machine that it runs on.";
    SandboxEscape "sandbox-escape" 'E' 10 Fail [Runtime]
        "The guest reached something that it was not given: a file outside its directories, or the host's environment."
        "Do not run untrusted guests on this runtime, and report it.";
    Crashed "crashed" 'k' 500 Gap [Runtime]
        "The runtime's process died by a signal, or without saying how the guest ended."
        "Report it to the runtime with the module.";
    WrongOutput "wrong-output" 'w' 20 Fail [Guest]
        "The guest ran, and what it printed, returned or called is not what was expected."
        "Compare the output in the report with what was expected.";
    WrongExit "wrong-exit" 'W' 700 Fail [Guest]
        "The guest ran, and ended with another exit code than expected, without saying why."
        "Look at its output; if the code is right, correct the expectation (for `check`: `--expect-exit CODE`).";
}

impl Code {
    /// Its entry.
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

    /// Whether a compiler itself gave this answer, on this source: so it can be expected, as a gap can.
    #[must_use]
    pub fn is_compiler_diagnostic(self) -> bool {
        matches!(self, Self::CompileError | Self::UndefinedSymbol | Self::TargetRenamed)
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

/// A text that is no code.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not a code of the catalogue: `cargo xtask explain` lists them")]
pub struct UnknownCode(String);

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
    fn every_entry_is_found_by_its_id_and_says_something() {
        for (index, entry) in CATALOGUE.iter().enumerate() {
            assert_eq!(entry.code as usize, index);
            assert_eq!(entry.id.parse(), Ok(entry.code));
            assert!(entry.id.chars().all(|c| c.is_ascii_lowercase() || c == '-'), "{}", entry.id);
            assert!(entry.meaning.len() > 20 && entry.remedy.len() > 20 && !entry.blame.is_empty(), "{}", entry.id);
        }
        assert!("no-such-code".parse::<Code>().is_err());
    }

    #[test]
    fn what_nobody_knows_contradicts_nobody() {
        let (guest, unknown) = (&[Blame::Guest][..], &[Blame::Unknown][..]);
        assert!(same_blame(guest, guest) && same_blame(guest, unknown) && same_blame(unknown, guest));
        assert!(!same_blame(guest, &[Blame::Runtime]) && !same_blame(guest, &[]));
    }

    #[test]
    fn every_code_has_a_sign_and_a_priority_of_its_own() {
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
