//! Predictions beside results: which profile applies to a column, which run it predicts, and which contradictions are
//! accepted.

use std::collections::BTreeMap;
use std::io;

use anyhow::{Context, Result};
use globset::GlobMatcher;
use serde::Deserialize;

use crate::lab::Lab;
use crate::scenario::document::{Document, ParsedDocument};
use crate::store::profiles;
use wasmlab_glob as glob;
use wasmlab_model::codes::Code;
use wasmlab_model::facts::Facts;
use wasmlab_model::file_error::KeyError;
use wasmlab_model::prediction::CellPrediction;
use wasmlab_model::profile::Profile;
use wasmlab_model::report::Cell;
use wasmlab_model::scenario::{Run, ScenarioFile};
use wasmlab_model::text::escaped;
use wasmlab_model::verdict::Verdict;
use wasmlab_model::version;
use wasmlab_predict::{PlannedRun, cell_prediction};
use wasmlab_process::read_text;
use wasmlab_report::visible::VisiblePath;
use wasmlab_runtimes::{self as runtimes, CUSTOM_BUILD, Runtime};

/// The profiles of one column.
pub struct Profiles<'a> {
    of_column: BTreeMap<&'a str, Vec<&'a Profile>>,
}

impl<'a> Profiles<'a> {
    /// Sorts profiles by column.
    #[must_use]
    pub fn new(all: &'a [Profile]) -> Self {
        let mut of_column: BTreeMap<&str, Vec<&Profile>> = BTreeMap::new();
        for profile in all {
            of_column.entry(&profile.runtime).or_default().push(profile);
        }
        Self { of_column }
    }

    /// The profile for a column at a version, if there is one: that of this version, or else that of the newest one. For
    /// a custom build, it is a profile of the column that the build is based on.
    #[must_use]
    pub fn of(&self, runtime: &str, of: Option<&str>) -> Option<&'a Profile> {
        let found = [runtime, runtimes::base_id(runtime)].into_iter().find_map(|id| self.of_column.get(id))?;
        let newest = || found.iter().max_by(|a, b| version::compare(&a.version, &b.version));
        found.iter().find(|profile| Some(profile.version.as_str()) == of).or_else(newest).copied()
    }
}

/// The run of a guest on a column, for which a prediction can be made.
pub struct PredictableRun<'a> {
    run: Run,
    facts: Result<&'a Facts, &'a str>,
    glue: bool,
}

impl<'a> PredictableRun<'a> {
    /// The run of a cell. `facts`: those of its guest, or why there are none.
    #[must_use]
    pub fn of(spec: &ScenarioFile, runtime: &Runtime, facts: Result<&'a Facts, &'a str>) -> Self {
        let mut run = spec.run.clone();
        // The lab defines host functions where it embeds the engine; a command line has no way to.
        if runtime.output_parser.is_some() {
            run.host_functions.clear();
        }
        Self { run, facts, glue: !spec.build.companions.is_empty() && runtime.runs_glue() }
    }

    /// The prediction for a cell from this profile, compared with its result.
    #[must_use]
    pub fn predict(&self, profile: &Profile, cell: &Cell) -> CellPrediction {
        let planned = PlannedRun { facts: self.facts, run: &self.run, glue: self.glue };
        cell_prediction(&wasmlab_predict::predict(&planned, profile), cell)
    }
}

/// The file of accepted contradictions, below `snapshots/`.
pub const FILE: &str = "predictions.toml";
/// Maximum size of the file, bytes: it is written by hand.
const MAX_BYTES: u64 = 1 << 20;

/// A contradiction that is accepted.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AcceptedContradiction {
    /// A glob over scenarios. A single `*` makes the entry a rule, which may match nothing.
    pub scenario: String,
    /// A glob over columns.
    pub runtime: String,
    /// The observed result: a code, or `pass`.
    pub observed: String,
    /// Why the prediction is wrong, and what would fix it.
    pub because: String,
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    #[serde(default)]
    contradiction: Vec<AcceptedContradiction>,
}

/// The accepted contradictions.
pub struct AcceptedContradictions {
    entries: Vec<(AcceptedContradiction, GlobMatcher, GlobMatcher)>,
}

