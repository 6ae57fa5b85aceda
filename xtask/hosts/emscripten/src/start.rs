//! Starts a guest of the old ABI: does what its glue does before and after `main`.

use crate::{Guest, Termination};

/// Whether a module with these exports is a program of the old ABI.
pub fn started_old<'a>(exports: impl IntoIterator<Item = &'a str>) -> bool {
    exports.into_iter().any(|name| name == "_main")
}

/// Runs `main` and returns its exit code.
///
/// # Errors
/// If the guest ended in another way.
pub fn start_old(guest: &mut dyn Guest) -> Result<i32, Termination> {
    match run(guest) {
        Err(Termination::Exit(code)) => {
            if guest.host().flushes {
                optional(guest, "_fflush", &[0])?;
            }
            Ok(code)
        }
        other => other,
    }
}

fn run(guest: &mut dyn Guest) -> Result<i32, Termination> {
    for constructor in ["runPostSets", "___emscripten_environ_constructor"] {
        optional(guest, constructor, &[])?;
    }
    let args = guest.host().args.clone();
    let mut addresses = Vec::new();
    for arg in &args {
        let at = stack(guest, arg.len() + 1)?;
        put(guest, at, arg.as_bytes())?;
        put(guest, at.wrapping_add(arg.len() as u32), &[0])?;
        addresses.push(at);
    }
    // argv ends with a null pointer.
    let argv = stack(guest, 4 * (addresses.len() + 1))?;
    for (index, address) in (0..).zip(addresses.iter().chain([&0])) {
        put(guest, argv + index * 4, &address.to_le_bytes())?;
    }
    let count = args.len() as i32;
    let code = match guest.call("_main", &[count, argv as i32]) {
        Err(Termination::MissingExport(_)) => guest.call("_main", &[])?,
        other => other?,
    };
    // Flush buffered stdio.
    optional(guest, "_fflush", &[0])?;
    Ok(code.unwrap_or_default())
}

fn optional(guest: &mut dyn Guest, export: &str, args: &[i32]) -> Result<(), Termination> {
    match guest.call(export, args) {
        Ok(_) | Err(Termination::MissingExport(_)) => Ok(()),
        Err(other) => Err(other),
    }
}

fn stack(guest: &mut dyn Guest, size: usize) -> Result<u32, Termination> {
    let size = i32::try_from(size).unwrap_or(i32::MAX);
    Ok(guest.call("stackAlloc", &[size])?.unwrap_or_default() as u32)
}

fn put(guest: &mut dyn Guest, at: u32, bytes: &[u8]) -> Result<(), Termination> {
    guest.write(at, bytes).map_err(|_| Termination::Abort("the arguments do not fit into the guest's stack".to_owned()))
}
