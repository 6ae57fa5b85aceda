//! The data for the page's script: the report, with each long text stored once.

use std::collections::BTreeMap;

use serde::Serialize;
use wasmlab_model::assertions::Assertions;
use wasmlab_model::checks::Check;
use wasmlab_model::codes::{Blame, Code};
use wasmlab_model::facts::{AbiEvidence, Producer, Rejection, Sizes};
use wasmlab_model::prediction::Agreement;
use wasmlab_model::report::{
    ByteLine, Cell, CodeText, GuestInfo, Note, NoteKind, RunReport, RuntimeInfo, ScenarioInfo,
};
use wasmlab_model::shell;
use wasmlab_model::verdict::Change;

use crate::symbols;
use crate::text;

/// Maximum length of an output stream, bytes; `report.json` has more.
const MAX_OUTPUT: usize = 1024;
/// Maximum length of any other text, bytes.
const MAX_TEXT: usize = 8 << 10;

/// The report for the script; its names are those of `data.js`.
#[derive(Serialize)]
struct Data<'a> {
    /// Name of the lab's program in commands.
    program: &'static str,
    /// Whether the guests are files that the user named.
    files: bool,
    /// Path from the page to the folder of scenarios; absent if the guests have none.
    #[serde(skip_serializing_if = "Option::is_none")]
    lessons: Option<&'static str>,
    scenarios: &'a [ScenarioInfo],
    runtimes: &'a [RuntimeInfo],
    codes: &'a [CodeText],
    /// The class and symbol of each verdict.
    verdicts: BTreeMap<&'static str, (&'static str, char)>,
    guests: Vec<GuestData<'a>>,
    differences: Vec<(&'a str, &'a str)>,
    texts: Vec<&'a str>,
    cells: Vec<CellData<'a>>,
}

#[derive(Serialize)]
struct GuestData<'a> {
    scenario: &'a str,
    /// The command that checks a file again, without its runtime.
    #[serde(skip_serializing_if = "Option::is_none")]
    again: Option<String>,
    sha256: &'a str,
    bytes: u64,
    origin: &'static str,
    toolchain: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    build_ms: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    facts: Option<FactsData<'a>>,
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    annotated: &'a [ByteLine],
}

#[derive(Serialize)]
struct FactsData<'a> {
    kind: wasmlab_model::facts::BinaryKind,
    shape: wasmlab_model::facts::Shape,
    abis: Vec<(&'static str, &'a AbiEvidence)>,
    proposals: Vec<&'a str>,
    /// Where the file first uses each proposal.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    uses: BTreeMap<&'a str, String>,
    /// Module, name, type.
    imports: Vec<(&'a str, &'a str, &'a str)>,
    /// Name, type.
    exports: Vec<(&'a str, &'a str)>,
    /// Name, offset, bytes.
    sections: Vec<(&'a str, u64, u64)>,
    sizes: Sizes,
    producers: &'a [Producer],
    #[serde(skip_serializing_if = "Option::is_none")]
    rejection: Option<&'a Rejection>,
}

/// A cell. A report has thousands, so names are short: `s` and `r` are the indices of its scenario and runtime, `v` its
/// verdict, `c` its code, `b` whom it blames (if not those of the code), `u` its subject, `d` its detail, `p` its
/// prediction. `u`, `d`, `p`, `fix` (the remedy), `cmd` (the command), `out` and `err` are indices into `texts`.
#[derive(Serialize)]
struct CellData<'a> {
    /// Its row and its column.
    s: usize,
    r: usize,
    v: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    c: Option<Code>,
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    b: &'a [Blame],
    #[serde(skip_serializing_if = "Option::is_none")]
    stage: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    u: Option<usize>,
    #[serde(skip_serializing_if = "Option::is_none")]
    d: Option<usize>,
    #[serde(skip_serializing_if = "Option::is_none")]
    fix: Option<usize>,
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    checks: &'a [Check],
    #[serde(skip_serializing_if = "Option::is_none")]
    assertions: Option<&'a Assertions>,
    #[serde(skip_serializing_if = "Option::is_none")]
    change: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    was: Option<&'a str>,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    version: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    known: Option<&'a str>,
    /// The prediction. `agrees`, how the run compares with it, is left out if they are the same.
    #[serde(skip_serializing_if = "Option::is_none")]
    p: Option<usize>,
    #[serde(skip_serializing_if = "Option::is_none")]
    agrees: Option<Agreement>,
    #[serde(skip_serializing_if = "Option::is_none")]
    execution_path: Option<&'a str>,
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    switches: &'a [String],
    #[serde(skip_serializing_if = "Option::is_none")]
    default: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    cmd: Option<usize>,
    #[serde(skip_serializing_if = "wasmlab_model::is_default")]
    ms: f64,
    #[serde(skip_serializing_if = "Option::is_none")]
    compile: Option<f64>,
    #[serde(rename = "importsOnly", skip_serializing_if = "std::ops::Not::not")]
    imports_only: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    run: Option<f64>,
    #[serde(skip_serializing_if = "wasmlab_model::is_default")]
    cpu: f64,
    #[serde(skip_serializing_if = "wasmlab_model::is_default")]
    rss: u64,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    cached: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    out: Option<usize>,
    #[serde(skip_serializing_if = "Option::is_none")]
    err: Option<usize>,
    /// An output stream was truncated.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    cut: bool,
    /// Files with whole streams: stream, path, bytes.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    files: Vec<(&'a str, &'a str, u64)>,
}

