//! The only place that starts guests, engines and compilers.
//!
//! Every child runs in its own session, with only the environment it is given, and with limits on wall-clock time,
//! output, resident memory and file size. At a limit the whole group gets SIGTERM, then SIGKILL; descendants that left
//! the group are found and killed too. Every wait has a limit. On systems other than Linux, a simpler supervisor kills
//! only the child itself.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::io;
use std::net::{SocketAddr, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

mod command;
mod running;
pub use command::{Command, CompletedProcess, ExitReason, Input, Limits};
pub use running::{OutputStream, Running, StopSignal};
#[cfg(target_os = "linux")]
mod descendants;
#[cfg(target_os = "linux")]
mod guard;
#[cfg(target_os = "linux")]
mod linux;
#[cfg(target_os = "linux")]
mod namespace;
#[cfg(target_os = "linux")]
mod seccomp;
#[cfg(target_os = "linux")]
use linux as system;
#[cfg(any(not(target_os = "linux"), test))]
mod portable;
#[cfg(not(target_os = "linux"))]
use portable as system;
mod regular_file;
pub use regular_file::{open_limited, open_regular, read_limited, read_regular, read_text};
mod removal;
pub use removal::remove_tree;
mod report_pipe;
pub use report_pipe::ReportPipe;
mod disk_space;
mod inherited_limits;
mod sandbox;
pub use disk_space::{DiskSpace, disk_space};
pub use inherited_limits::inherited_limits;
pub use sandbox::{Ports, Sandbox, SandboxSupport, SocketFamilies, support};
mod deadline;
pub use deadline::{Deadline, net_time};
mod disk_usage;
pub use disk_usage::{DiskUsage, MAX_OPEN_DIRECTORIES, disk_usage};
mod directory;
pub use directory::Directory;
mod sparse_copy;
pub use sparse_copy::{copy_sparse, next_data};
#[cfg(test)]
mod tests;

/// Called about fifty times a second while a child runs, with its age less the time it waited for a processor; `true`
/// ends the child ([`ExitReason::WatchLimit`]).
pub type Watch = Box<dyn FnMut(Duration) -> bool + Send>;

/// Set by Ctrl-C and never reset: every child is ended, and none is started.
static CANCELLED: AtomicBool = AtomicBool::new(false);

/// Ends every child, and prevents new ones. Safe to call from the thread that handles signals.
pub fn cancel() {
    CANCELLED.store(true, Ordering::SeqCst);
}

/// Whether [`cancel`] was called.
#[must_use]
pub fn cancelled() -> bool {
    CANCELLED.load(Ordering::SeqCst)
}

/// Starts a child and waits for it to end.
///
/// # Errors
/// If the program cannot be started; never because of what it does.
pub fn run(command: &Command) -> io::Result<CompletedProcess> {
    Ok(start(command, None)?.wait())
}

/// Starts a child, supervised by its own thread.
///
/// # Errors
/// If the program cannot be started.
pub fn start(command: &Command, watch: Option<Watch>) -> io::Result<Running> {
    system::start(command, watch)
}

/// Opens a TCP connection to a child with [`Sandbox::private_network`]. All such children share one loopback interface,
/// separate from the lab's. If the machine forbids network namespaces, they use the lab's.
///
/// # Errors
/// If nothing listens there, or `limit` passes.
pub fn connect_in_namespace(address: SocketAddr, limit: Duration) -> io::Result<TcpStream> {
    #[cfg(target_os = "linux")]
    if let (Some(namespaces), SocketAddr::V4(address)) = (namespace::shared(), address) {
        return namespaces.connect(address, limit);
    }
    TcpStream::connect_timeout(&address, limit)
}

/// Kills descendants of earlier children that belong to no supervised child. Called at the end of a run.
pub fn end_orphans() {
    #[cfg(target_os = "linux")]
    descendants::kill_orphans();
}

/// Continues in a process whose descendants end with it even if it is killed. Call it before a second thread is
/// started.
pub fn enter_guard() {
    #[cfg(target_os = "linux")]
    guard::enter();
}

/// Kills every descendant of the lab at once, for a lab that is about to exit.
pub fn kill_all() {
    #[cfg(target_os = "linux")]
    descendants::kill_all();
}

/// The part of the lab's environment that compilers and package managers need: paths of tools and their home
/// directories, network settings, locale. Nothing else is passed on.
#[must_use]
pub fn tool_env() -> BTreeMap<OsString, OsString> {
    const PASSED_ON: &[&str] = &[
        "PATH",
        "HOME",
        "USER",
        "LANG",
        "LC_ALL",
        "TMPDIR",
        "CARGO_HOME",
        "RUSTUP_HOME",
        "RUSTUP_TOOLCHAIN",
        "CARGO_NET_OFFLINE",
        "HTTP_PROXY",
        "HTTPS_PROXY",
        "NO_PROXY",
        "http_proxy",
        "https_proxy",
        "no_proxy",
        "SSL_CERT_FILE",
        "SSL_CERT_DIR",
        "CARGO_HTTP_CAINFO",
        "SystemRoot",
        "USERPROFILE",
        "TEMP",
        "TMP",
    ];
    std::env::vars_os().filter(|(name, _)| name.to_str().is_some_and(|n| PASSED_ON.contains(&n))).collect()
}
