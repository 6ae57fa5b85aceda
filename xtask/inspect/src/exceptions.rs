//! Tells a module that mixes the two forms of exceptions from one that uses the legacy form alone.

use std::collections::BTreeSet;

use wasmparser::{Operator, Parser, Payload};

/// Whether the bodies of a valid core module contain instructions of both forms. `proposals`: those that it needs; they
/// show the legacy form.
pub fn are_mixed(bytes: &[u8], proposals: &BTreeSet<String>) -> bool {
    let has_legacy = proposals.contains("legacy-exceptions") && !proposals.contains("component-model");
    has_legacy && uses_standard_form(bytes).unwrap_or(false)
}

fn uses_standard_form(bytes: &[u8]) -> wasmparser::Result<bool> {
    for payload in Parser::new(0).parse_all(bytes) {
        let Payload::CodeSectionEntry(body) = payload? else { continue };
        for operator in body.get_operators_reader()? {
            if matches!(operator?, Operator::TryTable { .. } | Operator::ThrowRef) {
                return Ok(true);
            }
        }
    }
    Ok(false)
}

#[cfg(test)]
mod tests {
    #[test]
    fn both_forms_are_told_from_the_legacy_form_alone() {
        let check = |bodies: &str, wanted: bool| {
            let wat = format!("(module (tag $e) {bodies})");
            let facts = crate::facts(&wat::parse_str(&wat).unwrap()).unwrap();
            assert_eq!(facts.mixes_exceptions, wanted, "{wat}");
        };
        let legacy = "(func try throw $e catch $e end)";
        let standard = "(func (block $l (try_table (catch $e $l) (throw $e))))";
        check(legacy, false);
        check(standard, false);
        check(&format!("{legacy} {standard}"), true);
        check(&format!("{legacy} (func (param exnref) (throw_ref (local.get 0)))"), true);
    }
}
