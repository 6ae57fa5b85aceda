//! Hostile text in a report, from a guest or from whoever made the report: in no format does it move a cursor, become
//! markup, end an element, give a CI system a command, or become a formula; and no format exceeds its size limit.

use super::{ALL, RenderOptions, find, sample, spoil};
use wasmlab_model::report::RunReport;

const HOSTILE: &str = "x\u{1b}[2J\u{1b}]52;c;aGk=\u{7}\u{202e}\u{9b}1A\u{fffe}]]><img src=x><script>f()</script>&lt;|**bold**|\
                       [link](http://a)\n# heading\n::error title=no::no\n  ::add-mask::no\n##[error]no\r\n=1+1\n\"`code @who #1 GH-12 1a2b3c4d5e6f";

/// The reports of a command with `HOSTILE` at the end of each text, and cells that fail in it.
fn spoilt(command: &str) -> [RunReport; 2] {
    spoil::spoilt(|text| format!("{text}{HOSTILE}")).map(|mut report| {
        fail(&mut report, command);
        report
    })
}

fn fail(report: &mut RunReport, command: &str) {
    report.command = command.to_owned();
    report.cells[0].change = wasmlab_model::verdict::Change::Worse;
    report.cells[0].verdict = wasmlab_model::verdict::Verdict::Fail;
    report.cells[0].known = None;
    for guest in &mut report.guests {
        guest.origin = wasmlab_model::report::Origin::Given;
    }
}

fn text(id: &str, report: &RunReport) -> String {
    find(id).unwrap().text(report, RenderOptions::PLAIN)
}

#[test]
fn no_form_controls_a_terminal_or_a_ci_system() {
    for report in ["run-all", "check"].iter().flat_map(|command| spoilt(command)) {
        for renderer in ALL {
            for colour in [false, true] {
                let text = renderer.text(&report, RenderOptions { colour, ..RenderOptions::PLAIN });
                for bad in ["\u{1b}[2J", "\u{1b}]", "\u{7}", "\u{202e}", "\u{9b}", "\r"] {
                    assert!(!text.contains(bad), "{} lets {bad:?} through", renderer.id);
                }
                if renderer.id != "github" {
                    let command = |line: &str| line.trim_start().starts_with("::") || line.contains("##[");
                    assert!(!text.lines().any(command), "{} gives a command:\n{text}", renderer.id);
                }
            }
        }
    }
}

#[test]
fn annotations_are_the_labs_own_commands_within_their_limits() {
    for mut report in ["run-all", "check"].iter().flat_map(|command| spoilt(command)) {
        let cell = report.cells[0].clone();
        report.cells.extend((0..40).map(|n| {
            let mut cell = cell.clone();
            cell.subject = Some(format!("{n}{HOSTILE}"));
            (cell.known, cell.prediction, cell.required) = (None, None, false);
            if n % 2 == 0 {
                cell.change = wasmlab_model::verdict::Change::New;
                cell.verdict = wasmlab_model::verdict::Verdict::NotAttempted;
                if report.command == "run-all" {
                    (cell.verdict, cell.code) = (wasmlab_model::verdict::Verdict::Gap, None);
                }
            }
            cell
        }));
        let text = text("github", &report);
        let count = |command: &str| text.lines().filter(|line| line.starts_with(command)).count();
        assert_eq!(
            (count("::error title="), count("::warning title="), count("::notice title=")),
            (10, 10, 1),
            "{text}"
        );
        assert_eq!(text.lines().count(), 21, "{text}");
        // Properties contain no colon or comma from a guest's text.
        for line in text.lines() {
            let (head, _) = line[2..].split_once("::").unwrap();
            let properties: Vec<&str> = head.split_once(' ').unwrap().1.split(',').collect();
            let is_known = |property: &&str| ["title=", "file=", "line="].iter().any(|of| property.starts_with(of));
            assert!(properties.iter().all(is_known) && properties.len() <= 3, "{line}");
        }
    }
}

