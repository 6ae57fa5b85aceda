//! The page without a browser: its size, rendering time, and escaping. `tests/page.rs` tests it in a browser.

use std::time::{Duration, Instant};

use wasmlab_model::report::RunReport;

use crate::{RenderOptions, find, sample, spoil};

fn page(report: &RunReport) -> String {
    find("html").unwrap().text(report, RenderOptions::PLAIN)
}

const HOSTILE: &str =
    "</script><script>f()</script><img src=x onerror=f()>\"'`&lt;<!--\u{1b}[2J\u{202e}\u{9b}]]>\r\n::error::x";

#[test]
fn the_page_of_the_sample() {
    let mut text = page(&sample::report());
    for (begin, end) in [("<meta http-equiv", ">"), ("<style>", "</style>"), ("<script>", "</script>")] {
        let (from, rest) = text.split_once(begin).unwrap();
        text = format!("{from}{begin}…{end}{}", rest.split_once(end).unwrap().1);
    }
    insta::assert_snapshot!("html", text);
}

#[test]
fn guest_text_is_escaped() {
    let reports = spoil::spoilt(|text| format!("{text}{HOSTILE}"));
    let of_check = reports.clone().map(|report| RunReport { command: "check".to_owned(), ..report });
    for report in reports.into_iter().chain(of_check) {
        let text = page(&report);
        assert_eq!(text.matches("<script").count(), 2, "the data and the page's own script");
        assert_eq!(text.matches("</script").count(), 2);
        assert_eq!(text.matches("<!--").count() + text.matches("<img").count(), 0);
        for bad in ["\u{1b}", "\u{202e}", "\u{9b}", "\r"] {
            assert!(!text.contains(bad), "{bad:?} is let through");
        }
        let (_, data) = text.split_once("id=\"data\">").unwrap();
        let data: serde_json::Value = serde_json::from_str(data.split_once("</script>").unwrap().0).unwrap();
        assert_eq!(data["cells"].as_array().unwrap().len(), report.cells.len());
    }
}

#[test]
fn a_partial_report_says_so() {
    let mut report = sample::report();
    assert!(!page(&report).contains("interrupted:") && !page(&report).contains("Only a part"));
    report.interrupted = true;
    report.selected.scenarios.push("wat-*".to_owned());
    report.cells.truncate(1);
    let text = page(&report);
    assert!(text.contains("The run was interrupted"), "{text}");
    assert!(text.contains("Only a part of the matrix was run: --scenario &#39;wat-*&#39;"), "{text}");
}

#[test]
fn empty_report_renders() {
    let mut report = sample::report();
    report.cells.clear();
    report.scenarios.clear();
    report.guests.clear();
    report.codes.clear();
    assert!(page(&report).ends_with("</html>\n"));
    // A foreign report with a cell whose row and column do not exist.
    report.cells = sample::report().cells;
    report.runtimes.clear();
    assert!(page(&report).ends_with("</html>\n"));
}

#[test]
fn four_thousand_cells_take_less_than_a_second_and_five_megabytes() {
    let mut report = sample::report();
    let (cell, scenario, runtime) = (report.cells[0].clone(), report.scenarios[0].clone(), report.runtimes[0].clone());
    report.runtimes =
        (0..40).map(|n| wasmlab_model::report::RuntimeInfo { id: format!("r{n}"), ..runtime.clone() }).collect();
    report.scenarios = (0..100)
        .map(|n| wasmlab_model::report::ScenarioInfo { name: format!("s{n:03}"), ..scenario.clone() })
        .collect();
    report.cells.clear();
    for n in 0..4000 {
        let mut cell = cell.clone();
        (cell.scenario, cell.runtime) = (format!("s{:03}", n / 40), format!("r{}", n % 40));
        // No two texts are equal.
        cell.output.stdout = format!("{n} a line of output\n").repeat(20);
        cell.detail = format!("{n}: does not define env.f: func (i32) -> (i32)");
        report.cells.push(cell);
    }
    let began = Instant::now();
    let text = page(&report);
    assert!(text.len() < 5_000_000, "{} bytes", text.len());
    assert!(began.elapsed() < Duration::from_secs(if cfg!(debug_assertions) { 5 } else { 1 }), "{:?}", began.elapsed());
}
