//! The protocol between the lab and an engine.
//!
//! The lab starts an engine as `ENGINE run SPEC`, where `SPEC` is the path of a [`CellSpec`] in
//! JSON. The engine appends one [`Event`] a line to [`CellSpec::events`], a stage as it is
//! *entered*, so that a crash still tells how far it came, and ends with one [`Event::End`]. It never
//! writes to the guest's stdout or stderr. `ENGINE probe` prints one [`EngineInfo`] as JSON on stdout.
//!
//! This crate knows no engine and no judgement: it says what happened, never what it means.

mod event;
mod spec;
mod value;

pub use event::{Cause, EngineInfo, Event, HostRefusal, Location, Stage, Switch, TrapKind};
pub use spec::{Call, CellSpec, EntryPoint, Network, PreopenedDir, PreopenedSocket};
pub use value::{ParseValueError, Value};

/// Version of this protocol; part of every cache key, so that a change of it misses.
pub const PROTOCOL_VERSION: u32 = 3;

/// Exit code of an engine whose specification or command line is unusable: no event was written.
/// (`EX_SOFTWARE` of sysexits.h; 0 means that the last event is there, whatever the guest did.)
pub const EXIT_INVALID_SPEC: u8 = 70;

/// The text in an argument that stands for the guest's descriptor of the first preopened socket.
pub const SOCKET_FD_PLACEHOLDER: &str = "{socket-fd}";

/// What each engine may let a table grow to, in elements: enough for any program, too little to hurt.
pub const MAX_TABLE_ELEMENTS: usize = 10_000_000;

/// What a [`Switch`] gives that raises the depth of calls.
pub const STACK_DEPTH: &str = "stack";

/// What was not attempted where calls that build on one another were to be made, and each call is a process of its
/// own.
pub const SHARED_INSTANCE: &str = "one-instance";