#[test]
fn xml_stays_well_formed_and_keeps_the_words() {
    for report in spoilt("check") {
        let xml = text("junit", &report);
        let read = quick_junit::Report::deserialize_from_str(&xml).unwrap_or_else(|e| panic!("{e}:\n{xml}"));
        let case = &read.test_suites[0].test_cases[0];
        let out = case.system_out.as_ref().unwrap().as_str();
        for expected in ["]]><img src=x><script>f()</script>&lt;|", "\\u001b[2J", "\\u003a:error title=no::no"] {
            assert!(out.contains(expected), "{expected} is not in {out}");
        }
        assert!(!xml.contains("<img") && !xml.contains("<script"), "{xml}");
    }
}

#[test]
fn markdown_has_no_markup_and_calls_nobody() {
    for report in ["run-all", "check"].iter().flat_map(|command| spoilt(command)) {
        for id in ["markdown", "summary", "comment"] {
            let text = text(id, &report);
            let outside = text.replace("\\<", "").replace("\\[", "").replace("\\*", "");
            for bad in ["<img", "<script", "|**bold", " **bold", "[link]", "\n# heading"] {
                assert!(!outside.contains(bad), "{id} has {bad:?}:\n{text}");
            }
        }
        let comment = text("comment", &report);
        for reference in ["@who", "#1", "GH-1", "1a2b3c4d5e6f"] {
            assert!(!comment.contains(reference), "{reference}: {comment}");
        }
    }
}

#[test]
fn csv_has_as_many_fields_in_each_line_and_no_formula() {
    let formulas = spoil::spoilt(|text| format!("=1+1 {text}"))
        .into_iter()
        .chain(spoil::spoilt(|text| format!("@SUM(A1) {text}")));
    for report in spoilt("check").into_iter().chain(formulas) {
        let text = text("csv", &report);
        let records = records(&text);
        assert_eq!(records.len(), report.cells.len() + 1, "{text}");
        for record in &records {
            assert_eq!(record.len(), records[0].len(), "{record:?}");
            assert!(record.iter().all(|field| !field.starts_with(['=', '+', '-', '@'])), "{record:?}");
        }
    }
}

/// The records of a CSV text, by RFC 4180.
fn records(text: &str) -> Vec<Vec<String>> {
    let (mut records, mut record, mut field, mut quoted) = (Vec::new(), Vec::new(), String::new(), false);
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        match c {
            '"' if quoted && chars.peek() == Some(&'"') => field.extend(chars.next()),
            '"' => quoted = !quoted,
            ',' if !quoted => record.push(std::mem::take(&mut field)),
            '\n' if !quoted => {
                record.push(std::mem::take(&mut field));
                records.push(std::mem::take(&mut record));
            }
            c => field.push(c),
        }
    }
    assert!(!quoted && field.is_empty(), "the last line is not complete");
    records
}

#[test]
fn one_line_of_a_megabyte_breaks_no_limit() {
    let hostile = "\u{1b}<|".repeat(1 << 18);
    for command in ["run-all", "check"] {
        let mut report = sample::report();
        fail(&mut report, command);
        report.cells[0].detail = hostile.clone();
        report.cells[0].subject = Some(hostile.clone());
        let comment = text("comment", &report);
        let length = comment.chars().count();
        assert!(length < 65_536 && comment.contains("Why this run fails"), "{length}");
        assert!(text("summary", &report).len() <= 1 << 20);
        assert!(text("github", &report).lines().all(|line| line.len() < 64_000));
        assert!(text("badge", &report).len() < 2_000);
    }
}

#[test]
fn a_partial_report_says_so_in_every_form() {
    let mut report = sample::report();
    report.interrupted = true;
    for (id, expected) in [
        ("answer", "interrupted"),
        ("table", "interrupted"),
        ("markdown", "interrupted"),
        ("summary", "partial"),
        ("comment", "partial"),
        ("junit", "partial"),
        ("github", "partial"),
        ("badge", "(partial)"),
        ("json", "\"interrupted\": true"),
    ] {
        let text = text(id, &report);
        assert!(text.contains(expected), "{id} does not say {expected}:\n{text}");
    }
}
