//! Calls of component exports as text: WAVE, the WebAssembly Value Encoding, for the types that cells support.
//!
//! <https://github.com/bytecodealliance/wasm-tools/tree/main/crates/wasm-wave>

use wasmlab_protocol::{Call, Value};

/// `add(2147483647, 1)`, with arguments of these types; `None` if a value has no text form.
#[must_use]
pub fn call(call: &Call, params: &[String]) -> Option<String> {
    let types = params.iter().map(String::as_str).chain(std::iter::repeat(""));
    let args: Option<Vec<String>> = call.args.iter().zip(types).map(|(value, ty)| argument(value, ty)).collect();
    Some(format!("{}({})", call.export, args?.join(", ")))
}

/// The lab's `i32` and `i64` stand for all integers of up to that many bits, signed or unsigned.
fn argument(value: &Value, ty: &str) -> Option<String> {
    Some(match (value, ty) {
        (Value::I32(v), "bool") => (*v != 0).to_string(),
        (Value::I32(v), ty) if ty.starts_with('u') => v.cast_unsigned().to_string(),
        (Value::I64(v), ty) if ty.starts_with('u') => v.cast_unsigned().to_string(),
        (Value::I32(v), _) => v.to_string(),
        (Value::I64(v), _) => v.to_string(),
        (Value::F32(v), _) => number(f64::from(*v), v.to_string()),
        (Value::F64(v), _) => number(*v, v.to_string()),
        (Value::Text(v), _) => quoted(v),
        (Value::V128(_) | Value::Ref { .. }, _) => return None,
    })
}

/// Infinities and NaN have special names.
fn number(value: f64, text: String) -> String {
    if value.is_nan() { "nan".to_owned() } else { text }
}

fn quoted(text: &str) -> String {
    let mut out = String::from("\"");
    for c in text.chars() {
        match c {
            '"' | '\\' => out.extend(['\\', c]),
            '\n' => out += "\\n",
            '\r' => out += "\\r",
            '\t' => out += "\\t",
            c if c.is_control() => out += &format!("\\u{{{:x}}}", u32::from(c)),
            c => out.push(c),
        }
    }
    out.push('"');
    out
}

/// Parses a result of this type; `None` if the lab has no value for the type.
#[must_use]
pub fn value(ty: &str, text: &str) -> Option<Value> {
    match ty {
        "bool" => Some(Value::I32(i32::from(text.parse::<bool>().ok()?))),
        "s8" | "s16" | "s32" => text.parse().ok().map(Value::I32),
        "u8" | "u16" | "u32" => text.parse::<u32>().ok().map(|v| Value::I32(v.cast_signed())),
        "s64" => text.parse().ok().map(Value::I64),
        "u64" => text.parse::<u64>().ok().map(|v| Value::I64(v.cast_signed())),
        "f32" => text.parse().ok().map(Value::F32),
        "f64" => text.parse().ok().map(Value::F64),
        "string" => unquoted(text).map(Value::Text),
        _ => None,
    }
}

fn unquoted(text: &str) -> Option<String> {
    let mut rest = text.strip_prefix('"')?.strip_suffix('"')?.chars();
    let mut out = String::new();
    while let Some(c) = rest.next() {
        if c != '\\' {
            out.push(c);
            continue;
        }
        out.push(match rest.next()? {
            'n' => '\n',
            'r' => '\r',
            't' => '\t',
            'u' => {
                let digits: String = rest.by_ref().skip(1).take_while(|c| *c != '}').collect();
                char::from_u32(u32::from_str_radix(&digits, 16).ok()?)?
            }
            c => c,
        });
    }
    Some(out)
}

#[cfg(test)]
mod tests {
    use wasmlab_protocol::{Call, Value};

    #[test]
    fn wave_text_round_trips() {
        let check = |value: Value, ty: &str, text: &str| {
            let call = Call { export: "f".to_owned(), args: vec![value.clone()] };
            assert_eq!(super::call(&call, &[ty.to_owned()]).as_deref(), Some(&*format!("f({text})")));
            assert_eq!(super::value(ty, text), Some(value), "{ty} {text}");
        };
        check(Value::I32(-1), "s32", "-1");
        check(Value::I32(-1), "u32", "4294967295");
        check(Value::I32(1), "bool", "true");
        check(Value::I64(-1), "u64", "18446744073709551615");
        check(Value::F64(0.5), "f64", "0.5");
        check(Value::F32(f32::NEG_INFINITY), "f32", "-inf");
        check(Value::Text("say \"\\\u{1}\n".to_owned()), "string", r#""say \"\\\u{1}\n""#);
        assert!(matches!(super::value("f64", "nan"), Some(Value::F64(v)) if v.is_nan()));
        assert_eq!(super::value("record", "{a: 1}"), None);
        let vector = Call { export: "f".to_owned(), args: vec![Value::V128([0; 16])] };
        assert_eq!(super::call(&vector, &[]), None);
    }
}
