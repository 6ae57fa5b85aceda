//! The snapshot of a column: the runtime's version and one line per scenario. A new scenario
//! adds a line to the file of each runtime to which it applies.
//!
//! ```text
//! version: 48.0.8
//! scenario         verdict  stage    code                  blame    subject
//! wat-add          pass     run
//! wat-proposal-gc  gap      compile  unsupported-proposal  runtime  gc
//! ```
//!
//! Fields are aligned in columns and separated by at least two spaces; a long field shifts only the rest of its line.
//! No field contains two spaces in a row. `-` stands for an empty field followed by another one. A pass that needs
//! switches has a seventh field, `with SWITCHES`. A line accepted with another version than the file's ends with `on
//! VERSION`. In a pending file, `not-applicable` marks a line that accepting will remove.

use std::collections::BTreeMap;
use std::fmt;

use serde::Deserialize;
use serde::de::value::{Error as NotAWord, StrDeserializer};
use wasmlab_protocol::Stage;

use wasmlab_model::codes::{Blame, Code};
use wasmlab_model::report::{Cell, Outcome};
use wasmlab_model::verdict::Verdict;

/// Precedes the version of the file.
const VERSION: &str = "version: ";
/// Precedes the version of a single line.
const ON: &str = "on ";
/// Precedes the switches of a line, and separates them.
const WITH: &str = "with ";
const AND: &str = " + ";
const HEADINGS: [&str; 6] = ["scenario", "verdict", "stage", "code", "blame", "subject"];
/// Minimum widths of the first fields; the last two may have any length.
const WIDTHS: [usize; 5] = [36, 7, 11, 21, 14];

/// The content of a cell's line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AcceptedLine {
    /// The runtime's version when it was accepted.
    pub version: String,
    /// The verdict.
    pub verdict: Verdict,
    /// The last stage that the guest entered.
    pub stage: Option<Stage>,
    /// The reason for the verdict.
    pub code: Option<Code>,
    /// Who is blamed.
    pub blame: Vec<Blame>,
    /// The import, function or proposal concerned.
    pub subject: Option<String>,
    /// The switches that the pass needs.
    pub switches: Vec<String>,
}

impl AcceptedLine {
    /// The line for a cell measured with this version of its runtime.
    #[must_use]
    pub fn of(cell: &Cell, version: &str) -> Self {
        Self {
            version: version.to_owned(),
            verdict: cell.verdict,
            stage: cell.stage,
            code: cell.code,
            blame: cell.blame.clone(),
            subject: cell.subject.clone(),
            switches: cell.switches.clone(),
        }
    }

    /// As [`Cell::fails_to_link`].
    #[must_use]
    pub fn fails_to_link(&self) -> bool {
        self.verdict.is_gap_at_link(self.stage)
    }

    /// What is compared of this line.
    #[must_use]
    pub fn outcome(&self) -> Outcome<'_> {
        Outcome {
            verdict: self.verdict,
            stage: self.stage,
            code: self.code,
            blame: &self.blame,
            subject: self.subject.as_deref(),
            switches: &self.switches,
            version: &self.version,
        }
    }

    /// As [`Outcome::same_result`].
    #[must_use]
    pub fn same_result(&self, other: &Self) -> bool {
        self.outcome().same_result(&other.outcome())
    }

    /// This line, with the previously accepted blame if the blame is now unknown.
    #[must_use]
    pub fn with_known_blame(mut self, before: Option<&Self>) -> Self {
        if let Some(before) = before.filter(|before| before.same_result(&self) && self.blame == [Blame::Unknown]) {
            self.blame = before.blame.clone();
        }
        self
    }

    /// The result as text: `pass`, `gap missing-import (env.f)`; with stage and blame if it would otherwise look the
    /// same as `other`.
    #[must_use]
    pub fn describe(&self, other: &Self) -> String {
        let code = self.code.map(|c| format!(" {c}")).unwrap_or_default();
        let subject = self.subject.as_ref().map(|s| format!(" ({s})")).unwrap_or_default();
        let [_, stage, _, blame, _] = self.fields();
        if self.switches != other.switches {
            let with = if self.switches.is_empty() { "without a switch".to_owned() } else { self.with() };
            return format!("{}{code}{subject} {with}", self.verdict.id());
        }
        let alike = (self.verdict, self.code, &self.subject) == (other.verdict, other.code, &other.subject);
        let more = if alike { format!(" (stage {stage}, blame {blame})") } else { String::new() };
        format!("{}{code}{subject}{more}", self.verdict.id())
    }

    /// `with -W exceptions=y`.
    fn with(&self) -> String {
        format!("{WITH}{}", self.switches.join(AND))
    }

    /// The fields between scenario and switches, as text.
    fn fields(&self) -> [String; 5] {
        let none = || NONE.to_owned();
        let blame: Vec<&str> = self.blame.iter().map(|b| b.id()).collect();
        [
            self.verdict.id().to_owned(),
            self.stage.map_or_else(none, |s| s.id().to_owned()),
            self.code.map_or_else(none, |c| c.id().to_owned()),
            if blame.is_empty() { none() } else { blame.join(", ") },
            self.subject.as_deref().map_or_else(none, written),
        ]
    }
}

