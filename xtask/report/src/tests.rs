//! Every renderer over the sample report.

use super::{ALL, RenderOptions, sample};
use wasmlab_model::report::RunReport;

mod files;

#[test]
fn every_renderer_shows_the_sample() {
    for renderer in ALL {
        for width in [80, 120] {
            let text = (renderer.render)(&sample::report(), RenderOptions { width, ..RenderOptions::PLAIN });
            if matches!(renderer.id, "table" | "overview") {
                assert!(text.lines().all(|l| l.chars().count() <= width), "wider than {width}:\n{text}");
                insta::assert_snapshot!(format!("{}-{width}", renderer.id), text);
            } else if width == 80 && renderer.id != "html" {
                // The page has a test of its own, which leaves its style and script out.
                insta::assert_snapshot!(renderer.id, text);
            }
        }
    }
}

#[test]
fn wide_matrix_fits_80_characters_with_steps_above_their_columns() {
    let mut report = sample::report();
    for number in 0..20 {
        let mut more = report.runtimes[0].clone();
        more.id = format!("engine-{number}+a-long-mode");
        more.tool.version = Some(if number < 10 { "1.2" } else { "156.0.8078.79 shim 0.4.2" }.to_owned());
        report.runtimes.push(more);
    }
    let text = (super::find("table").unwrap().render)(&report, RenderOptions::PLAIN);
    assert!(text.lines().all(|l| l.chars().count() <= 80), "{text}");
    let row = text.lines().find(|l| l.starts_with("hello ")).unwrap();
    for (column, symbol) in [("wasmi 2.0.0", '✓'), ("wasmtime-winch 48.0.8", 'p')] {
        let step = text.lines().find(|l| l.starts_with(column)).unwrap();
        let at = step.chars().position(|c| c == '┐').unwrap();
        assert_eq!(row.chars().nth(at), Some(symbol), "{column}:\n{text}");
    }
}

#[test]
fn pass_with_switch_has_its_own_symbol_and_names_the_switch() {
    let mut report = sample::report();
    report.cells[0].switches = vec!["-W gc=y".to_owned(), "-S p3=y".to_owned()];
    report.cells[0].default_result = Some("unsupported-proposal: lacks gc".to_owned());
    for renderer in ["table", "markdown"] {
        let text = (super::find(renderer).unwrap().render)(&report, RenderOptions::PLAIN);
        assert!(text.contains("◐ pass with a switch") && !text.contains(" ✓ "), "{text}");
        let lines = text.split_whitespace().collect::<Vec<_>>().join(" ");
        let line = "hello on wasmi: with -W gc=y, -S p3=y; by default unsupported-proposal: lacks gc";
        assert!(lines.contains(line), "{text}");
    }
}

#[test]
fn report_without_symbols_uses_those_of_the_catalogue() {
    let render = super::find("table").unwrap().render;
    let mut old = sample::report();
    old.codes.iter_mut().for_each(|text| text.symbol = None);
    assert_eq!(render(&old, RenderOptions::PLAIN), render(&sample::report(), RenderOptions::PLAIN));
    // A report with other symbols keeps them.
    let text = old.codes.iter_mut().find(|text| text.code.id() == "unsupported-proposal").unwrap();
    text.symbol = Some('Z');
    assert!(render(&old, RenderOptions::PLAIN).contains("\nZ unsupported-proposal\n"));
}

#[test]
fn colour_is_printed_only_on_request() {
    let table = super::find("table").unwrap();
    assert!(!(table.render)(&sample::report(), RenderOptions::PLAIN).contains('\u{1b}'));
    assert!(
        (table.render)(&sample::report(), RenderOptions { colour: true, ..RenderOptions::PLAIN }).contains('\u{1b}')
    );
}

#[test]
fn json_round_trips() {
    let text = (super::find("json").unwrap().render)(&sample::report(), RenderOptions::PLAIN);
    assert_eq!(serde_json::from_str::<RunReport>(&text).unwrap(), sample::report());
}

