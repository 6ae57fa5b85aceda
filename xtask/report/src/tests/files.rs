//! What the formats say about files that the user named: the same name and count everywhere, the program's own name,
//! and true reasons.

use wasmlab_model::codes::Code;
use wasmlab_model::report::{Cell, INVALID_FILE, Note, NoteKind, Origin, RunReport};
use wasmlab_model::verdict::{Change, Verdict};

use crate::{RenderOptions, find, sample};

const OPTIONS: RenderOptions = RenderOptions { width: 400, program: "wasmlab", ..RenderOptions::PLAIN };

/// A report of `check app.wat`: it passes on wasmi.
fn report() -> RunReport {
    let mut report = sample::report();
    report.command = "check".to_owned();
    report.notes.clear();
    report.scenarios.retain(|s| s.name == "hello");
    report.guests.retain(|a| a.scenario == "hello");
    report.cells.retain(|c| c.scenario == "hello" && c.verdict.is_measured());
    rename(&mut report, "app", "app.wat");
    for cell in &mut report.cells {
        (cell.change, cell.known, cell.required, cell.missing_abi) = (Change::Same, None, false, None);
    }
    assert!(report.cells.len() >= 2 && report.cells[0].verdict == Verdict::Pass);
    report
}

fn rename(report: &mut RunReport, name: &str, title: &str) {
    let scenario = &mut report.scenarios[0];
    (scenario.name, scenario.title) = (name.to_owned(), title.to_owned());
    (scenario.family, scenario.route) = ("given".to_owned(), "given".to_owned());
    let guest = &mut report.guests[0];
    (guest.scenario, guest.origin) = (name.to_owned(), Origin::Given);
    report.cells.iter_mut().for_each(|cell| cell.scenario = name.to_owned());
}

fn text(form: &str, report: &RunReport) -> String {
    find(form).unwrap().text(report, OPTIONS)
}

fn check(report: &RunReport, form: &str, says: &[&str], not: &[&str]) {
    let text = text(form, report);
    for part in says {
        assert!(text.contains(part), "{form} does not say {part:?}:\n{text}");
    }
    for part in not {
        assert!(!text.contains(part), "{form} says {part:?}:\n{text}");
    }
}

fn note(kind: NoteKind) -> Note {
    Note::new(kind, "app.wat", "a `note`")
}

#[test]
fn hints_name_the_program() {
    let mut report = report();
    report.cells[1].verdict = Verdict::Gap;
    report.runtimes[0].tool.present = false;
    check(&report, "overview", &["`wasmlab doctor`", "`wasmlab explain", "next: `--output table`"], &["run-all"]);
    report.command = "run-all".to_owned();
    check(&report, "overview", &["next: `wasmlab run-all --full` shows"], &["cargo xtask"]);
    report.command = "suite".to_owned();
    report.cells[1].verdict = Verdict::Fail;
    check(&report, "suite", &["`wasmlab explain"], &["cargo xtask"]);
    let html = text("html", &report);
    assert!(html.contains("\"program\":\"wasmlab\""), "the page's script has its name");
}

#[test]
fn a_file_has_one_name_in_every_form() {
    let mut report = report();
    report.cells[1].change = Change::Worse;
    (report.cells[0].switches, report.cells[0].execution_path) = (vec!["--all".to_owned()], Some("wasi".to_owned()));
    for form in ["answer", "table", "overview", "markdown", "summary", "comment"] {
        let text = text(form, &report);
        let is_word = |at: usize| !text[at + 3..].starts_with(|c: char| c.is_alphanumeric() || c == '.');
        let begins = |at: usize| !text[..at].ends_with(|c: char| c.is_alphanumeric() || c == '-');
        let alone = text.match_indices("app").find(|(at, _)| is_word(*at) && begins(*at));
        assert!(text.contains("app.wat") && alone.is_none(), "{form}:\n{text}");
    }
    check(&report, "markdown", &["| file | ", "## Files", "| file | total"], &["given", "route", "made by", "family"]);
    // A run of scenarios keeps its columns.
    check(&sample::report(), "markdown", &["| family | scenario |", "| scenario | route | made by | origin |"], &[]);
}

