//! CSV (RFC 4180, but with LF line endings): one line per cell, for spreadsheets and data tools. Column names are
//! stable; new columns are appended.

use std::collections::BTreeMap;

use wasmlab_model::report::{Cell, RunReport};

use super::text::file_names;
use super::{RenderOptions, Renderer};

/// The registry's entry.
pub const RENDERER: Renderer =
    Renderer { id: "csv", about: "A line per cell, for spreadsheets", extension: "csv", saved: false, render };

/// A column: heading and value.
type Column = (&'static str, fn(&Lookup, &Cell) -> String);

/// What a line takes from outside its cell: the names of files and the versions of runtimes.
struct Lookup<'a> {
    files: BTreeMap<&'a str, &'a str>,
    versions: BTreeMap<&'a str, &'a str>,
}

const COLUMNS: &[Column] = &[
    ("guest", |lookup, cell| lookup.files.get(cell.scenario.as_str()).copied().unwrap_or(&cell.scenario).to_owned()),
    ("runtime", |_, cell| cell.runtime.clone()),
    ("version", |lookup, cell| lookup.versions.get(cell.runtime.as_str()).copied().unwrap_or_default().to_owned()),
    ("verdict", |_, cell| cell.verdict.id().to_owned()),
    ("code", |_, cell| cell.code.map(|code| code.id().to_owned()).unwrap_or_default()),
    ("subject", |_, cell| cell.subject.clone().unwrap_or_default()),
    ("blame", |_, cell| cell.blame.iter().map(|b| b.id()).collect::<Vec<_>>().join(" ")),
    ("stage", |_, cell| cell.stage.map(|stage| stage.id().to_owned()).unwrap_or_default()),
    ("change", |_, cell| cell.change.id().to_owned()),
    ("accepted_result", |_, cell| cell.accepted_result.clone().unwrap_or_default()),
    ("required", |_, cell| cell.required.to_string()),
    ("known", |_, cell| cell.known.clone().unwrap_or_default()),
    ("switches", |_, cell| cell.switches.join(" ")),
    ("detail", |_, cell| cell.detail.clone()),
    ("remedy", |_, cell| cell.remedy.clone().unwrap_or_default()),
    ("duration_ms", |_, cell| number(cell.duration_ms)),
    ("compile_ms", |_, cell| cell.compile_ms.map(number).unwrap_or_default()),
    ("run_ms", |_, cell| cell.run_ms.map(number).unwrap_or_default()),
    ("cpu_ms", |_, cell| number(cell.cpu_ms)),
    ("peak_rss_bytes", |_, cell| cell.peak_rss_bytes.to_string()),
    ("cached", |_, cell| cell.cached.to_string()),
];

fn render(report: &RunReport, _: RenderOptions) -> String {
    let mut out = line(COLUMNS.iter().map(|(name, _)| *name));
    let versions = report.runtimes.iter().filter_map(|r| Some((r.id.as_str(), r.tool.version.as_deref()?)));
    let lookup = Lookup { files: file_names(report), versions: versions.collect() };
    for cell in &report.cells {
        out += &line(COLUMNS.iter().map(|(_, value)| value(&lookup, cell)));
    }
    out
}

fn number(value: f64) -> String {
    format!("{value:.2}")
}

/// A line of these fields, with its end.
pub fn line(fields: impl Iterator<Item = impl AsRef<str>>) -> String {
    fields.map(|text| field(text.as_ref())).collect::<Vec<_>>().join(",") + "\n"
}

/// A field: quoted if necessary, and never interpreted as a formula by spreadsheets.
fn field(text: &str) -> String {
    let is_formula = text.starts_with(['=', '+', '-', '@', '\t', '\r']);
    let text = if is_formula { format!("'{text}") } else { text.to_owned() };
    if text.contains(['"', ',', '\n', '\r']) { format!("\"{}\"", text.replace('"', "\"\"")) } else { text }
}
