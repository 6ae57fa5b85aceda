//! Which import of a component the host does not have.

use wasmlab_protocol::Cause;
use wasmtime::component::Component;
use wasmtime::{Engine, Error};

/// Which import wasmtime did not find, or found with another type. It says so in words only, and finds
/// versions by rules of its own: so the component's imports are looked for in the words.
pub(crate) fn of_linking(error: &Error, engine: &Engine, component: &Component) -> Cause {
    let message = format!("{error:#}");
    let ty = component.component_type();
    let mut imports = ty.imports(engine).map(|(name, _)| name.to_owned());
    let Some(module) = imports.find(|name| error.to_string().contains(&format!("`{name}`"))) else {
        return Cause::EngineError { message };
    };
    // The item of the interface, where the words name one: "instance export `f` has the wrong type".
    let item = error.chain().map(ToString::to_string).find(|words| words.starts_with("instance export"));
    let name = item.and_then(|words| words.split('`').nth(1).map(str::to_owned)).unwrap_or_default();
    if error.root_cause().to_string().contains("is missing") {
        return Cause::MissingImport { module, name, ty: "instance".to_owned(), missing_count: 0 };
    }
    Cause::ImportTypeMismatch { module, name, message }
}
