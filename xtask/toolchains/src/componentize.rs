//! Turns a core module into a component within the lab, like `wasm-tools component new`.

use wasi_preview1_component_adapter_provider::{
    WASI_SNAPSHOT_PREVIEW1_ADAPTER_NAME as ADAPTER, WASI_SNAPSHOT_PREVIEW1_COMMAND_ADAPTER as COMMAND,
    WASI_SNAPSHOT_PREVIEW1_REACTOR_ADAPTER as REACTOR,
};
use wit_component::ComponentEncoder;

use wasmlab_model::scenario::Componentize;

use crate::Conversion;

/// The crates that do it, with versions: for provenance and the cache key.
#[must_use]
pub fn tool(kind: Componentize) -> String {
    let encoder = concat!("wit-component ", env!("WASMLAB_WIT_COMPONENT_VERSION"));
    match kind {
        Componentize::Wit => encoder.to_owned(),
        Componentize::Preview1Adapter => {
            format!("{encoder}, preview1 adapter {}", env!("WASMLAB_PREVIEW1_ADAPTER_VERSION"))
        }
    }
}

/// The conversion as a step of a recipe.
#[must_use]
pub fn conversion(kind: Componentize) -> Conversion {
    match kind {
        Componentize::Wit => {
            Conversion { convert: |_, module| component(Componentize::Wit, module), shown: "wasm-tools component new" }
        }
        Componentize::Preview1Adapter => Conversion {
            convert: |_, module| component(Componentize::Preview1Adapter, module),
            shown: "wasm-tools component new --adapt wasi_snapshot_preview1.command.wasm",
        },
    }
}

/// Wraps `module` in a component.
///
/// # Errors
/// The encoder's message, outermost first.
fn component(kind: Componentize, module: &[u8]) -> Result<Vec<u8>, String> {
    encoded(module, (kind == Componentize::Preview1Adapter).then_some(COMMAND))
}

/// Wraps `module` in a component, with this adapter for WASI 0.1: `wasi_snapshot_preview1.command`, or `….reactor` for
/// one that is not a program.
///
/// # Errors
/// The encoder's message, outermost first.
pub fn adapted(module: &[u8], adapter: Option<&str>) -> Result<Vec<u8>, String> {
    encoded(module, adapter.map(|name| if name.ends_with(".reactor") { REACTOR } else { COMMAND }))
}

fn encoded(module: &[u8], adapter: Option<&[u8]>) -> Result<Vec<u8>, String> {
    let encode = || {
        let mut encoder = ComponentEncoder::default();
        encoder.validate(true).module(module)?;
        if let Some(adapter) = adapter {
            encoder.adapter(ADAPTER, adapter)?;
        }
        encoder.encode()
    };
    encode().map_err(|error: anyhow::Error| format!("failed to make a component of the module: {error:#}"))
}

#[cfg(test)]
mod tests {
    use super::component;
    use wasmlab_model::scenario::Componentize;
    use wit_component::DecodedWasm;

    fn module(imports: &str) -> Vec<u8> {
        wat::parse_str(format!(r#"(module {imports} (memory (export "memory") 1) (func (export "_start")))"#)).unwrap()
    }

    #[test]
    fn the_adapter_makes_a_command_of_wasi_02() {
        let wasi = module(
            r#"(import "wasi_snapshot_preview1" "random_get" (func (param i32 i32) (result i32)))
               (import "wasi_snapshot_preview1" "proc_exit" (func (param i32)))"#,
        );
        let component = component(Componentize::Preview1Adapter, &wasi).unwrap();
        let DecodedWasm::Component(resolve, world) = wit_component::decode(&component).unwrap() else {
            panic!("a component")
        };
        let world = &resolve.worlds[world];
        let imports: Vec<String> = world.imports.keys().map(|key| resolve.name_world_key(key)).collect();
        let exports: Vec<String> = world.exports.keys().map(|key| resolve.name_world_key(key)).collect();
        assert!(imports.iter().any(|name| name.starts_with("wasi:random/random@0.2")), "{imports:?}");
        assert!(exports.iter().any(|name| name.starts_with("wasi:cli/run@0.2")), "{exports:?}");
    }

    #[test]
    fn without_the_adapter_wasi_01_has_no_meaning() {
        let wasi = module(r#"(import "wasi_snapshot_preview1" "sched_yield" (func (result i32)))"#);
        let message = component(Componentize::Wit, &wasi).unwrap_err();
        assert!(message.contains("wasi_snapshot_preview1"), "{message}");
        assert!(component(Componentize::Wit, b"no module").is_err());
    }
}
