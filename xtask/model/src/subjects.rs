//! Subjects of cells that are not imports, exports or proposals.

/// The runtime's compiler reached a limit of the lab.
pub const RUNTIMES_COMPILER: &str = "compiler";
/// The runtime does not execute the instruction that waits for another thread.
pub const ATOMIC_WAIT: &str = "memory.atomic.wait";
/// The runtime refuses or changes the guest's exit code.
pub const EXIT_CODE: &str = "exit-code";
/// The runtime has no way to pass a socket to the guest at its start.
pub const PREOPENED_SOCKET: &str = "preopened-socket";
