//! Core types of the functions in a witx document.

use std::collections::BTreeMap;
use std::path::Path;

use anyhow::{Context, Result};
use witx::WasmType;

/// The module's name, and its functions with their types.
pub fn functions(file: &Path) -> Result<(String, BTreeMap<String, String>)> {
    let document = witx::load(&[file]).with_context(|| format!("failed to read `{}`", file.display()))?;
    let module = document.modules().next().context("the document has no module")?;
    let of = |function: &witx::InterfaceFunc| {
        let (params, results) = function.wasm_signature();
        let names = |types: &[WasmType]| types.iter().map(name).collect::<Vec<_>>();
        (function.name.as_str().to_owned(), crate::text(&names(&params), &names(&results)))
    };
    Ok((module.name.as_str().to_owned(), module.funcs().map(|f| of(&f)).collect()))
}

fn name(ty: &WasmType) -> &'static str {
    match ty {
        WasmType::I32 => "i32",
        WasmType::I64 => "i64",
        WasmType::F32 => "f32",
        WasmType::F64 => "f64",
    }
}
