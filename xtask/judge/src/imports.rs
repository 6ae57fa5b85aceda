//! What a missing import means: that depends on the ABI that it belongs to.

use super::because;
use wasmlab_model::codes::Code;
use wasmlab_model::facts::{Abi, Facts, Kind, Shape};
use wasmlab_model::verdict::Judgement;

/// `module.name`, or the name alone for components.
pub fn named(module: &str, name: &str) -> String {
    if module.is_empty() { name.to_owned() } else { format!("{module}.{name}") }
}

/// The judgement on the first of `missing` imports that a runtime does not define.
pub fn missing(facts: Option<&Facts>, module: &str, name: &str, ty: &str, missing: u32) -> Judgement {
    // A component imports interfaces, and is told which by name and version; what is missing is within.
    let component = facts.is_some_and(|f| f.kind == Kind::Component) && !module.is_empty();
    let import = if component { module.to_owned() } else { named(module, name) };
    let abi = facts.and_then(|f| f.abis.iter().find(|a| a.evidence.contains(&import))).map(|a| a.abi);
    // A standalone module (it exports `_start`) has no glue of its own that could define the rest.
    let standalone = facts.is_some_and(|f| f.shape == Shape::Command);
    let code = match abi {
        Some(Abi::EmscriptenOld) => Code::NeedsEmscriptenHost,
        Some(Abi::EmscriptenNew) if standalone => Code::NeedsEmscriptenHost,
        Some(Abi::EmscriptenNew | Abi::WasmBindgen | Abi::GoJs | Abi::AssemblyScript | Abi::Minified) => {
            Code::NeedsJsGlue
        }
        Some(Abi::Napi) => Code::NeedsNapiHost,
        Some(Abi::CustomHost | Abi::CustomInterface) => Code::CustomHost,
        Some(Abi::WasiUnstable | Abi::Wasi01 | Abi::Wasi02 | Abi::Wasi03 | Abi::Wasix | Abi::WasiThreads) | None => {
            Code::MissingImport
        }
    };
    let ty = if ty.is_empty() { String::new() } else { format!(": {ty}") };
    let more = match missing.saturating_sub(1) {
        0 => String::new(),
        1 => ", and 1 more import".to_owned(),
        n => format!(", and {n} more imports"),
    };
    let hidden =
        if abi == Some(Abi::Minified) { " (names minified by the toolchain: only its glue knows them)" } else { "" };
    let shown = if component && !name.is_empty() { format!("{import}#{name}") } else { import.clone() };
    because(code, import, format!("does not define {shown}{ty}{more}{hidden}"))
}
