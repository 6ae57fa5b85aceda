//! Emscripten's system calls for engines that have none.
//!
//! A program that Emscripten compiled calls its system by functions of module `env`: `___syscall5` and its
//! kin with the numbers of 32-bit x86 Linux (the old ABI, up to 1.38), or `__syscall_openat` and its kin
//! beside WASI 0.1 (3.x, standalone modules). This crate is that system, written once: an engine gives it a
//! [`Guest`] and asks it for each import ([`import`], [`global`]), nothing more.
//!
//! It is a sandbox. Files are those below the folders that are given, by the operating system's own check of
//! each step of a path; sockets are of the loopback address and of the ports that are given; there is no
//! environment of the host's, no process to start, and no signal to another one. What a guest asks beyond
//! that gets the errno that a kernel would give, never the host's answer.

#![cfg(target_os = "linux")]

mod args;
mod call;
mod descriptors;
mod errno;
mod guest;
mod host;
mod imports;
mod layout;
mod memory_map;
mod start;
mod sys;

pub use args::Args;
pub use call::{Call, Fault};
pub use errno::Errno;
pub use guest::{Guest, OutOfBounds, Termination};
pub use host::{Config, Host};
pub use imports::{Import, import, speaks};
pub use memory_map::{GlobalValue, MemoryMap, data_end, global};
pub use start::{start_old, started_old};
