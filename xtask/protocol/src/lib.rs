//! The protocol between the lab and an engine.
//!
//! The lab starts an engine as `ENGINE run SPEC`, where `SPEC` is the path of a [`CellSpec`] in JSON. The engine
//! appends one [`Event`] per line to [`CellSpec::events`]: each stage when it is *entered*, so that a crash still shows
//! how far it got, and a final [`Event::End`]. It never writes to the guest's stdout or stderr. `ENGINE info` prints
//! an [`EngineInfo`] as JSON on stdout.
//!
//! This crate knows no engine and makes no judgement: it describes what happened, never what it means.

pub mod browser_start;
mod event;
mod spec;
mod value;

pub use event::{Cause, EngineInfo, Event, HostRefusal, Location, Stage, Switch, TrapKind};
pub use spec::{Call, CellSpec, EntryPoint, Network, PreopenedDir, PreopenedSocket};
pub use value::{ParseValueError, Value};

/// Version of this protocol; part of every cache key, so that changing it invalidates the cache.
pub const PROTOCOL_VERSION: u32 = 5;

/// Exit code of an engine whose specification or command line is invalid; no event was written. (`EX_SOFTWARE` of
/// sysexits.h. 0 means that the last event was written, whatever the guest did.)
pub const EXIT_INVALID_SPEC: u8 = 70;

/// Placeholder in arguments for the guest's descriptor of the first preopened socket.
pub const SOCKET_FD_PLACEHOLDER: &str = "{socket-fd}";

/// Maximum size of a table, in elements: enough for any program, too little to do harm.
pub const MAX_TABLE_ELEMENTS: usize = 10_000_000;

/// A [`Switch`] that provides this raises the maximum depth of calls.
pub const STACK_DEPTH: &str = "stack";

/// Subject of [`Cause::NotAttempted`] when calls depend on an earlier one, but each call runs in a process of its own.
pub const SHARED_INSTANCE: &str = "one-instance";
