//! The host functions that a runtime may define: import module, name, type, and the specification that declares them.
//!
//! `catalogue.json` is generated from the specifications' own files; `catalogue/` says how. Each entry names its source.

use anyhow::{Context, Result};

mod format;

pub use format::{Catalogue, SpecifiedFunctions, WitPackages};

/// The catalogue that is part of this crate.
///
/// # Errors
/// If the file is damaged.
pub fn load() -> Result<Catalogue> {
    let catalogue: Catalogue =
        serde_json::from_str(include_str!("catalogue.json")).context("failed to read catalogue.json")?;
    let (schema, expected) = (catalogue.schema, format::SCHEMA);
    anyhow::ensure!(schema == expected, "catalogue.json has schema {schema}, this reads {expected}");
    Ok(catalogue)
}

/// The type of a function in the text format: `(param i32 i32) (result i32)`.
#[must_use]
pub fn to_text(ty: &str) -> String {
    let (params, results) = ty.split_once(" -> ").unwrap_or((ty, "()"));
    let part = |name: &str, list: &str| {
        let list = list.trim().strip_prefix('(').and_then(|list| list.strip_suffix(')')).unwrap_or_default();
        let types: Vec<&str> = list.split(", ").filter(|ty| !ty.is_empty()).collect();
        if types.is_empty() { String::new() } else { format!(" ({name} {})", types.join(" ")) }
    };
    format!("{}{}", part("param", params), part("result", results))
}

#[cfg(test)]
mod tests {
    use super::{load, to_text};

    #[test]
    fn types_become_text() {
        for (ty, expected) in [
            ("(i32, i64) -> (i32)", " (param i32 i64) (result i32)"),
            ("() -> ()", ""),
            ("(externref, (ref null $a)) -> ((ref extern))", " (param externref (ref null $a)) (result (ref extern))"),
        ] {
            assert_eq!(to_text(ty), expected);
        }
    }

    #[test]
    fn catalogue_has_each_specification_with_its_source() {
        let catalogue = load().unwrap();
        let count = |name: &str| {
            catalogue.functions.iter().filter(|f| f.specification == name).map(|f| f.functions.len()).sum::<usize>()
        };
        assert_eq!(count("WASI 0.1"), 46);
        let wasi = catalogue.functions.iter().find(|f| f.specification == "WASI 0.1").unwrap();
        assert_eq!(wasi.module, wasmlab_model::wasi::MODULE);
        assert!(wasi.functions.keys().eq(wasmlab_model::wasi::FUNCTIONS));
        assert!(wasmlab_model::wasi::WITHOUT_MEMORY.iter().all(|name| wasi.functions.contains_key(*name)));
        assert_eq!(count("WASI snapshot 0"), 45);
        assert_eq!(count("wasi-threads"), 1);
        assert!(count("WASIX") > 50 && count("Emscripten") > 100 && count("WasmEdge's sockets") > 10);
        assert!(catalogue.functions.iter().all(|f| f.source.contains(": ")));
        let names: Vec<&str> = catalogue.packages.iter().map(|p| p.specification.as_str()).collect();
        assert_eq!(names, ["WASI 0.2", "WASI 0.3", "wasi:keyvalue"]);
    }
}