/// Texts without duplicates.
#[derive(Default)]
struct Texts {
    places: BTreeMap<String, usize>,
}

impl Texts {
    fn place(&mut self, text: &str) -> Option<usize> {
        if text.is_empty() {
            return None;
        }
        let text = match first_bytes(text, MAX_TEXT) {
            whole if whole.len() == text.len() => whole.to_owned(),
            beginning => format!("{beginning}… (cut)"),
        };
        let next = self.places.len();
        Some(*self.places.entry(text).or_insert(next))
    }

    fn in_order(&self) -> Vec<&str> {
        let mut texts: Vec<(&str, usize)> = self.places.iter().map(|(text, place)| (text.as_str(), *place)).collect();
        texts.sort_by_key(|(_, place)| *place);
        texts.into_iter().map(|(text, _)| text).collect()
    }
}

/// The JSON, escaped so that it cannot close the element that contains it.
pub fn json(report: &RunReport, program: &'static str) -> String {
    let mut texts = Texts::default();
    let rows: BTreeMap<&str, usize> =
        report.scenarios.iter().enumerate().map(|(at, s)| (s.name.as_str(), at)).collect();
    let columns: BTreeMap<&str, usize> =
        report.runtimes.iter().enumerate().map(|(at, r)| (r.id.as_str(), at)).collect();
    let cells = report.cells.iter().map(|c| {
        // A cell without a row or column is in no table, but keeps its index, because tables refer to cells by index.
        let of =
            |places: &BTreeMap<&str, usize>, name: &str| places.get(name).copied().unwrap_or(usize::from(u16::MAX));
        cell(c, of(&rows, &c.scenario), of(&columns, &c.runtime), &mut texts)
    });
    let cells: Vec<CellData> = cells.collect();
    let data = Data {
        program,
        files: text::only_files(report),
        lessons: page_links(report).map(|places| places.lessons),
        scenarios: &report.scenarios,
        runtimes: &report.runtimes,
        codes: &report.codes,
        verdicts: symbols::of_verdicts(),
        guests: report.guests.iter().map(|info| guest(info, again(report, info, program))).collect(),
        differences: report
            .notes
            .iter()
            .filter(|note| note.kind == NoteKind::ColumnsDiffer)
            .map(|Note { subject, text, .. }| (subject.as_str(), text.as_str()))
            .collect(),
        texts: texts.in_order(),
        cells,
    };
    // Plain data with string keys always serializes.
    serde_json::to_string(&data).unwrap_or_default().replace('<', "\\u003c")
}

/// Paths from a page in the repository to the targets of its links.
pub struct PageLinks {
    /// The folder of scenarios.
    pub lessons: &'static str,
    /// The page that predicts where a file runs.
    pub check_page: &'static str,
}