#[test]
fn passes_with_switches_and_cells_not_attempted_are_labelled() {
    let mut report = sample::report();
    let text = |report: &RunReport| (super::find("answer").unwrap().render)(report, RenderOptions::PLAIN);
    let hello = |report: &mut RunReport, change: &dyn Fn(&mut wasmlab_model::report::Cell)| {
        report.cells.iter_mut().filter(|c| c.scenario == "hello" && c.runtime == "wasmi").for_each(change);
    };
    hello(&mut report, &|cell| cell.switches = vec!["--all".to_owned()]);
    assert!(text(&report).contains("runs on      wasmi 2.0, with --all\n"), "{}", text(&report));
    hello(&mut report, &|cell| {
        (cell.verdict, cell.detail) = (wasmlab_model::verdict::Verdict::NotAttempted, "no way to ask".to_owned());
    });
    assert!(text(&report).contains("not attempted  wasmi 2.0: no way to ask\n"), "{}", text(&report));
}

#[test]
fn a_gap_with_a_switch_is_no_pass_with_a_switch() {
    let mut report = sample::report();
    let cell = report.cells.iter_mut().find(|cell| cell.code.is_some()).unwrap();
    cell.switches = vec!["-W gc=y".to_owned()];
    let result = crate::text::result(cell);
    assert!(result.starts_with("gap ") && result.ends_with(") with -W gc=y"), "{result}");
    let shown =
        ["table", "markdown", "summary"].map(|form| super::find(form).unwrap().text(&report, RenderOptions::PLAIN));
    assert!(shown.iter().all(|text| !text.contains("with a switch")), "{shown:?}");
}

/// The answer for the sample's `hello` if its cells have these gaps, in turn: stage, code, subject, detail.
fn answer_with(imports: bool, reasons: &[(&str, &str, &str, &str)]) -> String {
    let mut report = sample::report();
    report.command = "check".to_owned();
    let facts = report.guests.iter_mut().find(|a| a.scenario == "hello").unwrap().facts.as_mut().unwrap();
    facts.shape = wasmlab_model::facts::Shape::Library;
    if !imports {
        facts.imports.clear();
    }
    report.scenarios.retain(|s| s.name == "hello");
    report.cells.retain(|c| c.scenario == "hello" && c.verdict.is_measured());
    let value = |text: &str| serde_json::Value::from(text);
    for (cell, (stage, code, subject, detail)) in report.cells.iter_mut().zip(reasons.iter().cycle()) {
        cell.verdict = wasmlab_model::verdict::Verdict::Gap;
        cell.stage = serde_json::from_value(value(stage)).unwrap();
        cell.code = serde_json::from_value(value(code)).unwrap();
        (cell.subject, cell.detail) = (Some((*subject).to_owned()), (*detail).to_owned());
        (cell.remedy, cell.blame) = (Some("Do this.".to_owned()), Vec::new());
        cell.required = false;
        cell.missing_abi = None;
    }
    (super::find("answer").unwrap().render)(&report, RenderOptions::PLAIN)
}

#[test]
fn library_loads_only_where_it_was_linked() {
    let detail = "exports no function `_start`; it exports `f`";
    let (loaded, compiled) =
        (("run", "no-entry-point", "_start", detail), ("link", "no-entry-point", "_start", detail));
    let lacks = ("link", "custom-host", "env.memory", "does not define env.memory");
    let check = |imports: bool, reasons: &[_], says: &[&str], not: &[&str]| {
        let text = answer_with(imports, reasons);
        assert!(says.iter().all(|part| text.contains(part)), "{reasons:?}: {text}");
        assert!(!not.iter().any(|part| text.contains(part)), "{reasons:?}: {text}");
    };
    let nowhere = "nowhere: it is a library";
    check(true, &[loaded], &[nowhere, "loads on", "nothing was called"], &["does not run"]);
    check(false, &[loaded, compiled], &[nowhere, "loads on", "does not  "], &["does not run"]);
    // No runtime linked it, so none loaded it.
    check(true, &[compiled, lacks], &["none of the runtimes that were tested"], &["loads on", nowhere]);
    check(true, &[loaded, lacks], &["none of the runtimes that were tested", "loads on"], &[nowhere]);
}

