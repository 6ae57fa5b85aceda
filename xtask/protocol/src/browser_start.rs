//! How the browser driver is started: the variables of its environment, and its messages about a browser that does not
//! start, by which the lab counts that browser as absent.

/// The variable with two ports, `SERVER,BROWSER`: to serve the page on, and for the browser's protocol. If unset, any
/// free ports.
pub const PORTS_VARIABLE: &str = "WASMLAB_DRIVER_PORTS";
/// The variable with the address of the shared browser's protocol. The driver creates its browser context there.
pub const BROWSER_VARIABLE: &str = "WASMLAB_DRIVER_BROWSER";

/// Its program cannot be started.
pub const CANNOT_START: &str = "cannot be started";
/// Its process ended.
pub const ENDED: &str = "exited at startup";
/// It did not open its debugging port in time.
pub const SILENT: &str = "did not open its debugging port";
/// All of them.
pub const MESSAGES: [&str; 3] = [CANNOT_START, ENDED, SILENT];
