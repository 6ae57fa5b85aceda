//! The imports: the specification's host functions and nothing else, because tinywasm has no WASI.

use tinywasm::types::{FuncType, Import, ImportKind, Module};
use tinywasm::{Function, HostFunction, Imports, Store};
use wasmlab_engine::{self as engine, EventLog};
use wasmlab_protocol::{Cause, CellSpec};

use crate::values;

/// The definitions of the imports of `module`.
///
/// # Errors
/// [`Cause::MissingImport`] if an import has no definition.
pub(crate) fn imports(spec: &CellSpec, log: &EventLog, module: &Module, store: &mut Store) -> Result<Imports, Cause> {
    let mut imports = Imports::new();
    let mut missing: Vec<&Import> = vec![];
    for import in &module.imports {
        match &import.kind {
            ImportKind::Function(ty) if engine::wants_host_function(spec, &import.module, &import.name) => {
                let function = host_function(log, import, &module.func_types[*ty as usize], store);
                imports.define(&import.module, &import.name, function);
            }
            _ => missing.push(import),
        }
    }
    let describe =
        |import: &Import| (import.module.to_string(), import.name.to_string(), type_text(&import.kind, module));
    engine::missing_imports(missing, describe).map_or(Ok(imports), Err)
}

fn host_function(log: &EventLog, import: &Import, ty: &FuncType, store: &mut Store) -> Function {
    let (log, name, results) = (log.clone(), format!("{}.{}", import.module, import.name), ty.results().to_vec());
    HostFunction::from_untyped(store, ty, move |_, args| {
        log.host_call(&name, args.iter().map(values::to_lab).collect());
        Ok(results.iter().map(|ty| ty.default_value()).collect())
    })
}

fn type_text(kind: &ImportKind, module: &Module) -> String {
    match kind {
        ImportKind::Function(ty) => values::text(&module.func_types[*ty as usize]),
        ImportKind::Global(ty) => engine::global_text(ty.mutable, values::name(ty.ty)),
        // tinywasm does not distinguish a declared maximum from the largest possible one.
        ImportKind::Memory(ty) => engine::memory_text(ty.page_count_initial(), None, false),
        ImportKind::Table(ty) => engine::table_text(ty.size_initial, ty.size_max),
    }
}
