//! Keeps each name in a report on one line. Files, imports and exports may have any name, and so may the guests of a
//! report from somebody else: line breaks and colours in a name must not imitate a line of the lab.

use std::borrow::Cow;

use serde_json::{Map, Value};
use wasmlab_model::report::{Output, RunReport};

use super::visible::{on_line, visible};

/// The field of a cell whose texts keep their line breaks.
const OUTPUT: &str = "output";

/// The report with every text as [`on_line`] shows it, and a guest's output as [`visible`] does.
pub fn escape_names(report: &RunReport) -> Cow<'_, RunReport> {
    if !has_controls(report) {
        return Cow::Borrowed(report);
    }
    let shown = serde_json::to_value(report).map(|value| shown(value, false));
    // Only texts have changed, so this is still a report.
    shown.and_then(serde_json::from_value).map_or(Cow::Borrowed(report), Cow::Owned)
}

/// Whether a text other than a guest's output may have a character that JSON escapes.
fn has_controls(report: &RunReport) -> bool {
    let mut names = report.clone();
    names.cells.iter_mut().for_each(|cell| cell.output = Output::default());
    let text = serde_json::to_string(&names).unwrap_or_default();
    let is_escaped_text = |(at, _): (usize, &str)| !text[at + 1..].starts_with(['"', '\\']);
    text.match_indices('\\').any(is_escaped_text) || report.cells.iter().any(|cell| has_style(&cell.output))
}

fn has_style(output: &Output) -> bool {
    [&output.stdout, &output.stderr].iter().any(|text| text.contains('\u{1b}'))
}

fn shown(value: Value, is_output: bool) -> Value {
    let text = |text: &str| if is_output { visible(text, false).into_owned() } else { on_line(text).into_owned() };
    match value {
        Value::String(string) => Value::String(text(&string)),
        Value::Array(values) => Value::Array(values.into_iter().map(|value| shown(value, is_output)).collect()),
        Value::Object(fields) => Value::Object(Map::from_iter(fields.into_iter().map(|(name, value)| {
            let value = shown(value, is_output || name == OUTPUT);
            (text(&name), value)
        }))),
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use std::borrow::Cow;

    use super::escape_names;
    use crate::{RenderOptions, find, sample};

    const HOSTILE: &str = "x\n\n\u{1b}[32mruns on\u{1b}[0m      every runtime\n\u{1b}[1m.wat";

    #[test]
    fn hostile_names_print_no_lines_and_no_colours_of_their_own() {
        let plain = sample::report();
        assert!(matches!(escape_names(&plain), Cow::Borrowed(_)), "nothing to change");
        let name = plain.scenarios[0].name.clone();
        let mut report = plain;
        report.scenarios[0].name = HOSTILE.to_owned();
        report.scenarios[0].title = HOSTILE.to_owned();
        report.guests.iter_mut().filter(|a| a.scenario == name).for_each(|a| a.scenario = HOSTILE.to_owned());
        for cell in report.cells.iter_mut().filter(|cell| cell.scenario == name) {
            cell.scenario = HOSTILE.to_owned();
            cell.subject = Some(format!("{HOSTILE}.f"));
            cell.detail = format!("does not define {HOSTILE}.f");
            cell.remedy = Some(format!("Embed it (from {HOSTILE})."));
            cell.output.stdout = HOSTILE.to_owned();
        }
        report.notes.iter_mut().for_each(|note| note.text = HOSTILE.to_owned());
        for form in ["answer", "table", "overview", "summary", "comment", "markdown"] {
            let options = RenderOptions { colour: true, ..RenderOptions::PLAIN };
            let text = find(form).unwrap().text(&report, options);
            // The end of a long name is always shown.
            assert!(text.contains("runtime"), "{form}: {text}");
            // The lab may wrap a name, but shows its line breaks and colours as escapes.
            assert!(!text.contains("\u{1b}[32mruns on\u{1b}[0m      every"), "{form}: {text}");
            // Markdown escapes these characters once more.
            let is_plain = ["answer", "table", "overview"].contains(&form);
            assert!(!is_plain || text.contains("x\\n\\n\\u001b[32"), "{form}: {text}");
        }
    }
}
