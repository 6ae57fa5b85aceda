//! Adds what the cell gave its guest and expected of it, if that explains how the guest ended. Pure.
//!
//! It does not change the code, except for an exit code that nothing else explains.

use super::text::{last_message, one_line};
use super::{Evidence, exports, lab_lines, trap, with_code};
use wasmlab_model::codes::{Blame, Code};
use wasmlab_model::facts::Facts;
use wasmlab_model::remedy::RemedyKind;
use wasmlab_model::scenario::{EntryPointKind, ScenarioFile};
use wasmlab_model::subjects::EXIT_CODE;
use wasmlab_model::verdict::Judgement;

/// The judgement, with the cell's explanation of its reason.
pub fn with_context(judgement: Judgement, evidence: &Evidence, spec: &ScenarioFile) -> Judgement {
    let facts = evidence.facts.ok();
    match judgement.code {
        // No host that refuses an exit code reports which one.
        Some(Code::HostRefused) if judgement.subject.as_deref() == Some(EXIT_CODE) => {
            let expected = Some(spec.expect.exit).filter(|code| !(0..126).contains(code) && !spec.expect.any_exit);
            let more = expected.map(|code| format!("; expected {code}")).unwrap_or_default();
            Judgement { detail: format!("{}{more}", judgement.detail), ..judgement }
        }
        Some(Code::Trap) if spec.run.entry == EntryPointKind::Calls && facts.is_some_and(is_command) => {
            before_start(judgement)
        }
        Some(Code::WrongOutput) => explain_first_snapshot(judgement, facts),
        Some(Code::NoEntryPoint) => by_first_argument(judgement, facts, spec),
        _ => judgement,
    }
}

/// Whether a module is a command: `_start` initializes it, but nothing does so for calls to its other exports.
fn is_command(facts: &Facts) -> bool {
    facts.exports_function("_start") && !facts.exports_function("_initialize")
}

/// An export of a command was called and trapped: what `_start` sets up (a stack pointer, a heap) is missing.
fn before_start(judgement: Judgement) -> Judgement {
    // These traps come from the export's own code.
    let own_traps =
        ["division-by-zero", "integer-overflow", "bad-conversion", "uncaught-exception", "unaligned-atomic"];
    if judgement.subject.as_deref().is_some_and(|subject| own_traps.contains(&subject)) {
        return judgement;
    }
    let detail =
        format!("{}; the module is a command, and its export was called before `_start` ran", judgement.detail);
    let remedy = "Build a reactor, whose `_initialize` sets it up for calls: `-mexec-model=reactor` (clang, and rustc as \
                  `-Zwasi-exec-model=reactor` or a cdylib), `-buildmode=c-shared` (Go), `--exportStart _initialize` \
                  (AssemblyScript); or run it as a program.";
    let (remedy, remedy_kind) = (Some(remedy.to_owned()), RemedyKind::Change);
    Judgement { detail: one_line(&detail), remedy, remedy_kind, ..judgement }
}

/// A program's first argument, if the runtime took it for the name of an export, because the module has no `_start`.
fn by_first_argument(judgement: Judgement, facts: Option<&Facts>, spec: &ScenarioFile) -> Judgement {
    let first = spec.run.args.first().filter(|_| spec.run.entry == EntryPointKind::Command);
    let Some(name) = first.filter(|name| judgement.subject.as_ref() == Some(*name)) else { return judgement };
    let found = exports::missing_export(facts, "_start");
    // Inserted before the list of exports, which may be long.
    let missing = "exports no function `_start`";
    let why = format!("{missing}, so this runtime takes the first argument, `{name}`, as a function's name");
    let detail = found.detail.replacen(missing, &why, 1);
    Judgement { detail: one_line(&detail), stage: judgement.stage, ..found }
}

/// Functions that WASI's second snapshot changed.
const CHANGED_FUNCTIONS: &[&str] = &["path_filestat_get", "fd_filestat_get", "fd_seek", "poll_oneoff"];

/// A guest of WASI's first snapshot that got wrong results: some runtimes provide the second snapshot under the old name.
fn explain_first_snapshot(judgement: Judgement, facts: Option<&Facts>) -> Judgement {
    let of_old =
        |i: &&wasmlab_model::facts::Import| i.module == "wasi_unstable" && CHANGED_FUNCTIONS.contains(&i.name.as_str());
    let Some(import) = facts.and_then(|f| f.imports.iter().find(of_old)) else { return judgement };
    let name = &import.name;
    let detail = format!(
        "{}; it imports wasi_unstable.{name}, which WASI's second snapshot changed; a runtime that provides the new layout \
         under the old name gives such results",
        judgement.detail
    );
    let remedy = "Rebuild it with a current toolchain (any recent Rust, wasi-sdk or moc), which imports \
                  `wasi_snapshot_preview1`.";
    Judgement { detail: one_line(&detail), remedy: Some(remedy.to_owned()), ..judgement }
}

/// The reason for an unexpected exit code, if the code or the guest's last message says that it was refused something.
pub fn explain_exit(evidence: &Evidence, spec: &ScenarioFile, code: i32) -> Option<Judgement> {
    trap::out_of_memory(evidence, &format!("exit code {code}")).or_else(|| path_refused(evidence, spec, code))
}

/// `path_open` refused a path that leaves its directory, and the guest exited with that errno or its message.
///
/// Only if nothing else explains the code: the guest opens paths, has a directory, and printed nothing else.
fn path_refused(evidence: &Evidence, spec: &ScenarioFile, code: i32) -> Option<Judgement> {
    const ERRNOS: &[(u16, &[&str])] = &[
        (63, &["os error 63", "Operation not permitted", "EPERM"]),
        (76, &["os error 76", "Capabilities insufficient", "ENOTCAPABLE"]),
    ];
    let opens = |f: &Facts| f.imports.iter().any(|i| i.name == "path_open" && i.is_of_wasi());
    let given: Vec<String> = spec.run.dir.iter().map(|dir| format!("`{}`", dir.guest)).collect();
    if given.is_empty() || !evidence.facts.ok().is_some_and(opens) {
        return None;
    }
    let last = last_message(evidence.stderr());
    let (errno, reported) = match &last {
        Some(reported) => {
            let (errno, _) = ERRNOS.iter().find(|(_, marks)| marks.iter().any(|mark| reported.contains(mark)))?;
            (*errno, format!("{reported}; that is"))
        }
        None if evidence.stdout().is_empty() => {
            let (errno, _) = ERRNOS.iter().find(|(errno, _)| i32::from(*errno) == code)?;
            (*errno, "it exits with".to_owned())
        }
        None => return None,
    };
    let name = lab_lines::errno_name(errno);
    let directories = given.join(", ");
    let detail = format!(
        "{reported} {name}, which path_open returns if a path leaves the directory of its descriptor (by a leading slash or \
         `..`) or the descriptor is not a directory; the guest was given {directories}"
    );
    let remedy = format!(
        "Open a path without a leading slash (`a.txt`, not `/a.txt`), relative to the descriptor of {directories}; the C \
         library derives the descriptor and the relative path from the directory's name. `--dir HOST::GUEST` gives a \
         directory another name."
    );
    let judgement = with_code(Code::CapabilityDenied, "path_open".to_owned(), detail);
    Some(Judgement { blame: vec![Blame::Guest], remedy: Some(remedy), ..judgement })
}
