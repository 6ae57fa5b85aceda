//! A scenario, as read from its `scenario.toml`.

use std::collections::BTreeMap;
use std::path::PathBuf;

use serde::{Deserialize, Serialize};
use wasmlab_protocol::Network;

mod expect;
mod network;
mod script;
mod step;

pub use expect::{Expect, ExpectedCall, ExpectedFile, ExpectedHostCall, ExpectedRequest};
pub use network::{Endpoint, EndpointMode, Port, Serve, Server, Socket};
pub use script::{Assertion, ExpectedValue, Script, ScriptEnd};
pub use step::{OutputStream, Response, Step};

/// Version of `scenario.toml` that this lab reads.
pub const SCENARIO_SCHEMA: u32 = 1;

/// One program, compiled in one way, with what to do with it and the expected result.
#[derive(Clone, Debug, PartialEq)]
pub struct Scenario {
    /// Name of its folder: unique, kebab-case.
    pub name: String,
    /// Its folder, absolute; empty for a file given on the command line, which has none.
    pub dir: PathBuf,
    /// The file's contents.
    pub spec: ScenarioFile,
}

impl Scenario {
    /// Whether the guest is the lab's own, so that the lines it prints count as evidence. Other guests may print
    /// anything.
    #[must_use]
    pub fn has_lab_guest(&self) -> bool {
        !self.dir.as_os_str().is_empty()
    }
}

/// `scenario.toml`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ScenarioFile {
    /// Version of the file format: 1.
    pub schema: u32,
    /// One line that says what it is.
    pub title: String,
    /// The program that several scenarios build in different ways: `hello`, `system`, `http-server`, `lib`, …
    pub family: String,
    /// How it is compiled: `wat`, `rust-wasip1`, …
    pub route: String,
    /// Position within its family, from the least capable build to the most capable; equal ranks sort by name.
    #[serde(default)]
    pub rank: u8,
    /// How the guest is built.
    pub build: Build,
    /// How the guest is run.
    #[serde(default)]
    pub run: Run,
    /// The expected result.
    #[serde(default)]
    pub expect: Expect,
    /// Known gaps: annotations that never turn a verdict into a pass.
    #[serde(default)]
    pub known: Vec<Known>,
    /// The lab's steps as the guest's client, in order.
    #[serde(default)]
    pub step: Vec<Step>,
}

impl ScenarioFile {
    /// The scenario of a finished file that a user gives: `title` is its name. It has to exit with 0.
    #[must_use]
    pub fn given(title: &str, run: Run) -> Self {
        Self {
            schema: SCENARIO_SCHEMA,
            title: title.to_owned(),
            family: "given".to_owned(),
            route: "given".to_owned(),
            rank: 0,
            build: Build { toolchain: "wat".to_owned(), ..Build::default() },
            run,
            expect: Expect::default(),
            known: Vec::new(),
            step: Vec::new(),
        }
    }
}

/// How the guest is built.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Build {
    /// The id of a registered toolchain: `wat`, `rust`.
    pub toolchain: String,
    /// The source file, if the toolchain takes one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub source: Option<PathBuf>,
    /// The required toolchain version, if not every version will do: a prefix such as `3.1`, or a minimum such as
    /// `>=23`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub version: Option<String>,
    /// The compiler's target: `wasm32-wasip1`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub target: Option<String>,
    /// Cargo profile [default: `release`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub profile: Option<String>,
    /// The file that the build produces: `hello.wasm`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub artifact: Option<String>,
    /// Additional compiler arguments.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub flags: Vec<String>,
    /// Further files that the build produces and the guest needs; the first is the JavaScript glue that loads it:
    /// `hello.js`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub companions: Vec<String>,
    /// Third-party sources that the compiler reads in addition to the scenario's own.
    #[serde(default, rename = "crate", skip_serializing_if = "Option::is_none")]
    pub source_crate: Option<SourceCrate>,
    /// Where to download a third-party module.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fetch: Option<Fetch>,
    /// Arguments for Binaryen's `wasm-opt`, which processes the compiler's module if it is installed.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub wasm_opt: Vec<String>,
    /// How to turn the compiler's core module into a component.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub componentize: Option<Componentize>,
}

/// Third-party sources, published as a crate; `{crate}` in `build.flags` is the folder with its files.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SourceCrate {
    /// Its name.
    pub name: String,
    /// Its exact version.
    pub version: String,
    /// SHA-256 of its package, hexadecimal.
    pub sha256: String,
}

/// A third-party module to download.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Fetch {
    /// Its URL, of one fixed version.
    pub url: String,
    /// Its SHA-256, hexadecimal.
    pub sha256: String,
    /// Its size, bytes.
    pub bytes: u64,
    /// Its path below the folder that `WASMLAB_FIXTURES` names.
    pub fixture: PathBuf,
}

/// How to turn a core module into a component.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Componentize {
    /// From the interface descriptions that wit-bindgen and similar bindings embed in the module.
    Wit,
    /// The same, plus an adapter that implements WASI 0.1 in terms of 0.2.
    Preview1Adapter,
}

