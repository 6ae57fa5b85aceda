//! Messages of a driver about a browser that does not start, by which the lab counts that browser as absent.

/// Its program cannot be started.
pub const CANNOT_START: &str = "cannot be started";
/// Its process ended.
pub const ENDED: &str = "ended at its start";
/// It did not open its protocol in time.
pub const SILENT: &str = "did not open its protocol";
/// All of them.
pub const MESSAGES: [&str; 3] = [CANNOT_START, ENDED, SILENT];
