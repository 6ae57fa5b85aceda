//! What is kept: observations and guests in the cache, what is expected in the snapshots, files written whole,
//! copies of folders.

pub mod cache;
pub mod files;
pub mod snapshots;
pub mod tree;
