//! The imports: WASI, the specification's host functions, and what is missing.

use std::collections::BTreeSet;
use std::fmt::Display;
use std::os::fd::{FromRawFd, OwnedFd};

use wasmi::{ExternType, FuncType, Linker, Module, Val};
use wasmi_wasi::{Dir, TcpListener, WasiCtx, WasiCtxBuilder, ambient_authority};
use wasmlab_engine::{self as engine, EventLog};
use wasmlab_protocol::{Cause, CellSpec};

use crate::{Host, values};

/// Defines all imports that `module` may have.
///
/// # Errors
/// [`Cause::MissingImport`] if an import has no definition.
pub(crate) fn define(spec: &CellSpec, log: &EventLog, module: &Module, linker: &mut Linker<Host>) -> Result<(), Cause> {
    wasmi_wasi::add_to_linker(linker, |host: &mut Host| &mut host.wasi).map_err(engine_error)?;
    for import in module.imports() {
        let ExternType::Func(ty) = import.ty() else { continue };
        if engine::wants_host_function(spec, import.module(), import.name()) {
            // A second import of the same function is already defined, which is fine.
            host_function(log, import.module(), import.name(), ty, linker).ok();
        }
    }
    missing(module, linker, |_, _| false).map_or(Ok(()), Err)
}

fn host_function(
    log: &EventLog,
    module: &str,
    name: &str,
    ty: &FuncType,
    linker: &mut Linker<Host>,
) -> Result<(), wasmi::errors::LinkerError> {
    let (log, function, results) = (log.clone(), format!("{module}.{name}"), ty.results().to_vec());
    linker.func_new(module, name, ty.clone(), move |_, args, out| {
        log.host_call(&function, args.iter().map(values::to_lab).collect());
        out.iter_mut().zip(&results).for_each(|(out, ty)| *out = Val::default_for_ty(*ty));
        Ok(())
    })?;
    Ok(())
}

/// The first import without a definition, and the number of such imports; `is_defined` tells which non-functions are
/// defined.
pub(crate) fn missing(
    module: &Module,
    linker: &Linker<Host>,
    is_defined: impl Fn(&str, &str) -> bool,
) -> Option<Cause> {
    // `Linker::get` does not return host functions, but defining one twice fails. So each import is defined in a copy
    // of the linker to see which are new.
    let mut copy = linker.clone();
    let mut undefined = BTreeSet::new();
    for import in module.imports() {
        let is_missing = match import.ty() {
            ExternType::Func(ty) => copy.func_new(import.module(), import.name(), ty.clone(), |_, _, _| Ok(())).is_ok(),
            _ => !is_defined(import.module(), import.name()),
        };
        if is_missing {
            undefined.insert((import.module(), import.name()));
        }
    }
    // Count imports, not names: a name may be imported more than once.
    let missing = module.imports().filter(|i| undefined.contains(&(i.module(), i.name())));
    engine::missing_imports(missing, |i| (i.module().to_owned(), i.name().to_owned(), type_text(i.ty())))
}

fn type_text(ty: &ExternType) -> String {
    match ty {
        ExternType::Func(ty) => values::text(ty),
        ExternType::Global(ty) => engine::global_text(ty.mutability().is_mut(), values::name(ty.content())),
        ExternType::Memory(ty) => engine::memory_text(ty.minimum(), ty.maximum(), false),
        ExternType::Table(ty) => engine::table_text(ty.minimum(), ty.maximum()),
    }
}

/// The guest's environment according to the specification. Of this process it only gets the standard streams.
pub(crate) fn wasi(spec: &CellSpec) -> Result<WasiCtx, Cause> {
    let mut wasi = WasiCtxBuilder::new();
    wasi.inherit_stdio();
    for dir in &spec.dirs {
        let open = Dir::open_ambient_dir(&dir.host, ambient_authority())
            .map_err(|e| engine_error(format_args!("failed to open {}: {e}", dir.host.display())))?;
        wasi.preopened_dir(open, &dir.guest).map_err(engine_error)?;
    }
    let first_socket = engine::socket_fd(spec, engine::FIRST_FD);
    for (guest_fd, socket) in (first_socket.unwrap_or_default()..).zip(&spec.sockets) {
        // SAFETY: the lab leaves this descriptor open for this engine only, and nothing else here closes or owns it.
        let fd = unsafe { OwnedFd::from_raw_fd(socket.fd) };
        let listener = std::net::TcpListener::from(fd);
        // `sock_accept` must block for a guest that does not poll.
        listener.set_nonblocking(false).map_err(engine_error)?;
        wasi.preopened_socket(guest_fd, TcpListener::from_std(listener)).map_err(engine_error)?;
    }
    wasi.args(&engine::guest_args(spec, first_socket)).map_err(engine_error)?;
    for (name, value) in &spec.env {
        wasi.env(name, value).map_err(engine_error)?;
    }
    Ok(wasi.build())
}

fn engine_error(error: impl Display) -> Cause {
    Cause::EngineError { message: error.to_string() }
}
