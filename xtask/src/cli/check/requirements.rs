//! Where a file must run and where it may fail: `--must`, `--allow`, and the same in `wasmlab.toml`.

use std::collections::BTreeSet;

use anyhow::Result;
use globset::GlobMatcher;

use super::budget::Budget;
use crate::cli::common::of_engine;
use crate::cli::common::usage;
use crate::cli::suggest;
use wasmlab_glob as glob;
use wasmlab_model::codes::Code;
use wasmlab_model::names::listed;
use wasmlab_model::report::{Cell, FileLine, Note, NoteKind, RunReport};
use wasmlab_model::verdict::Verdict;
use wasmlab_runtimes::{self as runtimes, Runtime};

/// The requirements on one file.
#[derive(Clone, Debug, Default)]
pub struct Requirements {
    /// Runtimes on which it must pass.
    pub must: Vec<GlobMatcher>,
    /// Allowed gaps.
    pub allow: Vec<Allowance>,
    /// Limits on its size and needs.
    pub budget: Budget,
    /// It is a library, which only has to load.
    pub load: bool,
}

/// An allowed gap.
#[derive(Clone, Debug)]
pub struct Allowance {
    /// Its runtimes.
    pub runtime: GlobMatcher,
    /// Its reason; `None` allows any.
    pub code: Option<Code>,
    /// Why it is allowed, with the link if there is one.
    pub because: String,
    /// Its place in wasmlab.toml. `None` for an option, which cannot become outdated.
    pub place: Option<FileLine>,
}

impl Requirements {
    /// Adds the options `--must` and `--allow`. `columns`: the selected ones.
    ///
    /// # Errors
    /// An invalid glob or code, or a glob that matches nothing.
    pub fn add_options(&mut self, must: &[String], allow: &[String], columns: &[Runtime]) -> Result<()> {
        for text in must {
            let glob = glob(text).or_else(|why| usage(format!("--must {why}")))?;
            if !columns.iter().any(|column| glob.is_match(column.id())) {
                return usage(format!("--must `{text}` matches none of the runtimes that --runtime selects"));
            }
            self.must.push(glob);
        }
        for text in allow {
            let (runtime, code) = text.split_once(':').map_or((text.as_str(), None), |(r, c)| (r, Some(c)));
            let runtime = glob(runtime).or_else(|why| usage(format!("--allow {why}")))?;
            let code = code.map(self::code).transpose().or_else(|why| usage(format!("--allow `{text}`: {why}")))?;
            let because = format!("allowed by --allow {text}");
            self.allow.push(Allowance { runtime, code, because, place: None });
        }
        Ok(())
    }

