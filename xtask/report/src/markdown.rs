//! `report.md`: the matrix as Markdown, for pull requests and web pages.

mod escape;

use std::fmt::Write;

use super::columns::{self, NameStyle};
use super::findings::{Severity, findings, grouped, reason};
use super::text::{self, GuestNames, Row, blame, by_code, changes, lines, median, remedies, tally};
use super::{GroupBy, RenderOptions, Renderer};
use wasmlab_model::report::{Cell, NoteKind, PASS_WITH_SWITCH, RunReport, RuntimeInfo};
use wasmlab_model::text::{bytes, counted};
use wasmlab_model::verdict::Verdict;

pub(crate) use escape::prose;
pub use escape::{code_span, escaped};

/// Registry entry.
pub const RENDERER: Renderer =
    Renderer { id: "markdown", about: "For web pages and pull requests", extension: "md", saved: true, render };

fn render(report: &RunReport, options: RenderOptions) -> String {
    whole(report, options, true)
}

/// The report, with the reasons for the exit code if `with_failing`.
pub(crate) fn whole(report: &RunReport, options: RenderOptions, with_failing: bool) -> String {
    let mut out = String::from("# Where WebAssembly runs\n\n");
    let host = &report.machine;
    let cpus = if host.cpus == 0 { String::new() } else { format!(" with {} processors", host.cpus) };
    let _ = writeln!(out, "{} on {} {}{cpus}.\n", tally(report), prose(&host.os), prose(&host.arch));
    // For files, the selected runtimes are all that was asked for.
    if let Some(options) = text::selected(report).filter(|_| report.command != "check") {
        let _ = writeln!(out, "Selected: {}\n", code_span(&options));
    }
    if with_failing {
        failing(&mut out, report);
    }
    matrix(&mut out, report, options.group_by);
    switched(&mut out, report);
    gaps(&mut out, report);
    proven(&mut out, report);
    not_attempted(&mut out, report);
    changed(&mut out, report);
    noted(&mut out, report);
    guests(&mut out, report);
    costs(&mut out, report);
    runtimes(&mut out, report);
    missing(&mut out, report);
    out
}

/// The reasons for exit code 1, if it is 1.
fn failing(out: &mut String, report: &RunReport) {
    let found = findings(report);
    let Some(reason) = reason(&found) else { return };
    let _ = writeln!(out, "**The exit code is not 0**: {}.\n", escaped(&reason));
    let groups = grouped(report, &found);
    let failing = groups.iter().map(|group| &group.finding).filter(|finding| finding.severity >= Severity::Failure);
    for finding in failing {
        let kind = finding.kind.title();
        let remedy = finding.remedy.map(|remedy| format!(" → {}", prose(remedy))).unwrap_or_default();
        let _ = writeln!(out, "- {kind}: **{}**: {}{remedy}", escaped(&finding.title), escaped(&finding.text));
    }
    out.push('\n');
}

fn matrix(out: &mut String, report: &RunReport, by: GroupBy) {
    let columns = text::shown_columns(report);
    let heads: Vec<String> = columns
        .iter()
        .map(|r| format!("{} {}", escaped(&r.id), escaped(r.tool.version.as_deref().unwrap_or("(absent)"))))
        .collect();
    // Files have no family.
    let only_files = text::only_files(report);
    let first = if only_files { "| file".to_owned() } else { format!("| {} | scenario", by.id()) };
    let _ = writeln!(out, "{first} | {} |", heads.join(" | "));
    let _ = writeln!(out, "|---|{}{}", if only_files { "" } else { "---|" }, "---|".repeat(heads.len()));
    let mut last = None;
    for Row { group, name, cells, .. } in text::rows(report, by) {
        let texts = columns.iter().map(|r| cells.iter().find(|c| c.runtime == r.id).map_or(String::new(), |c| text(c)));
        let group = if last.replace(group) == Some(group) { "" } else { group };
        let group = if only_files { String::new() } else { format!("| {} ", escaped(group)) };
        let _ = writeln!(out, "{group}| {} | {} |", escaped(name), texts.collect::<Vec<_>>().join(" | "));
    }
    let _ = writeln!(out, "\n{}", legend(report, &columns));
    let absent: Vec<String> = report.runtimes.iter().filter(|r| !columns.contains(r)).map(|r| escaped(&r.id)).collect();
    if !absent.is_empty() {
        let _ = writeln!(out, "\nNot installed, so omitted above: {} (see \"This machine\").", absent.join(", "));
    }
}

