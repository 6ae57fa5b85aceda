//! The lab: where a WebAssembly program runs, where it does not, and why.
//!
//! Data flows in one direction: `scenario.toml` becomes a [`wasmlab_model::scenario::Scenario`], a toolchain's recipe
//! builds the [`guest`], [`wasmlab_inspect`] reads its facts, the [`matrix`] collects observations, [`wasmlab_judge`]
//! derives verdicts, [`matrix::assemble`] combines them into a [`wasmlab_model::report::RunReport`], and renderers
//! print it.

pub mod adaptation;
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
pub mod predictions;
pub mod program_name;
pub mod reading;
#[cfg(test)]
mod sample;
pub mod scenario;
mod search_path;
pub mod store;
pub mod suite;
pub mod versions;