    /// Marks the file's cells in the report, and adds a note for whatever exceeds its budget.
    pub fn apply(&self, name: &str, title: &str, report: &mut RunReport) {
        let mut fits = vec![0_usize; self.allow.len()];
        let mut asked = vec![0_usize; self.allow.len()];
        for glob in &self.must {
            let mut named: Vec<&mut Cell> =
                report.cells.iter_mut().filter(|c| c.scenario == name && glob.is_match(&c.runtime)).collect();
            // A glob also matches columns that do not run such files, such as `…+jco` for a module. If there are no
            // others, the requirement fails.
            let can_run = |cell: &Cell| cell.verdict != Verdict::NotApplicable;
            let any_can = named.iter().any(|cell| can_run(cell));
            for cell in named.iter_mut().filter(|cell| !any_can || can_run(cell)) {
                cell.required = true;
            }
        }
        for cell in report.cells.iter_mut().filter(|cell| cell.scenario == name) {
            for (index, allowance) in self.allow.iter().enumerate() {
                asked[index] += usize::from(allowance.runtime.is_match(&cell.runtime) && cell.verdict.is_measured());
                if allowance.covers(cell) {
                    fits[index] += 1;
                    cell.known.get_or_insert_with(|| allowance.because.clone());
                }
            }
        }
        // An entry is not outdated if none of its runtimes ran.
        let unused = (0..self.allow.len()).filter(|at| fits[*at] == 0 && asked[*at] > 0);
        let cells: Vec<&Cell> = report.cells.iter().filter(|cell| cell.scenario == name).collect();
        let note = |at: usize| {
            let allowance = &self.allow[at];
            let code = allowance.code.map(|code| format!(" for {code}")).unwrap_or_default();
            let place = allowance.place.clone()?;
            let others = cells.iter().filter(|cell| allowance.covers_all_but_code(cell)).filter_map(|cell| cell.code);
            let others: Vec<&str> = others.collect::<BTreeSet<_>>().into_iter().map(Code::id).collect();
            let so = match others.as_slice() {
                [] => "but no matching runtime fails that way: remove the entry".to_owned(),
                codes => format!("but the reason is {}: change `code`", listed(codes)),
            };
            let text = format!("{place} allows `{}` to fail{code}, {so}", allowance.runtime.glob());
            Some(Note { location: Some(place), ..Note::new(NoteKind::AllowanceUnused, title, text) })
        };
        let notes: Vec<Note> = unused.filter_map(note).collect();
        report.notes.extend(notes);
        let is_selected = |glob: &&GlobMatcher| report.runtimes.iter().any(|runtime| glob.is_match(&runtime.id));
        let note = |glob: &GlobMatcher| {
            Note::new(
                NoteKind::RequirementUnchecked,
                title,
                format!("it must run on `{}`, but no selected runtime matches: select one with --runtime", glob.glob()),
            )
        };
        let unchecked: Vec<Note> = self.must.iter().filter(|glob| !is_selected(glob)).map(note).collect();
        report.notes.extend(unchecked);
        if let Some(guest) = report.guest(name) {
            let over = self.budget.exceeded(guest).into_iter();
            let note =
                |(text, location): (String, _)| Note { location, ..Note::new(NoteKind::OverBudget, title, text) };
            report.notes.extend(over.map(note));
        }
        report.notes.sort();
    }
}

impl Allowance {
    fn covers(&self, cell: &Cell) -> bool {
        self.covers_all_but_code(cell) && self.code.is_none_or(|code| cell.code == Some(code))
    }

    /// Whether it is about the runtime of this cell, which does not pass.
    fn covers_all_but_code(&self, cell: &Cell) -> bool {
        let is_gap = matches!(cell.verdict, Verdict::Gap | Verdict::Fail | Verdict::NotBuilt);
        is_gap && self.runtime.is_match(&cell.runtime)
    }
}

/// A glob that matches a runtime of the lab, or a custom build of one.
pub fn glob(text: &str) -> Result<GlobMatcher, String> {
    let ids = || runtimes::all().iter().map(Runtime::id);
    let pattern = of_engine(text, ids());
    let glob = glob::parse(pattern.as_deref().unwrap_or(text))?.compile_matcher();
    if text.contains(runtimes::CUSTOM_BUILD) || ids().any(|id| glob.is_match(id)) {
        return Ok(glob);
    }
    let alternatives = suggest::alternatives(text, ids(), "cargo xtask list runtimes");
    Err(format!("`{text}` matches no runtime: {alternatives}"))
}

/// A code by its id.
pub fn code(text: &str) -> Result<Code, String> {
    text.parse::<Code>().map_err(|error| error.to_string())
}

#[cfg(test)]
mod tests {
    use super::{Requirements, code, glob};
    use wasmlab_model::report::{FileLine, NoteKind, RunReport};
    use wasmlab_model::verdict::Verdict;
    use wasmlab_runtimes::Runtime;

