//! A badge (SVG) for a README: on how many runtimes a file runs, or how many cells of a matrix pass.

use std::fmt::Write;

use wasmlab_model::report::{Cell, RunReport};
use wasmlab_model::verdict::Verdict;

use super::document::counts;
use super::findings::{Severity, findings, is_outside_matrix};
use super::{RenderOptions, Renderer, library};

/// The registry's entry.
pub const RENDERER: Renderer =
    Renderer { id: "badge", about: "A badge for a README, as SVG", extension: "svg", saved: false, render };

const LABEL: &str = "wasm";
const GREEN: &str = "#2a7d2e";
const YELLOW: &str = "#8a6100";
const RED: &str = "#b3261e";
/// Width of a letter, in pixels; text is stretched to its computed width.
const LETTER: usize = 7;
/// Horizontal padding of a text, pixels.
const ROOM: usize = 6;

fn render(report: &RunReport, _: RenderOptions) -> String {
    let (message, colour) = message(report);
    let width = |text: &str| text.chars().count() * LETTER;
    let (left, right) = (width(LABEL) + 2 * ROOM, width(&message) + 2 * ROOM);
    let all = left + right;
    let label = format!("{LABEL}: {message}");
    let mut out = String::new();
    let _ = writeln!(
        out,
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{all}\" height=\"20\" viewBox=\"0 0 {all} 20\" role=\"img\" \
         aria-label=\"{}\">",
        escaped(&label)
    );
    let _ = writeln!(out, "<title>{}</title>", escaped(&label));
    let _ = writeln!(out, "<rect width=\"{all}\" height=\"20\" rx=\"3\" fill=\"{colour}\"/>");
    let _ = writeln!(out, "<path d=\"M3 0h{}v20H3a3 3 0 0 1-3-3V3a3 3 0 0 1 3-3z\" fill=\"#444\"/>", left - 3);
    out.push_str("<g fill=\"#fff\" font-family=\"Verdana,DejaVu Sans,sans-serif\" font-size=\"11\">\n");
    for (x, text) in [(ROOM, LABEL), (left + ROOM, message.as_str())] {
        let _ = writeln!(out, "<text x=\"{x}\" y=\"14\" textLength=\"{}\">{}</text>", width(text), escaped(text));
    }
    out.push_str("</g>\n</svg>\n");
    out
}

/// Its text and colour.
fn message(report: &RunReport) -> (String, &'static str) {
    // Leave out runtimes that cannot run one of these kinds of files, even if they run another file.
    let is_other = |c: &Cell| is_outside_matrix(report) && c.verdict.is_measured() && counts::is_uncounted(c);
    let others: Vec<&str> = report.cells.iter().filter(|c| is_other(c)).map(|c| c.runtime.as_str()).collect();
    let counts = |c: &&Cell| !others.contains(&c.runtime.as_str());
    let measured: Vec<_> = report.cells.iter().filter(|c| c.verdict.is_measured()).filter(counts).collect();
    let passes = measured.iter().filter(|c| c.verdict == Verdict::Pass).count();
    let fails = findings(report).iter().any(|finding| finding.severity >= Severity::Failure);
    let colour = if fails {
        RED
    } else if passes == measured.len() && passes > 0 {
        GREEN
    } else {
        YELLOW
    };
    let partial = if report.interrupted || report.selected.partition.is_some() { " (partial)" } else { "" };
    if report.cells.iter().any(Cell::is_of_invalid_file) {
        return (format!("invalid file{partial}"), RED);
    }
    if measured.is_empty() {
        return (format!("not measured{partial}"), YELLOW);
    }
    // Each runtime counts once, and must run all of the files.
    let text = if is_outside_matrix(report) {
        let runtimes = || report.runtimes.iter().filter(|r| measured.iter().any(|c| c.runtime == r.id));
        let loads = library::loaded(report, &measured);
        let runs = runtimes().filter(|r| {
            let is_loaded = |c: &Cell| loads.iter().any(|loaded| std::ptr::eq(*loaded, c));
            measured.iter().filter(|c| c.runtime == r.id).all(|c| c.verdict == Verdict::Pass || is_loaded(c))
        });
        let verb = if loads.is_empty() { "runs" } else { "loads" };
        let tried = if report.interrupted { " tried" } else { "" };
        format!("{verb} on {} of {} runtimes{tried}", runs.count(), runtimes().count())
    } else {
        format!("{passes} of {} cells pass", measured.len())
    };
    (text + partial, colour)
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}
