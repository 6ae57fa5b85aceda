//! A file's data for reports/check.html: the facts, and the predictions grouped as `check` groups its results.

use std::path::Path;

use serde::Serialize;
use wasmlab_inspect as inspect;
use wasmlab_inspect::bytes::lines_of_small;
use wasmlab_model::codes::{CATALOGUE, CatalogueEntry};
use wasmlab_model::facts::Facts;
use wasmlab_model::prediction::list_uncertain;
use wasmlab_model::profile::Profile;
use wasmlab_model::report::{ByteLine, RuntimeInfo, ToolInfo};
use wasmlab_report::answer::facts_line;
use wasmlab_report::columns;
use wasmlab_runtimes as runtimes;

use crate::predictions::{self, FilePredictions, InvalidFile, RuntimePrediction};
use crate::source;

/// Maximum number of entries shown per list; a page need not show a hundred thousand exports.
const MAX_SHOWN: usize = 2_000;
/// The size of the largest binary of which every byte is shown, bytes.
const MAX_ANNOTATED: usize = 4 << 10;

/// The answer for a file.
#[derive(Serialize)]
pub struct ReaderAnswer {
    /// `module · command · WASI 0.1 · 62.0 KiB · needs tail-call`.
    pub line: String,
    /// As in `predict --output json`.
    pub prediction: FilePredictions,
    /// See [`groups`].
    pub groups: Vec<PredictionGroup>,
    /// The file's facts; long lists are cut to their first entries.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub facts: Option<Facts>,
    /// The full lengths of the lists.
    pub counts: Counts,
    /// The names of its ABIs, in the order of [`Facts::abis`].
    pub abis: Vec<&'static str>,
    /// Every byte with its meaning, if the file is small.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub bytes: Vec<ByteLine>,
}

/// The lengths of lists in [`ReaderAnswer::facts`].
#[derive(Clone, Copy, Debug, Default, Serialize)]
pub struct Counts {
    /// Of [`Facts::imports`].
    pub imports: usize,
    /// Of [`Facts::exports`].
    pub exports: usize,
    /// Of [`Facts::sections`].
    pub sections: usize,
}

/// Runtimes with the same result.
#[derive(Clone, Debug, Serialize)]
pub struct PredictionGroup {
    /// `runs`, `may-fail`, `fails`, `not-attempted` or `not-applicable`.
    pub outcome: &'static str,
    /// `wasmi 2.0, wasmtime 48.0 (3 modes)`.
    pub names: String,
    /// Positions in [`FilePredictions::predictions`].
    pub members: Vec<usize>,
    /// The catalogue's sentence for the code.
    #[serde(skip_serializing_if = "str::is_empty")]
    pub meaning: &'static str,
}

/// Reads a file, binary or text, and predicts where it runs.
#[must_use]
pub fn answer(file: &str, bytes: &[u8], profiles: &[Profile]) -> ReaderAnswer {
    let binary = source::binary(Path::new(file), bytes).map_err(|error| error.to_string());
    let is_webassembly = binary.as_ref().is_ok_and(|binary| inspect::invalid_file(binary).is_none());
    let facts = match &binary {
        Ok(binary) => inspect::facts(binary).map_err(|error| error.to_string()),
        Err(message) => Err(message.trim().to_owned()),
    };
    let facts = facts.as_ref().map_err(String::as_str);
    let invalid = if is_webassembly { InvalidFile::Malformed } else { InvalidFile::NotWebAssembly };
    let prediction = predictions::predict_file(file, facts.map_err(invalid), None, profiles);
    let groups = groups(&prediction, profiles);
    let facts = facts.ok();
    let counts = facts.map_or(Counts::default(), |facts| Counts {
        imports: facts.imports.len(),
        exports: facts.exports.len(),
        sections: facts.sections.len(),
    });
    ReaderAnswer {
        line: facts_line(facts, binary.as_ref().map_or(bytes.len(), |binary| binary.len()) as u64),
        prediction,
        groups,
        facts: facts.map(shown),
        counts,
        abis: facts.map(|facts| facts.abis.iter().map(|a| a.abi.title()).collect()).unwrap_or_default(),
        bytes: binary.as_deref().map(|binary| lines_of_small(binary, MAX_ANNOTATED)).unwrap_or_default(),
    }
}