/// Stands for an empty field.
const NONE: &str = "-";

/// Every accepted line of one runtime, by scenario.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AcceptedColumn {
    /// The version that most lines have.
    version: String,
    lines: BTreeMap<String, AcceptedLine>,
}

/// An error in a file, with the line, counted from 1.
#[derive(Debug, thiserror::Error)]
#[error("line {line}: {why}")]
pub struct ColumnError {
    line: usize,
    why: String,
}

impl AcceptedColumn {
    /// The lines, by scenario.
    #[must_use]
    pub fn lines(&self) -> &BTreeMap<String, AcceptedLine> {
        &self.lines
    }

    /// Replaces or adds lines. The file gets the version that most lines have, in a tie this one.
    #[must_use]
    pub fn with(mut self, lines: impl IntoIterator<Item = (String, AcceptedLine)>, version: &str) -> Self {
        self.lines.extend(lines);
        let mut count: BTreeMap<&str, usize> = BTreeMap::new();
        for line in self.lines.values() {
            *count.entry(&line.version).or_default() += 1;
        }
        let most = count.into_iter().max_by_key(|(of, lines)| (*lines, *of == version));
        self.version = most.map_or(version, |(of, _)| of).to_owned();
        self
    }

    /// As [`AcceptedColumn::with`], with every line of another column.
    #[must_use]
    pub fn with_all(self, other: Self) -> Self {
        let version = other.version;
        self.with(other.lines, &version)
    }

    /// The file's version.
    #[must_use]
    pub fn version(&self) -> &str {
        &self.version
    }

    /// Scenarios that are no longer applicable: accepting removes their lines.
    pub fn not_applicable(&self) -> impl Iterator<Item = &str> {
        let none = |line: &AcceptedLine| line.verdict == Verdict::NotApplicable;
        self.lines.iter().filter(move |(_, line)| none(line)).map(|(scenario, _)| scenario.as_str())
    }

    /// Keeps only the lines of these scenarios.
    pub fn retain(&mut self, keep: impl Fn(&str) -> bool) {
        self.lines.retain(|scenario, _| keep(scenario));
    }

    /// Scenarios whose lines differ, or that only one of the two columns has.
    pub fn differences<'a>(&'a self, now: &'a Self) -> impl Iterator<Item = &'a str> {
        let same = |name: &str| match (self.lines.get(name), now.lines.get(name)) {
            (Some(before), Some(now)) => before.same_result(now),
            _ => false,
        };
        let gone = self.lines.keys().filter(|name| !now.lines.contains_key(*name));
        now.lines.keys().chain(gone).map(String::as_str).filter(move |name| !same(name))
    }

    /// Parses the content below insta's header, which ends at line `before`.
    ///
    /// # Errors
    /// The first invalid line.
    pub fn parse(text: &str, before: usize) -> Result<Self, ColumnError> {
        let mut numbered = (before + 1..).zip(text.lines());
        let damage = |line, why: String| ColumnError { line, why };
        let version = numbered.next().and_then(|(_, text)| text.strip_prefix(VERSION)).and_then(read);
        let version = version.ok_or_else(|| damage(before + 1, format!("no `{VERSION}`")))?;
        if numbered.next().is_none_or(|(_, text)| text != headings()) {
            return Err(damage(before + 2, "expected the line with the headings".to_owned()));
        }
        let mut lines = BTreeMap::new();
        for (number, text) in numbered.filter(|(_, text)| !text.is_empty()) {
            let (scenario, line) = parse_line(text, &version).map_err(|why| damage(number, why))?;
            if lines.insert(scenario.clone(), line).is_some() {
                return Err(damage(number, format!("a second line for `{scenario}`")));
            }
        }
        Ok(Self { version, lines })
    }
}

