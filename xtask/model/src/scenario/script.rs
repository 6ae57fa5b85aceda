//! Expected results of a part of a `.wast` file that one process runs.

use std::fmt;

use wasmlab_protocol::{TrapKind, Value};

/// The assertions about a scenario's calls, and how the process has to end.
#[derive(Clone, Debug, PartialEq)]
pub struct Script {
    /// The `.wast` file, as the suite names it.
    pub file: String,
    /// The assertions, in the order of the file. If the end is not [`ScriptEnd::Returns`], there is one.
    pub assertions: Vec<Assertion>,
    /// How the process has to end.
    pub end: ScriptEnd,
}

/// One assertion.
#[derive(Clone, Debug, PartialEq)]
pub struct Assertion {
    /// Its line in the file, from 1.
    pub line: u64,
    /// Its beginning as written, one line.
    pub text: String,
    /// Index of its call in [`Run::call`]; `None`: it only needs an instance.
    ///
    /// [`Run::call`]: super::Run::call
    pub call: Option<usize>,
    /// The expected results.
    pub expected: Vec<ExpectedValue>,
}

/// How a part of a script has to end.
#[derive(Clone, Debug, PartialEq)]
pub enum ScriptEnd {
    /// Every call returns.
    Returns,
    /// The last call traps, or instantiation if there is no call. Without a kind, any trap will do.
    Traps(Option<TrapKind>),
    /// The module is refused before it is linked.
    Refused,
    /// An import is missing.
    Unlinkable,
}

/// An expected result. The called function returns every result as `i32` or `i64`: for floats and vectors their bits,
/// for a reference whether it is as expected.
#[derive(Clone, Debug, PartialEq)]
pub enum ExpectedValue {
    /// These 32 bits.
    Bits32(u32),
    /// These 64 bits.
    Bits64(u64),
    /// The `f32` NaN whose payload has only its highest bit set, of either sign.
    Canonical32,
    /// An `f32` NaN whose payload has its highest bit set.
    Arithmetic32,
    /// The `f64` NaN whose payload has only its highest bit set, of either sign.
    Canonical64,
    /// An `f64` NaN whose payload has its highest bit set.
    Arithmetic64,
    /// A vector of four lanes of 32 bits, or two of 64: two results of 64 bits, the low one first.
    Lanes(Vec<Self>),
    /// A reference of this kind: the result is 1.
    Reference(&'static str),
    /// One of these.
    Either(Vec<Self>),
}

impl ExpectedValue {
    /// How many results it describes.
    #[must_use]
    pub fn width(&self) -> usize {
        match self {
            Self::Lanes(_) => 2,
            Self::Either(cases) => cases.first().map_or(1, Self::width),
            _ => 1,
        }
    }

    /// Whether the results are as wanted.
    #[must_use]
    pub fn accepts(&self, results: &[Value]) -> bool {
        let bits: Vec<u64> = results.iter().filter_map(bits).collect();
        bits.len() == results.len() && bits.len() == self.width() && self.accepts_bits(&bits)
    }

