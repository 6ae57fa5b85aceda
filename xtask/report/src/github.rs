//! GitHub annotations: workflow commands on stdout. GitHub shows 10 errors and 10 warnings of a step, so the most
//! important come first and one line stands for all runtimes with the same reason.

use std::fmt::Write;

use wasmlab_model::report::RunReport;
use wasmlab_model::text::cut;

use super::findings::{Finding, Severity, findings, grouped, is_outside_matrix, with_remedy};
use super::text::tally;
use super::{RenderOptions, Renderer};

/// The registry's entry.
pub const RENDERER: Renderer = Renderer {
    id: "github",
    about: "GitHub annotations: at most 10 errors and 10 warnings, the most important first",
    extension: "txt",
    saved: false,
    render,
};

/// As many of a kind GitHub shows of a step.
const MAX_SHOWN: usize = 10;
/// Characters of a message in an annotation.
const MAX_CHARS: usize = 2_000;

fn render(report: &RunReport, _: RenderOptions) -> String {
    let groups = grouped(report, &findings(report));
    let (warnings, errors): (Vec<_>, Vec<_>) =
        groups.iter().map(|group| &group.finding).partition(|finding| finding.severity == Severity::Warning);
    let mut out = String::new();
    for (command, findings) in [("error", errors), ("warning", warnings)] {
        let shown = if findings.len() > MAX_SHOWN { MAX_SHOWN - 1 } else { findings.len() };
        for finding in &findings[..shown] {
            let file = file(report, finding).map(|file| format!(",file={}", property(&file))).unwrap_or_default();
            let title = property(&cut(&format!("{}: {}", finding.kind.title(), finding.title), MAX_CHARS));
            let text = message(&cut(&with_remedy(&finding.text, finding.remedy), MAX_CHARS));
            let _ = writeln!(out, "::{command} title={title}{file}::{text}");
        }
        if findings.len() > shown {
            let rest: Vec<&str> = findings[shown..].iter().map(|finding| finding.title.as_str()).collect();
            let title = format!("and {} more of this kind", rest.len());
            let _ =
                writeln!(out, "::{command} title={}::{}", property(&title), message(&cut(&rest.join("\n"), MAX_CHARS)));
        }
    }
    let _ = writeln!(out, "::notice title=Where WebAssembly runs::{}", message(&tally(report)));
    out
}

/// The file in the repository that a finding is about, where the report knows it.
fn file(report: &RunReport, finding: &Finding) -> Option<String> {
    let is_scenario = !is_outside_matrix(report) && report.scenarios.iter().any(|s| s.name == finding.guest);
    is_scenario.then(|| format!("scenarios/{}/scenario.toml", finding.guest))
}

/// The text after `::`: a line break would end the command.
fn message(text: &str) -> String {
    text.replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A")
}

/// A value of a property, which a comma or a colon would end too.
fn property(text: &str) -> String {
    message(text).replace(':', "%3A").replace(',', "%2C")
}
