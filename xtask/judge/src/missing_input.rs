//! Input that a user's guest needed and was not given: nobody is blamed, and the detail says what to provide. The third
//! step, after [`judge`](crate::judge).

use wasmlab_model::codes::Code;
use wasmlab_model::facts::{BinaryKind, Facts};
use wasmlab_model::scenario::{EntryPointKind, Run};
use wasmlab_model::verdict::{Judgement, NotAttempted, Verdict};
use wasmlab_protocol::{Cause, Network, Stage};

use crate::{Evidence, devices, without_code};

/// Messages of hosts and libraries if something is refused.
const REFUSED: &[&str] = &[
    "permission denied",
    "permissiondenied",
    "access denied",
    "access-denied",
    "accessdenied",
    "not permitted",
    "notcapable",
    "not capable",
    "capabilities insufficient",
    "eacces",
    "eperm",
];
/// Their messages if a guest has no directory.
const NO_DIRECTORY: &[&str] = &["pre-opened file descriptor", "preopened", "bad file descriptor", "badf"];
/// Their messages if a file is not found.
const NO_FILE: &[&str] = &["no such file", "entity not found", "enoent"];
/// Their messages if a variable is not set.
const NO_VARIABLE: &[&str] = &["environment variable not found", "notpresent", "environment variable not set"];

/// Their messages if an argument is missing.
const NO_ARGUMENT: &[&str] = &[
    "required argument",
    "arguments missing",
    "argument missing",
    "missing argument",
    "no input file",
    "missing required",
    "--help for more information",
    "--help' for more information",
    "-h for more information",
    "--help for usage",
    "-h for help",
];

/// Their messages if there is nothing to read.
const NO_INPUT: &[&str] = &[
    "eof at",
    "eof while",
    "eoferror",
    "unexpected eof",
    "unexpected end of file",
    "unexpected end of input",
    "unexpected end of json",
    "empty input",
];

/// An explanation that needs no run: nothing sends requests to a handler.
#[must_use]
pub fn before_run(facts: Option<&Facts>, run: &Run) -> Option<NotAttempted> {
    let facts = facts.filter(|facts| facts.kind == BinaryKind::Component && run.entry == EntryPointKind::Command)?;
    let exports = |start: &str| facts.exports.iter().any(|export| export.name.starts_with(start));
    let handles = exports("wasi:http/incoming-handler@") || exports("wasi:http/handler@");
    let why = "exports a wasi:http handler: run again with `--http`".to_owned();
    (handles && !exports("wasi:cli/run@")).then_some(NotAttempted { subject: "request", reason: why })
}

/// Replaces `judgement` if the evidence shows that the guest needed something that it was not given.
#[must_use]
pub fn after_run(judgement: &Judgement, evidence: &Evidence, run: &Run) -> Option<Judgement> {
    if !matches!(judgement.verdict, Verdict::Gap | Verdict::Fail)
        || !has_run(evidence)
        || devices::is_device_judgement(judgement)
    {
        return None;
    }
    let facts = evidence.facts.ok()?;
    let output = format!("{}\n{}\n{}", evidence.stdout(), evidence.stderr(), judgement.detail).to_lowercase();
    let says = |phrases: &[&str]| phrases.iter().any(|phrase| output.contains(phrase));
    let imports =
        |start: &str, name: &str| facts.imports.iter().any(|i| i.module.starts_with(start) && i.name.starts_with(name));
    let sockets = imports("wasi:sockets/", "") || imports("", "wasi:sockets/") || imports("", "sock_open");
    let files = imports("wasi_", "path_") || imports("wasi:filesystem/", "") || imports("", "wasi:filesystem/");
    let (no_network, no_dir) = (sockets && run.network == Network::None, files && run.dir.is_empty());
    let mut wants: Vec<(&str, &str)> = Vec::new();
    let about_sockets = no_network && ["sock", "bind", "listen", "connect"].iter().any(|part| output.contains(part));
    if no_network && (says(REFUSED) || about_sockets) {
        wants.push((
            "network",
            "needs the network: run again with `--network loopback`, or with `--listen` if it is a server",
        ));
    }
    if no_dir && (says(NO_DIRECTORY) || says(NO_FILE) || says(REFUSED) && !about_sockets) {
        wants.push(("directory", "no directory was given: run again with `--dir`"));
    }
    if run.env.is_empty() && says(NO_VARIABLE) {
        wants.push(("environment", "no environment was given: run again with `--env NAME=VALUE`"));
    }
    if run.stdin.is_empty() && says(NO_INPUT) {
        wants.push(("stdin", "its standard input was empty: run again with `--stdin FILE`"));
    }
    let usage = output.lines().any(|line| line.trim_start().starts_with("usage:")) || says(NO_ARGUMENT);
    if run.args.is_empty() && usage && matches!(evidence.progress.cause, Some(Cause::Exit { .. })) {
        wants.push(("arguments", "no arguments were given: run again with `-- ARGUMENTS`"));
    }
    let Some((what, _)) = wants.first() else {
        // It may not have found the file; its output does not say so in a form that the lab recognizes.
        let is_path = |arg: &&String| arg.len() > 2 && arg.contains(['/', '.']) && output.contains(&arg.to_lowercase());
        let unfound = no_dir && judgement.code == Some(Code::WrongExit) && run.args.iter().any(|arg| is_path(&arg));
        let detail = format!("{}; no --dir was given", judgement.detail);
        return unfound.then(|| Judgement { detail, ..judgement.clone() });
    };
    let advice = wants.iter().map(|(_, advice)| *advice).collect::<Vec<_>>().join("; or ");
    let detail = format!("{advice} (it ended with: {})", judgement.detail);
    Some(Judgement {
        subject: Some((*what).to_owned()),
        checks: judgement.checks.clone(),
        ..without_code(Verdict::NotAttempted, detail)
    })
}

