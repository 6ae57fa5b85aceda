//! The specification of a cell.

use std::collections::BTreeMap;
use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use crate::Value;

/// One module, one engine, one run: everything an engine needs to know.
///
/// The guest uses stdin, stdout and stderr of the engine's process.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CellSpec {
    /// The [`crate::PROTOCOL_VERSION`] of the writer.
    pub protocol: u32,
    /// The binary of the module or component.
    pub module: PathBuf,
    /// JavaScript that was built with the module and loads it, in the same folder; for hosts that run such glue.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub glue: Option<PathBuf>,
    /// File to which events are appended, one JSON object per line.
    pub events: PathBuf,
    /// Compiler or interpreter within the engine: one of [`crate::EngineInfo::modes`].
    pub mode: String,
    /// A directory for compiled code, kept between runs; `None`: always compile.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub code_cache: Option<PathBuf>,
    /// The entry point.
    pub entry: EntryPoint,
    /// The guest's arguments, program name first.
    #[serde(default)]
    pub args: Vec<String>,
    /// The guest's complete environment.
    #[serde(default)]
    pub env: BTreeMap<String, String>,
    /// Directories for the guest.
    #[serde(default)]
    pub dirs: Vec<PreopenedDir>,
    /// Listening sockets for the guest; their descriptors follow those of the directories.
    #[serde(default)]
    pub sockets: Vec<PreopenedSocket>,
    /// Loopback TCP ports of the cell, on which the guest may listen.
    #[serde(default)]
    pub ports: Vec<u16>,
    /// Loopback ports of the lab's servers: the guest may connect to them, but not listen.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub connect_ports: Vec<u16>,
    /// Network access of the guest.
    #[serde(default)]
    pub network: Network,
    /// Functions outside every ABI that the host must define, as `module.name`. Each has the type of the guest's
    /// import, is recorded as [`crate::Event::HostCall`] and returns zeros.
    #[serde(default)]
    pub host_functions: Vec<String>,
    /// Result types of the called exports by name, if the module is a component (`u64`, `string`), for hosts whose
    /// values do not carry types.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub result_types: BTreeMap<String, Vec<String>>,
    /// Maximum size of each linear memory, bytes.
    pub memory_limit: u64,
    /// Switches to turn on in addition to the runtime's defaults: names of [`crate::Switch`], or command-line options.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub switches: Vec<String>,
}

/// The entry point of the guest.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum EntryPoint {
    /// `_start` of a module, `wasi:cli/run` of a component.
    Command,
    /// `_initialize` if exported, then each call in order on one instance.
    Calls(Vec<Call>),
    /// `wasi:http/incoming-handler` (in WASI 0.3 `wasi:http/handler`): the host accepts connections on this port of
    /// 127.0.0.1 and passes each request to the guest, until it is ended.
    Http {
        /// One of [`CellSpec::ports`].
        port: u16,
    },
}

/// A call of an export.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Call {
    /// The export's name.
    pub export: String,
    /// Its arguments, with the types of the export's parameters.
    #[serde(default)]
    pub args: Vec<Value>,
}

/// A host directory that the guest sees under a name.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PreopenedDir {
    /// Host path, absolute.
    pub host: PathBuf,
    /// Guest path.
    pub guest: String,
}

/// A listening TCP socket that is open in the engine's process.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PreopenedSocket {
    /// Its descriptor in the engine's process.
    pub fd: i32,
    /// Its address, `127.0.0.1:PORT`, for engines that cannot take over a descriptor.
    pub address: String,
}

/// Network access of a guest.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Network {
    /// No network.
    #[default]
    None,
    /// Loopback addresses only.
    Loopback,
}
