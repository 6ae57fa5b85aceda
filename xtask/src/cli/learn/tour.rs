//! Leads a reader through a chapter: text, commands, questions, exercises.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use wasmlab_learn::book;
use wasmlab_learn::chapter::{self, Block, Chapter, Excerpt, PublishedResults, Question, Run};
use wasmlab_learn::markup;
use wasmlab_learn::output::{RecordedOutputs, excerpt, left_out};
use wasmlab_learn::progress::{self, Progress};
use wasmlab_model::report::RunReport;
use wasmlab_model::text::counted;

use super::available::InstalledRuntimes;
use super::runner::{self, CommandOutput};
use super::screen::{ReaderInput, Screen};
use super::{exercises, published_report, typed};
use crate::lab::Lab;
use crate::store::files;

/// Whether the reader goes on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Flow {
    /// The reader goes on.
    Continue,
    /// The reader stops.
    Quit,
}

/// A reader, the chapters, and the progress in them.
pub struct Tour<'a> {
    /// The workspace.
    pub lab: &'a Lab,
    /// Every chapter.
    pub chapters: &'a [Chapter],
    /// The learner's progress.
    pub progress: Progress,
    /// The progress file.
    pub file: PathBuf,
    /// The terminal.
    pub screen: Screen,
    /// The runtimes that can be used here.
    pub available: InstalledRuntimes,
    recorded: RecordedOutputs,
    report: Option<RunReport>,
}

impl<'a> Tour<'a> {
    /// A tour for the owner of the progress file.
    pub fn new(lab: &'a Lab, chapters: &'a [Chapter], (file, progress): (PathBuf, Progress), screen: Screen) -> Self {
        let (recorded, report) = (super::book::recorded(lab), published_report(lab).ok());
        Self { lab, chapters, progress, file, screen, available: InstalledRuntimes::default(), recorded, report }
    }

    /// The folder of an exercise.
    pub fn exercise_folder(&self, exercise: &str) -> PathBuf {
        progress::work_folder(&self.file).join(exercise)
    }

    /// Writes the progress file.
    pub fn save(&self) -> Result<()> {
        let text = self.progress.text()?;
        files::write_atomically(&self.file, text.as_bytes()).context("failed to save your progress")
    }

    /// Shows a chapter.
    pub fn chapter(&mut self, at: usize) -> Result<Flow> {
        let chapters = self.chapters;
        let chapter = &chapters[at];
        self.progress.current = chapter.folder.clone();
        if !self.screen.is_plain() {
            self.save()?;
        }
        let head = format!("Chapter {}: {}", chapter.number, chapter.title);
        let leave = if self.screen.is_plain() { "" } else { "; to leave: q, then Enter" };
        let minutes = format!("{}{leave}", counted(chapter.minutes, "minute"));
        if !(self.screen.bold(&head)? && self.screen.line(&minutes)? && self.screen.line("")?) {
            return Ok(Flow::Quit);
        }
        let mut question = 0;
        for block in &chapter.blocks {
            let go_on = match block {
                Block::Prose(text) => self.screen.prose(text)? && self.screen.line("")?,
                Block::Run(run) => self.run(run)?,
                Block::Question(asked) => {
                    question += 1;
                    self.question(chapter, question, asked)?
                }
                Block::Exercise(at) => exercises::offer(self, chapter, &chapter.exercises[*at])?,
                Block::Published(published) => self.published(published)?,
                Block::Pause => self.screen.ask("[Enter] continue")? != ReaderInput::Quit,
            };
            if !go_on {
                return Ok(Flow::Quit);
            }
        }
        self.end(at)
    }

    /// Shows the end of a chapter, after its last part.
    fn end(&mut self, at: usize) -> Result<Flow> {
        let chapter = &self.chapters[at];
        if self.screen.is_plain() {
            return Ok(Flow::Continue);
        }
        self.progress.of(chapter).read = true;
        self.save()?;
        let done = self.progress.of_chapter(chapter);
        let left = chapter.exercises.iter().filter(|exercise| !done.passed.contains(&exercise.name)).count();
        if left > 0 {
            self.screen.line(&format!(
                "Exercises left in this chapter: {left}. To check the next one: {}",
                self.command_line("check")
            ))?;
        }
        match self.chapters.get(at + 1) {
            Some(next) => {
                let prompt = format!("[Enter] continue with chapter {}: {}", next.number, next.title);
                Ok(if self.screen.ask(&prompt)? == ReaderInput::Enter { Flow::Continue } else { Flow::Quit })
            }
            None => {
                self.screen.line("That was the last chapter.")?;
                Ok(Flow::Continue)
            }
        }
    }

