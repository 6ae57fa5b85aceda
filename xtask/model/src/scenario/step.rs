//! The client steps: what the lab does as a guest's client.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// One client step, modelled on the JSON specification of wasi-testsuite. Every wait has a limit.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "op", rename_all = "kebab-case", deny_unknown_fields)]
pub enum Step {
    /// Wait until the guest's output contains a text.
    Read {
        /// Which output stream.
        #[serde(default)]
        stream: OutputStream,
        /// Text to wait for.
        contains: String,
        /// Time limit, milliseconds.
        #[serde(default = "default_step_ms")]
        timeout_ms: u64,
    },
    /// Require that the guest's output continues with a text, after what earlier `read-next` and `connect-printed`
    /// steps read.
    ReadNext {
        /// Which output stream.
        #[serde(default)]
        stream: OutputStream,
        /// The text.
        text: String,
        /// Time limit after the guest has started, milliseconds.
        #[serde(default = "default_step_ms")]
        timeout_ms: u64,
    },
    /// Write to the guest's stdin.
    Write {
        /// Text to write.
        data: String,
    },
    /// Close the guest's stdin.
    EndInput,
    /// Wait until something listens on a socket's port, without connecting.
    Listen {
        /// Name of a `[[run.socket]]` or `[[run.port]]`.
        socket: String,
        /// Time limit, milliseconds.
        #[serde(default = "default_step_ms")]
        timeout_ms: u64,
    },
    /// Open a TCP connection to a socket.
    Connect {
        /// Name of a `[[run.socket]]` or `[[run.port]]`.
        socket: String,
        /// Name of the connection in later steps.
        id: String,
        /// Time limit, milliseconds.
        #[serde(default = "default_step_ms")]
        timeout_ms: u64,
    },
    /// Open a TCP connection to the address that the guest prints in the next line of stdout: `127.0.0.1:PORT`.
    ConnectPrinted {
        /// Name of the connection in later steps.
        id: String,
        /// Time limit after the guest has started, milliseconds.
        #[serde(default = "default_step_ms")]
        timeout_ms: u64,
    },
    /// Send a text on a connection.
    Send {
        /// Name of the connection.
        id: String,
        /// Text to send.
        data: String,
        /// Time limit, milliseconds.
        #[serde(default = "default_step_ms")]
        timeout_ms: u64,
    },
    /// Receive on a connection until a text has arrived.
    Recv {
        /// Name of the connection.
        id: String,
        /// Text to wait for.
        contains: String,
        /// Time limit, milliseconds.
        #[serde(default = "default_step_ms")]
        timeout_ms: u64,
    },
    /// Require that the next bytes received on a connection are a text.
    RecvNext {
        /// Name of the connection.
        id: String,
        /// The text.
        text: String,
        /// Time limit, milliseconds.
        #[serde(default = "default_step_ms")]
        timeout_ms: u64,
    },
    /// Close a connection.
    Close {
        /// Name of the connection.
        id: String,
    },
    /// Send one HTTP/1.1 request on a new connection, or several at once.
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
        /// Number of copies to send at once, each on its own connection. With more than 1, as many idle connections are
        /// opened as well [default: 1].
        #[serde(default = "one", skip_serializing_if = "is_one")]
        parallel: u16,
        /// The expected response.
        expect: Response,
        /// Time limit, milliseconds.
        #[serde(default = "default_step_ms")]
        timeout_ms: u64,
    },
    /// Send a signal to the guest's process.
    Kill {
        /// `TERM`, `INT` or `KILL`.
        #[serde(default = "default_signal")]
        signal: String,
    },
    /// Wait until the guest exits by itself; its exit code is compared with `expect.exit`.
    Wait {
        /// Time limit, milliseconds.
        #[serde(default = "default_step_ms")]
        timeout_ms: u64,
    },
}

/// An output stream of the guest.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum OutputStream {
    /// stdout.
    #[default]
    Stdout,
    /// stderr.
    Stderr,
}

/// The expected HTTP response; absent fields are not checked.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Response {
    /// The status code.
    pub status: u16,
    /// Headers, names in any case.
    #[serde(default)]
    pub headers: BTreeMap<String, String>,
    /// The complete body.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub body: Option<String>,
    /// Texts that the body must contain.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub body_contains: Vec<String>,
    /// Guest path of a file created by the lab that the body must equal.
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