impl AcceptedContradictions {
    /// Reads `snapshots/predictions.toml`, which need not exist.
    ///
    /// # Errors
    /// If the file is invalid, or a pattern is not a glob.
    pub fn read(lab: &Lab) -> Result<Self> {
        let path = lab.snapshots().join(FILE);
        let text = match read_text(&path, MAX_BYTES) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => String::new(),
            text => text.with_context(|| format!("failed to read `{}`", path.visible()))?,
        };
        Self::parse(&path.visible(), &text)
    }

    /// Parses the text of `file`, a path as messages show it. The error names each mistake with its line.
    fn parse(file: &str, text: &str) -> Result<Self> {
        let ParsedDocument { document, contents, mut errors, .. } = Document::parse::<File>(file, text);
        let mut entries = Vec::new();
        let mut mistakes = Vec::new();
        for (index, entry) in contents.unwrap_or_default().contradiction.into_iter().enumerate() {
            let mut fail = |key: &str, message: String| {
                mistakes.push(KeyError::new(format!("contradiction[{index}].{key}"), message));
            };
            if entry.because.trim().is_empty() {
                fail("because", "is empty: give the reason".to_owned());
            }
            if !is_result(&entry.observed) {
                fail("observed", format!("`{}` is neither a code nor a verdict", escaped(&entry.observed)));
            }
            let mut matcher = |key: &str, text: &str| match glob::parse(text) {
                Ok(glob) => Some(glob.compile_matcher()),
                Err(message) => {
                    fail(key, message);
                    None
                }
            };
            let (scenario, runtime) = (matcher("scenario", &entry.scenario), matcher("runtime", &entry.runtime));
            // Custom builds have names of their own.
            let is_column = |glob: &GlobMatcher| runtimes::all().iter().any(|column| glob.is_match(column.id()));
            if runtime.as_ref().is_some_and(|glob| !is_column(glob)) && !entry.runtime.contains(CUSTOM_BUILD) {
                fail("runtime", format!("`{}` matches no runtime", escaped(&entry.runtime)));
            }
            if let (Some(scenario), Some(runtime)) = (scenario, runtime) {
                entries.push((entry, scenario, runtime));
            }
        }
        errors.extend(document.locate_all(mistakes.into_iter()));
        if errors.is_empty() {
            return Ok(Self { entries });
        }
        let lines: Vec<String> = errors.iter().map(ToString::to_string).collect();
        anyhow::bail!("{}", lines.join("\n  "))
    }

    /// Why a contradiction in this cell is accepted.
    #[must_use]
    pub fn reason(&self, cell: &Cell) -> Option<&str> {
        let observed = observed(cell);
        let found = self.entries.iter().find(|(entry, scenario, runtime)| {
            entry.observed == observed && scenario.is_match(&cell.scenario) && runtime.is_match(&cell.runtime)
        })?;
        Some(&found.0.because)
    }

    /// Entries that are about cells with a prediction of the same version, and match no contradiction among them.
    pub fn stale<'a>(&'a self, cells: &'a [Cell]) -> impl Iterator<Item = &'a AcceptedContradiction> {
        let is_stale = move |(entry, scenario, runtime): &&(AcceptedContradiction, GlobMatcher, GlobMatcher)| {
            let is_about = |cell: &&Cell| {
                let compared = cell.prediction.as_ref().is_some_and(|found| found.profile_version.is_none());
                compared && scenario.is_match(&cell.scenario) && runtime.is_match(&cell.runtime)
            };
            let is_met = |cell: &Cell| {
                let accepted = cell.prediction.as_ref().is_some_and(|found| found.accepted_because.is_some());
                accepted && observed(cell) == entry.observed
            };
            let mut about = cells.iter().filter(is_about).peekable();
            entry.scenario != "*" && about.peek().is_some() && !about.any(is_met)
        };
        self.entries.iter().filter(is_stale).map(|(entry, ..)| entry)
    }
}

/// Whether a cell may have this result: a code, or a verdict.
fn is_result(text: &str) -> bool {
    text.parse::<Code>().is_ok() || Verdict::ALL.iter().any(|verdict| verdict.id() == text)
}

/// The code of a cell, or its verdict.
#[must_use]
pub fn observed(cell: &Cell) -> &'static str {
    cell.code.map_or(cell.verdict.id(), |code| code.id())
}

