//! The network of a scenario's guest: sockets, ports and web servers, all on the loopback address.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::step::{default_method, default_path};

/// A loopback socket that the host opens for listening.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Socket {
    /// Name used by steps.
    pub name: String,
}

/// A free loopback port, chosen for each cell: a fixed number would collide with cells running in parallel and with
/// other programs on the machine.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Port {
    /// Name used by steps, `args` and `env`.
    pub name: String,
    /// Port number, if given on the command line; never in `scenario.toml`.
    #[serde(skip)]
    pub number: Option<u16>,
}

/// How `cargo xtask serve` offers a scenario.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Serve {
    /// Short name on the command line.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// The `[[run.port]]` to open in a browser.
    pub port: String,
    /// Guest path of the `[[run.dir]]` that `--root` replaces.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub root: Option<String>,
}

/// A web server of the lab on a loopback port, chosen for each cell. It gives every request the same response, or the
/// response of an [`Endpoint`], and records the requests for [`ExpectedRequest`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Server {
    /// Name used by `args`, `env` and `expect.request`.
    pub name: String,
    /// Response status.
    #[serde(default = "default_status")]
    pub status: u16,
    /// Response headers, besides content length and connection.
    #[serde(default)]
    pub headers: BTreeMap<String, String>,
    /// Response body.
    #[serde(default)]
    pub body: String,
    /// Its responses by method and path; any other request then gets status 404.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub endpoint: Vec<Endpoint>,
    /// Nothing listens on its port: connections are refused.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub closed: bool,
}

/// A method and path of a [`Server`], and the response.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Endpoint {
    /// Method.
    #[serde(default = "default_method")]
    pub method: String,
    /// Path, with the query.
    #[serde(default = "default_path")]
    pub path: String,
    /// How the response is made.
    #[serde(default)]
    pub mode: EndpointMode,
    /// Response status.
    #[serde(default = "default_status")]
    pub status: u16,
    /// Response headers, besides length, encoding and connection.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub headers: BTreeMap<String, String>,
    /// Response body.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub body: String,
    /// The body in chunks of the transfer encoding `chunked`, in place of `body`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub chunks: Option<Vec<String>>,
    /// Trailers after the chunks.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub trailers: BTreeMap<String, String>,
}

/// How a response is made.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum EndpointMode {
    /// As the endpoint declares it.
    #[default]
    Static,
    /// The body of the request.
    EchoBody,
    /// No body; the request as headers: `x-request-method`, `x-request-path`, `x-echo-NAME` for each header and
    /// `x-trailer-NAME` for each trailer.
    EchoHeaders,
}

fn default_status() -> u16 {
    200
}
