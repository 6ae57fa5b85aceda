//! `learn`: the walkthrough, chapter by chapter, with commands that run before the reader's eyes.

use std::io::{self, IsTerminal};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use wasmlab_learn::chapter::{self, Chapter};
use wasmlab_learn::progress::Progress;
use wasmlab_report::visible::{VisiblePath, on_line};

use self::screen::Screen;
use self::tour::{Flow, Tour};
use super::common::usage;
use super::text_table::{names, prose};
use super::{output, suggest};
use crate::exit;
use crate::lab::Lab;

mod available;
mod book;
mod exercises;
mod runner;
mod screen;
mod tour;

pub use book::render as render_book;

/// Description for `--help`.
pub const ABOUT: &str = "Learn WebAssembly and WASI in short chapters whose commands run on your machine";
/// Examples for `--help`.
pub const EXAMPLES: &str = "Examples:
  cargo xtask learn                       list the chapters and your progress
  cargo xtask learn next                  continue where you left off
  cargo xtask learn 4                     open a chapter, by its number
  cargo xtask learn sockets               or by its name
  cargo xtask learn check                 check the current exercise
  cargo xtask learn check --watch         check it whenever you save
  cargo xtask learn hint                  show a hint; again: the next one
  cargo xtask learn solution fix-sizes    show a solution
  cargo xtask learn reset 4               start chapter 4 again; without a number, all chapters
  cargo xtask learn 4 --plain | less      show the whole chapter, without waiting
  cargo xtask learn book --check          check that reports/book/ matches the chapters

Your progress is in learn.toml and the exercises are in learn/. Another learner in the same checkout
uses --progress NAME.toml, and works in NAME/. A chapter is a folder in xtask/learn/chapters/.

Exit code: 1 if an exercise does not pass yet, or if the book is out of date.";

/// Options.
#[derive(clap::Args)]
pub struct Args {
    /// A chapter by number or name, or one of: next, check, hint, solution, reset, book; lists the chapters if omitted
    #[arg(value_name = "CHAPTER|ACTION")]
    what: Option<String>,
    /// For check, hint and solution: an exercise [default: the current one]. For reset: a chapter [default: all]
    #[arg(value_name = "NAME", requires = "what")]
    name: Option<String>,
    /// Print everything without waiting for the reader; without a chapter, all chapters
    #[arg(long)]
    plain: bool,
    /// File for your progress [default: learn.toml]; exercises are copied to the folder of the same name (learn/)
    #[arg(long, value_name = "FILE")]
    progress: Option<PathBuf>,
    /// With check: check again whenever a file is saved, until the exercise passes
    #[arg(long, requires = "what")]
    watch: bool,
    /// With book: write nothing, and fail if the pages or the outputs in them are out of date
    #[arg(long, requires = "what")]
    check: bool,
}

/// Runs the subcommand.
pub fn run(lab: &Lab, args: &Args) -> Result<u8> {
    let chapters = chapters(lab)?;
    let file = match &args.progress {
        Some(file) => std::path::absolute(file)?,
        None => lab.root.join("learn.toml"),
    };
    let progress = match Progress::read(&file) {
        Ok(progress) => progress,
        Err(error) => {
            let file = file.visible();
            return usage(format!("failed to read `{file}`: {error}; remove it to begin again, or name another one"));
        }
    };
    let what = args.what.as_deref();
    for (given, wanted, name) in [(args.watch, "check", "--watch"), (args.check, "book", "--check")] {
        if given && what != Some(wanted) {
            return usage(format!("{name} is only for `cargo xtask learn {wanted}`"));
        }
    }
    if args.name.is_some() && !matches!(what, Some("check" | "hint" | "solution" | "reset")) {
        return usage("only check, hint, solution and reset take a second name".to_owned());
    }
    let is_plain = args.plain || !io::stdin().is_terminal() || !io::stdout().is_terminal();
    let mut tour = Tour::new(lab, &chapters, (file, progress), Screen::new(is_plain));
    let name = args.name.as_deref();
    match what {
        None if args.plain => tour.chapters(0, chapters.len()),
        None => list(&tour),
        Some("next") => next(&mut tour),
        Some("check") => exercises::check(&mut tour, name, args.watch),
        Some("hint") => exercises::hint(&mut tour, name),
        Some("solution") => exercises::solution(&tour, name),
        Some("reset") => {
            let only = name.map(|name| find(&chapters, name)).transpose()?;
            exercises::reset(&mut tour, only)
        }
        Some("book") => book::run(&mut tour, args.check),
        Some(text) => {
            let at = find(&chapters, text)?;
            let until = if is_plain { at + 1 } else { chapters.len() };
            tour.chapters(at, until)
        }
    }
}