/// The profiles and the accepted contradictions.
///
/// # Errors
/// If a file is damaged; the error names it.
pub fn read(lab: &Lab) -> Result<(Vec<Profile>, AcceptedContradictions)> {
    Ok((profiles::read(lab)?, AcceptedContradictions::read(lab)?))
}

#[cfg(test)]
mod tests {
    use super::{AcceptedContradictions, Profiles};
    use wasmlab_model::prediction::{Agreement, CellPrediction, PredictedOutcome};
    use wasmlab_model::profile::Profile;
    use wasmlab_model::report::Cell;

    #[test]
    fn newest_profile_is_found_by_number() {
        let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../snapshots/profiles");
        let any = std::fs::read_dir(folder).unwrap().next().unwrap().unwrap().path();
        let any = Profile::from_json(&std::fs::read_to_string(any).unwrap()).unwrap();
        let of = |version: &str| Profile { runtime: "node".to_owned(), version: version.to_owned(), ..any.clone() };
        let all = ["10.0.0", "24.1.0", "9.0.0"].map(of);
        let found = |version| Profiles::new(&all).of("node", version).unwrap().version.clone();
        assert_eq!([found(None), found(Some("9.0.0")), found(Some("1"))], ["24.1.0", "9.0.0", "24.1.0"]);
    }

    fn contradicted(scenario: &str, runtime: &str) -> Cell {
        let prediction = CellPrediction {
            outcome: PredictedOutcome::Fails,
            code: None,
            subject: None,
            uncertain: Vec::new(),
            missing_imports: Vec::new(),
            omitted: 0,
            switches: Vec::new(),
            agreement: Agreement::Contradicts,
            profile_version: None,
            accepted_because: None,
        };
        let first = crate::sample::cells().remove(0);
        Cell { scenario: scenario.to_owned(), runtime: runtime.to_owned(), prediction: Some(prediction), ..first }
    }

    #[test]
    fn entries_match_by_scenario_runtime_and_result_and_become_stale() {
        let entry = |scenario: &str, runtime: &str| {
            format!(
                "[[contradiction]]\nscenario = \"{scenario}\"\nruntime = \"{runtime}\"\nobserved = \"pass\"\nbecause = \"it is so\"\n"
            )
        };
        let check = |entry: &str, cell: (&str, &str), reason: Option<&str>, stale: usize| {
            let accepted = AcceptedContradictions::parse("p.toml", entry).unwrap();
            let mut cell = contradicted(cell.0, cell.1);
            let found = accepted.reason(&cell).map(str::to_owned);
            assert_eq!(found.as_deref(), reason, "{entry}");
            cell.prediction.as_mut().unwrap().accepted_because = found;
            assert_eq!(accepted.stale(&[cell]).count(), stale, "{entry}");
        };
        check(&entry("wat-*", "wasmi"), ("wat-add", "wasmi"), Some("it is so"), 0);
        check(&entry("wat-*", "wasmi"), ("wat-add", "node"), None, 0);
        check(&entry("wat-add", "wasmi").replace("pass", "trap"), ("wat-add", "wasmi"), None, 1);
        check(&entry("*", "wasmi").replace("pass", "trap"), ("wat-add", "wasmi"), None, 0);
        let check_error = |text: &str, expected: &str| {
            let error = AcceptedContradictions::parse("p.toml", text).err().unwrap().to_string();
            assert!(error.starts_with(expected) && !error.contains('\n'), "{error}");
        };
        check_error("[[contradiction]]\n", "p.toml:1: ");
        check_error("\ncontradictions = []\n", "p.toml:2: ");
        check_error("[[contradiction]\n", "p.toml:1: ");
        check_error(&entry("[", "node"), "p.toml:2: `contradiction[0].scenario`: ");
        let second = entry("a", "wasmi").replace("it is so", " ");
        check_error(&(entry("a", "node") + &second), "p.toml:10: `contradiction[1].because`: is empty");
        check_error(&entry("*", "wasmii"), "p.toml:3: `contradiction[0].runtime`: `wasmii` matches no runtime");
        check_error(&entry("*", "node").replace("pass", "trapp"), "p.toml:4: `contradiction[0].observed`: `trapp`");
    }
}
