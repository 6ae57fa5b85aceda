//! Any bytes: the reader never panics, the facts about a module are consistent, and every byte is annotated.
#![no_main]

use libfuzzer_sys::fuzz_target;
use wasmlab_inspect as inspect;

fuzz_target!(|bytes: &[u8]| {
    if let Ok(annotated) = inspect::bytes::annotated(bytes) {
        let covered: usize = annotated.lines.iter().map(|line| line.bytes.len()).sum();
        assert_eq!(covered, bytes.len(), "every byte has a line");
    }
    let outline = inspect::outline(bytes);
    if let Ok(facts) = inspect::facts(bytes) {
        let Ok(outline) = outline else {
            // Some facts exist even for a file that the reader refuses, such as one of an abandoned proposal.
            return assert!(facts.rejection.is_some(), "a valid module has an outline");
        };
        assert_eq!((&outline.imports, &outline.exports, outline.sizes), (&facts.imports, &facts.exports, facts.sizes));
        // An export such as `wasi:cli/run@d` has no valid version, so it is no evidence of an ABI.
        assert!(facts.imports.is_empty() || !facts.abis.is_empty(), "imports are evidence");
        let exports_wasi = || facts.exports.iter().any(|e| e.name.starts_with("wasi:"));
        assert!(facts.abis.is_empty() || !facts.imports.is_empty() || exports_wasi(), "evidence");
    }
});
