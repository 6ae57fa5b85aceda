//! Imports that a runtime defines with another type.

use super::{name_in_module, reason_of, shown, unsatisfiable_import, with_its_host};
use crate::text::one_line;
use crate::with_code;
use wasmlab_model::codes::{Blame, Code};
use wasmlab_model::facts::{Facts, Import};
use wasmlab_model::verdict::Judgement;
use wasmlab_model::wasi;

/// The judgement, with the runtime's message. A module that imports what no WASI host defines also expects the types of
/// its own host: Emscripten's JavaScript splits a 64-bit number into halves.
pub fn mismatched(facts: Option<&Facts>, module: &str, name: &str, message: &str) -> Judgement {
    let import = name_in_module(facts, module, name);
    let next = facts.and_then(|facts| Some((facts, unsatisfiable_import(facts)?)));
    let Some((facts, other)) = next else {
        let judgement = with_code(Code::ImportTypeMismatch, import, message);
        let Some(facts) = facts else { return judgement };
        if has_legalized_i64(facts, module, name) {
            return explain_split_numbers(judgement);
        }
        let found = facts.imports.iter().find(|i| i.module == module && i.name == name);
        return match found {
            Some(found) if has_64_bit_addresses(facts, found) => explain_64_bit_addresses(judgement),
            // There is one version of WASI 0.1, so none has the module's type. Those of sockets have variants.
            Some(found) if module == wasi::MODULE && wasi::FUNCTIONS.contains(&name) && !name.starts_with("sock_") => {
                let ty = found.ty.strip_suffix(" -> ()").unwrap_or(&found.ty);
                let remedy = format!("Declare `{name}` with its type in WASI 0.1; the module has `{ty}`.");
                Judgement { remedy: Some(remedy), ..judgement }
            }
            _ => judgement,
        };
    };
    let reason = reason_of(facts, other);
    let also = with_its_host(Some(facts), &[other]);
    let detail = format!("defines {import} with a different type ({message}); the module also imports {also}");
    reason.judgement(Some(shown(facts, other)), &detail)
}

/// Functions of WASI 0.1 with a 64-bit parameter.
const WITH_I64: &[&str] = &[
    "clock_time_get",
    "fd_advise",
    "fd_allocate",
    "fd_fdstat_set_rights",
    "fd_filestat_set_size",
    "fd_filestat_set_times",
    "fd_pread",
    "fd_pwrite",
    "fd_readdir",
    "fd_seek",
    "path_filestat_set_times",
    "path_open",
];

/// Whether the module imports this function of WASI with halves in place of 64-bit numbers.
#[must_use]
pub fn has_legalized_i64(facts: &Facts, module: &str, name: &str) -> bool {
    let is_it = |i: &&Import| i.module == module && i.name == name && i.ty.starts_with("func ");
    let import = facts.imports.iter().find(is_it);
    module.starts_with("wasi_") && WITH_I64.contains(&name) && import.is_some_and(|import| !import.ty.contains("i64"))
}

/// Whether the module passes 64-bit addresses to this function of WASI 0.1, which has only 32-bit ones.
#[must_use]
pub fn has_64_bit_addresses(facts: &Facts, import: &Import) -> bool {
    let has_wide_memory = facts.memory_types().any(|memory| memory.starts_with("i64 "));
    has_wide_memory && import.module == "wasi_snapshot_preview1" && import.ty.contains("i64")
}

/// A guest that ended with success but printed nothing, although it imports functions with types that no WASI host
/// defines: the host linked them without checking types, and each call fails.
pub fn unchecked_mismatch(facts: &Facts) -> Option<Judgement> {
    let import =
        facts.imports.iter().find(|import| has_64_bit_addresses(facts, import) && import.name == "fd_write")?;
    let detail = "it exits with success but prints nothing: this runtime does not check the types of imports, so the \
                  guest's output is lost";
    Some(explain_64_bit_addresses(with_code(Code::ImportTypeMismatch, shown(facts, import), detail)))
}

