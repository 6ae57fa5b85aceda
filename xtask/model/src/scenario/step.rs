//! What the lab does as a guest's client.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// One operation of the lab as the guest's client; the model is the wasi-testsuite's JSON
/// specification. None waits without a limit.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "op", rename_all = "kebab-case", deny_unknown_fields)]
pub enum Step {
    /// Wait until an output of the guest contains a text.
    Read {
        /// Which output.
        #[serde(default)]
        stream: Stream,
        /// The text.
        contains: String,
        /// Limit, milliseconds.
        #[serde(default = "default_step_ms")]
        timeout_ms: u64,
    },
    /// Write to the guest's stdin.
    Write {
        /// The text.
        data: String,
    },
    /// Wait until somebody listens on a socket's port, without connecting.
    Listen {
        /// Name of a `[[run.socket]]` or `[[run.port]]`.
        socket: String,
        /// Limit, milliseconds.
        #[serde(default = "default_step_ms")]
        timeout_ms: u64,
    },
    /// Open a TCP connection to a socket.
    Connect {
        /// Name of a `[[run.socket]]` or `[[run.port]]`.
        socket: String,
        /// The connection's name in later steps.
        id: String,
        /// Limit, milliseconds.
        #[serde(default = "default_step_ms")]
        timeout_ms: u64,
    },
    /// Send on a connection.
    Send {
        /// The connection.
        id: String,
        /// The text.
        data: String,
        /// Limit, milliseconds.
        #[serde(default = "default_step_ms")]
        timeout_ms: u64,
    },
    /// Receive on a connection until a text has come.
    Recv {
        /// The connection.
        id: String,
        /// The text.
        contains: String,
        /// Limit, milliseconds.
        #[serde(default = "default_step_ms")]
        timeout_ms: u64,
    },
    /// Close a connection.
    Close {
        /// The connection.
        id: String,
    },
    /// One HTTP/1.1 request on a connection of its own, or several at once.
    Request {
        /// Name of a `[[run.socket]]` or `[[run.port]]`.
        socket: String,
        /// Method.
        #[serde(default = "default_method")]
        method: String,
        /// Path.
        #[serde(default = "default_path")]
        path: String,
        /// Request headers.
        #[serde(default)]
        headers: BTreeMap<String, String>,
        /// Request body.
        #[serde(default)]
        body: String,
        /// How many of this request are sent at once, each on its own connection, with as many connections
        /// beside them that ask nothing; 1 where nothing is said, which opens no others.
        #[serde(default = "one", skip_serializing_if = "is_one")]
        parallel: u16,
        /// What the response shall be.
        expect: Response,
        /// Limit, milliseconds.
        #[serde(default = "default_step_ms")]
        timeout_ms: u64,
    },
    /// Send a signal to the guest's process.
    Kill {
        /// `TERM`, `INT` or `KILL`.
        #[serde(default = "default_signal")]
        signal: String,
    },
    /// Wait until the guest ends by itself; its exit code is compared with `expect.exit`.
    Wait {
        /// Limit, milliseconds.
        #[serde(default = "default_step_ms")]
        timeout_ms: u64,
    },
}

/// Which output of the guest.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Stream {
    /// stdout.
    #[default]
    Stdout,
    /// stderr.
    Stderr,
}

/// What an HTTP response shall be; what is absent is not checked.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Response {
    /// The status code.
    pub status: u16,
    /// Headers, names in any case.
    #[serde(default)]
    pub headers: BTreeMap<String, String>,
    /// The whole body.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub body: Option<String>,
    /// Parts of the body.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub body_contains: Vec<String>,
    /// The whole body is what the lab put into this file, by the guest's name for it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub body_file: Option<String>,
}

fn one() -> u16 {
    1
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde hands fields over by reference")]
fn is_one(number: &u16) -> bool {
    *number == 1
}

fn default_step_ms() -> u64 {
    5_000
}

pub(super) fn default_method() -> String {
    "GET".to_owned()
}

pub(super) fn default_path() -> String {
    "/".to_owned()
}

fn default_signal() -> String {
    "TERM".to_owned()
}
