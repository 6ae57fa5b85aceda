//! Any text as scenario.toml: parsing ends without a panic, and an error is one line that names a line.
#![no_main]

use libfuzzer_sys::fuzz_target;
use xtask::scenario;

fuzz_target!(|text: &str| {
    match scenario::parse(text) {
        Ok(file) => drop(format!("{file:?}")),
        Err((line, message)) => {
            assert!(!message.trim().is_empty() && !message.contains('\n'));
            assert!(line.is_none_or(|l| l >= 1 && l <= text.matches('\n').count() + 1));
        }
    }
});
