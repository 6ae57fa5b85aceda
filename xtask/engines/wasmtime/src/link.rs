//! The guest's imports: WASI, the specification's host functions, and missing ones.

use wasmlab_engine::{self as engine, EventLog};
use wasmlab_protocol::{Cause, CellSpec};
use wasmtime::{Extern, ExternType, FuncType, ImportType, Linker, Module, Mutability};
use wasmtime::{Store, StoreLimits, StoreLimitsBuilder};
use wasmtime_wasi::WasiCtxBuilder;

use crate::api::p1::WasiP1Ctx;
use crate::api::{self, p0, p1};
use crate::cause::engine_error;
use crate::{network, values};

/// The data of a core module's store.
pub(crate) struct Host {
    /// WASI 0.1.
    pub(crate) wasi: WasiP1Ctx,
    /// Limits of memories and tables.
    pub(crate) limits: StoreLimits,
}

/// The guest's environment according to the specification. Of this process it only gets the standard streams. A
/// preopened socket is not passed on, because wasmtime-wasi does not support it; the guest still gets its descriptor
/// number and reports what it finds.
pub(crate) fn wasi(spec: &CellSpec) -> Result<WasiCtxBuilder, Cause> {
    let mut wasi = WasiCtxBuilder::new();
    // Nothing else runs in this process, so blocking calls may block this thread, and no other thread is started.
    wasi.allow_blocking_current_thread(true);
    wasi.inherit_stdio().args(&engine::guest_args(spec, engine::socket_fd(spec, engine::FIRST_FD)));
    for (name, value) in &spec.env {
        wasi.env(name, value);
    }
    network::allow(&mut wasi, spec.network);
    for dir in &spec.dirs {
        api::preopen(&mut wasi, &dir.host, &dir.guest)
            .map_err(|e| engine_error(&format_args!("failed to open {}: {e}", dir.host.display())))?;
    }
    Ok(wasi)
}

/// Limits of memories and tables.
pub(crate) fn limits(spec: &CellSpec) -> StoreLimits {
    StoreLimitsBuilder::new()
        .memory_size(usize::try_from(spec.memory_limit).unwrap_or(usize::MAX))
        .table_elements(wasmlab_protocol::MAX_TABLE_ELEMENTS)
        .build()
}

/// Defines all imports that `module` may have.
pub(crate) fn define(spec: &CellSpec, log: &EventLog, module: &Module, linker: &mut Linker<Host>) -> Result<(), Cause> {
    let is_imported = |namespace| module.imports().any(|import| import.module() == namespace);
    if is_imported("wasi_snapshot_preview1") {
        p1::add_to_linker_sync(linker, |host| &mut host.wasi).map_err(|e| engine_error(&e))?;
    }
    if is_imported("wasi_unstable") {
        p0::add_to_linker_sync(linker, |host| &mut host.wasi).map_err(|e| engine_error(&e))?;
    }
    for import in module.imports() {
        let ExternType::Func(ty) = import.ty() else { continue };
        if engine::wants_host_function(spec, import.module(), import.name()) {
            // A second import of the same function is already defined, which is fine.
            host_function(log, import.module(), import.name(), ty, linker).ok();
        }
    }
    Ok(())
}

fn host_function(
    log: &EventLog,
    module: &str,
    name: &str,
    ty: FuncType,
    linker: &mut Linker<Host>,
) -> wasmtime::Result<()> {
    let (log, function, results) = (log.clone(), format!("{module}.{name}"), ty.clone());
    linker.func_new(module, name, ty, move |_, args, out| {
        log.host_call(&function, args.iter().map(values::to_lab).collect());
        for (out, ty) in out.iter_mut().zip(results.results()) {
            *out = ty
                .default_value()
                .ok_or_else(|| wasmtime::Error::msg(format!("{function} has a result type without a default value")))?;
        }
        Ok(())
    })?;
    Ok(())
}

/// Ends the cell if an import has no definition, or one of another type.
pub(crate) fn check<T: 'static>(module: &Module, linker: &Linker<T>, store: &mut Store<T>) -> Result<(), Cause> {
    let (mut missing, mut mismatch) = (vec![], None);
    for import in module.imports() {
        let Some(definition) = linker.get_by_import(&mut *store, &import) else {
            missing.push(import);
            continue;
        };
        let (expected, actual) = (import.ty(), definition.ty(&*store));
        if mismatch.is_none() && !fits(&actual, &expected, &definition) {
            let (expected, actual) = (type_text(&expected), type_text(&actual));
            mismatch = Some(engine::import_mismatch(import.module(), import.name(), &expected, &actual));
        }
    }
    let describe = |i: ImportType| (i.module().to_owned(), i.name().to_owned(), type_text(&i.ty()));
    engine::missing_imports(missing, describe).or(mismatch).map_or(Ok(()), Err)
}

/// For functions, wasmtime checks subtyping; everything else is created by the host for this import.
fn fits(actual: &ExternType, expected: &ExternType, definition: &Extern) -> bool {
    match (actual, expected) {
        (ExternType::Func(actual), ExternType::Func(expected)) => actual.matches(expected),
        (_, ExternType::Func(_)) => false,
        _ => !matches!(definition, Extern::Func(_)),
    }
}

fn type_text(ty: &ExternType) -> String {
    match ty {
        ExternType::Func(ty) => values::text(ty),
        ExternType::Global(ty) => engine::global_text(ty.mutability() == Mutability::Var, ty.content()),
        ExternType::Memory(ty) => engine::memory_text(ty.minimum(), ty.maximum(), ty.is_shared()),
        ExternType::Table(ty) => engine::table_text(ty.minimum(), ty.maximum()),
        ExternType::Tag(ty) => format!("tag {}", values::text(ty.ty())),
    }
}
