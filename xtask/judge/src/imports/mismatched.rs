//! Imports that a runtime defines with another type.

use super::{foreign, import_name, reason_of, shown, with_its_host};
use crate::with_code;
use wasmlab_model::codes::Code;
use wasmlab_model::facts::Facts;
use wasmlab_model::verdict::Judgement;

/// The judgement, with the runtime's message. A module that imports what no WASI host defines takes the types of its
/// own host too: Emscripten's JavaScript splits a 64-bit number into halves.
pub fn mismatched(facts: Option<&Facts>, module: &str, name: &str, message: &str) -> Judgement {
    let import = import_name(module, name);
    let next = facts.and_then(|facts| Some((facts, foreign(facts)?)));
    let Some((facts, other)) = next else { return with_code(Code::ImportTypeMismatch, import, message) };
    let reason = reason_of(facts, other);
    let also = with_its_host(Some(facts), &[other]);
    let detail =
        format!("defines {import} with another type ({message}); the module also imports {also}{}", reason.note);
    let judgement = with_code(reason.code, shown(facts, other), detail);
    Judgement { blame: reason.blame.map_or(judgement.blame, <[_]>::to_vec), remedy: reason.remedy, ..judgement }
}

#[cfg(test)]
mod tests {
    use super::mismatched;
    use wasmlab_model::codes::Code;

    #[test]
    fn host_of_the_other_imports_explains_the_type() {
        let check = |more: &str, code: Code, subject: &str, detail: &str| {
            let seek =
                "(import \"wasi_snapshot_preview1\" \"fd_seek\" (func (param i32 i32 i32 i32 i32) (result i32)))";
            let facts = wasmlab_inspect::facts(&wat::parse_str(format!("(module {seek} {more})")).unwrap()).unwrap();
            let found = mismatched(Some(&facts), "wasi_snapshot_preview1", "fd_seek", "signature mismatch");
            assert_eq!(
                (found.code, found.subject.as_deref(), found.detail.as_str()),
                (Some(code), Some(subject), detail)
            );
        };
        check("", Code::ImportTypeMismatch, "wasi_snapshot_preview1.fd_seek", "signature mismatch");
        let detail = "defines wasi_snapshot_preview1.fd_seek with another type (signature mismatch); the module also imports \
                      env._abort_js, which no WASI host defines";
        check("(import \"env\" \"_abort_js\" (func))", Code::NeedsJsGlue, "env._abort_js", detail);
    }
}
