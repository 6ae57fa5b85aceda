//! Emscripten's system calls, for engines that do not have them.
//!
//! A program compiled by Emscripten makes system calls through functions of module `env`: `___syscall5` and others with
//! the numbers of 32-bit x86 Linux (the fastcomp ABI, up to 1.38), or `__syscall_openat` and others in addition to WASI
//! 0.1 (the upstream ABI, standalone modules of 3.x). This crate implements them once: an engine provides a [`Guest`]
//! and looks up each import ([`import`], [`global`]), nothing more.
//!
//! It is a sandbox. Only files below the given directories are accessible, checked by the operating system at each step
//! of a path. Sockets are limited to loopback and the given ports. The guest sees no environment of the host, cannot
//! start processes, and cannot signal others. Anything beyond that returns the errno that a kernel would return, never
//! data of the host.

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
pub use call::{Call, CallError};
pub use errno::Errno;
pub use guest::{Guest, OutOfBounds, Termination};
pub use host::{Config, Host};
pub use imports::{HostFunction, host_function};
pub use memory_map::{GlobalValue, MemoryMap, data_end, global};
pub use start::{is_fastcomp, run_entry_point, start_fastcomp};