#[test]
fn what_is_not_attempted_is_not_known() {
    use wasmlab_model::verdict::Verdict;
    let check = |verdicts: &[Verdict], says: &[&str], not: &str| {
        let mut report = sample::report();
        report.command = "check".to_owned();
        report.scenarios.retain(|s| s.name == "hello");
        report.cells.retain(|c| c.scenario == "hello" && c.verdict.is_measured());
        report.notes.clear();
        for (cell, verdict) in report.cells.iter_mut().zip(verdicts.iter().cycle()) {
            (cell.verdict, cell.change) = (*verdict, wasmlab_model::verdict::Change::New);
            cell.prediction = None;
            if *verdict == Verdict::NotAttempted {
                (cell.code, cell.detail) = (None, "no arguments were given".to_owned());
            } else {
                cell.code = Some(wasmlab_model::codes::Code::WrongExit);
            }
        }
        let text = (super::find("answer").unwrap().render)(&report, RenderOptions::PLAIN);
        assert!(says.iter().all(|part| text.contains(part)) && !text.contains(not), "{verdicts:?}: {text}");
    };
    let asked = "none of the runtimes that were tested";
    check(
        &[Verdict::NotAttempted],
        &["runs on      unknown: nothing could be run", "exit code 4  no runtime was tested"],
        "none",
    );
    check(&[Verdict::Fail, Verdict::NotAttempted], &[asked, "exit code 1"], "exit code 4");
    check(&[Verdict::Fail], &["none of the runtimes that were tested"], "exit code 4");
}

/// The last paragraph of both forms for terminals.
#[test]
fn answer_and_table_give_the_reason_for_the_exit_code() {
    use wasmlab_model::codes::Code;
    use wasmlab_model::verdict::{Change, Verdict};
    let check = |change: &dyn Fn(&mut RunReport), expected: Option<&str>| {
        let mut report = sample::report();
        report.command = "check".to_owned();
        report.scenarios.retain(|s| s.name == "hello");
        report.cells.retain(|c| c.scenario == "hello" && c.verdict == Verdict::Pass);
        report.notes.clear();
        report.cells.iter_mut().for_each(|cell| (cell.change, cell.prediction) = (Change::New, None));
        change(&mut report);
        for id in ["answer", "table"] {
            let text = (super::find(id).unwrap().render)(&report, RenderOptions { width: 200, ..RenderOptions::PLAIN });
            let last = text.lines().last().unwrap_or_default();
            match expected {
                Some(line) => assert_eq!(last, line, "{id}: {text}"),
                None => assert!(!text.contains("exit code"), "{id}: {text}"),
            }
        }
    };
    check(&|_| (), None);
    let traps = |r: &mut RunReport| (r.cells[0].verdict, r.cells[0].code) = (Verdict::Gap, Some(Code::Trap));
    check(&traps, Some("exit code 1  does not run: hello on wasmi: trap"));
    check(&|r| r.cells[0].verdict = Verdict::Error, Some("exit code 3  lab error: a result is missing, see above"));
    let absent = |r: &mut RunReport| r.cells[0].verdict = Verdict::Absent;
    check(&absent, Some("exit code 4  nothing was run: no runtime that could run it is installed"));
    // A run-all lists what changed instead.
    assert!(!(super::find("table").unwrap().render)(&sample::report(), RenderOptions::PLAIN).contains("\nexit code"));
}

#[test]
fn cells_of_one_reason_may_have_come_differently_far() {
    let detail = "lacks simd: no";
    let reason = |stage| (stage, "unsupported-proposal", "simd", detail);
    let text = answer_with(true, &[reason("compile"), reason("load")]);
    assert!(text.contains("unsupported-proposal at load or compile ("), "{text}");
    let text = answer_with(true, &[reason("compile")]);
    assert!(text.contains("unsupported-proposal at compile ("), "{text}");
}

#[test]
fn reasons_that_differ_in_the_import_are_told_once() {
    let missing = |import| ("link", "custom-host", import, import);
    let text = answer_with(true, &[missing("env.a"), missing("env.b")]);
    assert_eq!(text.matches("Do this.").count(), 1, "{text}");
    // Different missing proposals are different reasons.
    let lacks = |proposal| ("compile", "unsupported-proposal", proposal, proposal);
    let text = answer_with(true, &[lacks("simd"), lacks("threads")]);
    assert_eq!(text.matches("Do this.").count(), 2, "{text}");
}