/// Explains the symbols that occur.
fn legend(report: &RunReport, columns: &[&RuntimeInfo]) -> String {
    let cells = || report.cells.iter().filter(|c| columns.iter().any(|r| r.id == c.runtime));
    let has = |verdict| cells().any(|c| c.verdict == verdict);
    let gap = |known: bool| cells().any(|c| c.verdict == Verdict::Gap && c.known.is_some() == known);
    let changed_from = match report.baseline {
        Some(_) => "**(changed)**: differs from the baseline",
        None => "**(changed)**: differs from its snapshot",
    };
    let symbols = [
        (has(Verdict::Pass), "✅ pass"),
        (cells().any(|c| c.only_loaded), "✅ loads: a library in which nothing was called"),
        (cells().any(Cell::passes_with_switch), "◐ pass with a switch that is off by default"),
        (gap(false), "⚠️ gap"),
        (has(Verdict::Fail), "❌ fail"),
        (gap(true), "known: an expected gap"),
        (has(Verdict::NotBuilt), "not built: there is no guest to run"),
        (has(Verdict::NotApplicable), "not-applicable: the combination makes no sense"),
        (has(Verdict::NotAttempted), "not-attempted: the lab has no way to run this here"),
        (has(Verdict::Absent), "absent: not installed"),
        (cells().any(|cell| cell.change.is_change()), changed_from),
    ];
    symbols.into_iter().filter(|(there, _)| *there).map(|(_, text)| text).collect::<Vec<_>>().join(" · ")
}

fn text(cell: &Cell) -> String {
    let code = cell.code.map(|c| c.id()).unwrap_or_default();
    let changed = if cell.change.is_change() { " **(changed)**" } else { "" };
    let text = match cell.verdict {
        Verdict::Pass if cell.passes_with_switch() => PASS_WITH_SWITCH.to_string(),
        Verdict::Pass if cell.only_loaded => "✅ loads".to_owned(),
        Verdict::Pass => "✅".to_owned(),
        Verdict::Gap if cell.known.is_some() => format!("known: {code}"),
        Verdict::Gap => format!("⚠️ {code}"),
        Verdict::Fail => format!("❌ {code}"),
        Verdict::Error => "❌ lab error".to_owned(),
        Verdict::NotBuilt => format!("not built: {code}"),
        Verdict::Absent | Verdict::NotApplicable | Verdict::NotAttempted => cell.verdict.id().to_owned(),
    };
    text + changed
}

fn switched(out: &mut String, report: &RunReport) {
    let lines = text::switched(report);
    if !lines.is_empty() {
        out.push_str("\n## With a switch that is off by default\n\n");
    }
    for line in lines {
        let _ = writeln!(out, "- {}", escaped(&line));
    }
}

fn gaps(out: &mut String, report: &RunReport) {
    let codes = by_code(report);
    if codes.is_empty() {
        return;
    }
    out.push_str("\n## Why not, and what would change it\n");
    for (code, groups) in codes {
        let _ = writeln!(
            out,
            "\n### `{code}`\n\n{}\n",
            report.text(code).map_or(String::new(), |text| prose(&text.meaning))
        );
        for (names, group) in lines(report, &groups) {
            let known = group.cell.known.as_ref().map(|k| format!(" Known: {}.", prose(k))).unwrap_or_default();
            let stage = match group.stage() {
                Some(stage) => format!("at {stage}"),
                None if group.cell.verdict == Verdict::NotBuilt => "not run".to_owned(),
                None => "stage unknown".to_owned(),
            };
            let detail = escaped(&group.detail());
            let _ = writeln!(
                out,
                "- **{}** on {} ({stage}; {}{}): {detail}.{known}",
                escaped(&names),
                escaped(&columns::names(report, &group.runtimes, NameStyle::Ids)),
                blame(report, code, group.cell),
                escaped(&group.execution_path())
            );
        }
        for (scope, remedy) in remedies(report, code, &groups) {
            let scope = scope.map(|names| format!(" ({})", escaped(&names))).unwrap_or_default();
            let _ = writeln!(out, "\nTo change it{scope}: {}", prose(remedy));
        }
    }
}

