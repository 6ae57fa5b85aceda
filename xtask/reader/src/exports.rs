//! Exports for reports/check.html: three functions and two buffers, so that no bindings are generated.
//!
//! 1. `input(n)` makes room for `n` bytes and returns where the caller writes them; 0 if there is no room.
//! 2. `profiles()` reads the input as a JSON list of profiles; `answer(name)` reads it as a file's name, `name` bytes of
//!    UTF-8, followed by its contents. Both return the length of a JSON text, which begins at `output()`.
//!
//! Any error inside the module is a trap, after which the caller starts a new instance.

use std::sync::Mutex;

use serde::Serialize;
use wasmlab_model::profile::Profile;

use crate::answer;

static INPUT: Mutex<Vec<u8>> = Mutex::new(Vec::new());
static OUTPUT: Mutex<Vec<u8>> = Mutex::new(Vec::new());
static PROFILES: Mutex<Vec<Profile>> = Mutex::new(Vec::new());

/// Makes room for the input.
#[unsafe(no_mangle)]
pub extern "C" fn input(bytes: usize) -> *mut u8 {
    let Ok(mut input) = INPUT.lock() else { return std::ptr::null_mut() };
    *input = Vec::new();
    if input.try_reserve_exact(bytes).is_err() {
        return std::ptr::null_mut();
    }
    input.resize(bytes, 0);
    input.as_mut_ptr()
}

/// Where the last output begins.
#[unsafe(no_mangle)]
pub extern "C" fn output() -> *const u8 {
    OUTPUT.lock().map_or(std::ptr::null(), |output| output.as_ptr())
}

/// Reads the profiles: `{"profiles":17}` or `{"error":"…"}`.
#[unsafe(no_mangle)]
pub extern "C" fn profiles() -> usize {
    match serde_json::from_slice::<Vec<Profile>>(&taken()) {
        Ok(read) => {
            let count = read.len();
            if let Ok(mut profiles) = PROFILES.lock() {
                *profiles = read;
            }
            written(&serde_json::json!({ "profiles": count }))
        }
        Err(error) => written(&serde_json::json!({ "error": error.to_string() })),
    }
}

/// Writes the answer for a file.
#[unsafe(no_mangle)]
pub extern "C" fn answer(name: usize) -> usize {
    let input = taken();
    let Some((name, bytes)) = input.split_at_checked(name) else { return 0 };
    let name = String::from_utf8_lossy(name);
    PROFILES.lock().map_or(0, |profiles| written(&answer::answer(&name, bytes, &profiles)))
}

fn taken() -> Vec<u8> {
    INPUT.lock().map(|mut input| std::mem::take(&mut *input)).unwrap_or_default()
}

/// Serializes to the output and returns its length; 0 if that fails.
fn written(value: &impl Serialize) -> usize {
    let bytes = serde_json::to_vec(value).unwrap_or_default();
    let length = bytes.len();
    if let Ok(mut output) = OUTPUT.lock() {
        *output = bytes;
    }
    length
}
