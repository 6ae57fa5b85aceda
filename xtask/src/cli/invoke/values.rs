//! Values that a user types, as the lab's [`Value`]: `i32` and `i64` stand for all integers of up to that many bits,
//! signed or unsigned, and for `bool`, as engines report them.

use wasmlab_protocol::Value;

/// Parses `42`, `u32:42` or `i32:42` as a value of this core or component type.
///
/// # Errors
/// If the text is not such a value; the message says what to write instead.
pub fn typed(ty: &str, text: &str) -> Result<Value, String> {
    let range = match ty {
        "s8" => (-128, 127),
        "u8" => (0, 255),
        "s16" => (-32_768, 32_767),
        "u16" => (0, 65_535),
        "s32" => (i32::MIN.into(), i32::MAX.into()),
        "u32" => (0, u32::MAX.into()),
        "s64" => (i64::MIN.into(), i64::MAX.into()),
        "u64" => (0, u64::MAX.into()),
        "i32" => (i32::MIN.into(), u32::MAX.into()),
        "i64" => (i64::MIN.into(), u64::MAX.into()),
        "bool" => return boolean(text),
        "string" => return Ok(Value::Text(text.to_owned())),
        _ => {
            let value = text.strip_prefix(ty).and_then(|rest| rest.strip_prefix(':')).unwrap_or(text);
            return format!("{ty}:{value}").parse().map_err(|error| match ty {
                "f32" | "f64" => format!("`{text}` is not a value of type {ty}: write a number, such as 0.5"),
                _ => format!("{error}"),
            });
        }
    };
    integer(ty, text, range)
}

fn integer(ty: &str, text: &str, (min, max): (i128, i128)) -> Result<Value, String> {
    let word = if ty.ends_with("64") { "i64" } else { "i32" };
    let number = match text.split_once(':') {
        Some((prefix, rest)) if prefix == ty || prefix == word => rest,
        _ => text,
    };
    let parsed = match number.strip_prefix("0x") {
        Some(digits) => i128::from_str_radix(digits, 16).ok(),
        None => number.parse().ok(),
    };
    match parsed.filter(|value| (min..=max).contains(value)) {
        Some(value) => format!("{word}:{value}").parse().map_err(|error| format!("{error}")),
        None => Err(format!("`{text}` is not a value of type {ty}: write an integer from {min} to {max}")),
    }
}

fn boolean(text: &str) -> Result<Value, String> {
    match text {
        "true" | "1" | "bool:true" | "i32:1" => Ok(Value::I32(1)),
        "false" | "0" | "bool:false" | "i32:0" => Ok(Value::I32(0)),
        _ => Err(format!("`{text}` is not a value of type bool: write true or false")),
    }
}

#[cfg(test)]
mod tests {
    use super::typed;

    #[test]
    fn types_of_components_have_values() {
        let check = |ty: &str, text: &str, expected: Result<&str, &str>| match (typed(ty, text), expected) {
            (Ok(value), Ok(expected)) => assert_eq!(value.to_string(), expected, "{ty} {text}"),
            (Err(error), Err(expected)) => assert!(error.contains(expected), "{error}"),
            (got, _) => panic!("{ty} {text}: {got:?}"),
        };
        check("u32", "42", Ok("i32:42"));
        check("u32", "u32:42", Ok("i32:42"));
        check("u32", "i32:42", Ok("i32:42"));
        check("u32", "4294967295", Ok("i32:-1"));
        check("u32", "-1", Err("an integer from 0 to 4294967295"));
        check("u8", "256", Err("`256` is not a value of type u8: write an integer from 0 to 255"));
        check("s8", "-128", Ok("i32:-128"));
        check("u16", "0xffff", Ok("i32:65535"));
        check("u64", "18446744073709551615", Ok("i64:-1"));
        check("s64", "i64:-1", Ok("i64:-1"));
        check("s64", "i32:1", Err("not a value of type s64"));
        check("bool", "true", Ok("i32:1"));
        check("bool", "yes", Err("write true or false"));
        check("string", "string:x", Ok("string:string:x"));
        // Core types have their own words.
        check("i32", "4294967295", Ok("i32:-1"));
        check("i32", "i32:7", Ok("i32:7"));
        check("i32", "99999999999", Err("type i32: write an integer from -2147483648 to 4294967295"));
        check("i64", "i64:0x10", Ok("i64:16"));
        check("i64", "x", Err("`x` is not a value of type i64: write an integer from"));
        check("f64", "0.5", Ok("f64:0.5"));
        check("f32", "x", Err("`x` is not a value of type f32: write a number"));
        check("list<u8>", "1", Err("is not a value"));
    }
}
