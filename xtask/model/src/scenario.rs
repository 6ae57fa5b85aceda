//! A scenario as its `scenario.toml` says it.

use std::collections::BTreeMap;
use std::path::PathBuf;

use serde::{Deserialize, Serialize};
use wasmlab_protocol::{Network, Value};

mod step;

pub use step::{Response, Step, Stream};
use step::{default_method, default_path};

/// One program, one route to WebAssembly, what to do with it and what shall come out.
#[derive(Clone, Debug, PartialEq)]
pub struct Scenario {
    /// The folder's name: unique, kebab-case.
    pub name: String,
    /// The folder, absolute; empty for what has none: a file of the user's.
    pub dir: PathBuf,
    /// The file's contents.
    pub spec: ScenarioFile,
}

impl Scenario {
    /// Whether its guest is one of a scenario, whose words are evidence: anybody else's may say anything.
    #[must_use]
    pub fn has_lab_guest(&self) -> bool {
        !self.dir.as_os_str().is_empty()
    }
}

/// `scenario.toml`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ScenarioFile {
    /// Version of this format: 1.
    pub schema: u32,
    /// One line: what it is.
    pub title: String,
    /// The program seen through several routes: `hello`, `system`, `http-server`, `lib`, …
    pub family: String,
    /// The way it is compiled: `wat`, `rust-wasip1`, …
    pub route: String,
    /// Its place within its family, from the route that can do least to the one that can do most; rows of
    /// the same rank stand by name. (`rung` in files that were written before this name.)
    #[serde(default, alias = "rung")]
    pub rank: u8,
    /// How the guest is built.
    pub build: Build,
    /// How the guest is run.
    #[serde(default)]
    pub run: Run,
    /// What shall come out.
    #[serde(default)]
    pub expect: Expect,
    /// Gaps that are known: annotations, they turn no verdict into a pass.
    #[serde(default)]
    pub known: Vec<Known>,
    /// What the lab does as the guest's client, in order.
    #[serde(default)]
    pub step: Vec<Step>,
}

/// How the guest is built.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Build {
    /// A toolchain of the registry: `wat`, `rust`.
    pub toolchain: String,
    /// The source file, for toolchains that take one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub source: Option<PathBuf>,
    /// The versions of the toolchain that it is for, where not every one will do: `3.1` and what begins so, or `>=23`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub version: Option<String>,
    /// The compiler's target: `wasm32-wasip1`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub target: Option<String>,
    /// Cargo's profile: `release` where none is named.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub profile: Option<String>,
    /// The file that the build leaves: `hello.wasm`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub artifact: Option<String>,
    /// Arguments for the compiler, beside those that the toolchain gives itself.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub flags: Vec<String>,
    /// Files that the build leaves beside the artifact and the guest is nothing without; the first is the
    /// JavaScript glue that loads it: `hello.js`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub companions: Vec<String>,
    /// Sources that others published, which the compiler reads beside the scenario's own.
    #[serde(default, rename = "crate", skip_serializing_if = "Option::is_none")]
    pub source_crate: Option<SourceCrate>,
    /// Where a module that others published is had.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fetch: Option<Fetch>,
    /// Arguments for Binaryen's `wasm-opt`, which then works on the compiler's module where it is present.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub wasm_opt: Vec<String>,
    /// What makes a component of the core module that the compiler leaves.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub componentize: Option<Componentize>,
}

/// Sources that others published as a crate; `{crate}` in `build.flags` is the folder of its files.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SourceCrate {
    /// Its name.
    pub name: String,
    /// Its version, whole.
    pub version: String,
    /// The hash of its package, hexadecimal.
    pub sha256: String,
}

/// A module that others published.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Fetch {
    /// Its address, of one fixed version.
    pub url: String,
    /// Its hash, hexadecimal.
    pub sha256: String,
    /// Its size.
    pub bytes: u64,
    /// Its place below the folder that `WASMLAB_FIXTURES` names.
    pub fixture: PathBuf,
}

/// How a core module becomes a component.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Componentize {
    /// By the interfaces that bindings such as wit-bindgen's describe within the module.
    Wit,
    /// So, and its functions of WASI 0.1 by an adapter that has them call those of 0.2.
    Preview1Adapter,
}

/// How the guest is run.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Run {
    /// What is called.
    #[serde(default)]
    pub entry: EntryPointKind,
    /// argv after the program's name; `{socket-fd}` is the guest's descriptor of the first socket,
    /// `{port:NAME}` the number of a port or of a server's.
    #[serde(default)]
    pub args: Vec<String>,
    /// The guest's whole environment; `{port:NAME}` as in `args`.
    #[serde(default)]
    pub env: BTreeMap<String, String>,
    /// What the guest reads on stdin, which then ends.
    #[serde(default)]
    pub stdin: String,
    /// Host functions outside every ABI: `env.on_event`.
    #[serde(default)]
    pub host_functions: Vec<String>,
    /// The network it may use.
    #[serde(default)]
    pub network: Network,
    /// Wall-clock limit of the run, milliseconds; compiling has its own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub timeout_ms: Option<u64>,
    /// Directories.
    #[serde(default)]
    pub dir: Vec<Dir>,
    /// Listening sockets that the host opens and the guest inherits.
    #[serde(default)]
    pub socket: Vec<Socket>,
    /// Ports that the guest shall listen on by itself.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub port: Vec<Port>,
    /// What `cargo xtask serve` shows to a person.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub serve: Option<Serve>,
    /// Web servers that the lab runs meanwhile, for guests that are clients.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub server: Vec<Server>,
    /// Calls, for [`EntryPointKind::Calls`].
    #[serde(default)]
    pub call: Vec<ExpectedCall>,
    /// Each call returns the same on an instance of its own, but for those with [`ExpectedCall::after_previous`]:
    /// command lines that make one call a process can then make them. Said where the module has a memory, a table or a
    /// global, which could carry over.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub independent_calls: bool,
}

