//! The functions inside the interfaces that a component exports.

use wasmparser::component_types::ComponentEntityType;
use wasmparser::{Validator, WasmFeatures};

use super::InspectError;

/// An exported interface and the names of its functions.
pub type Interface = (String, Vec<String>);

/// The exported interfaces of a component, in the order of `exports`, with their functions; empty for a module.
///
/// # Errors
/// If the component is malformed or invalid.
pub fn interfaces(bytes: &[u8]) -> Result<Vec<Interface>, InspectError> {
    let exports = super::outline(bytes)?.exports;
    let types = Validator::new_with_features(WasmFeatures::all()).validate_all(bytes)?;
    let types = types.as_ref();
    let functions = |name: &str| match types.component_item_for_export(name)?.ty {
        ComponentEntityType::Instance(id) => {
            let items = types[id].exports.iter();
            let functions = items.filter(|(_, item)| matches!(item.ty, ComponentEntityType::Func(_)));
            Some(functions.map(|(name, _)| name.clone()).collect())
        }
        _ => None,
    };
    Ok(exports.into_iter().filter_map(|e| functions(&e.name).map(|functions| (e.name, functions))).collect())
}

#[cfg(test)]
mod tests {
    use super::interfaces;

    #[test]
    fn functions_of_exported_interfaces_are_listed() {
        let wat = r#"(component
          (core module $m (func (export "f") (result i32) (i32.const 7)))
          (core instance $i (instantiate $m))
          (func $f (result u32) (canon lift (core func $i "f")))
          (instance $api (export "generate" (func $f)))
          (export "my:agent/api@0.1.0" (instance $api))
          (export "direct" (func $f)))"#;
        let found = interfaces(&wat::parse_str(wat).unwrap()).unwrap();
        assert_eq!(found, [("my:agent/api@0.1.0".to_owned(), vec!["generate".to_owned()])]);
        assert_eq!(interfaces(&wat::parse_str("(module)").unwrap()).unwrap(), []);
    }
}
