//! The imports: WASI, the specification's host functions, and what is missing.

use wasmer::{ExternType, Function, FunctionType, ImportType, Imports, Memory, Module, Mutability, Store};
use wasmlab_engine::{self as engine, EventLog};
use wasmlab_protocol::{Cause, CellSpec};

use crate::host::Wasi;
use crate::values;

/// The definitions of all imports of `module`.
///
/// # Errors
/// [`Cause::MissingImport`] or [`Cause::ImportTypeMismatch`] if an import cannot be satisfied.
pub(crate) fn imports(
    spec: &CellSpec,
    log: &EventLog,
    module: &Module,
    store: &mut Store,
    wasi: &Wasi,
) -> Result<Imports, Cause> {
    let mut imports = wasi.imports(store, module)?;
    for import in module.imports() {
        match import.ty() {
            ExternType::Function(ty) if engine::wants_host_function(spec, import.module(), import.name()) => {
                let function = host_function(log, import.module(), import.name(), ty, store);
                imports.define(import.module(), import.name(), function);
            }
            // WASIX programs with threads import their memory, which wasmer's host creates.
            ExternType::Memory(ty) if wasi.creates_memory(import.module(), import.name()) => {
                let memory = Memory::new(store, *ty).map_err(|e| Cause::ResourceLimit { message: e.to_string() })?;
                imports.define(import.module(), import.name(), memory);
            }
            _ => {}
        }
    }
    check(module, store, &imports).map_or(Ok(imports), Err)
}

fn host_function(log: &EventLog, module: &str, name: &str, ty: &FunctionType, store: &mut Store) -> Function {
    let (log, name, results) = (log.clone(), format!("{module}.{name}"), ty.results().to_vec());
    Function::new(store, ty, move |args| {
        log.host_call(&name, args.iter().map(values::to_lab).collect());
        Ok(results.iter().map(|ty| values::zero(*ty)).collect())
    })
}

/// The first import that is missing or has another type than the module expects.
pub(crate) fn check(module: &Module, store: &Store, imports: &Imports) -> Option<Cause> {
    let missing = module.imports().filter(|i| imports.get_export(i.module(), i.name()).is_none());
    let describe = |i: ImportType| (i.module().to_owned(), i.name().to_owned(), type_text(i.ty()));
    let mismatch = module.imports().find_map(|import| {
        let actual = imports.get_export(import.module(), import.name())?.ty(store);
        // Memories are created by the host for this import, with a lower maximum.
        if matches!(actual, ExternType::Memory(_)) || import.ty().is_compatible_with(&actual, None) {
            return None;
        }
        let (expected, actual) = (type_text(import.ty()), type_text(&actual));
        Some(engine::import_mismatch(import.module(), import.name(), &expected, &actual))
    });
    engine::missing_imports(missing, describe).or(mismatch)
}

fn type_text(ty: &ExternType) -> String {
    match ty {
        ExternType::Function(ty) => values::text(ty),
        ExternType::Global(ty) => engine::global_text(ty.mutability == Mutability::Var, values::name(ty.ty)),
        ExternType::Memory(ty) => {
            engine::memory_text(ty.minimum.0.into(), ty.maximum.map(|pages| pages.0.into()), ty.shared)
        }
        ExternType::Table(ty) => engine::table_text(ty.minimum.into(), ty.maximum.map(u64::from)),
        ExternType::Tag(_) => "tag".to_owned(),
    }
}
