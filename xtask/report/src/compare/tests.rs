//! Changes to the sample report, each with the expected text of the comparison.

use super::{against, compare};
use crate::findings::{self, FindingKind, Severity};
use crate::{RenderOptions, sample};
use wasmlab_model::codes::Code;
use wasmlab_model::facts::Import;
use wasmlab_model::report::{NoteKind, RunReport};
use wasmlab_model::verdict::{Change, Verdict};

fn check(change: impl FnOnce(&mut RunReport), expected: &[&str]) {
    let before = sample::report();
    let mut after = before.clone();
    change(&mut after);
    let text = compare(&before, &after, names_none).text(RenderOptions { width: 1000, ..RenderOptions::PLAIN });
    for expected in expected {
        assert!(text.contains(expected), "{expected} is not in\n{text}");
    }
}

fn names_none(_: &str) -> bool {
    false
}

/// Changes the guest's sha256; guests with equal hashes are not compared.
fn rebuilt(report: &mut RunReport) -> &mut wasmlab_model::facts::Facts {
    report.guests[0].sha256 = "1".repeat(64);
    report.guests[0].facts.as_mut().unwrap()
}

#[test]
fn files_are_shown_by_their_names_and_their_sizes_add_up() {
    let mut before = sample::report();
    before.guests[0].origin = wasmlab_model::report::Origin::Given;
    before.scenarios[0].title = "app.wat".to_owned();
    let mut after = before.clone();
    (after.cells[0].verdict, after.cells[0].code) = (Verdict::Gap, Some(Code::Trap));
    let sizes = &mut rebuilt(&mut after).sizes;
    (sizes.total, sizes.code) = (sizes.total + 11, sizes.code + 6);
    let comparison = compare(&before, &after, names_none);
    let text = comparison.text(RenderOptions { width: 1000, ..RenderOptions::PLAIN });
    for expected in ["app.wat on wasmi: gap trap", "code +6 B, other +5 B)"] {
        assert!(text.contains(expected), "{expected} is not in\n{text}");
    }
    let (text, json) = (comparison.markdown(), comparison.json());
    assert!(text.contains("- app.wat on wasmi: ") && json.contains("\"scenario\": \"hello\""), "{text}{json}");
    assert!(!json.contains("\"files\"") && compare(&before, &before, names_none).is_empty(), "{json}");
}

#[test]
fn cells_guests_and_runtimes_are_compared() {
    check(|_| (), &["nothing differs in 5 cells\n"]);
    check(
        |r| (r.cells[0].verdict, r.cells[0].code) = (Verdict::Gap, Some(Code::Trap)),
        &["worse: 1\n  hello on wasmi: gap trap (stage run), was pass: printed \"hello\"\n"],
    );
    check(
        |r| r.cells[1].code = Some(Code::Trap),
        &[
            "another reason: 1\n  hello on wasmtime-winch: gap trap (stage run), was gap unsupported-proposal (stage run)",
        ],
    );
    check(
        |r| {
            (r.cells[1].verdict, r.cells[1].code) = (Verdict::Pass, None);
            r.runtimes[1].tool.version = Some("49.0.0".to_owned());
        },
        &[
            "better: 1\n  hello on wasmtime-winch: pass, was gap unsupported-proposal (stage run) (with wasmtime-winch \
              48.0.8 -> 49.0.0)\n",
            "runtimes of another version: 1\n  wasmtime-winch: 48.0.8 -> 49.0.0\n",
        ],
    );
    // An older version of the runtime: the change says nothing about a newer one.
    check(
        |r| {
            (r.cells[1].verdict, r.cells[1].code) = (Verdict::Fail, Some(Code::WrongExit));
            r.runtimes[1].tool.version = Some("47.0.0".to_owned());
        },
        &["another reason: 1\n  hello on wasmtime-winch: fail wrong-exit"],
    );
    check(
        |r| r.cells[0].switches = vec!["--all".to_owned()],
        &["worse: 1\n  hello on wasmi: pass with --all, was pass"],
    );
    // A gap that becomes a wrong result; a machine without the runtime.
    check(|r| (r.cells[1].verdict, r.cells[1].code) = (Verdict::Fail, Some(Code::WrongExit)), &["worse: 1\n"]);
    check(|r| r.cells[0].verdict = Verdict::Absent, &["nothing differs in 4 cells\n"]);
    check(
        |r| r.scenarios[0].name = "greet".to_owned(),
        &["new guests: 1\n  greet\n", "guests that are gone: 1\n  hello\n"],
    );
}