#[test]
fn a_difference_is_of_what_it_was_compared_with() {
    let mut report = report();
    report.cells[1].change = Change::Worse;
    check(&report, "markdown", &["differs from its snapshot"], &["baseline"]);
    report.baseline = Some("`main.json`".to_owned());
    check(&report, "markdown", &["differs from the baseline"], &["snapshot"]);
    for form in ["summary", "comment"] {
        check(&report, form, &["Compared with `main.json`."], &["\\`main"]);
    }
}

#[test]
fn notes_are_no_changes() {
    let mut report = report();
    report.notes = vec![note(NoteKind::OverBudget), note(NoteKind::AllowanceUnused)];
    check(&report, "markdown", &["\n## Notes\n\n- **app.wat**"], &["## Changed"]);
    check(&report, "overview", &["\nnotes\n"], &["\nchanged\n"]);
    check(&report, "html", &[">Notes</h2>"], &["What changed"]);
    report.notes.push(note(NoteKind::GuestDiffersFromBaseline));
    check(&report, "markdown", &["\n## Changed\n", "\n## Notes\n"], &[]);
    check(&report, "html", &[">Notes</h2>", "What changed"], &[]);
}

#[test]
fn the_link_of_an_allowed_gap_can_be_followed() {
    let mut report = report();
    report.cells[1].known = Some("no tail calls (https://example.org/issue/1)".to_owned());
    for form in ["comment", "summary"] {
        check(&report, form, &["no tail calls (https://example.org/issue/1)"], &["https:<!-- -->"]);
    }
}

#[test]
fn every_form_counts_the_same_runtimes() {
    let mut report = report();
    report.cells.truncate(1);
    let other = Cell { runtime: report.runtimes[1].id.clone(), ..report.cells[0].clone() };
    report.cells.push(other);
    let lacks = |cell: &mut Cell| {
        (cell.verdict, cell.code, cell.missing_abi) =
            (Verdict::Gap, Some(Code::MissingImport), Some("WASI".to_owned()));
    };
    lacks(&mut report.cells[1]);
    check(&report, "comment", &["app.wat runs on 1 of 1 runtimes (1 has no WASI)"], &[]);
    check(&report, "badge", &["runs on 1 of 1 runtimes<"], &[]);
    // Another file that this runtime runs does not make it count for both.
    let mut second = report.clone();
    rename(&mut second, "lib", "lib.wat");
    second.cells[1] = Cell { runtime: second.cells[1].runtime.clone(), ..second.cells[0].clone() };
    report.scenarios.extend(second.scenarios);
    report.guests.extend(second.guests);
    report.cells.extend(second.cells);
    check(&report, "comment", &["1 of 1 runtimes (1 has no WASI); lib.wat runs on 2 of 2"], &[]);
    check(&report, "badge", &["runs on 1 of 1 runtimes<"], &[]);
    report.cells[1].required = true;
    check(&report, "badge", &["runs on 1 of 2 runtimes<"], &[]);
    check(&report, "comment", &["app.wat runs on 1 of 2 runtimes;"], &["has no"]);
    report.cells[1].required = false;
    report.cells[1].code = Some(Code::NeedsComponentModel);
    report.cells[1].missing_abi = None;
    check(&report, "comment", &["1 of 1 runtimes (1 accepts no components)"], &[]);
}

#[test]
fn an_invalid_file_is_no_runtimes_finding() {
    let mut report = report();
    for cell in &mut report.cells {
        (cell.verdict, cell.code, cell.blame) = (Verdict::NotApplicable, None, Vec::new());
        (cell.subject, cell.detail) = (Some(INVALID_FILE.to_owned()), "not a WebAssembly binary (text)".to_owned());
        cell.stage = None;
    }
    let says = |form: &str, says: &str| check(&report, form, &[says], &["runs nowhere", "runs on 0", "on wasmi: not"]);
    says("github", "::error title=invalid file%3A app.wat::not a WebAssembly binary");
    says("comment", "❌ app.wat is not a valid file");
    says("comment", "invalid file: **app.wat**");
    says("markdown", "invalid file: **app.wat**");
    says("badge", "wasm: invalid file");
    let junit = text("junit", &report);
    assert_eq!(junit.matches("<failure ").count(), 1, "{junit}");
    assert_eq!(junit.matches("type=\"invalid file\"").count(), 1, "{junit}");
    assert!(!junit.contains("type=\"not-applicable\""), "{junit}");
    check(&report, "answer", &["not a WebAssembly binary (text)"], &["exit code", "invalid file:"]);
}