/// A guest that a host started although it asks for functions that no WASI host has, and that then went wrong: the host
/// does not check types, and every call of these functions fails.
pub fn unchecked_type(judgement: Judgement, facts: Option<&Facts>) -> Judgement {
    let import = facts.and_then(|facts| {
        let import = facts.imports.iter().find(|import| has_64_bit_addresses(facts, import))?;
        Some(shown(facts, import))
    });
    let went_wrong = [Code::WrongExit, Code::WrongOutput, Code::HostRefused, Code::Trap, Code::Timeout];
    let Some(import) = import.filter(|_| judgement.code.is_some_and(|code| went_wrong.contains(&code))) else {
        return judgement;
    };
    let detail = format!("this runtime starts it without checking the types of imports; then: {}", judgement.detail);
    let found = with_code(Code::ImportTypeMismatch, import, detail);
    explain_64_bit_addresses(Judgement { stage: judgement.stage, ..found })
}

fn explain_64_bit_addresses(judgement: Judgement) -> Judgement {
    let detail = format!(
        "{}; the module passes 64-bit addresses, but WASI 0.1 is defined for memories with 32-bit addresses",
        judgement.detail
    );
    let remedy = "Build it for a memory with 32-bit addresses: without `-sMEMORY64` (Emscripten), for wasm32 (clang).";
    Judgement { blame: vec![Blame::Toolchain], remedy: Some(remedy.to_owned()), detail: one_line(&detail), ..judgement }
}

/// The toolchain, not the runtime, gave the import its type.
fn explain_split_numbers(judgement: Judgement) -> Judgement {
    let detail = format!(
        "{}; the module passes each 64-bit number as two 32-bit ones (as Emscripten does without \
         -sWASM_BIGINT), but WASI passes it whole",
        judgement.detail
    );
    let remedy = "Link it with `-sWASM_BIGINT` (Emscripten), which passes 64-bit numbers whole.";
    Judgement { blame: vec![Blame::Toolchain], remedy: Some(remedy.to_owned()), detail: one_line(&detail), ..judgement }
}

#[cfg(test)]
mod tests {
    use super::{mismatched, unchecked_mismatch, unchecked_type};
    use crate::with_code;
    use wasmlab_model::codes::{Blame, Code};

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
        let split = "signature mismatch; the module passes each 64-bit number as two 32-bit ones (as Emscripten does \
                     without -sWASM_BIGINT), but WASI passes it whole";
        check("", Code::ImportTypeMismatch, "wasi_snapshot_preview1.fd_seek", split);
        let detail = "defines wasi_snapshot_preview1.fd_seek with a different type (signature mismatch); the module also imports \
                      env._abort_js, which no WASI host defines";
        check("(import \"env\" \"_abort_js\" (func))", Code::NeedsJsGlue, "env._abort_js", detail);
    }

    #[test]
    fn addresses_of_64_bits_are_the_toolchains() {
        let check = |memory: &str, expected: bool| {
            let write = "(import \"wasi_snapshot_preview1\" \"fd_write\" (func (param i32 i64 i64 i64) (result i32)))";
            let wat = format!("(module {write} (memory (export \"memory\") {memory}))");
            let facts = wasmlab_inspect::facts(&wat::parse_str(wat).unwrap()).unwrap();
            let found = mismatched(Some(&facts), "wasi_snapshot_preview1", "fd_write", "other type");
            assert_eq!(found.blame == [Blame::Toolchain], expected, "{memory}");
            assert_eq!(unchecked_mismatch(&facts).is_some(), expected, "{memory}");
            let failed = unchecked_type(with_code(Code::WrongExit, None, "exit code 71"), Some(&facts));
            assert_eq!(failed.code == Some(Code::ImportTypeMismatch), expected, "{memory}");
        };
        check("i64 1", true);
        check("1", false);
    }

    #[test]
    fn halves_of_numbers_are_told_from_other_types() {
        let check = |module: &str, name: &str, params: &str, expected: bool| {
            let wat = format!("(module (import \"{module}\" \"{name}\" (func (param {params}) (result i32))))");
            let facts = wasmlab_inspect::facts(&wat::parse_str(wat).unwrap()).unwrap();
            let found = mismatched(Some(&facts), module, name, "other type");
            let remedy = found.remedy.is_some_and(|remedy| remedy.contains("-sWASM_BIGINT"));
            assert_eq!(remedy, expected, "{module}.{name} {params}");
        };
        check("wasi_snapshot_preview1", "fd_seek", "i32 i32 i32 i32 i32", true);
        check("wasi_unstable", "fd_seek", "i32 i32 i32 i32 i32", true);
        check("wasi_snapshot_preview1", "fd_seek", "i32 i64 i32", false);
        check("wasi_snapshot_preview1", "fd_write", "i32", false);
        check("env", "fd_seek", "i32", false);
    }
}