    fn accepts_bits(&self, bits: &[u64]) -> bool {
        const PAYLOAD_32: u64 = 0x007f_ffff;
        const PAYLOAD_64: u64 = 0x000f_ffff_ffff_ffff;
        let Some(first) = bits.first().copied() else { return false };
        match self {
            Self::Bits32(expected) => first == u64::from(*expected),
            Self::Bits64(expected) => first == *expected,
            Self::Canonical32 => first & 0x7fff_ffff == 0x7fc0_0000,
            Self::Arithmetic32 => first & 0x7fc0_0000 == 0x7fc0_0000 && first & PAYLOAD_32 != 0,
            Self::Canonical64 => first & (u64::MAX >> 1) == 0x7ff8_0000_0000_0000,
            Self::Arithmetic64 => first & 0x7ff8_0000_0000_0000 == 0x7ff8_0000_0000_0000 && first & PAYLOAD_64 != 0,
            Self::Reference(_) => first == 1,
            Self::Either(cases) => cases.iter().any(|case| case.accepts_bits(bits)),
            Self::Lanes(lanes) => {
                let width = 128 / lanes.len().max(1);
                let whole = bits.iter().rev().fold(0_u128, |whole, part| whole << 64 | u128::from(*part));
                let lane = |index: usize| (whole >> (index * width)) as u64 & (u64::MAX >> (64 - width.min(64)));
                lanes.iter().enumerate().all(|(index, expected)| expected.accepts_bits(&[lane(index)]))
            }
        }
    }
}

/// The bits of a number.
fn bits(value: &Value) -> Option<u64> {
    match value {
        Value::I32(value) => Some(u64::from(*value as u32)),
        Value::I64(value) => Some(*value as u64),
        _ => None,
    }
}

impl fmt::Display for ExpectedValue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let list = |f: &mut fmt::Formatter<'_>, all: &[Self], between: &str| {
            for (index, one) in all.iter().enumerate() {
                write!(f, "{}{one}", if index == 0 { "" } else { between })?;
            }
            Ok(())
        };
        match self {
            Self::Bits32(bits) => write!(f, "0x{bits:x}"),
            Self::Bits64(bits) => write!(f, "0x{bits:x}"),
            Self::Canonical32 | Self::Canonical64 => f.write_str("nan:canonical"),
            Self::Arithmetic32 | Self::Arithmetic64 => f.write_str("nan:arithmetic"),
            Self::Lanes(lanes) => list(f, lanes, " "),
            Self::Reference(what) => f.write_str(what),
            Self::Either(cases) => list(f, cases, " or "),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::ExpectedValue;
    use wasmlab_protocol::Value;

    #[test]
    fn nan_patterns_lanes_and_choices_accept_what_the_specification_accepts() {
        let check = |expected: &ExpectedValue, results: &[Value], accepted: bool| {
            assert_eq!(expected.accepts(results), accepted, "{expected}: {results:?}");
        };
        let f32 = |bits: u32| [Value::I32(bits as i32)];
        let f64 = |bits: u64| [Value::I64(bits as i64)];
        for (bits, canonical, arithmetic) in [
            (0x7fc0_0000, true, true),
            (0xffc0_0000, true, true),
            (0x7fc0_0001, false, true),
            (0x7fe0_0000, false, true),
            (0x7fa0_0000, false, false),
            (0x7f80_0000, false, false),
            (0, false, false),
        ] {
            check(&ExpectedValue::Canonical32, &f32(bits), canonical);
            check(&ExpectedValue::Arithmetic32, &f32(bits), arithmetic);
        }
        for (bits, canonical, arithmetic) in [
            (0x7ff8_0000_0000_0000, true, true),
            (0xfff8_0000_0000_0000, true, true),
            (0x7ff8_0000_0000_0001, false, true),
            (0x7ff4_0000_0000_0000, false, false),
            (0x7ff0_0000_0000_0000, false, false),
        ] {
            check(&ExpectedValue::Canonical64, &f64(bits), canonical);
            check(&ExpectedValue::Arithmetic64, &f64(bits), arithmetic);
        }
        check(&ExpectedValue::Bits32(u32::MAX), &[Value::I32(-1)], true);
        check(&ExpectedValue::Bits32(1), &[], false);
        check(&ExpectedValue::Bits32(1), &[Value::F32(1.0)], false);
        check(&ExpectedValue::Either(vec![ExpectedValue::Bits64(1), ExpectedValue::Bits64(2)]), &[Value::I64(2)], true);
        check(
            &ExpectedValue::Either(vec![ExpectedValue::Bits64(1), ExpectedValue::Bits64(2)]),
            &[Value::I64(3)],
            false,
        );
        let halves = [Value::I64(0x0000_0002_0000_0001), Value::I64(0x7fc0_0000_0000_0003)];
        let lanes = |last: ExpectedValue| {
            ExpectedValue::Lanes(vec![
                ExpectedValue::Bits32(1),
                ExpectedValue::Bits32(2),
                ExpectedValue::Bits32(3),
                last,
            ])
        };
        check(&lanes(ExpectedValue::Canonical32), &halves, true);
        check(&lanes(ExpectedValue::Bits32(4)), &halves, false);
        check(
            &ExpectedValue::Lanes(vec![ExpectedValue::Bits64(0x0000_0002_0000_0001), ExpectedValue::Arithmetic64]),
            &halves,
            false,
        );
        check(&ExpectedValue::Reference("null"), &[Value::I32(1)], true);
        check(&ExpectedValue::Reference("null"), &[Value::I32(0)], false);
    }
}
