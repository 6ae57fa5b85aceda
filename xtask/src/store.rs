//! Persistent files: the cache of observations and guests, the snapshots, atomic writes, copies of folders.

pub mod cache;
pub mod embedded;
pub mod files;
pub mod profiles;
pub mod snapshots;
pub mod tree;