impl fmt::Display for AcceptedColumn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{VERSION}{}\n{}", written(&self.version), headings())?;
        for (scenario, line) in &self.lines {
            let on =
                if line.version == self.version { NONE.to_owned() } else { format!("{ON}{}", written(&line.version)) };
            let [verdict, stage, code, blame, subject] = line.fields();
            let with = if line.switches.is_empty() { String::new() } else { line.with() };
            let fields = [scenario, &verdict, &stage, &code, &blame, &subject, &with, &on];
            let fields: Vec<&str> = fields.into_iter().map(String::as_str).filter(|field| !field.is_empty()).collect();
            write!(f, "\n{}", aligned(&fields))?;
        }
        Ok(())
    }
}

fn headings() -> String {
    aligned(&HEADINGS)
}

/// Aligns fields; empty ones at the end are omitted.
fn aligned(fields: &[&str]) -> String {
    let used = fields.iter().rposition(|f| *f != NONE).map_or(0, |last| last + 1);
    let mut out = String::new();
    for (index, field) in fields[..used].iter().enumerate() {
        let width = WIDTHS.get(index).filter(|_| index + 1 < used).copied().unwrap_or_default();
        out += &format!("{field:width$}");
        out += if index + 1 < used { "  " } else { "" };
    }
    out
}

fn parse_line(text: &str, version: &str) -> Result<(String, AcceptedLine), String> {
    let fields: Vec<&str> = text.split("  ").map(|f| f.trim_matches(' ')).filter(|f| !f.is_empty()).collect();
    if !(2..=HEADINGS.len() + 2).contains(&fields.len()) {
        return Err(format!("it has {} fields, but should have 2 to {}", fields.len(), HEADINGS.len() + 2));
    }
    let field = |index: usize| fields.get(index).copied().filter(|f| *f != NONE);
    let verdict: Verdict = field(1).map(word).transpose()?.ok_or("no verdict")?;
    if !verdict.is_in_snapshots() && verdict != Verdict::NotApplicable {
        return Err(format!("a snapshot cannot contain the verdict `{}`", verdict.id()));
    }
    let quoted = |text| read(text).ok_or_else(|| format!("`{text}` is not a string in the lab's format"));
    let with = field(6).and_then(|with| with.strip_prefix(WITH));
    let on = match field(if with.is_some() { 7 } else { 6 }) {
        None => version.to_owned(),
        Some(on) => quoted(on.strip_prefix(ON).ok_or_else(|| format!("`{on}` is not `{ON}VERSION`"))?)?,
    };
    if with.is_none() && fields.len() > HEADINGS.len() + 1 {
        return Err(format!("`{}` is not `{WITH}SWITCHES`", fields[6]));
    }
    let line = AcceptedLine {
        version: on,
        verdict,
        stage: field(2).map(word).transpose()?,
        code: field(3).map(word).transpose()?,
        blame: field(4).map_or(Ok(Vec::new()), |names| names.split(", ").map(word).collect())?,
        subject: field(5).map(quoted).transpose()?,
        switches: with.map(|with| with.split(AND).map(str::to_owned).collect()).unwrap_or_default(),
    };
    Ok((fields[0].to_owned(), line))
}

/// Parses a keyword: `gap`, `compile`, `trap`.
fn word<'a, T: Deserialize<'a>>(text: &'a str) -> Result<T, String> {
    T::deserialize(StrDeserializer::<NotAWord>::new(text)).map_err(|e| e.to_string())
}

/// Encodes text that may come from a guest or a runtime as one field: unchanged, or as a JSON string.
fn written(text: &str) -> String {
    let plain = |c: char| c.is_ascii_graphic() || c == ' ';
    let whole = !text.is_empty() && text != NONE && !text.starts_with(['"', ' ']) && !text.ends_with(' ');
    if whole && text.chars().all(plain) && !text.contains("  ") {
        return text.to_owned();
    }
    let mut out = String::new();
    for c in serde_json::Value::from(text).to_string().chars() {
        if plain(c) && !(c == ' ' && out.ends_with(' ')) {
            out.push(c);
        } else {
            out.extend(c.encode_utf16(&mut [0; 2]).iter().map(|unit| format!("\\u{unit:04x}")));
        }
    }
    out
}

/// Decodes the text of a field.
fn read(field: &str) -> Option<String> {
    if field.starts_with('"') { serde_json::from_str(field).ok() } else { Some(field.to_owned()) }
}
