//! Runs a guest. For one of the fastcomp ABI, the host does what its glue does before and after `main`.

use std::error::Error;

use wasmlab_protocol::{Cause, CellSpec, EntryPoint};

use crate::{Guest, Termination};

/// Whether a module with these exports is a program of the fastcomp ABI.
pub fn is_fastcomp<'a>(exports: impl IntoIterator<Item = &'a str>) -> bool {
    exports.into_iter().any(|name| name == "_main")
}

/// Runs a guest that has been instantiated; `engine_cause` converts the engine's error.
///
/// # Errors
/// Why the guest ended, unless it returned or its exit code is 0.
pub fn run_entry_point<E: Error + 'static>(
    spec: &CellSpec,
    guest: &mut dyn Guest,
    is_fastcomp: bool,
    engine_cause: impl FnOnce(E) -> Cause,
) -> Result<(), Cause> {
    if spec.entry != EntryPoint::Command {
        return Err(Cause::MissingExport { name: "_start".to_owned() });
    }
    let result = if is_fastcomp { start_fastcomp(guest) } else { guest.call("_start", &[]).map(|_| 0) };
    match result {
        Ok(0) => Ok(()),
        Ok(code) => Err(Cause::Exit { code }),
        Err(termination) => Err(termination.into_cause(engine_cause)),
    }
}

/// Runs `main` and returns its exit code.
///
/// # Errors
/// If the guest ended in another way.
pub fn start_fastcomp(guest: &mut dyn Guest) -> Result<i32, Termination> {
    match run(guest) {
        Err(Termination::Exit(code)) => {
            if guest.host().flushes {
                call_if_exported(guest, "_fflush", &[0])?;
            }
            Ok(code)
        }
        other => other,
    }
}

fn run(guest: &mut dyn Guest) -> Result<i32, Termination> {
    for constructor in ["runPostSets", "___emscripten_environ_constructor"] {
        call_if_exported(guest, constructor, &[])?;
    }
    let args = guest.host().args.clone();
    let mut addresses = Vec::new();
    for arg in &args {
        let at = stack_alloc(guest, arg.len() + 1)?;
        put(guest, at, arg.as_bytes())?;
        put(guest, at.wrapping_add(arg.len() as u32), &[0])?;
        addresses.push(at);
    }
    // argv ends with a null pointer.
    let argv = stack_alloc(guest, 4 * (addresses.len() + 1))?;
    let pointers: Vec<u8> = addresses.iter().chain([&0]).flat_map(|address| address.to_le_bytes()).collect();
    put(guest, argv, &pointers)?;
    let count = args.len() as i32;
    let code = match guest.call("_main", &[count, argv as i32]) {
        Err(Termination::MissingExport(_)) => guest.call("_main", &[])?,
        other => other?,
    };
    // Flush buffered stdio.
    call_if_exported(guest, "_fflush", &[0])?;
    Ok(code.unwrap_or_default())
}

fn call_if_exported(guest: &mut dyn Guest, export: &str, args: &[i32]) -> Result<(), Termination> {
    match guest.call(export, args) {
        Ok(_) | Err(Termination::MissingExport(_)) => Ok(()),
        Err(other) => Err(other),
    }
}

fn stack_alloc(guest: &mut dyn Guest, size: usize) -> Result<u32, Termination> {
    let size = i32::try_from(size).unwrap_or(i32::MAX);
    Ok(guest.call("stackAlloc", &[size])?.unwrap_or_default() as u32)
}

fn put(guest: &mut dyn Guest, at: u32, bytes: &[u8]) -> Result<(), Termination> {
    guest.write(at, bytes).map_err(|_| Termination::Abort("the arguments do not fit into the guest's stack".to_owned()))
}
