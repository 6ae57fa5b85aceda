//! What one cell is to do.

use std::collections::BTreeMap;
use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use crate::Value;

/// One module, one engine, one run: everything an engine needs to know.
///
/// The guest's stdin, stdout and stderr are the engine process's own.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CellSpec {
    /// [`crate::PROTOCOL_VERSION`] of the writer.
    pub protocol: u32,
    /// The binary module or component.
    pub module: PathBuf,
    /// JavaScript that was built with the module and loads it, beside it; for hosts that run such glue.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub glue: Option<PathBuf>,
    /// Where events go, one JSON object a line, appended.
    pub events: PathBuf,
    /// The compiler or interpreter within the engine, as in its [`crate::EngineInfo::modes`].
    pub mode: String,
    /// A directory for compiled code, kept between runs; `None`: compile anew.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub code_cache: Option<PathBuf>,
    /// What is called.
    pub entry: EntryPoint,
    /// The guest's argv, the program's name first.
    #[serde(default)]
    pub args: Vec<String>,
    /// The guest's whole environment.
    #[serde(default)]
    pub env: BTreeMap<String, String>,
    /// Directories the guest is given.
    #[serde(default)]
    pub dirs: Vec<PreopenedDir>,
    /// Listening sockets the guest is given, after the directories.
    #[serde(default)]
    pub sockets: Vec<PreopenedSocket>,
    /// TCP ports of the loopback address that are the cell's own: the guest may listen on them.
    #[serde(default)]
    pub ports: Vec<u16>,
    /// Ports of the loopback address where the lab serves: the guest may ask there, and not listen.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub connect_ports: Vec<u16>,
    /// What network the guest may use.
    #[serde(default)]
    pub network: Network,
    /// Functions outside every ABI that the host shall define, as `module.name`: each takes the
    /// type of the guest's import, is recorded as [`crate::Event::HostCall`] and returns zeros.
    #[serde(default)]
    pub host_functions: Vec<String>,
    /// Result types of the exports that are called, by their names, where the module is a component (`u64`, `string`):
    /// for hosts whose values do not tell them.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub result_types: BTreeMap<String, Vec<String>>,
    /// Limit of each linear memory, in bytes.
    pub memory_limit: u64,
    /// Switches of the runtime that are turned on beside its defaults, by the names of [`crate::Switch`] or as its
    /// command line has them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub switches: Vec<String>,
}

/// What is called in the guest.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum EntryPoint {
    /// `_start` of a command, `wasi:cli/run` of a component.
    Command,
    /// `_initialize` where exported, then each call in order on one instance.
    Calls(Vec<Call>),
    /// `wasi:http/incoming-handler` (or `wasi:http/handler` of WASI 0.3): the host accepts connections on
    /// this port of 127.0.0.1 and hands each request to the guest, until it is told to end.
    Http {
        /// One of [`CellSpec::ports`].
        port: u16,
    },
}

/// One call of an export.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Call {
    /// The export's name.
    pub export: String,
    /// Its arguments, of the export's types.
    #[serde(default)]
    pub args: Vec<Value>,
}

/// A directory of the host, seen by the guest under a name.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PreopenedDir {
    /// The directory of the host, absolute.
    pub host: PathBuf,
    /// The guest's name for it.
    pub guest: String,
}

/// A listening TCP socket, open in the engine's process.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PreopenedSocket {
    /// The descriptor in the engine's process.
    pub fd: i32,
    /// Its address, as `127.0.0.1:PORT`, for engines that cannot take a descriptor over.
    pub address: String,
}

/// The network a guest may use.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Network {
    /// None.
    #[default]
    None,
    /// The loopback addresses, and nothing else.
    Loopback,
}