/// The facts with shorter lists.
fn shown(facts: &Facts) -> Facts {
    let mut facts = facts.clone();
    facts.imports.truncate(MAX_SHOWN);
    facts.exports.truncate(MAX_SHOWN);
    facts.sections.truncate(MAX_SHOWN);
    facts.producers.truncate(MAX_SHOWN);
    facts.abis.iter_mut().for_each(|abi| abi.evidence.truncate(MAX_SHOWN));
    facts
}

/// The runtimes by result: first where the file runs, then the most telling reasons.
#[must_use]
pub fn groups(of: &FilePredictions, profiles: &[Profile]) -> Vec<PredictionGroup> {
    let columns: Vec<RuntimeInfo> = profiles.iter().map(column).collect();
    let mut groups: Vec<(Key, Vec<usize>)> = Vec::new();
    for (at, one) in of.predictions.iter().enumerate() {
        let key = Key::of(one);
        match groups.iter_mut().find(|(k, _)| *k == key) {
            Some((_, members)) => members.push(at),
            None => groups.push((key, vec![at])),
        }
    }
    // Among reasons of one code, the one that most runtimes have comes first.
    groups.sort_by_key(|(key, members)| (key.rank, std::cmp::Reverse(members.len()), members[0]));
    let group = |(_, members): (Key, Vec<usize>)| {
        let first = &of.predictions[members[0]];
        let ids: Vec<&str> = members.iter().map(|at| of.predictions[*at].runtime.as_str()).collect();
        let meaning = entry(first).map_or("", |entry| entry.meaning);
        PredictionGroup { outcome: first.outcome, names: columns::with_versions(&columns, &ids), members, meaning }
    };
    groups.into_iter().map(group).collect()
}

/// Properties that the predictions of a group share.
#[derive(PartialEq, Eq)]
struct Key {
    /// Verdict, whether the reason is well known, rank of the code.
    rank: (u8, bool, u16),
    code: Option<&'static str>,
    why: String,
    remedy: Option<String>,
}

impl Key {
    fn of(one: &RuntimePrediction) -> Self {
        let outcome = match one.outcome {
            "runs" => u8::from(!one.switches.is_empty()),
            "may-fail" => 2,
            "fails" if one.only_loads => 3 + u8::from(!one.switches.is_empty()),
            "fails" => 5,
            "not-attempted" => 6,
            _ => 7,
        };
        let entry = entry(one);
        // Reasons that explain little come last, as in `check`.
        let explains_little = entry.is_some_and(|e| e.code.explains_little());
        let why = match one.outcome {
            "runs" => one.switches.join(" "),
            "may-fail" => [one.switches.join(" "), list_uncertain(&one.uncertain, one.omitted)].join("; "),
            // Runtimes may name different missing imports: with the same remedy, they are one reason.
            "fails" if entry.is_some_and(|e| e.code.is_about_imports()) => String::new(),
            "fails" if one.only_loads => one.switches.join(" "),
            // Runtimes word the same reason differently.
            "fails" if one.code.is_some() => one.subject.clone().unwrap_or_default(),
            _ => one.detail.clone(),
        };
        Self {
            rank: (outcome, explains_little, entry.map_or(0, |e| e.priority)),
            code: one.code,
            why,
            remedy: one.remedy.clone(),
        }
    }
}

/// The entry of a prediction's code.
fn entry(one: &RuntimePrediction) -> Option<&'static CatalogueEntry> {
    CATALOGUE.iter().find(|entry| Some(entry.id) == one.code)
}

/// The column of a profile, as reports have it.
fn column(profile: &Profile) -> RuntimeInfo {
    let mode = runtimes::find(&profile.runtime).map(|runtime| runtime.mode().to_owned());
    RuntimeInfo {
        id: profile.runtime.clone(),
        engine: profile.engine.clone(),
        mode: mode.unwrap_or_default(),
        constant_switches: Vec::new(),
        note: None,
        custom_build: false,
        tool: ToolInfo { present: true, version: Some(profile.version.clone()), missing: None },
    }
}