#[test]
fn an_interrupted_check_says_nothing_of_what_it_did_not_reach() {
    let mut report = report();
    report.interrupted = true;
    check(&report, "badge", &["runs on 1 of 2 runtimes tried (partial)"], &[]);
    check(&report, "comment", &["app.wat runs on 1 of 2 runtimes tried"], &[]);
    report.cells.remove(0);
    check(&report, "answer", &["runs on      none of the runtimes that were tried"], &["installed"]);
    check(&report, "github", &[], &["runs nowhere"]);
    report.cells.clear();
    check(&report, "answer", &["runs on      not tested yet"], &["none of", "exit code"]);
}

#[test]
fn a_malformed_file_is_called_so() {
    let mut report = report();
    report.guests[0].facts = None;
    report.guests[0].bytes = 9;
    report.codes.push(report.codes[0].clone());
    let text = report.codes.last_mut().unwrap();
    text.code = Code::Malformed;
    text.remedy = Code::Malformed.entry().remedy.to_owned();
    for cell in &mut report.cells {
        (cell.verdict, cell.code, cell.remedy, cell.subject) = (Verdict::Gap, Some(Code::Malformed), None, None);
    }
    let says = ["app.wat      malformed · 9 B\n", "runs on      nothing: it is not a valid module or component\n"];
    check(&report, "answer", &says, &["none of the runtimes", "FILE"]);
    check(&report, "answer", &["→ Build it again with current tools, or correct the .wat source."], &[]);
}

#[test]
fn a_reason_is_told_once() {
    let mut report = report();
    report.guests[0].facts.as_mut().unwrap().shape = wasmlab_model::facts::Shape::Library;
    for (cell, stage) in report.cells.iter_mut().zip(["run", "instantiate"]) {
        cell.stage = serde_json::from_value(stage.into()).unwrap();
        (cell.verdict, cell.code, cell.subject) = (Verdict::Gap, Some(Code::NoEntryPoint), Some("_start".to_owned()));
    }
    let mut traps = report.clone();
    rename(&mut traps, "names", "names.wat");
    for cell in &mut traps.cells {
        (cell.code, cell.subject) = (Some(Code::Trap), None);
    }
    // The same reason before and after another file.
    let mut again = report.cells[1].clone();
    (again.subject, again.accepted_result) = (Some("_start".to_owned()), Some("pass".to_owned()));
    report.scenarios.extend(traps.scenarios);
    report.guests.extend(traps.guests);
    report.cells.extend(traps.cells);
    report.cells[1] = again;
    report.cells.swap(1, 3);
    let text = text("answer", &report);
    assert_eq!(text.matches("nothing was called: app.wat only loads").count(), 1, "{text}");
}

#[test]
fn cached_results_take_no_time_of_this_run() {
    let mut report = report();
    (report.cells[0].cached, report.cells[0].duration_ms) = (true, 1601.0);
    (report.cells[1].cached, report.cells[1].duration_ms) = (false, 5.0);
    report.duration_ms = 6;
    check(&report, "junit", &["time=\"0.005\"", "name=\"cached\""], &["1.601"]);
}

#[test]
fn the_page_of_files_does_not_speak_of_a_matrix() {
    let mut report = report();
    report.selected.runtimes = vec!["wasmi".to_owned()];
    let mut next = note(NoteKind::NextStep);
    next.text = "`wasmlab explain trap` explains".to_owned();
    report.notes = vec![next, note(NoteKind::OverBudget)];
    let says =
        ["1 file on ", "<code>wasmlab explain trap</code> explains", ">Files</h2>", "Why the exit code is not 0"];
    check(&report, "html", &says, &["Only a part", "<b>given</b>", "<tr class=\"group\">", "Made by</th>"]);
    check(&report, "html", &["over budget</b>", "\"again\":\"wasmlab check app.wat\""], &[]);
    check(&report, "markdown", &[], &["Selected:"]);
    // A note that fails nothing is not a reason for the exit code.
    report.notes.truncate(1);
    report.cells.truncate(1);
    check(&report, "html", &[], &["Why the exit code is not 0"]);
}

#[test]
fn a_reason_without_a_cell_is_not_listed() {
    let mut report = report();
    let mut unused = report.codes[0].clone();
    unused.code = Code::NoEntryPoint;
    report.codes.push(unused);
    check(&report, "html", &[], &["#q=code%3Dno-entry-point"]);
}
