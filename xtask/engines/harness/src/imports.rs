//! The causes for imports that an engine cannot satisfy, and the notation of their types.

use std::fmt::Display;

use wasmlab_protocol::Cause;

/// The cause for imports without a definition; `None` if there are none. `describe` returns module, name and type of
/// the first one.
pub fn missing_imports<I>(
    missing: impl IntoIterator<Item = I>,
    describe: impl FnOnce(I) -> (String, String, String),
) -> Option<Cause> {
    let mut missing = missing.into_iter();
    let (module, name, ty) = describe(missing.next()?);
    let missing_count = u32::try_from(missing.count()).unwrap_or(u32::MAX).saturating_add(1);
    Some(Cause::MissingImport { module, name, ty, missing_count })
}

/// The cause for an import whose definition has another type.
#[must_use]
pub fn import_mismatch(module: &str, name: &str, expected: &str, actual: &str) -> Cause {
    let message = format!("the module imports {expected}, the host has {actual}");
    Cause::ImportTypeMismatch { module: module.to_owned(), name: name.to_owned(), message }
}

/// A function type as shown in every engine's [`Cause::MissingImport`]: `func (i32, i32) -> i64`.
pub fn func_text<T: Display>(params: impl IntoIterator<Item = T>, results: impl IntoIterator<Item = T>) -> String {
    let list = |types: &[String]| match types {
        [one] => one.clone(),
        many => format!("({})", many.join(", ")),
    };
    let params: Vec<_> = params.into_iter().map(|t| t.to_string()).collect();
    let results: Vec<_> = results.into_iter().map(|t| t.to_string()).collect();
    match results[..] {
        [] => format!("func ({})", params.join(", ")),
        _ => format!("func ({}) -> {}", params.join(", "), list(&results)),
    }
}

/// A global's type: `global mut i64`.
pub fn global_text(mutable: bool, ty: impl Display) -> String {
    format!("global {}{ty}", if mutable { "mut " } else { "" })
}

/// A memory's type, limits in pages: `memory 1 2 shared`.
#[must_use]
pub fn memory_text(minimum: u64, maximum: Option<u64>, shared: bool) -> String {
    format!("memory {}{}", limits_text(minimum, maximum), if shared { " shared" } else { "" })
}

/// A table's type, limits in elements: `table 1 2`.
#[must_use]
pub fn table_text(minimum: u64, maximum: Option<u64>) -> String {
    format!("table {}", limits_text(minimum, maximum))
}

fn limits_text(minimum: u64, maximum: Option<u64>) -> String {
    maximum.map_or_else(|| minimum.to_string(), |maximum| format!("{minimum} {maximum}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn types_have_one_notation() {
        assert_eq!(func_text(["i32", "i64"], []), "func (i32, i64)");
        assert_eq!(func_text([], ["i32"]), "func () -> i32");
        assert_eq!(func_text(["f64"], ["i32", "i32"]), "func (f64) -> (i32, i32)");
        assert_eq!(
            (global_text(true, "i64"), global_text(false, "f32")),
            ("global mut i64".into(), "global f32".into())
        );
        assert_eq!(memory_text(1, None, false), "memory 1");
        assert_eq!(memory_text(1, Some(2), true), "memory 1 2 shared");
        assert_eq!(table_text(10, Some(20)), "table 10 20");
    }

    #[test]
    fn missing_imports_are_counted() {
        let cause =
            |names: &[&str]| missing_imports(names, |name| ("env".into(), (*name).to_owned(), "func ()".into()));
        assert_eq!(cause(&[]), None);
        let Some(Cause::MissingImport { module, name, ty, missing_count }) = cause(&["f", "g", "f"]) else {
            panic!("no cause");
        };
        assert_eq!((module.as_str(), name.as_str(), ty.as_str(), missing_count), ("env", "f", "func ()", 3));
    }
}
