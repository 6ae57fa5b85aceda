//! The protocol between the lab and an engine.
//!
//! The lab starts an engine as `ENGINE run SPEC`, where `SPEC` is the path of a [`CellSpec`] in
//! JSON. The engine appends one [`Event`] a line to [`CellSpec::observation`], a stage as it is
//! *entered*, so that a crash still tells how far it came, and ends with one [`Event::End`]. It never
//! writes to the guest's stdout or stderr. `ENGINE probe` prints one [`Probe`] as JSON on stdout.
//!
//! This crate knows no engine and no judgement: it says what happened, never what it means.

pub mod engine;
mod event;
mod recorder;
mod spec;
mod value;

pub use event::{Cause, Event, Probe, Stage, TrapKind};
pub use recorder::Recorder;
pub use spec::{Call, CellSpec, Entry, Network, PreopenedDir, PreopenedSocket};
pub use value::{ParseValueError, Value};

/// Version of this protocol; part of every cache key, so that a change of it misses.
pub const PROTOCOL: u32 = 2;
