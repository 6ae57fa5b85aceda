//! Annotated bytes of a binary.

use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// A few bytes of a binary that belong together.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct ByteLine {
    /// Offset of the first byte from the start of the file.
    #[cfg_attr(test, schemars(with = "u64"))]
    pub offset: usize,
    /// The bytes, hexadecimal: `00 61 73 6d`.
    #[serde(serialize_with = "hexadecimal", deserialize_with = "from_hexadecimal")]
    #[cfg_attr(test, schemars(with = "String"))]
    pub bytes: Vec<u8>,
    /// How deep it is nested: 0 for the header and the beginning of a section.
    #[cfg_attr(test, schemars(with = "u64"))]
    pub depth: usize,
    /// The meaning of the bytes. Names are quoted and escaped, so that none of their characters has a side effect.
    pub meaning: String,
    /// Whether reading stopped here; `meaning` says why.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub stops_here: bool,
}

fn hexadecimal<S: Serializer>(bytes: &[u8], serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(&spaced_hex(bytes))
}

fn from_hexadecimal<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<u8>, D::Error> {
    let text = String::deserialize(deserializer)?;
    let bytes = text.split_whitespace().map(|digits| u8::from_str_radix(digits, 16));
    bytes.collect::<Result<_, _>>().map_err(serde::de::Error::custom)
}

/// `00 61 73 6d`.
#[must_use]
pub fn spaced_hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect::<Vec<_>>().join(" ")
}
