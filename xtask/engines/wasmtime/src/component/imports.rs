//! Finds the import of a component that the host lacks.

use wasmlab_protocol::Cause;
use wasmtime::component::Component;
use wasmtime::{Engine, Error};

/// The import that wasmtime did not find, or found with another type. wasmtime only names it in a message and resolves
/// versions by its own rules, so the component's imports are looked up in the message.
pub(crate) fn of_linking(error: &Error, engine: &Engine, component: &Component) -> Cause {
    let message = format!("{error:#}");
    let ty = component.component_type();
    let mut imports = ty.imports(engine).map(|(name, _)| name.to_owned());
    let Some(module) = imports.find(|name| error.to_string().contains(&format!("`{name}`"))) else {
        return Cause::EngineError { message };
    };
    // The item of the interface, if the message names one: "instance export `f` has the wrong type".
    let item = error.chain().map(ToString::to_string).find(|message| message.starts_with("instance export"));
    let name = item.and_then(|message| message.split('`').nth(1).map(str::to_owned)).unwrap_or_default();
    if error.root_cause().to_string().contains("is missing") {
        return Cause::MissingImport { module, name, ty: "instance".to_owned(), missing_count: 0 };
    }
    Cause::ImportTypeMismatch { module, name, message }
}
