//! Any text as the JSON file of a test: the parser never panics, each fault is one line, and a test that can be run
//! becomes a scenario that waits for its end.
#![no_main]

use libfuzzer_sys::fuzz_target;
use xtask::suite::{self, Suite, Test};

fuzz_target!(|text: &str| {
    match suite::parse(text) {
        Ok(parsed) => {
            let test = Test {
                name: "test".to_owned(),
                title: "test.wasm".to_owned(),
                file: "test.wasm".into(),
                document: parsed.document,
                unknown: parsed.unknown,
                root: None,
            };
            let suite = Suite { name: "suite".to_owned(), target: suite::TARGETS[0].to_owned(), tests: Vec::new() };
            let (scenario, obstacle) = suite::scenario(&suite, &test, None, 1000);
            assert!(scenario.spec.step.is_empty() || format!("{:?}", scenario.spec.step.last()).contains("Wait"));
            assert_eq!(!test.unknown.is_empty(), obstacle.is_some_and(|o| o.subject == "suite-format"));
        }
        Err(faults) => {
            assert!(!faults.is_empty());
            assert!(faults.iter().all(|fault| !fault.trim().is_empty() && !fault.contains('\n')));
        }
    }
});
