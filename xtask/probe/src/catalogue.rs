//! The host functions that a runtime may define: import module, name, type, and the specification that declares them.
//!
//! `catalogue.json` is generated from the specifications' own files; `catalogue/` says how. Each entry names its source.

use std::collections::BTreeMap;

use anyhow::{Context, Result};
use serde::Deserialize;

/// All of it.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Catalogue {
    /// Version of the format.
    schema: u32,
    /// Functions of core modules.
    pub functions: Vec<SpecifiedFunctions>,
    /// Interfaces of components.
    pub packages: Vec<WitPackages>,
}

/// The functions that one specification declares in one import module.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SpecifiedFunctions {
    /// The specification: `WASI 0.1`.
    pub specification: String,
    /// The crate or repository, its version or commit, and the file.
    pub source: String,
    /// The import module.
    pub module: String,
    /// Name to type: `(i32, i32) -> (i32)`.
    pub functions: BTreeMap<String, String>,
}

/// The WIT packages of a specification, all of one version.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WitPackages {
    /// The specification: `WASI 0.2`.
    pub specification: String,
    /// The crate and the folder.
    pub source: String,
    /// The version.
    pub version: String,
    /// Each package as lines of WIT, dependencies first.
    pub wit: Vec<Vec<String>>,
}

/// The catalogue that is part of this crate.
///
/// # Errors
/// If the file is damaged.
pub fn load() -> Result<Catalogue> {
    let catalogue: Catalogue =
        serde_json::from_str(include_str!("catalogue.json")).context("failed to read catalogue.json")?;
    anyhow::ensure!(catalogue.schema == 1, "catalogue.json has schema {}, this reads 1", catalogue.schema);
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
        for (ty, wanted) in [
            ("(i32, i64) -> (i32)", " (param i32 i64) (result i32)"),
            ("() -> ()", ""),
            ("(externref, (ref null $a)) -> ((ref extern))", " (param externref (ref null $a)) (result (ref extern))"),
        ] {
            assert_eq!(to_text(ty), wanted);
        }
    }

    #[test]
    fn catalogue_has_each_specification_with_its_source() {
        let catalogue = load().unwrap();
        let count = |name: &str| {
            catalogue.functions.iter().filter(|f| f.specification == name).map(|f| f.functions.len()).sum::<usize>()
        };
        assert_eq!(count("WASI 0.1"), 46);
        assert_eq!(count("WASI snapshot 0"), 45);
        assert_eq!(count("wasi-threads"), 1);
        assert!(count("WASIX") > 50 && count("Emscripten") > 100 && count("WasmEdge's sockets") > 10);
        assert!(catalogue.functions.iter().all(|f| f.source.contains(": ")));
        let names: Vec<&str> = catalogue.packages.iter().map(|p| p.specification.as_str()).collect();
        assert_eq!(names, ["WASI 0.2", "WASI 0.3", "wasi:keyvalue"]);
    }
}
