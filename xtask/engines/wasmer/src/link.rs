//! The imports: WASI, the specification's host functions, and what is missing.

use wasmer::{ExternType, Function, FunctionType, Imports, Memory, Module, Mutability, Store};
use wasmlab_engine::{self as engine, Log};
use wasmlab_protocol::{Cause, CellSpec};

use crate::host::Wasi;
use crate::values;

/// The definitions of all imports of `module`.
///
/// # Errors
/// [`Cause::MissingImport`] or [`Cause::ImportTypeMismatch`] if an import cannot be satisfied.
pub(crate) fn imports(
    spec: &CellSpec,
    log: &Log,
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
            ExternType::Memory(ty) if wasi.gives_memory(import.module(), import.name()) => {
                let memory = Memory::new(store, *ty).map_err(|e| Cause::ResourceLimit { message: e.to_string() })?;
                imports.define(import.module(), import.name(), memory);
            }
            _ => {}
        }
    }
    check(module, store, &imports).map_or(Ok(imports), Err)
}

fn host_function(log: &Log, module: &str, name: &str, ty: &FunctionType, store: &mut Store) -> Function {
    let (log, name, results) = (log.clone(), format!("{module}.{name}"), ty.results().to_vec());
    Function::new(store, ty, move |args| {
        log.host_call(&name, args.iter().map(values::to_lab).collect());
        Ok(results.iter().map(|ty| values::zero(*ty)).collect())
    })
}

/// The first import that is missing or has another type than the module expects.
pub(crate) fn check(module: &Module, store: &Store, imports: &Imports) -> Option<Cause> {
    let found = |module: &str, name: &str| imports.get_export(module, name);
    let mut missing = module.imports().filter(|i| found(i.module(), i.name()).is_none());
    if let Some(first) = missing.next() {
        return Some(Cause::MissingImport {
            module: first.module().to_owned(),
            name: first.name().to_owned(),
            ty: type_text(first.ty()),
            missing_count: u32::try_from(missing.count()).unwrap_or(u32::MAX).saturating_add(1),
        });
    }
    module.imports().find_map(|import| {
        let actual = found(import.module(), import.name())?.ty(store);
        // Memories are created by the host for this import, with a lower maximum.
        if matches!(actual, ExternType::Memory(_)) || import.ty().is_compatible_with(&actual, None) {
            return None;
        }
        Some(Cause::ImportTypeMismatch {
            module: import.module().to_owned(),
            name: import.name().to_owned(),
            message: format!("the module imports {}, the host has {}", type_text(import.ty()), type_text(&actual)),
        })
    })
}

fn type_text(ty: &ExternType) -> String {
    let limits = |minimum: u32, maximum: Option<u32>| match maximum {
        Some(maximum) => format!("{minimum} {maximum}"),
        None => minimum.to_string(),
    };
    match ty {
        ExternType::Function(ty) => values::text(ty),
        ExternType::Global(ty) if ty.mutability == Mutability::Var => format!("global mut {}", values::name(ty.ty)),
        ExternType::Global(ty) => format!("global {}", values::name(ty.ty)),
        ExternType::Memory(ty) => {
            let shared = if ty.shared { " shared" } else { "" };
            format!("memory {}{shared}", limits(ty.minimum.0, ty.maximum.map(|pages| pages.0)))
        }
        ExternType::Table(ty) => format!("table {}", limits(ty.minimum, ty.maximum)),
        ExternType::Tag(_) => "tag".to_owned(),
    }
}