/// Remedies that were tried on a copy and worked.
fn proven(out: &mut String, report: &RunReport) {
    let mut notes = report.notes.iter().filter(|note| note.kind == NoteKind::RemedyProven).peekable();
    if notes.peek().is_some() {
        out.push_str("\n## Remedies, proven by running a changed copy\n\n");
    }
    for note in notes {
        let _ = writeln!(out, "- **{}**: {}", escaped(&note.subject), escaped(&note.text));
    }
}

fn not_attempted(out: &mut String, report: &RunReport) {
    let reasons = text::not_attempted(report);
    if reasons.is_empty() {
        return;
    }
    let count = report.cells.iter().filter(|c| c.verdict == Verdict::NotAttempted).count();
    let _ = writeln!(out, "\n## Not attempted: {}\n", counted(count, "cell"));
    for (cells, reason) in reasons {
        let _ = writeln!(out, "- **{}**: {}", escaped(&cells), escaped(reason));
    }
}

fn changed(out: &mut String, report: &RunReport) {
    let lines = changes(report);
    let notes = shown_notes(report, true);
    if lines.is_empty() && notes.is_empty() {
        return;
    }
    out.push_str("\n## Changed\n\n");
    for (change, line) in lines {
        let _ = writeln!(out, "- **{}**: {}", change.id(), escaped(&line));
    }
    for note in notes {
        let _ = writeln!(out, "{note}");
    }
}

/// Notes other than changes, such as entries of wasmlab.toml without an effect.
fn noted(out: &mut String, report: &RunReport) {
    let notes = shown_notes(report, false);
    if !notes.is_empty() {
        let _ = writeln!(out, "\n## Notes\n\n{}", notes.join("\n"));
    }
}

/// The notes without a section of their own: notes of changes, or all others.
fn shown_notes(report: &RunReport, of_changes: bool) -> Vec<String> {
    let has_section = |kind| {
        matches!(
            kind,
            NoteKind::Missing
                | NoteKind::NextStep
                | NoteKind::GuestNew
                | NoteKind::ColumnsDiffer
                | NoteKind::RemedyProven
                | NoteKind::RemedyTried
                | NoteKind::RemedyUntried
        )
    };
    let notes = report.notes.iter().filter(|n| !has_section(n.kind) && n.kind.is_change() == of_changes);
    // An exceeded budget is listed with the reasons for the exit code.
    let notes = notes.filter(|n| of_changes || !n.kind.fails_run());
    notes.map(|n| format!("- **{}**: {}", escaped(&n.subject), escaped(&n.text))).collect()
}

fn guests(out: &mut String, report: &RunReport) {
    // For a file, route, toolchain and origin say only that it was given.
    let only_files = text::only_files(report);
    let (heads, line) =
        if only_files { ("file", "---") } else { ("scenario | route | made by | origin", "---|---|---|---") };
    let title = if only_files { "Files" } else { "Guests" };
    let _ = writeln!(out, "\n## {title}\n\n| {heads} | total | code | data | imports | proposals |");
    let _ = writeln!(out, "|{line}|---:|---:|---:|---:|---|");
    let guests = GuestNames::of(report);
    for guest in &report.guests {
        let facts = guest.facts.as_ref();
        let route = report.scenarios.iter().find(|s| s.name == guest.scenario).map_or("", |s| &s.route);
        let (code, data, imports, proposals) = match facts {
            Some(f) => {
                let proposals = f.proposals.iter().cloned().collect::<Vec<_>>().join(", ");
                (bytes(f.sizes.code), bytes(f.sizes.data), f.imports.len().to_string(), escaped(&proposals))
            }
            None => ("?".to_owned(), "?".to_owned(), "?".to_owned(), "malformed".to_owned()),
        };
        let name = escaped(guests.guest_name(&guest.scenario));
        let made = format!(" | {} | {} | {}", escaped(route), escaped(&guest.toolchain), guest.origin.id());
        let made = if only_files { String::new() } else { made };
        let size = bytes(guest.bytes);
        let _ = writeln!(out, "| {name}{made} | {size} | {code} | {data} | {imports} | {proposals} |");
    }
}

