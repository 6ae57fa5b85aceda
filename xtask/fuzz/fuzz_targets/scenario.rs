//! Any text as scenario.toml: the parser never panics, and each error is one line of text and names a line.
#![no_main]

use libfuzzer_sys::fuzz_target;
use xtask::scenario;

fuzz_target!(|text: &str| {
    match scenario::parse(text) {
        Ok(file) => drop(format!("{file:?}")),
        Err(errors) => {
            assert!(!errors.is_empty());
            for error in errors {
                assert!(!error.message.trim().is_empty() && !error.message.contains('\n'));
                assert!(error.line.is_none_or(|line| line >= 1 && line <= text.matches('\n').count() + 1));
            }
        }
    }
});
