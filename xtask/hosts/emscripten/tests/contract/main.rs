//! What the host promises, asked of it by the calls that a guest has.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

#[path = "../guest/mod.rs"]
mod guest;

mod addresses;
mod descriptors;
mod errors;
mod layouts;
mod paths;
mod process;
mod start;