/// Medians, so that a single cell that waits for a client does not distort the result.
fn costs(out: &mut String, report: &RunReport) {
    if report.cells.iter().all(|c| c.duration_ms == 0.0) {
        return;
    }
    out.push_str("\n## What a cell costs\n\nMedians over the measured cells; compile time excludes cells whose compiled code was cached.\n\n");
    out.push_str("| runtime | cells | process, ms | compiling, ms | running, ms | resident, largest |\n|---|---:|---:|---:|---:|---:|\n");
    for runtime in report.runtimes.iter().filter(|r| r.tool.present) {
        let cells: Vec<&Cell> =
            report.cells.iter().filter(|c| c.runtime == runtime.id && c.verdict.is_measured()).collect();
        let largest = cells.iter().map(|c| c.peak_rss_bytes).max().unwrap_or(0);
        let _ = writeln!(
            out,
            "| {} | {} | {} | {} | {} | {} |",
            escaped(&runtime.id),
            cells.len(),
            time(median(cells.iter().map(|c| c.duration_ms))),
            time(median(cells.iter().filter_map(|c| c.compile_ms))),
            time(median(cells.iter().filter_map(|c| c.run_ms))),
            bytes(largest),
        );
    }
}

/// `1.25`, or `-` if nothing was measured.
fn time(ms: Option<f64>) -> String {
    ms.map_or("-".to_owned(), |ms| format!("{ms:.2}"))
}

/// The origin of the results: runtime, version, mode and switches of each column.
fn runtimes(out: &mut String, report: &RunReport) {
    out.push_str("\n## Runtimes\n\n| runtime | version | mode | switches |\n|---|---|---|---|\n");
    for runtime in report.runtimes.iter().filter(|r| r.tool.present) {
        let version = runtime.tool.version.as_deref().unwrap_or("?");
        let kind = if runtime.custom_build { ", a custom build" } else { "" };
        let flags = runtime.constant_switches.iter().map(|f| code_span(f)).collect::<Vec<_>>().join(" ");
        let _ = writeln!(
            out,
            "| {} | {}{kind} | {} | {flags} |",
            escaped(&runtime.id),
            escaped(version),
            escaped(&runtime.mode)
        );
    }
    let notes = report.runtimes.iter().filter_map(|r| Some((&r.id, r.note.as_ref()?)));
    let lines: Vec<String> = notes.map(|(id, note)| format!("- **{}** is {}", escaped(id), escaped(note))).collect();
    if !lines.is_empty() {
        let _ = writeln!(out, "\n{}", lines.join("\n"));
    }
    let differences = report.notes.iter().filter(|n| n.kind == NoteKind::ColumnsDiffer);
    let lines: Vec<String> =
        differences.map(|n| format!("- **{}** {}", escaped(&n.subject), escaped(&n.text))).collect();
    if !lines.is_empty() {
        let _ = writeln!(out, "\nOne engine, two columns:\n\n{}", lines.join("\n"));
    }
    let paths = text::execution_paths(report).into_iter();
    let lines: Vec<String> = paths
        .map(|((id, path), scenarios)| {
            format!("- **{}**, {}: {}", escaped(id), code_span(path), escaped(&scenarios.join(", ")))
        })
        .collect();
    if !lines.is_empty() {
        let _ = writeln!(out, "\nExecution path, on hosts that have several:\n\n{}", lines.join("\n"));
    }
}

fn missing(out: &mut String, report: &RunReport) {
    let notes: Vec<_> = report.notes.iter().filter(|n| n.kind == NoteKind::Missing).collect();
    if notes.is_empty() {
        return;
    }
    out.push_str("\n## This machine\n\n");
    for note in notes {
        let _ = writeln!(out, "- **{}**: {}", escaped(&note.subject), escaped(&note.text));
    }
}
