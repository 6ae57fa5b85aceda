//! Compares columns of the same engine: command line and embedded, custom build and release. A difference is due to
//! defaults, switches or versions, which is worth knowing.

use wasmlab_model::report::{Cell, Note, NoteKind, RuntimeInfo};
use wasmlab_runtimes::{ColumnResult, Runtime};

/// A note for each column that differs from its reference column.
pub fn differences(columns: &[Runtime], runtimes: &[RuntimeInfo], cells: &[Cell]) -> Vec<Note> {
    let mut notes = Vec::new();
    for runtime in columns {
        let Some(reference) = runtime.reference_column.as_deref() else { continue };
        let pairs: Vec<(&Cell, &Cell)> = cells
            .iter()
            .filter(|c| c.runtime == runtime.id() && c.verdict.is_measured())
            .filter_map(|cell| {
                let same = |c: &&Cell| c.runtime == reference && c.scenario == cell.scenario && c.verdict.is_measured();
                Some((cell, cells.iter().find(same)?))
            })
            .collect();
        let unlike: Vec<String> = pairs
            .iter()
            .filter(|(a, b)| (a.verdict, a.code) != (b.verdict, b.code))
            .map(|(a, b)| {
                // The reason for the worse result explains the difference.
                let finding = ColumnResult { verdict: a.verdict, code: a.code, subject: a.subject.as_deref() };
                let why = (runtime.explain_difference)(&finding).map(|why| format!(": {why}")).unwrap_or_default();
                format!("{} ({}; on {reference}: {}){why}", a.scenario, result_text(a), result_text(b))
            })
            .collect();
        if unlike.is_empty() {
            continue;
        }
        let version = |id: &str| runtimes.iter().find(|r| r.id == id).and_then(|r| r.tool.version.clone());
        let versions = match (version(runtime.id()), version(reference)) {
            (Some(this), Some(other)) if this != other => format!(" ({this}; {reference} is {other})"),
            _ => String::new(),
        };
        notes.push(Note::new(
            NoteKind::ColumnsDiffer,
            runtime.id().to_owned(),
            format!(
                "differs from {reference}{versions} on {} of {} scenarios: {}",
                unlike.len(),
                pairs.len(),
                unlike.join("; ")
            ),
        ));
    }
    notes
}

fn result_text(cell: &Cell) -> String {
    match cell.code {
        Some(code) => format!("{} {code}", cell.verdict.id()),
        None => cell.verdict.id().to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::differences;
    use crate::sample;
    use wasmlab_model::codes::Code;
    use wasmlab_model::verdict::Verdict;

    #[test]
    fn only_differing_columns_get_a_note() {
        let columns = wasmlab_runtimes::all();
        let mut report = sample::report();
        report.runtimes[0].id = "wasmi-cli".to_owned();
        let mut pair = vec![sample::cells().remove(0), sample::cells().remove(0)];
        pair[0].runtime = "wasmi-cli".to_owned();
        assert!(differences(columns, &report.runtimes, &pair).is_empty());
        (pair[0].verdict, pair[0].code) = (Verdict::Gap, Some(Code::CustomHost));
        let notes = differences(columns, &report.runtimes, &pair);
        assert_eq!(notes.len(), 1);
        let text = &notes[0].text;
        assert!(
            text.starts_with("differs from wasmi on 1 of 1 scenarios: hello (gap custom-host; on wasmi: pass)"),
            "{text}"
        );
        assert!(text.contains("cannot define host functions"), "{text}");
    }
}
