//! What the lab did not give a guest of the user's own, which then could not do its work: nobody is blamed for that,
//! and the detail says what to give it. A third step, after [`judge`](crate::judge), and as pure.

use wasmlab_model::facts::{Facts, Kind};
use wasmlab_model::scenario::{EntryKind, Run};
use wasmlab_model::verdict::{Judgement, NotAttempted, Verdict};
use wasmlab_protocol::{Cause, Network, Stage};

use crate::{Evidence, plain};

/// What hosts and libraries say where something is refused.
const REFUSED: &[&str] = &[
    "permission denied",
    "permissiondenied",
    "access denied",
    "access-denied",
    "accessdenied",
    "not permitted",
    "notcapable",
    "not capable",
    "eacces",
    "eperm",
];
/// What they say where a guest has no directory in which it could look.
const NO_DIRECTORY: &[&str] = &["pre-opened file descriptor", "preopened", "bad file descriptor", "badf"];
/// What they say where a file is not found.
const NO_FILE: &[&str] = &["no such file", "entity not found", "enoent"];
/// What they say where a variable is not set.
const NO_VARIABLE: &[&str] = &["environment variable not found", "notpresent", "environment variable not set"];

/// What is known before anything is started: a handler is asked by nobody.
#[must_use]
pub fn before(facts: Option<&Facts>, run: &Run) -> Option<NotAttempted> {
    let facts = facts.filter(|facts| facts.kind == Kind::Component && run.entry == EntryKind::Command)?;
    let exports = |start: &str| facts.exports.iter().any(|export| export.name.starts_with(start));
    let handles = exports("wasi:http/incoming-handler@") || exports("wasi:http/handler@");
    let why = "exports a wasi:http handler: run again with `--http`".to_owned();
    (handles && !exports("wasi:cli/run@")).then_some(NotAttempted { what: "request", why })
}

/// What takes the place of `judgement` where the evidence says that the guest wanted what it was not given.
#[must_use]
pub fn after(judgement: &Judgement, evidence: &Evidence, run: &Run) -> Option<Judgement> {
    if !matches!(judgement.verdict, Verdict::Gap | Verdict::Fail) || !has_run(evidence) {
        return None;
    }
    let facts = evidence.facts.ok()?;
    let said = format!("{}\n{}\n{}", evidence.stdout(), evidence.stderr(), judgement.detail).to_lowercase();
    let says = |words: &[&str]| words.iter().any(|word| said.contains(word));
    let imports =
        |start: &str, name: &str| facts.imports.iter().any(|i| i.module.starts_with(start) && i.name.starts_with(name));
    let sockets = imports("wasi:sockets/", "") || imports("", "wasi:sockets/") || imports("", "sock_open");
    let files = imports("wasi_", "path_") || imports("wasi:filesystem/", "") || imports("", "wasi:filesystem/");
    let (no_network, no_dir) = (sockets && run.network == Network::None, files && run.dir.is_empty());
    let mut wants: Vec<(&str, &str)> = Vec::new();
    if no_network && says(REFUSED) {
        wants.push((
            "network",
            "needs the network: run again with `--network loopback`, or with `--listen` if it is a server",
        ));
    }
    if no_dir && (says(NO_DIRECTORY) || says(NO_FILE) || says(REFUSED)) {
        wants.push(("directory", "no directory was given: run again with `--dir`"));
    }
    if run.env.is_empty() && says(NO_VARIABLE) {
        wants.push(("environment", "no environment was given: run again with `--env NAME=VALUE`"));
    }
    let usage = said.lines().any(|line| line.trim_start().starts_with("usage:"));
    if run.args.is_empty() && usage && matches!(evidence.progress.cause, Some(Cause::Exit { .. })) {
        wants.push(("arguments", "no arguments were given: run again with `-- ARGUMENTS`"));
    }
    let what = wants.first()?.0;
    let advice = wants.iter().map(|(_, advice)| *advice).collect::<Vec<_>>().join("; or ");
    let detail = format!("{advice} (it ended with: {})", judgement.detail);
    Some(Judgement {
        subject: Some(what.to_owned()),
        checks: judgement.checks.clone(),
        ..plain(Verdict::NotAttempted, detail)
    })
}

/// Whether the guest itself came to run: what a runtime lacks is no matter of what was given.
fn has_run(evidence: &Evidence) -> bool {
    let ended =
        matches!(evidence.progress.cause, Some(Cause::Exit { .. } | Cause::Trap { .. } | Cause::HostError { .. }));
    ended && evidence.progress.stage == Some(Stage::Run)
}
