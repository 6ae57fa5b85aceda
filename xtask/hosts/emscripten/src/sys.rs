//! The system calls, one file per group.

pub mod control;
pub mod file_tree;
pub mod files;
pub mod io;
pub mod libc;
pub mod memory;
pub mod network;
pub mod options;
pub mod paths;
pub mod process;
pub mod signals;
pub mod strftime;
pub mod time;
pub mod transfer;
pub mod users;
pub mod wait;
pub mod wasi;
