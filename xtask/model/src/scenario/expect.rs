//! Expected results of a guest.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use wasmlab_protocol::Value;

use super::script::Script;
use super::step::{default_method, default_path};

/// A call and its expected results.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ExpectedCall {
    /// The export.
    pub export: String,
    /// Its arguments.
    #[serde(default)]
    pub args: Vec<Value>,
    /// Expected results; absent: any.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub results: Option<Vec<Value>>,
    /// The call needs the instance of the previous one; command lines that make one call per process skip it.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub after_previous: bool,
}

/// The expected result.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Expect {
    /// Exit code of a command [default: 0].
    #[serde(default)]
    pub exit: i32,
    /// The complete stdout.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stdout: Option<String>,
    /// Texts that stdout must contain.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub stdout_contains: Vec<String>,
    /// Capabilities for which the guest must print `lab: NAME ok`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub checks: Vec<String>,
    /// Every call to a host function, in order.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub host_calls: Vec<ExpectedHostCall>,
    /// Files that the guest must leave in its directories.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub file: Vec<ExpectedFile>,
    /// Every request to the lab's test servers, in order.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub request: Vec<ExpectedRequest>,
    /// Any exit code and output will do: `check` without `--expect-*`.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub any_exit: bool,
    /// The assertions of a `.wast` file, in place of everything else; never in `scenario.toml`.
    #[serde(skip)]
    pub script: Option<Script>,
}

/// A file that the guest must leave.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ExpectedFile {
    /// Guest path.
    pub path: String,
    /// Texts that it must contain; `{today}` is the date of the run (UTC), as `2018/09/26`, `26/Sep/2018` or `26 Sep
    /// 2018`.
    #[serde(default)]
    pub contains: Vec<String>,
    /// Number of lines.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lines: Option<usize>,
}

/// A call to a host function.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ExpectedHostCall {
    /// `module.name`.
    pub function: String,
    /// Its arguments.
    #[serde(default)]
    pub args: Vec<Value>,
}

/// A request to one of the lab's test servers; absent fields are not checked.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ExpectedRequest {
    /// Name of a `[[run.server]]`.
    pub server: String,
    /// Method.
    #[serde(default = "default_method")]
    pub method: String,
    /// Path, with the query.
    #[serde(default = "default_path")]
    pub path: String,
    /// Headers, names in any case.
    #[serde(default)]
    pub headers: BTreeMap<String, String>,
    /// The complete body.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub body: Option<String>,
}