    /// The sample as the report of a `check`; lists its cells of `hello` that are marked as required or known.
    fn applied(must: &[&str], allow: &[&str], line: Option<usize>) -> (RunReport, Vec<String>) {
        let owned = |texts: &[&str]| texts.iter().map(|text| (*text).to_owned()).collect::<Vec<_>>();
        let columns: Vec<Runtime> = wasmlab_runtimes::all().to_vec();
        let mut requirements = Requirements::default();
        requirements.add_options(&owned(must), &owned(allow), &columns).unwrap();
        let place = line.map(|line| FileLine { file: "wasmlab.toml".to_owned(), line });
        requirements.allow.iter_mut().for_each(|allowance| allowance.place.clone_from(&place));
        let mut report = crate::sample::report();
        report.command = "check".to_owned();
        report.notes.clear();
        requirements.apply("hello", "hello.wasm", &mut report);
        let marked =
            report.cells.iter().filter(|c| c.required || c.known.is_some() && c.scenario == "hello").map(|c| {
                format!(
                    "{} {} {}",
                    c.runtime,
                    if c.required { "must" } else { "may" },
                    c.known.as_deref().unwrap_or("-")
                )
            });
        let marked = marked.collect();
        (report, marked)
    }

    #[test]
    fn options_mark_the_cells_of_their_file() {
        let marked = |must: &[&str], allow: &[&str]| applied(must, allow, None).1;
        assert!(marked(&[], &[]).is_empty());
        assert_eq!(marked(&["node"], &[]), ["node must -"]);
        let allowed = |text: &str| vec![format!("wasmtime-winch may allowed by --allow {text}")];
        assert_eq!(marked(&[], &["wasmtime-*"]), allowed("wasmtime-*"));
        assert_eq!(marked(&[], &["*:unsupported-proposal"]), allowed("*:unsupported-proposal"));
        // A pass, another code, a runtime that is absent.
        assert!(marked(&[], &["wasmi", "wasmtime-winch:trap", "node"]).is_empty());
    }

    #[test]
    fn globs_require_the_columns_that_can_run_the_file() {
        let check = |must: &str, expected: &[&str]| {
            let mut requirements = Requirements::default();
            requirements.add_options(&[must.to_owned()], &[], wasmlab_runtimes::all()).unwrap();
            let mut report = crate::sample::report();
            let winch = report.cells.iter_mut().find(|c| c.scenario == "hello" && c.runtime == "wasmtime-winch");
            winch.unwrap().verdict = Verdict::NotApplicable;
            requirements.apply("hello", "hello.wasm", &mut report);
            let required = report.cells.iter().filter(|c| c.required).map(|c| c.runtime.as_str());
            assert_eq!(required.collect::<Vec<_>>(), expected, "{must}");
        };
        check("wasm*", &["wasmi"]);
        check("wasmtime-*", &["wasmtime-winch"]);
        check("wasmtime-winch", &["wasmtime-winch"]);
    }

    #[test]
    fn unused_entries_are_noted() {
        let notes = |allow: &str| applied(&[], &[allow], Some(3)).0.notes;
        assert!(notes("wasmtime-winch").is_empty() && notes("node").is_empty());
        let unused = &notes("wasmi:trap")[0];
        assert_eq!((unused.kind, unused.subject.as_str()), (NoteKind::AllowanceUnused, "hello.wasm"));
        assert!(
            unused.text.starts_with("wasmlab.toml:3 allows `wasmi` to fail for trap, but no matching runtime fails"),
            "{}",
            unused.text
        );
        let other = &notes("wasmtime-winch:trap")[0].text;
        assert!(other.ends_with("for trap, but the reason is unsupported-proposal: change `code`"), "{other}");
    }

    #[test]
    fn unknown_names_are_errors() {
        assert!(glob("nodee").unwrap_err().contains("did you mean `node`"));
        assert!(glob("[").unwrap_err().contains("is not a glob"));
        assert!(code("trapp").unwrap_err().contains("did you mean `trap`?"));
        assert!(code("bad-luck").unwrap_err().contains("explain"));
        let error = Requirements::default().add_options(&["node".to_owned()], &[], &[]).unwrap_err().to_string();
        assert!(error.contains("none of the runtimes that --runtime selects"), "{error}");
    }
}
