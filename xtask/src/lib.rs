//! The lab: where a WebAssembly program runs, where it does not, and why.
//!
//! Data flows in one direction: `scenario.toml` to a [`wasmlab_model::scenario::Scenario`], a toolchain's recipe
//! to a [`guest`], [`wasmlab_inspect`] to facts, the [`matrix`] to observations, [`wasmlab_judge`] to verdicts, the
//! [`matrix::assemble`] to a [`wasmlab_model::report::RunReport`], and that to renderers. Nothing flows back.

pub mod cell;
pub mod ci;
pub mod cli;
pub mod engines;
pub mod exit;
pub mod guest;
pub mod install_choice;
pub mod lab;
pub mod machine;
pub mod matrix;
pub mod reading;
#[cfg(test)]
mod sample;
pub mod scenario;
pub mod store;
pub mod versions;
