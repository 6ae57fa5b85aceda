//! Any text as scenario.toml: the parser never panics, and each error is one line of text and names a line.
#![no_main]

use libfuzzer_sys::fuzz_target;
use xtask::scenario;

fuzz_target!(|text: &str| {
    match scenario::parse(text) {
        Ok(file) => drop(format!("{file:?}")),
        Err(faults) => {
            assert!(!faults.is_empty());
            for (line, message) in faults {
                assert!(!message.trim().is_empty() && !message.contains('\n'));
                assert!(line.is_none_or(|l| l >= 1 && l <= text.matches('\n').count() + 1));
            }
        }
    }
});
