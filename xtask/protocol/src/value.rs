//! Argument and result values of a guest, as text.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// A value of a core type, or a string of a component. In JSON and TOML it is a string `TYPE:VALUE`: `i32:-1`, `i64:7`,
/// `f32:1.5`, `f64:nan`, `v128:0x000102…0f` (16 bytes in memory order), `ref:null`, `ref:non-null`, `string:any text`.
/// Integers are written as signed decimal; unsigned and `0x…` are also accepted.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(into = "String", try_from = "String")]
pub enum Value {
    /// `i32`.
    I32(i32),
    /// `i64`.
    I64(i64),
    /// `f32`.
    F32(f32),
    /// `f64`.
    F64(f64),
    /// `v128`, bytes in memory order.
    V128([u8; 16]),
    /// A reference of any type.
    Ref {
        /// Whether it is null.
        null: bool,
    },
    /// `string` of the component model.
    Text(String),
}

/// A text that is not a valid [`Value`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ParseValueError(String);

impl fmt::Display for ParseValueError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "`{}` is not a value: write TYPE:VALUE, for example i32:42, i64:-1, f64:0.5", self.0)
    }
}

impl std::error::Error for ParseValueError {}

impl fmt::Display for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::I32(v) => write!(f, "i32:{v}"),
            Self::I64(v) => write!(f, "i64:{v}"),
            Self::F32(v) if v.is_nan() => f.write_str("f32:nan"),
            Self::F32(v) => write!(f, "f32:{v}"),
            Self::F64(v) if v.is_nan() => f.write_str("f64:nan"),
            Self::F64(v) => write!(f, "f64:{v}"),
            Self::V128(bytes) => {
                f.write_str("v128:0x")?;
                bytes.iter().try_for_each(|b| write!(f, "{b:02x}"))
            }
            Self::Ref { null: true } => f.write_str("ref:null"),
            Self::Ref { null: false } => f.write_str("ref:non-null"),
            Self::Text(text) => write!(f, "string:{text}"),
        }
    }
}

impl FromStr for Value {
    type Err = ParseValueError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let bad = || ParseValueError(text.to_owned());
        let (ty, value) = text.split_once(':').ok_or_else(bad)?;
        let parsed = match ty {
            "i32" => integer(value)
                .filter(|v| (i128::from(i32::MIN)..=i128::from(u32::MAX)).contains(v))
                .map(|v| Self::I32(v as i32)),
            "i64" => integer(value)
                .filter(|v| (i128::from(i64::MIN)..=i128::from(u64::MAX)).contains(v))
                .map(|v| Self::I64(v as i64)),
            "f32" => value.parse().ok().map(Self::F32),
            "f64" => value.parse().ok().map(Self::F64),
            "string" => Some(Self::Text(value.to_owned())),
            "v128" => bytes16(value).map(Self::V128),
            "ref" => match value {
                "null" => Some(Self::Ref { null: true }),
                "non-null" => Some(Self::Ref { null: false }),
                _ => None,
            },
            _ => None,
        };
        parsed.ok_or_else(bad)
    }
}

fn integer(text: &str) -> Option<i128> {
    match text.strip_prefix("0x") {
        Some(hex) => i128::from_str_radix(hex, 16).ok(),
        None => text.parse().ok(),
    }
}

fn bytes16(text: &str) -> Option<[u8; 16]> {
    let hex = text.strip_prefix("0x").filter(|h| h.len() == 32 && h.is_ascii())?;
    let mut bytes = [0; 16];
    for (i, byte) in bytes.iter_mut().enumerate() {
        *byte = u8::from_str_radix(&hex[2 * i..2 * i + 2], 16).ok()?;
    }
    Some(bytes)
}

impl From<Value> for String {
    fn from(value: Value) -> Self {
        value.to_string()
    }
}

impl TryFrom<String> for Value {
    type Error = ParseValueError;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        text.parse()
    }
}

#[cfg(test)]
mod tests {
    use super::Value;

    #[test]
    fn text_round_trips() {
        for text in [
            "i32:-1",
            "i64:9223372036854775807",
            "f32:1.5",
            "f64:-0",
            "ref:null",
            "ref:non-null",
            "v128:0x000102030405060708090a0b0c0d0e0f",
            "string:",
            "string:two: parts",
        ] {
            assert_eq!(text.parse::<Value>().unwrap().to_string(), text);
        }
        assert_eq!("i32:0xffffffff".parse(), Ok(Value::I32(-1)));
        assert_eq!("i32:4294967295".parse(), Ok(Value::I32(-1)));
    }

    #[test]
    fn invalid_text_is_refused() {
        for text in ["", "5", "i32:", "i32:x", "i32:4294967296", "i128:0", "v128:0x00", "ref:maybe"] {
            assert!(text.parse::<Value>().unwrap_err().to_string().contains("TYPE:VALUE"), "{text}");
        }
    }
}