/// Whether the guest itself ran: if not, the cause is not missing input.
fn has_run(evidence: &Evidence) -> bool {
    let reported_end =
        matches!(evidence.progress.cause, Some(Cause::Exit { .. } | Cause::Trap { .. } | Cause::HostError { .. }));
    reported_end && evidence.progress.stage == Some(Stage::Run)
}

#[cfg(test)]
mod tests {
    use super::{after_run, before_run};
    use crate::{Evidence, judge};
    use wasmlab_model::facts::Facts;
    use wasmlab_model::observation::{GuestProgress, Observation, Outcome};
    use wasmlab_model::scenario::{Dir, Run, ScenarioFile};
    use wasmlab_model::verdict::{MISSING_INPUTS, Verdict};
    use wasmlab_protocol::{Cause, Network, Stage};

    fn facts(wat: &str) -> Facts {
        wasmlab_inspect::facts(&wat::parse_str(wat).unwrap()).unwrap()
    }

    /// The explanation for a guest that exits with 1 after these messages, given what `run` has.
    fn check(facts: &Facts, run: &Run, stderr: &str, expected: Option<&str>) {
        let head = "schema = 1\ntitle = \"t\"\nfamily = \"f\"\nroute = \"r\"\nbuild = { toolchain = \"wat\" }\n";
        let spec: ScenarioFile = toml::from_str(head).unwrap();
        let observation =
            Observation { outcome: Outcome::Exited(1), stderr: stderr.to_owned(), ..Observation::not_started() };
        let (stage, cause) = (Some(Stage::Run), Some(Cause::Exit { code: 1 }));
        let progress = GuestProgress { stage, cause, ..GuestProgress::default() };
        let evidence = Evidence { facts: Ok(facts), observation: &observation, progress: &progress, lab_guest: true };
        let found = after_run(&judge(&evidence, &spec), &evidence, run);
        assert_eq!(found.as_ref().and_then(|j| j.subject.as_deref()), expected, "{stderr}: {found:?}");
        if let Some(found) = found {
            assert_eq!((found.verdict, found.code, found.blame.len()), (Verdict::NotAttempted, None, 0));
            assert!(found.detail.contains("run again with `--"), "{}", found.detail);
            assert!(found.subject.is_some_and(|subject| MISSING_INPUTS.contains(&subject.as_str())));
        }
    }

    #[test]
    fn missing_input_is_recognized_from_the_guests_messages() {
        let open = r#"(import "wasi_snapshot_preview1" "path_open" (func (param i32 i32 i32 i32 i32 i64 i64 i32 i32) (result i32)))"#;
        let (files, plain) = (facts(&format!("(module {open})")), facts("(module)"));
        let sockets = facts(r#"(component (import "wasi:sockets/tcp@0.2.0" (instance)))"#);
        let none = Run::default();
        let message = "failed to find a pre-opened file descriptor through which \"a.txt\" could be opened";
        check(&files, &none, message, Some("directory"));
        check(&files, &none, "No such file or directory (os error 44)", Some("directory"));
        // It was given one, or asks for no file at all, or says nothing about it.
        check(&files, &Run { dir: vec![Dir::default()], ..Run::default() }, message, None);
        check(&plain, &none, message, None);
        check(&files, &none, "index out of range", None);
        check(&sockets, &none, "failed to bind: Permission denied (os error 2)", Some("network"));
        check(&sockets, &Run { network: Network::Loopback, ..Run::default() }, "bind: Permission denied", None);
        check(&plain, &none, "called `Result::unwrap()` on an `Err` value: NotPresent", Some("environment"));
        check(&plain, &none, "usage: cat FILE", Some("arguments"));
        let given = Run { args: vec!["a".to_owned()], ..Run::default() };
        check(&plain, &given, "usage: cat FILE", None);
        for message in [
            "Required arguments missing: framework, source",
            "error: no input files",
            "missing argument FILE",
            "Run with --help for more information.",
            "Try 'tool --help' for more information.",
        ] {
            check(&plain, &none, message, Some("arguments"));
            check(&plain, &given, message, None);
        }
        check(&plain, &none, "a function with three arguments", None);
        check(&plain, &none, "Error: EOF while parsing a value at line 1 column 0", Some("stdin"));
        check(&plain, &none, "Error: Eof at character 0\n    at <anonymous> (function.mjs:5:4)", Some("stdin"));
        let given = Run { stdin: "{".to_owned(), ..Run::default() };
        check(&plain, &given, "Error: EOF while parsing a value at line 1 column 0", None);
    }

    #[test]
    fn http_handler_needs_requests() {
        let handler = facts(r#"(component (instance $i) (export "wasi:http/incoming-handler@0.2.0" (instance $i)))"#);
        let why = before_run(Some(&handler), &Run::default()).map(|reason| reason.reason);
        assert_eq!(why.as_deref(), Some("exports a wasi:http handler: run again with `--http`"));
        let program = facts(r#"(component (instance $i) (export "wasi:cli/run@0.2.0" (instance $i)))"#);
        assert!(before_run(Some(&program), &Run::default()).is_none() && before_run(None, &Run::default()).is_none());
    }
}
