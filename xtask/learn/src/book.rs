//! The chapters as an mdBook: one page each, with the outputs that were recorded when the book was written.

use std::fmt::Write;

use wasmlab_model::names::and_more;
use wasmlab_model::report::RunReport;
use wasmlab_model::text;
use wasmlab_model::verdict::Verdict;

use crate::chapter::{ANY, Block, Chapter, Excerpt, PublishedResults};
use crate::exercise::{Exercise, WORK};
use crate::markup::{command as shown_command, without_comments};
use crate::output::{RecordedOutputs, excerpt, left_out};

/// The line above results of the published report.
pub const PUBLISHED: &str = "From the published report, reports/linux-x86_64.md:";

/// `book.toml`.
pub const CONFIG: &str = "# Written by `cargo xtask learn book`; `mdbook build` makes a site of it.
[book]
title = \"Where WebAssembly runs: a walkthrough\"
language = \"en\"
src = \".\"
";

/// The files of the book: names and texts.
#[must_use]
pub fn pages(chapters: &[Chapter], recorded: &RecordedOutputs, report: Option<&RunReport>) -> Vec<(String, String)> {
    let mut summary = "# Summary\n\n[Start here](README.md)\n\n".to_owned();
    let mut pages = vec![("book.toml".to_owned(), CONFIG.to_owned())];
    for chapter in chapters {
        let _ = writeln!(summary, "- [{}. {}]({}.md)", chapter.number, chapter.title, chapter.folder);
        pages.push((format!("{}.md", chapter.folder), page(chapter, recorded, report)));
    }
    pages.push(("SUMMARY.md".to_owned(), summary));
    pages.push(("README.md".to_owned(), start(chapters)));
    pages
}

fn start(chapters: &[Chapter]) -> String {
    let minutes: u32 = chapters.iter().map(|chapter| chapter.minutes).sum();
    let mut text = format!(
        "# Where WebAssembly runs: a walkthrough\n\nThese pages are the chapters of `cargo xtask learn`, with outputs as \
         they were measured. In a clone of the repository,\nthe same chapters run on your own machine, ask questions, and \
         check your exercises. All of them take about {minutes} minutes.\n\n```sh\ncargo xtask learn\n```\n\n"
    );
    text += "| chapter | minutes | exercises |\n|---|--:|--:|\n";
    for chapter in chapters {
        let (title, folder, minutes) = (&chapter.title, &chapter.folder, chapter.minutes);
        let _ =
            writeln!(text, "| [{}. {title}]({folder}.md) | {minutes} | {} |", chapter.number, chapter.exercises.len());
    }
    text
}

fn page(chapter: &Chapter, recorded: &RecordedOutputs, report: Option<&RunReport>) -> String {
    let mut out = format!("# {}. {}\n", chapter.number, chapter.title);
    for block in &chapter.blocks {
        match block {
            Block::Prose(text) => {
                let _ = write!(out, "\n{}", without_comments(text));
            }
            Block::Run(run) => out += &output(recorded, &run.command, &run.shown),
            Block::Question(question) => {
                let shown = Excerpt { lines: None, matching: question.matching.clone() };
                let _ = write!(
                    out,
                    "\n**Question.** {}\n\n<details><summary>A command that answers it</summary>\n{}\n{}\n\n</details>\n",
                    question.ask.trim().replace(ANY, "node"),
                    output(recorded, &question.run, &shown),
                    without_comments(question.because.trim())
                );
            }
            Block::Exercise(at) => {
                if let Some(exercise) = chapter.exercises.get(*at) {
                    out += &self::exercise(chapter, exercise);
                }
            }
            Block::Published(published) => {
                let _ = write!(out, "\n```text\n{PUBLISHED}\n{}```\n", published_text(published, report));
            }
            Block::Pause => {}
        }
    }
    out
}

fn output(recorded: &RecordedOutputs, command: &str, shown: &Excerpt) -> String {
    let Some(output) = recorded.outputs.get(command) else {
        return format!("\n```console\n$ {}\n```\n", shown_command(command));
    };
    let (lines, left) = excerpt(&output.lines.join("\n"), shown);
    let mut text = format!("\n```console\n$ {}\n", shown_command(&output.command));
    for line in &lines {
        let _ = writeln!(text, "{line}");
    }
    if left > 0 {
        let _ = writeln!(text, "{}", left_out(left));
    }
    text + "```\n"
}

fn exercise(chapter: &Chapter, exercise: &Exercise) -> String {
    let spec = &exercise.spec;
    let name = &exercise.name;
    let work = format!("learn/{name}");
    let goal = spec.goal.trim().replace(WORK, &work);
    let mut text = format!("\n**Exercise: {}.** {goal}\n\n```sh\n", spec.title);
    let _ = writeln!(text, "cargo xtask learn {}   # puts the files into {work}/", chapter.number);
    let _ = write!(text, "cargo xtask learn check {name}\n```\n\n<details><summary>Hints</summary>\n\n");
    for hint in &spec.hints {
        let _ = writeln!(text, "- {}", hint.trim().replace(WORK, &work));
    }
    text + "\n</details>\n"
}

/// The results of scenarios in the published report, grouped by result.
#[must_use]
pub fn published_text(published: &PublishedResults, report: Option<&RunReport>) -> String {
    let Some(report) = report else { return "there is no published report here\n".to_owned() };
    let mut text = String::new();
    for scenario in &published.scenarios {
        let mut results: Vec<(String, Vec<&str>)> = Vec::new();
        for cell in report.cells.iter().filter(|cell| cell.scenario == *scenario) {
            if cell.verdict == Verdict::NotApplicable || !published.runtimes.select(&cell.runtime) {
                continue;
            }
            let result = cell.code.map_or(cell.verdict.id().to_owned(), |code| code.id().to_owned());
            match results.iter_mut().find(|(known, _)| *known == result) {
                Some((_, runtimes)) => runtimes.push(&cell.runtime),
                None => results.push((result, vec![&cell.runtime])),
            }
        }
        let bytes = report.guest(scenario).map(|guest| guest.bytes);
        let size = bytes.map(|bytes| format!("  ({})", text::bytes(bytes))).unwrap_or_default();
        let _ = writeln!(text, "{scenario}{size}");
        for (result, runtimes) in results {
            let head = format!("  {result:<22} ");
            let names = runtimes.iter().take(MAX_NAMES).copied().collect::<Vec<_>>().join(" ");
            let names = names + &and_more(runtimes.len().saturating_sub(MAX_NAMES));
            let options = textwrap::Options::new(78)
                .initial_indent(&head)
                .subsequent_indent("                         ")
                .break_words(false)
                .word_splitter(textwrap::WordSplitter::NoHyphenation);
            let _ = writeln!(text, "{}", textwrap::fill(&names, options));
        }
    }
    text
}

/// Maximum number of columns named for one result.
const MAX_NAMES: usize = 9;