    /// Shows a command, waits for the reader, runs it, shows what it printed.
    fn run(&mut self, run: &Run) -> Result<bool> {
        let command = self.available.command(self.lab, &run.command, None);
        if let Err(why) = self.available.require_all(self.lab, &run.needs) {
            return Ok(self.command(&command)? && self.missing(&run.command, &run.shown, &why)?);
        }
        if self.screen.is_plain() {
            self.command(&command)?;
        } else if self.screen.ask(&format!("$ {}\n[Enter] run it", markup::command(&command)))? == ReaderInput::Quit {
            return Ok(false);
        }
        let ran = self.execute(&command)?;
        self.show(&ran.text, &run.shown)
    }

    /// Shows a command as it can be typed.
    pub fn command(&mut self, command: &str) -> Result<bool> {
        for line in format!("$ {}", markup::command(command)).lines() {
            if !self.screen.bold(line)? {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// A command of the walkthrough, for the owner of this progress file.
    pub fn command_line(&self, rest: &str) -> String {
        let default = self.lab.root.join("learn.toml");
        let option =
            if self.file == default { String::new() } else { format!(" --progress {}", self.typed(&self.file)) };
        format!("cargo xtask learn {rest}{option}")
    }

    /// Runs a command.
    pub fn execute(&self, command: &str) -> Result<CommandOutput> {
        let args = chapter::arguments(command).map_err(anyhow::Error::msg)?;
        self.screen.running()?;
        let ran = runner::run(self.lab, &args);
        self.screen.stopped()?;
        ran
    }

    /// Shows an output, or the part of it that matters.
    pub fn show(&mut self, text: &str, shown: &Excerpt) -> Result<bool> {
        let (lines, left) = excerpt(text, shown);
        let mut go_on = self.screen.lines(lines.iter().map(String::as_str))?;
        if left > 0 && go_on {
            go_on = self.screen.line(&left_out(left))?;
        }
        Ok(go_on && self.screen.line("")?)
    }

    /// Shows a command that cannot run here: its published output, with the date, and how to get what is missing.
    fn missing(&mut self, command: &str, shown: &Excerpt, why: &str) -> Result<bool> {
        if let Some(output) = self.recorded.outputs.get(command).cloned() {
            let go_on = self.screen.line(&format!("(not run here; published output of {}:)", output.date))?
                && self.show(&output.lines.join("\n"), shown)?;
            if !go_on {
                return Ok(false);
            }
        }
        Ok(self.screen.prose(why)? && self.screen.line("")?)
    }

    /// Shows results from the published report.
    fn published(&mut self, published: &PublishedResults) -> Result<bool> {
        let text = book::published_text(published, self.report.as_ref());
        Ok(self.screen.ensure_room(text.lines().count() + 1)?
            && self.screen.line(book::PUBLISHED)?
            && self.screen.lines(text.lines())?
            && self.screen.line("")?)
    }

    fn question(&mut self, chapter: &Chapter, number: usize, question: &Question) -> Result<bool> {
        let ask = self.available.command(self.lab, question.ask.trim(), None);
        if !self.screen.section("Question", &ask)? {
            return Ok(false);
        }
        let shown = Excerpt { lines: None, matching: question.matching.clone() };
        if let Err(why) = self.available.require_all(self.lab, &question.needs) {
            let run = self.available.command(self.lab, &question.run, None);
            return Ok(self.command(&run)?
                && self.missing(&question.run, &shown, &why)?
                && self.screen.prose(question.because.trim())?
                && self.screen.line("")?);
        }
        let model = self.available.command(self.lab, &question.run, None);
        loop {
            let typed = self.screen.ask("$ (type a command that answers the question, or press Enter to see one)")?;
            let (command, is_own) = match typed {
                ReaderInput::Quit => return Ok(false),
                ReaderInput::Enter => (model.clone(), false),
                ReaderInput::Text(text) => (text, true),
            };
            if let Err(why) = chapter::arguments(&command) {
                self.screen.line(&why)?;
                continue;
            }
            if !is_own {
                self.command(&command)?;
            }
            let ran = self.execute(&command)?;
            // All that the reader's own command printed, and the part of ours that matters.
            let shown = if is_own { Excerpt::default() } else { shown.clone() };
            if !self.show(&ran.text, &shown)? {
                return Ok(false);
            }
            if ran.text.contains(&question.expect) {
                if !self.screen.is_plain() {
                    self.progress.of(chapter).answered.insert(number);
                    self.save()?;
                }
                return Ok(self.screen.prose(question.because.trim())? && self.screen.line("")?);
            }
            if !is_own {
                // A fault of the chapter, which a test would find.
                return self.screen.line("(the chapter expects different output here: please report this)");
            }
            self.screen.line("That does not answer it yet. Try another command, or press Enter to see one.")?;
        }
    }

    /// A path as it is typed.
    pub fn typed(&self, path: &Path) -> String {
        typed(self.lab, path)
    }
}