/// How the guest is run.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Run {
    /// The entry point.
    #[serde(default)]
    pub entry: EntryPointKind,
    /// Arguments after the program name; `{socket-fd}` stands for the guest's descriptor of the first socket,
    /// `{port:NAME}` for the number of a port or of a server's port.
    #[serde(default)]
    pub args: Vec<String>,
    /// The guest's complete environment; `{port:NAME}` as in `args`.
    #[serde(default)]
    pub env: BTreeMap<String, String>,
    /// The guest's stdin, followed by end of file.
    #[serde(default)]
    pub stdin: String,
    /// Host functions that belong to no ABI: `env.on_event`.
    #[serde(default)]
    pub host_functions: Vec<String>,
    /// Network access.
    #[serde(default)]
    pub network: Network,
    /// The guest listens on TCP ports that it chooses itself: it gets a loopback interface of its own, on which every port
    /// is open. Needs `network = "loopback"`.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub own_loopback: bool,
    /// Wall-clock limit for running, milliseconds; compiling has its own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub timeout_ms: Option<u64>,
    /// Directories that the guest gets.
    #[serde(default)]
    pub dir: Vec<Dir>,
    /// Listening sockets that the host opens and the guest inherits.
    #[serde(default)]
    pub socket: Vec<Socket>,
    /// Ports for the guest to listen on.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub port: Vec<Port>,
    /// Settings of `cargo xtask serve`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub serve: Option<Serve>,
    /// Web servers that the lab runs during the cell, for guests that are clients.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub server: Vec<Server>,
    /// The calls to make, for [`EntryPointKind::Calls`].
    #[serde(default)]
    pub call: Vec<ExpectedCall>,
    /// Each call gives the same result on a new instance, except those with [`ExpectedCall::after_previous`]. Command
    /// lines that make one call per process can then make them. Only modules with a memory, table or global, whose
    /// state could carry over, need this.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub independent_calls: bool,
}

impl Run {
    /// Calls this export once, without arguments; any result will do.
    #[must_use]
    pub fn calling(export: &str) -> Self {
        let call = ExpectedCall { export: export.to_owned(), args: Vec::new(), results: None, after_previous: false };
        Self { entry: EntryPointKind::Calls, call: vec![call], ..Self::default() }
    }
}

/// The entry point.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum EntryPointKind {
    /// `_start` of a module, `wasi:cli/run` of a component.
    #[default]
    Command,
    /// The exports under `[[run.call]]`.
    Calls,
    /// `wasi:http/incoming-handler`; the host serves it on the first `[[run.port]]`.
    Http,
}

/// A directory that the guest is given.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Dir {
    /// Guest path.
    pub guest: String,
    /// A host directory that the guest works in directly, from `check --dir-rw` and `serve --root`. Otherwise each cell
    /// gets a new one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub host: Option<PathBuf>,
    /// A host folder that is copied for each cell, from `check --dir`; never in `scenario.toml`.
    #[serde(skip)]
    pub template: Option<DirTemplate>,
    /// Files to create: relative path to contents; `{port:NAME}` as in `args`.
    #[serde(default)]
    pub files: BTreeMap<String, String>,
    /// A folder of the scenario to copy files from: images, pages.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub copy: Option<PathBuf>,
    /// Files to fill with generated bytes: relative path to size in bytes.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub generated: BTreeMap<String, u64>,
    /// Modification time of the created files, seconds since 1970 [default: now].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub modified: Option<u64>,
    /// Symbolic links to create: relative path to target. `{outside}` in a target stands for the absolute path of the
    /// parent folder.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub links: BTreeMap<String, String>,
}

/// A host folder that is copied for each cell.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DirTemplate {
    /// Absolute path; nothing writes to it while cells run.
    pub folder: PathBuf,
    /// SHA-256 of its contents, hexadecimal.
    pub sha256: String,
}

/// A known gap.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Known {
    /// A glob that matches runtime ids.
    pub runtime: String,
    /// The expected code.
    pub code: String,
    /// The reason.
    pub because: String,
    /// Link to a discussion or an issue.
    #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "web_link")]
    pub link: Option<String>,
}

/// Reads a link that reports may show: an address of http or https, without blanks.
///
/// # Errors
/// If it is any other text.
pub fn web_link<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<Option<String>, D::Error> {
    let link = Option::<String>::deserialize(deserializer)?;
    match link.as_deref() {
        Some(text) if !is_web_link(text) => Err(serde::de::Error::custom(format!(
            "`{}` is not a link: it begins with https:// or http://",
            text.escape_debug()
        ))),
        _ => Ok(link),
    }
}

fn is_web_link(text: &str) -> bool {
    let host = text.strip_prefix("https://").or_else(|| text.strip_prefix("http://")).unwrap_or_default();
    host.starts_with(|c: char| c.is_alphanumeric() || c == '[')
        && !text.contains(|c: char| c.is_whitespace() || c.is_control())
}

#[cfg(test)]
mod tests {
    use super::Known;

    #[test]
    fn links_are_of_the_web() {
        let read = |link: &str| {
            serde_json::from_value::<Known>(serde_json::json!({
                "runtime": "*", "code": "trap", "because": "b", "link": link
            }))
        };
        for good in ["https://example.org/issue/1", "http://[::1]/x", "https://a.b/?q=x#y"] {
            assert_eq!(read(good).unwrap().link.as_deref(), Some(good));
        }
        for bad in
            ["javascript:alert(1)", "data:text/html,x", "https://", "ftp://a.b", "//a.b", "HTTPS//a", "https://a b", ""]
        {
            let error = read(bad).unwrap_err().to_string();
            assert!(error.contains("is not a link: it begins with https:// or http://"), "{bad}: {error}");
        }
    }
}