/// For the page of a run, `reports/latest/index.html`, and the published one, `reports/index.html`; the page of `check`
/// has none.
pub fn page_links(report: &RunReport) -> Option<PageLinks> {
    match (report.command.as_str(), report.started.is_empty()) {
        ("run-all", true) => Some(PageLinks { lessons: "../scenarios/", check_page: "check.html" }),
        ("run-all", false) => Some(PageLinks { lessons: "../../scenarios/", check_page: "../check.html" }),
        _ => None,
    }
}

/// `wasmlab check app.wasm`, for a file of `check`.
fn again(report: &RunReport, info: &GuestInfo, program: &str) -> Option<String> {
    let file = text::file_names(report).get(info.scenario.as_str()).copied().filter(|_| report.command == "check")?;
    // The name would be read as an option.
    let folder = if file.starts_with('-') { "./" } else { "" };
    Some(format!("{program} check {}", shell::quote(&format!("{folder}{file}"))))
}

fn guest(info: &GuestInfo, again: Option<String>) -> GuestData<'_> {
    let facts = info.facts.as_ref().map(|facts| FactsData {
        kind: facts.kind,
        shape: facts.shape,
        abis: facts.abis.iter().map(|evidence| (evidence.abi.title(), evidence)).collect(),
        proposals: facts.proposals.iter().map(String::as_str).collect(),
        uses: facts.first_uses.iter().map(|(name, at)| (name.as_str(), at.place())).collect(),
        imports: facts.imports.iter().map(|i| (i.module.as_str(), i.name.as_str(), i.ty.as_str())).collect(),
        exports: facts.exports.iter().map(|e| (e.name.as_str(), e.ty.as_str())).collect(),
        sections: facts.sections.iter().map(|s| (s.name.as_str(), s.offset, s.bytes)).collect(),
        sizes: facts.sizes,
        producers: &facts.producers,
        rejection: facts.rejection.as_ref(),
    });
    GuestData {
        scenario: &info.scenario,
        again,
        sha256: &info.sha256,
        bytes: info.bytes,
        origin: info.origin.id(),
        toolchain: &info.toolchain,
        build_ms: info.build_ms,
        facts,
        annotated: &info.annotated,
    }
}

fn cell<'a>(cell: &'a Cell, s: usize, r: usize, texts: &mut Texts) -> CellData<'a> {
    let command: Vec<String> = cell.argv.iter().map(|word| shell::quote(word)).collect();
    let (out, err) = (first_bytes(&cell.output.stdout, MAX_OUTPUT), first_bytes(&cell.output.stderr, MAX_OUTPUT));
    CellData {
        s,
        r,
        v: cell.verdict.id(),
        c: cell.code,
        b: &cell.blame,
        stage: cell.stage.map(|stage| stage.id()),
        u: cell.subject.as_deref().and_then(|text| texts.place(text)),
        d: texts.place(&cell.detail),
        fix: cell.remedy.as_deref().and_then(|text| texts.place(text)),
        checks: &cell.checks,
        assertions: cell.assertions.as_ref(),
        change: (cell.change != Change::Same).then(|| cell.change.id()),
        was: cell.accepted_result.as_deref(),
        version: cell.changed_with_version,
        known: cell.known.as_deref(),
        p: cell.prediction.as_ref().and_then(|prediction| texts.place(&prediction.summary())),
        agrees: cell.prediction.as_ref().map(|prediction| prediction.agreement).filter(|a| *a != Agreement::Same),
        execution_path: cell.execution_path.as_deref(),
        switches: &cell.switches,
        default: cell.default_result.as_deref(),
        cmd: texts.place(&command.join(" ")),
        ms: cell.duration_ms,
        compile: cell.compile_ms,
        imports_only: cell.imports_only,
        run: cell.run_ms,
        cpu: cell.cpu_ms,
        rss: cell.peak_rss_bytes,
        cached: cell.cached,
        cut: out.len() < cell.output.stdout.len() || err.len() < cell.output.stderr.len(),
        out: texts.place(out),
        err: texts.place(err),
        files: cell.output.files.iter().map(|f| (f.stream.as_str(), f.path.as_str(), f.bytes)).collect(),
    }
}

/// The start of a text, cut at a character boundary.
fn first_bytes(text: &str, max: usize) -> &str {
    &text[..text.floor_char_boundary(max)]
}