#[test]
fn another_of_several_missing_imports_is_the_same_result() {
    let mut before = sample::report();
    let cell = &mut before.cells[0];
    (cell.verdict, cell.code) = (Verdict::Gap, Some(Code::MissingImport));
    (cell.stage, cell.subject) = (serde_json::from_value("link".into()).unwrap(), Some("env.one".to_owned()));
    let mut after = before.clone();
    after.cells[0].subject = Some("env.other".to_owned());
    let changes = |import_order_is_random| {
        let mut later = after.clone();
        against(&before, "base.json", &mut later, import_order_is_random);
        (compare(&before, &after, import_order_is_random).cells.len(), later.cells[0].change)
    };
    assert_eq!(changes(|id| id == "wasmi"), (0, Change::Same));
    assert_eq!(changes(|id| id == "node"), (1, Change::Different));
    // A pass is another result, whatever the runtime names.
    (after.cells[0].verdict, after.cells[0].code, after.cells[0].subject) = (Verdict::Pass, None, None);
    assert_eq!(compare(&before, &after, |_| true).cells[0].change, Change::FixedGap);
}

#[test]
fn a_guest_says_what_it_needs_now_and_where_its_bytes_went() {
    check(|r| _ = rebuilt(r), &["hello: other bytes of the same size"]);
    check(
        |r| {
            let facts = rebuilt(r);
            facts.proposals.insert("tail-call".to_owned());
            facts.imports = vec![Import {
                module: "env".to_owned(),
                name: "f".to_owned(),
                ty: "func".to_owned(),
                functions: Vec::new(),
            }];
            (facts.sizes.total, facts.sizes.code, facts.sizes.data) = (73_522, 62_288, 8_000);
        },
        &[
            "hello: now needs tail-call; now imports env.f; no longer imports wasi_snapshot_preview1.fd_write; 12.0 KiB larger \
           (59.8 KiB -> 71.8 KiB: code +12.0 KiB, data -1000 B, other +1000 B)",
        ],
    );
    check(
        |r| {
            rebuilt(r).imports.extend((0..7).map(|n| Import {
                module: "e".to_owned(),
                name: n.to_string(),
                ty: String::new(),
                functions: Vec::new(),
            }))
        },
        &["now imports e.0, e.1, e.2, e.3, e.4 and 2 more"],
    );
    check(|r| rebuilt(r).imports[0].module.clear(), &["now imports \"\".fd_write"]);
}

#[test]
fn a_baseline_takes_the_place_of_snapshots() {
    let baseline = sample::report();
    let judged = |command: &str, change: &dyn Fn(&mut RunReport)| {
        let mut report = sample::report();
        report.command = command.to_owned();
        change(&mut report);
        against(&baseline, "base.json", &mut report, names_none);
        let found: Vec<_> = findings::findings(&report).iter().map(|f| (f.severity, f.kind)).collect();
        (found, report)
    };
    // The sample's comparison with snapshots no longer counts, and `check` does not report gaps that the baseline has,
    // too.
    for command in ["run-all", "check"] {
        let (found, report) = judged(command, &|_| ());
        assert!(found.iter().all(|(severity, _)| *severity == Severity::Warning), "{command}: {found:?}");
        assert!(report.cells.iter().all(|c| c.change == Change::Same), "{command}");
    }
    let worse = |r: &mut RunReport| (r.cells[0].verdict, r.cells[0].code) = (Verdict::Gap, Some(Code::Trap));
    for command in ["run-all", "check"] {
        let (found, report) = judged(command, &|r| {
            worse(r);
            rebuilt(r).proposals.insert("tail-call".to_owned());
        });
        assert_eq!(found[0], (Severity::Failure, FindingKind::Worse), "{command}");
        assert_eq!(report.cells[0].accepted_result.as_deref(), Some("pass"));
        let note = report.notes.iter().find(|n| n.kind == NoteKind::GuestDiffersFromBaseline).unwrap();
        assert_eq!((note.subject.as_str(), note.text.as_str()), ("hello", "now needs tail-call"));
    }
    let (found, _) = judged("run-all", &|r| (r.cells[1].verdict, r.cells[1].code) = (Verdict::Pass, None));
    assert!(found.iter().all(|(severity, _)| *severity == Severity::Warning), "better is not worse: {found:?}");
}

#[test]
fn a_comparison_is_text_markdown_and_json() {
    let before = sample::report();
    let mut after = before.clone();
    (after.cells[0].verdict, after.cells[0].code) = (Verdict::Gap, Some(Code::Trap));
    after.cells[0].detail = "x\u{1b}[2J<img src=x>|**b**\n::error::c".to_owned();
    (after.cells[1].verdict, after.cells[1].code) = (Verdict::Pass, None);
    let comparison = compare(&before, &after, names_none);
    assert!(comparison.is_worse() && !comparison.is_empty());
    let markdown = comparison.markdown();
    assert!(
        markdown.starts_with("### worse: 1\n") && markdown.contains("<details><summary>better: 1</summary>"),
        "{markdown}"
    );
    for text in [&markdown, &comparison.text(RenderOptions::PLAIN)] {
        assert!(!text.contains('\u{1b}') && !text.lines().any(|line| line.trim_start().starts_with("::")), "{text}");
    }
    assert!(!markdown.replace("\\<", "").contains("<img"), "{markdown}");
    let json: serde_json::Value = serde_json::from_str(&comparison.json()).unwrap();
    assert_eq!(json["cells"][0]["change"], "worse");
}