#[test]
fn execution_path_is_shown_for_hosts_with_several() {
    let mut report = sample::report();
    for cell in report.cells.iter_mut().filter(|c| c.runtime == "wasmtime-winch") {
        cell.execution_path = Some(if cell.scenario == "hello" { "wasi" } else { "glue:emscripten" }.to_owned());
    }
    for (renderer, expected) in [
        ("table", "(run, guest, via glue:emscripten)"),
        ("markdown", "(at run; guest, via glue:emscripten)"),
        ("markdown", "- **wasmtime-winch**, `wasi`: hello\n"),
        ("json", "\"execution_path\": \"glue:emscripten\""),
    ] {
        let text = (super::find(renderer).unwrap().render)(&report, RenderOptions::PLAIN);
        assert!(text.contains(expected), "{renderer} does not say {expected}:\n{text}");
    }
}

#[test]
fn specific_remedies_follow_the_general_one_and_name_their_cells() {
    let mut report = sample::report();
    let mut special = report.cells[3].clone();
    special.runtime = "wasmtime-winch".to_owned();
    special.subject = Some("preopened-socket".to_owned());
    special.remedy = Some("Use another host.".to_owned());
    // The special remedy comes first in the report and last in the text.
    report.cells.insert(0, special);
    // A cell of the same scenario with another subject shares its remedy.
    let mut other = report.cells[0].clone();
    other.runtime = "wasmi".to_owned();
    other.subject = Some("network".to_owned());
    report.cells.push(other);
    let general = wasmlab_model::codes::Code::SocketsUnsupported.entry().remedy;
    for (renderer, expected) in [
        ("table", "  → (server on wasmi, wasmtime-winch) Use another host.".to_owned()),
        (
            "markdown",
            format!("To change it: {general}\n\nTo change it (server on wasmi, wasmtime-winch): Use another host.\n"),
        ),
    ] {
        let text = (super::find(renderer).unwrap().render)(&report, RenderOptions::PLAIN);
        assert!(text.contains(&expected), "{renderer} does not say {expected}:\n{text}");
    }
    // A single remedy needs no names.
    report.cells.retain(|c| c.subject.as_deref() != Some("socket-bind"));
    let text = (super::find("markdown").unwrap().render)(&report, RenderOptions::PLAIN);
    assert!(text.contains("\nTo change it: Use another host."), "{text}");
}

#[test]
fn partial_report_states_its_selection() {
    let mut report = sample::report();
    report.selected.scenarios = vec!["*http*".to_owned(), "it's".to_owned()];
    report.selected.runtimes = vec!["wasm*".to_owned()];
    let options = "--scenario '*http*' --scenario \"it's\" --runtime 'wasm*'";
    for (renderer, expected) in
        [("table", format!("selected: {options}\n")), ("markdown", format!("\nSelected: `{options}`\n"))]
    {
        let text = (super::find(renderer).unwrap().render)(&report, RenderOptions::PLAIN);
        assert!(text.contains(&expected), "{renderer} does not say {expected}:\n{text}");
    }
}

/// A tag counts as `exceptions` in both forms of exception handling.
#[test]
fn header_names_the_forms_of_exceptions_that_are_used() {
    let check = |proposals: &[&str], mixes_exceptions: bool, expected: &str| {
        let mut report = sample::report();
        let facts = report.guests.iter_mut().find_map(|guest| guest.facts.as_mut()).unwrap();
        facts.proposals = proposals.iter().map(|name| (*name).to_owned()).collect();
        facts.mixes_exceptions = mixes_exceptions;
        let text =
            (super::find("answer").unwrap().render)(&report, RenderOptions { width: 120, ..RenderOptions::PLAIN });
        assert!(text.lines().any(|line| line.ends_with(expected)), "{expected}: {text}");
    };
    check(&["exceptions"], false, " · needs exceptions");
    check(&["exceptions", "legacy-exceptions"], false, " · needs legacy-exceptions");
    check(&["exceptions", "legacy-exceptions"], true, " · needs exceptions, legacy-exceptions");
}
