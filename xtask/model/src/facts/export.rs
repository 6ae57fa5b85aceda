//! What a module or component exports.

use serde::{Deserialize, Serialize};

/// One export.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Export {
    /// Export name.
    pub name: String,
    /// Its type, in the same form as an import's.
    pub ty: String,
    /// Parameter and result types of a function, needed to parse call arguments.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub signature: Option<Signature>,
}

/// The type of a function exported by a core module, or exported directly by a component.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Signature {
    /// Parameter types. Core: `i32`, `i64`, `f32`, `f64`, `v128`, or the text of a reference type. Component: `s32`,
    /// `u64`, `bool`, `string`, …; compound types by kind (`record`).
    pub params: Vec<String>,
    /// Result types.
    pub results: Vec<String>,
}

impl Signature {
    /// Whether a parameter or result is a vector.
    #[must_use]
    pub fn has_vector(&self) -> bool {
        self.params.iter().chain(&self.results).any(|ty| ty == "v128")
    }
}
