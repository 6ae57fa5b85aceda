//! The lab: where a WebAssembly program runs, where it does not, and why.
//!
//! Data flows in one direction: `scenario.toml` to a [`model::scenario::Scenario`], a toolchain's
//! recipe to an artifact, [`inspect`] to facts, the matrix to observations, [`judge`] to verdicts, and a
//! [`model::report::RunReport`] to renderers and snapshots.

pub mod codes;
pub mod inspect;
pub mod model;
pub mod process;