/// Every chapter of the lab.
fn chapters(lab: &Lab) -> Result<Vec<Chapter>> {
    let dir = folder(lab);
    let chapters = chapter::load_all(&dir).or_else(|errors| {
        let lines: Vec<String> = errors.iter().map(ToString::to_string).collect();
        usage(format!("failed to read the chapters in `{}`:\n  {}", dir.visible(), lines.join("\n  ")))
    })?;
    anyhow::ensure!(!chapters.is_empty(), "there are no chapters in `{}`", dir.visible());
    Ok(chapters)
}

/// The folder of chapters.
fn folder(lab: &Lab) -> PathBuf {
    lab.xtask().join("learn").join("chapters")
}

/// The index of the chapter with this number, name or folder.
fn find(chapters: &[Chapter], text: &str) -> Result<usize> {
    let is_it =
        |chapter: &Chapter| text.parse() == Ok(chapter.number) || chapter.name == text || chapter.folder == text;
    match chapters.iter().position(is_it) {
        Some(at) => Ok(at),
        None => {
            let actions = ["next", "check", "hint", "solution", "reset", "book"];
            let known = chapters.iter().map(|chapter| chapter.name.as_str()).chain(actions);
            let alternatives = suggest::alternatives(text, known, "cargo xtask learn");
            usage(format!("no chapter or action is named `{text}`: {alternatives}"))
        }
    }
}

/// The chapters with the progress in each.
fn list(tour: &Tour) -> Result<u8> {
    let rows = tour.chapters.iter().map(|chapter| {
        let done = tour.progress.of_chapter(chapter);
        let passed = chapter.exercises.iter().filter(|exercise| done.passed.contains(&exercise.name)).count();
        let exercises = match chapter.exercises.len() {
            0 => String::new(),
            all => format!("{passed} of {all}"),
        };
        let state = match (tour.progress.is_finished(chapter), done.read) {
            (true, _) => "done",
            (false, true) => "read",
            (false, false) => "",
        };
        let number = chapter.number.to_string();
        vec![
            number,
            chapter.name.clone(),
            on_line(&chapter.title).into_owned(),
            chapter.minutes.to_string(),
            exercises,
            state.to_owned(),
        ]
    });
    let rows: Vec<_> = rows.collect();
    let columns = [names(""), names("name"), prose("chapter", 30), names("min"), names("exercises"), names("")];
    let minutes: u32 = tour.chapters.iter().map(|chapter| chapter.minutes).sum();
    let go_on = match tour.next() {
        Some(0) => "Begin:    cargo xtask learn next".to_owned(),
        Some(at) => format!("Continue: cargo xtask learn next    (chapter {})", tour.chapters[at].number),
        None => "All chapters are done.".to_owned(),
    };
    let table = output::table(&columns, &rows);
    output::print(&format!(
        "{table}\n{minutes} minutes of reading, plus the exercises. You can begin with any chapter.\n{go_on}\n"
    ))?;
    Ok(exit::OK)
}

fn next(tour: &mut Tour) -> Result<u8> {
    match tour.next() {
        Some(at) => {
            let until = if tour.screen.is_plain() { at + 1 } else { tour.chapters.len() };
            tour.chapters(at, until)
        }
        None => {
            output::print("All chapters are done. Now try your own module: cargo xtask check YOUR.wasm\n")?;
            Ok(exit::OK)
        }
    }
}

impl Tour<'_> {
    /// The index of the first chapter that is not finished.
    fn next(&self) -> Option<usize> {
        self.chapters.iter().position(|chapter| !self.progress.is_finished(chapter))
    }

    /// Shows chapters one after the other.
    fn chapters(&mut self, from: usize, until: usize) -> Result<u8> {
        for at in from..until {
            if self.chapter(at)? == Flow::Quit {
                let again = self.command_line("next");
                self.screen.line(&format!("To come back: {again}"))?;
                break;
            }
        }
        self.lab.machine.save();
        Ok(exit::OK)
    }
}

/// A path as it is typed in the workspace.
fn typed(lab: &Lab, path: &Path) -> String {
    let path = path.strip_prefix(&lab.root).unwrap_or(path);
    crate::store::files::quote(&path.to_string_lossy())
}

/// Reads the report that was published for machines of this kind.
fn published_report(lab: &Lab) -> Result<wasmlab_model::report::RunReport> {
    let file = lab.published(&Lab::published_report_name());
    // Other systems have none of their own; the results are still worth reading.
    let file = if file.is_file() { file } else { lab.published("linux-x86_64.json") };
    let text = std::fs::read(&file).with_context(|| format!("failed to read `{}`", file.visible()))?;
    serde_json::from_slice(&text).with_context(|| format!("failed to read `{}`", file.visible()))
}
