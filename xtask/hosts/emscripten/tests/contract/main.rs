//! The guarantees of the host, tested with the calls available to a guest.

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
