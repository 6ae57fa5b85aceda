//! From core module to component, within the lab: the step that `wasm-tools component new` does.

use wasi_preview1_component_adapter_provider::{
    WASI_SNAPSHOT_PREVIEW1_ADAPTER_NAME as ADAPTER, WASI_SNAPSHOT_PREVIEW1_COMMAND_ADAPTER as COMMAND,
};
use wit_component::ComponentEncoder;

use wasmlab_model::scenario::Componentize;

/// What does it, for provenance and for what the cache keeps.
pub fn tool(how: Componentize) -> String {
    let encoder = concat!("wit-component ", env!("WASMLAB_WIT_COMPONENT_VERSION"));
    match how {
        Componentize::Wit => encoder.to_owned(),
        Componentize::Preview1Adapter => {
            format!("{encoder}, preview1 adapter {}", env!("WASMLAB_PREVIEW1_ADAPTER_VERSION"))
        }
    }
}

/// The step as a person would type it after the compiler's command.
pub fn typed(how: Componentize) -> &'static str {
    match how {
        Componentize::Wit => " && wasm-tools component new",
        Componentize::Preview1Adapter => " && wasm-tools component new --adapt wasi_snapshot_preview1.command.wasm",
    }
}

/// The component around `module`.
///
/// # Errors
/// Why there can be none: the encoder's words, outermost first.
pub fn component(how: Componentize, module: &[u8]) -> Result<Vec<u8>, String> {
    let encode = || {
        let mut encoder = ComponentEncoder::default();
        encoder.validate(true).module(module)?;
        if how == Componentize::Preview1Adapter {
            encoder.adapter(ADAPTER, COMMAND)?;
        }
        encoder.encode()
    };
    encode().map_err(|error: anyhow::Error| format!("no component can be made of the module: {error:#}"))
}

#[cfg(test)]
mod tests {
    use super::component;
    use wasmlab_inspect::outline;
    use wasmlab_model::facts::Kind;
    use wasmlab_model::scenario::Componentize;

    fn module(imports: &str) -> Vec<u8> {
        wat::parse_str(format!(r#"(module {imports} (memory (export "memory") 1) (func (export "_start")))"#)).unwrap()
    }

    #[test]
    fn the_adapter_makes_a_command_of_wasi_02() {
        let wasi = module(
            r#"(import "wasi_snapshot_preview1" "random_get" (func (param i32 i32) (result i32)))
               (import "wasi_snapshot_preview1" "proc_exit" (func (param i32)))"#,
        );
        let facts = outline(&component(Componentize::Preview1Adapter, &wasi).unwrap()).unwrap();
        assert_eq!(facts.kind, Kind::Component);
        assert!(facts.imports.iter().any(|i| i.name.starts_with("wasi:random/random@0.2")), "{:?}", facts.imports);
        assert!(facts.exports.iter().any(|e| e.name.starts_with("wasi:cli/run@0.2")), "{:?}", facts.exports);
    }

    #[test]
    fn without_the_adapter_wasi_01_has_no_meaning() {
        let wasi = module(r#"(import "wasi_snapshot_preview1" "sched_yield" (func (result i32)))"#);
        let words = component(Componentize::Wit, &wasi).unwrap_err();
        assert!(words.contains("wasi_snapshot_preview1"), "{words}");
        assert!(component(Componentize::Wit, b"no module").is_err());
    }
}
