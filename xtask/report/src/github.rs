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

/// GitHub shows this many annotations of each kind per step.
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
            let location = location(report, finding).map_or(String::new(), |(file, line)| {
                let line = line.map_or(String::new(), |line| format!(",line={line}"));
                format!(",file={}{line}", property(&file))
            });
            let title = property(&cut(&format!("{}: {}", finding.kind.title(), finding.title), MAX_CHARS));
            let text = message(&cut(&with_remedy(&finding.text, finding.remedy), MAX_CHARS));
            let _ = writeln!(out, "::{command} title={title}{location}::{text}");
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

/// The file in the repository that a finding is about, and its line, if the report has them.
fn location(report: &RunReport, finding: &Finding) -> Option<(String, Option<usize>)> {
    if let Some(location) = finding.location {
        return Some((location.file.clone(), Some(location.line)));
    }
    let is_scenario = !is_outside_matrix(report) && report.scenarios.iter().any(|s| s.name == finding.guest);
    is_scenario.then(|| (format!("scenarios/{}/scenario.toml", finding.guest), None))
}

/// The text after `::`: a line break would end the command.
fn message(text: &str) -> String {
    text.replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A")
}

/// The value of a property, which a comma or a colon would also end.
fn property(text: &str) -> String {
    message(text).replace(':', "%3A").replace(',', "%2C")
}

#[cfg(test)]
mod tests {
    use super::render;
    use crate::{RenderOptions, sample};
    use wasmlab_model::report::{FileLine, Note, NoteKind};

    #[test]
    fn an_entry_of_wasmlab_toml_is_annotated_on_its_line() {
        let check = |kind: NoteKind, location: Option<(&str, usize)>, expected: &str| {
            let mut report = sample::report();
            report.command = "check".to_owned();
            let location = location.map(|(file, line)| FileLine { file: file.to_owned(), line });
            report.notes = vec![Note { location, ..Note::new(kind, "app.wasm", "it is too much") }];
            let out = render(&report, RenderOptions::PLAIN);
            assert!(out.lines().any(|line| line.starts_with(expected)), "{expected} is not in {out}");
        };
        let (unused, over) = (NoteKind::AllowanceUnused, NoteKind::OverBudget);
        check(unused, Some(("wasmlab.toml", 20)), "::warning title=note%3A app.wasm,file=wasmlab.toml,line=20::it");
        check(unused, Some(("a,b:%/w.toml", 7)), "::warning title=note%3A app.wasm,file=a%2Cb%3A%25/w.toml,line=7::it");
        check(unused, None, "::warning title=note%3A app.wasm::it");
        check(over, Some(("wasmlab.toml", 3)), "::error title=over budget%3A app.wasm,file=wasmlab.toml,line=3::it");
    }
}