/// What is called.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum EntryPointKind {
    /// `_start`.
    #[default]
    Command,
    /// The exports under `[[run.call]]`.
    Calls,
    /// `wasi:http/incoming-handler`, served by the host on the first `[[run.port]]`.
    Http,
}

/// A directory that the guest is given.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Dir {
    /// The guest's name for it.
    pub guest: String,
    /// A directory of the host that the guest works in itself, from `check --dir-rw` and
    /// `serve --root`; without it a fresh one a cell.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub host: Option<PathBuf>,
    /// A folder of the host that a fresh one is a copy of, from `check --dir`; never in the file.
    #[serde(skip)]
    pub template: Option<DirTemplate>,
    /// Files in a fresh one: relative path to contents; `{port:NAME}` as in `args`.
    #[serde(default)]
    pub files: BTreeMap<String, String>,
    /// A folder of the scenario's whose files a fresh one gets too: images, pages.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub copy: Option<PathBuf>,
    /// Files of made-up bytes in a fresh one: relative path to size in bytes.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub generated: BTreeMap<String, u64>,
    /// When the files in a fresh one were last changed, seconds since 1970; absent: just now.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub modified: Option<u64>,
    /// Symbolic links in a fresh one: relative path to target. `{outside}` in a target is the absolute path of the folder
    /// around it.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub links: BTreeMap<String, String>,
}

/// A folder of the host that each cell gets a copy of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DirTemplate {
    /// Where it is, absolute; nobody writes to it while cells are run.
    pub folder: PathBuf,
    /// Hash of what is in it, hexadecimal.
    pub sha256: String,
}

/// A listening loopback socket.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Socket {
    /// The name that steps use.
    pub name: String,
}

/// A free loopback port, chosen a cell: a number in the file would clash between cells side by side and
/// with whatever else runs on the machine.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Port {
    /// The name that steps, `args` and `env` use.
    pub name: String,
    /// The number, where a person names it on the command line; never in the file.
    #[serde(skip)]
    pub number: Option<u16>,
}

/// How a server is shown to a person.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Serve {
    /// A short name for the command line.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// The `[[run.port]]` that a browser asks.
    pub port: String,
    /// The `[[run.dir]]`, by the guest's name, in whose place `--root` puts another folder.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub root: Option<String>,
}

/// A web server of the lab's on a loopback port, chosen a cell: it answers each request of the guest with the
/// same, and keeps what it was asked for [`ExpectedRequest`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Server {
    /// The name that `args`, `env` and `expect.request` use.
    pub name: String,
    /// The answer's status.
    #[serde(default = "default_status")]
    pub status: u16,
    /// The answer's headers, beside those of its length and its connection.
    #[serde(default)]
    pub headers: BTreeMap<String, String>,
    /// The answer's body.
    #[serde(default)]
    pub body: String,
}

/// One call and what it shall return.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ExpectedCall {
    /// The export.
    pub export: String,
    /// Its arguments.
    #[serde(default)]
    pub args: Vec<Value>,
    /// What it shall return; absent: anything.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub results: Option<Vec<Value>>,
    /// It needs the instance of the call before: command lines that make one call a process leave it out.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub after_previous: bool,
}

/// What shall come out.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Expect {
    /// The exit code of a command; default 0.
    #[serde(default)]
    pub exit: i32,
    /// All of stdout.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stdout: Option<String>,
    /// Parts of stdout.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub stdout_contains: Vec<String>,
    /// Capabilities whose `lab: NAME ok` must all be there.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub lab: Vec<String>,
    /// Calls of host functions, all, in order.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub host_calls: Vec<ExpectedHostCall>,
    /// Files that the guest leaves in its directories.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub file: Vec<ExpectedFile>,
    /// What the lab's servers shall have been asked, all, in order.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub request: Vec<ExpectedRequest>,
    /// Nothing is expected of the exit code or the output: `check` without `--expect-*`.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub any_exit: bool,
}

/// A file that the guest leaves.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ExpectedFile {
    /// The guest's name for it.
    pub path: String,
    /// Parts of its text; `{today}` is the day of the run (UTC), as `2018/09/26`, `26/Sep/2018` or `26 Sep 2018`.
    #[serde(default)]
    pub contains: Vec<String>,
    /// How many lines it has.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lines: Option<usize>,
}

/// A call of a host function.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ExpectedHostCall {
    /// `module.name`.
    pub function: String,
    /// Its arguments.
    #[serde(default)]
    pub args: Vec<Value>,
}

/// A request to a server of the lab's; what is absent is not checked.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ExpectedRequest {
    /// Name of a `[[run.server]]`.
    pub server: String,
    /// Method.
    #[serde(default = "default_method")]
    pub method: String,
    /// Path, with the query.
    #[serde(default = "default_path")]
    pub path: String,
    /// Headers, names in any case.
    #[serde(default)]
    pub headers: BTreeMap<String, String>,
    /// The whole body.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub body: Option<String>,
}

/// A gap that is known.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Known {
    /// A glob over runtime ids.
    pub runtime: String,
    /// The code that is expected.
    pub code: String,
    /// Why.
    pub because: String,
    /// Where it is discussed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub link: Option<String>,
}

fn default_status() -> u16 {
    200
}
