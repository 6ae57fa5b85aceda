//! `learn book`: writes the chapters with their outputs as an mdBook, or compares it with them.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::PathBuf;

use anyhow::Result;
use wasmlab_learn::book::pages;
use wasmlab_learn::chapter::{Block, Chapter};
use wasmlab_learn::output::{RecordedOutput, RecordedOutputs, redacted};

use super::super::common::today;
use super::super::output;
use super::tour::Tour;
use super::{chapters, published_report};
use crate::exit;
use crate::lab::Lab;
use crate::store::files;

/// The folder of the book, in `reports/`.
const FOLDER: &str = "book";
/// The outputs, in that folder.
const OUTPUTS: &str = "outputs.json";
/// How `check` begins the line that counts runtimes which are not on the machine.
const ABSENT: &str = "\nabsent ";
/// Version of that file.
const SCHEMA: u32 = 1;

/// The outputs as they were published; none if there are none.
pub fn recorded(lab: &Lab) -> RecordedOutputs {
    let text = fs::read(lab.published(FOLDER).join(OUTPUTS)).unwrap_or_default();
    let recorded: Option<RecordedOutputs> = serde_json::from_slice(&text).ok();
    recorded.filter(|recorded| recorded.schema == SCHEMA).unwrap_or_default()
}

/// The commands of a chapter, with what each needs.
fn commands(chapter: &Chapter) -> impl Iterator<Item = (&str, &[String])> {
    chapter.blocks.iter().filter_map(|block| match block {
        Block::Run(run) => Some((run.command.as_str(), run.needs.as_slice())),
        Block::Question(question) => Some((question.run.as_str(), question.needs.as_slice())),
        _ => None,
    })
}

/// Runs the subcommand.
pub fn run(tour: &mut Tour, check: bool) -> Result<u8> {
    let published = recorded(tour.lab);
    let mut outputs = BTreeMap::new();
    let mut different = Vec::new();
    let today = today();
    let mut seen = BTreeSet::new();
    for chapter in tour.chapters {
        output::print_progress(&format!("chapter {}: {}", chapter.number, chapter.title));
        for (source, needs) in commands(chapter).filter(|(source, _)| seen.insert(source.to_owned())) {
            let old = published.outputs.get(source);
            if let Err(why) = tour.available.require_all(tour.lab, needs) {
                match old {
                    Some(old) => _ = outputs.insert(source.to_owned(), old.clone()),
                    None => different.push(format!("`{source}` was never run: {why}")),
                }
                continue;
            }
            let command = tour.available.command(tour.lab, source, None);
            let ran = tour.execute(&command)?;
            if let Some(old) = old.filter(|_| ran.text.contains(ABSENT)) {
                // Only some of its runtimes are installed.
                outputs.insert(source.to_owned(), old.clone());
                continue;
            }
            let lines = ran.text.trim_end().lines().map(str::to_owned).collect();
            let new = RecordedOutput { date: today.clone(), command, exit: ran.exit, lines };
            let is_same = old.is_some_and(|old| is_same(old, &new));
            if !is_same {
                different.push(format!("chapter {}: the output of `{source}` has changed", chapter.number));
            }
            let unchanged = if is_same { old.cloned() } else { None };
            outputs.insert(source.to_owned(), unchanged.unwrap_or(new));
        }
    }
    tour.lab.machine.save();
    let recorded = RecordedOutputs { schema: SCHEMA, outputs };
    if check { compare(tour, &published, different) } else { write(tour.lab, tour.chapters, &recorded) }
}

/// Whether two outputs differ only in what may differ between machines. With another command, the text may differ:
/// `{any}` stands for another runtime.
fn is_same(old: &RecordedOutput, new: &RecordedOutput) -> bool {
    let text = |output: &RecordedOutput| redacted(&output.lines.join("\n"));
    old.exit == new.exit && (old.command != new.command || text(old) == text(new))
}

fn compare(tour: &Tour, published: &RecordedOutputs, mut different: Vec<String>) -> Result<u8> {
    for (file, text) in book(tour.lab, tour.chapters, published) {
        if fs::read_to_string(&file).unwrap_or_default() != text {
            different.push(format!("`{}` does not match its chapter", tour.typed(&file)));
        }
    }
    for line in &different {
        output::print_error(line);
    }
    if different.is_empty() {
        return Ok(exit::OK);
    }
    output::print_error("the book is out of date: `cargo xtask learn book` updates it");
    Ok(exit::REGRESSION)
}

/// The files of the book.
fn book(lab: &Lab, chapters: &[Chapter], recorded: &RecordedOutputs) -> Vec<(PathBuf, String)> {
    let folder = lab.published(FOLDER);
    let report = published_report(lab).ok();
    pages(chapters, recorded, report.as_ref()).into_iter().map(|(name, text)| (folder.join(name), text)).collect()
}

fn write(lab: &Lab, chapters: &[Chapter], recorded: &RecordedOutputs) -> Result<u8> {
    let text = serde_json::to_string_pretty(recorded)? + "\n";
    files::write_atomically(&lab.published(FOLDER).join(OUTPUTS), text.as_bytes())?;
    let files = book(lab, chapters, recorded);
    for (file, text) in &files {
        files::write_atomically(file, text.as_bytes())?;
    }
    output::print(&format!("wrote {} pages to reports/{FOLDER}/\n", files.len()))?;
    Ok(exit::OK)
}

/// Renders the pages again from the recorded outputs, after a report that they quote was published.
pub fn render(lab: &Lab) -> Result<()> {
    let recorded = recorded(lab);
    if !recorded.outputs.is_empty() {
        for (file, text) in book(lab, &chapters(lab)?, &recorded) {
            files::write_atomically(&file, text.as_bytes())?;
        }
    }
    Ok(())
}
