//! A part of a run that is spread over several machines: `2/3`.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// Part K of N, of the scenarios in the order of their names.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields, try_from = "Fields")]
pub struct Partition {
    /// K, from 1.
    pub part: u32,
    /// N.
    pub of: u32,
}

/// Part K of N, of the scenarios in the order of their names.
#[derive(Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
struct Fields {
    /// K, from 1.
    part: u32,
    /// N.
    of: u32,
}

/// Checked when it is read, because a report may have been edited.
impl TryFrom<Fields> for Partition {
    type Error = String;

    fn try_from(fields: Fields) -> Result<Self, String> {
        Self::new(fields.part, fields.of)
    }
}

/// Largest number of parts.
const MAX_PARTS: u32 = 10_000;

impl Partition {
    /// Part `part` of `of`.
    ///
    /// # Errors
    /// If there is no such part, or there are too many.
    pub fn new(part: u32, of: u32) -> Result<Self, String> {
        if part >= 1 && part <= of && of <= MAX_PARTS {
            Ok(Self { part, of })
        } else {
            Err(format!("write K/N, as in 2/3: K from 1 to N, and N at most {MAX_PARTS}"))
        }
    }

    /// Whether the scenario at this position, from 0, is in this part. The scenarios are dealt out in turn, so that
    /// similar ones, which are neighbours, are spread evenly.
    #[must_use]
    pub fn contains(self, position: usize) -> bool {
        position % self.of as usize == self.part as usize - 1
    }
}

impl fmt::Display for Partition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.part, self.of)
    }
}

impl FromStr for Partition {
    type Err = String;

    /// Parses `2/3`, or as nextest writes it, `count:2/3`.
    fn from_str(text: &str) -> Result<Self, String> {
        let (part, of) = text.strip_prefix("count:").unwrap_or(text).split_once('/').unwrap_or_default();
        Self::new(part.parse().unwrap_or_default(), of.parse().unwrap_or_default())
    }
}

#[cfg(test)]
mod tests {
    use super::Partition;

    #[test]
    fn text_is_parsed_and_shown() {
        let check = |text: &str, expected: Option<&str>| {
            assert_eq!(text.parse::<Partition>().ok().map(|p| p.to_string()).as_deref(), expected, "{text}");
        };
        check("1/1", Some("1/1"));
        check("count:2/3", Some("2/3"));
        for wrong in ["", "1", "0/3", "4/3", "1/0", "-1/2", "a/b", "1/2/3", "hash:1/2", "1/99999"] {
            check(wrong, None);
        }
    }

    #[test]
    fn each_position_is_in_one_part() {
        for of in 1..5 {
            let parts: Vec<Partition> = (1..=of).map(|part| Partition { part, of }).collect();
            assert!((0..20).all(|at| parts.iter().filter(|part| part.contains(at)).count() == 1));
        }
    }

    /// A report may have been edited.
    #[test]
    fn reports_hold_only_parts_that_there_are() {
        let check = |json: &str, expected: bool| {
            assert_eq!(serde_json::from_str::<Partition>(json).is_ok(), expected, "{json}")
        };
        check(r#"{"part":2,"of":3}"#, true);
        check(r#"{"part":0,"of":0}"#, false);
        check(r#"{"part":4,"of":3}"#, false);
        check(r#"{"part":1,"of":4294967295}"#, false);
    }
}
