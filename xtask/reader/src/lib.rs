//! A file's facts and predictions, without running it.
//!
//! [`predictions`] is what `predict --output json` prints. [`answer`] adds the facts and groups the runtimes;
//! reports/check.html calls it in the browser, where this crate is a WebAssembly module.

pub mod answer;
#[cfg(target_family = "wasm")]
mod exports;
pub mod predictions;
pub mod source;
#[cfg(test)]
mod tests;
