//! A chapter: `NN-name/chapter.md`, a Markdown file with a few fenced blocks that the walkthrough acts on.

use std::path::{Path, PathBuf};
use std::{fs, io};

use serde::Deserialize;
use wasmlab_model::file_error::FileError;

use crate::exercise::Exercise;
use wasmlab_glob::RuntimeGlobs;

/// The placeholder for the first runtime of the machine that needs no build.
pub const ANY: &str = "{any}";

/// Runtimes for [`ANY`]: each runs modules and WASI 0.1 and calls exports. The first one that is installed is used.
pub const ANY_OF: [&str; 6] = ["node", "deno", "bun", "wasmtime-cli", "wasmi", "wasmtime-cranelift"];

/// A chapter.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Chapter {
    /// Its number, from its folder's name.
    pub number: usize,
    /// Its name, from its folder's name: `bytes`.
    pub name: String,
    /// Its folder's name: `01-bytes`.
    pub folder: String,
    /// Its title.
    pub title: String,
    /// How long it takes, minutes.
    pub minutes: u32,
    /// Its contents, in order.
    pub blocks: Vec<Block>,
    /// Its exercises, in the order of the text.
    pub exercises: Vec<Exercise>,
}

/// A block of a chapter.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Block {
    /// Text: Markdown.
    Prose(String),
    /// A command that is run, and whose output is shown.
    Run(Run),
    /// A question that is answered by running something.
    Question(Question),
    /// The exercise with this index.
    Exercise(usize),
    /// The results of these scenarios in the published report.
    Published(PublishedResults),
    /// The reader decides when to go on.
    Pause,
}

/// A block ` ```run `.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Run {
    /// The command as it is typed: `cargo xtask …`.
    pub command: String,
    /// Runtimes that it needs, by id.
    pub needs: Vec<String>,
    /// The lines of its output that are shown.
    pub shown: Excerpt,
    /// Its line in the file.
    pub line: usize,
}

/// Which lines of an output are shown.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Excerpt {
    /// The first and the last line, from 1.
    pub lines: Option<(usize, usize)>,
    /// Only lines that contain one of these.
    pub matching: Vec<String>,
}

/// A block ` ```question `.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Question {
    /// The question.
    pub ask: String,
    /// A command that answers it.
    pub run: String,
    /// A part of the output of every command that answers it.
    pub expect: String,
    /// The explanation of the answer; shown after it.
    pub because: String,
    /// Runtimes that it needs, by id.
    #[serde(default)]
    pub needs: Vec<String>,
    /// Only lines of the answer that contain one of these are shown.
    #[serde(default)]
    pub matching: Vec<String>,
}

/// A block ` ```published `.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PublishedResults {
    /// Scenarios, by name.
    pub scenarios: Vec<String>,
    /// The runtimes.
    pub runtimes: RuntimeGlobs,
}

/// The head of a chapter's file, between two lines of `+++`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Head {
    title: String,
    minutes: u32,
}

/// Reads every chapter below a folder, in order.
///
/// # Errors
/// Everything that is wrong with them.
pub fn load_all(dir: &Path) -> Result<Vec<Chapter>, Vec<FileError>> {
    let unreadable = |error: io::Error| vec![FileError::new(dir.display().to_string(), error.to_string())];
    let mut folders: Vec<PathBuf> = fs::read_dir(dir)
        .and_then(|entries| entries.map(|entry| Ok(entry?.path())).collect::<io::Result<_>>())
        .map_err(unreadable)?;
    folders.retain(|folder| folder.join("chapter.md").is_file());
    folders.sort();
    let (mut chapters, mut errors) = (Vec::new(), Vec::new());
    for folder in &folders {
        match load(folder) {
            Ok(chapter) => chapters.push(chapter),
            Err(more) => errors.extend(more),
        }
    }
    if errors.is_empty() { Ok(chapters) } else { Err(errors) }
}

/// Reads a chapter's folder.
///
/// # Errors
/// Everything that is wrong with it.
pub fn load(folder: &Path) -> Result<Chapter, Vec<FileError>> {
    let name = folder.file_name().and_then(|name| name.to_str()).unwrap_or_default().to_owned();
    let file = format!("{name}/chapter.md");
    let invalid = |message: String| vec![FileError::new(&file, message)];
    let text = fs::read_to_string(folder.join("chapter.md")).map_err(|error| invalid(error.to_string()))?;
    let exercises = Exercise::load_all(&folder.join("exercises"), &name)?;
    let mut chapter = parse(&name, &text, &exercises)?;
    let order: Vec<usize> = chapter
        .blocks
        .iter()
        .filter_map(|block| if let Block::Exercise(at) = block { Some(*at) } else { None })
        .collect();
    if let Some(unused) = (0..exercises.len()).find(|at| !order.contains(at)) {
        return Err(invalid(format!("no ```exercise block names the exercise `{}`", exercises[unused].name)));
    }
    // In the order of the text, each once.
    chapter.exercises = order.iter().map(|at| exercises[*at].clone()).collect();
    let mut next = 0..;
    for block in &mut chapter.blocks {
        if let Block::Exercise(at) = block {
            *at = next.next().unwrap_or_default();
        }
    }
    Ok(chapter)
}

/// Reads a chapter's text. `folder` is `01-bytes`.
///
/// # Errors
/// Everything that is wrong with it, with lines.
pub fn parse(folder: &str, text: &str, exercises: &[Exercise]) -> Result<Chapter, Vec<FileError>> {
    let file = format!("{folder}/chapter.md");
    let error_at = |line: usize, message: String| FileError::new(&file, message).at_line(line);
    let number = folder.split_once('-').and_then(|(number, name)| Some((number.parse::<usize>().ok()?, name)));
    let Some((number, name)) = number else {
        let message = format!("`{folder}` has to begin with a number and a dash, as in 01-bytes");
        return Err(vec![FileError::new(&file, message)]);
    };
    let head = text.strip_prefix("+++\n").and_then(|rest| rest.split_once("\n+++\n"));
    let Some((head, body)) = head else {
        return Err(vec![error_at(1, "begin with +++, `title` and `minutes`, and +++".to_owned())]);
    };
    let first_line = head.lines().count() + 3;
    let head: Head = toml::from_str(head).map_err(|error| vec![error_at(2, error.message().to_owned())])?;
    let mut reader = Reader { blocks: Vec::new(), prose: String::new(), errors: Vec::new(), exercises };
    let mut lines = body.lines().enumerate().map(|(at, line)| (at + first_line, line));
    while let Some((at, line)) = lines.next() {
        match line.strip_prefix("```") {
            Some(info) => {
                let mut block = String::new();
                let closed = lines.by_ref().any(|(_, line)| {
                    let end = line == "```";
                    if !end {
                        block += line;
                        block.push('\n');
                    }
                    end
                });
                if !closed {
                    reader.errors.push((at, "the block has no end: ```".to_owned()));
                }
                reader.block(at, info, &block);
            }
            None if line == "---" => reader.push(Block::Pause),
            None => {
                reader.prose += line;
                reader.prose.push('\n');
            }
        }
    }
    reader.end_prose();
    if !reader.errors.is_empty() {
        return Err(reader.errors.into_iter().map(|(line, message)| error_at(line, message)).collect());
    }
    let (folder, name) = (folder.to_owned(), name.to_owned());
    let blocks = reader.blocks;
    Ok(Chapter { number, name, folder, title: head.title, minutes: head.minutes, blocks, exercises: Vec::new() })
}

/// Collects the blocks.
struct Reader<'a> {
    blocks: Vec<Block>,
    prose: String,
    errors: Vec<(usize, String)>,
    exercises: &'a [Exercise],
}

impl Reader<'_> {
    fn end_prose(&mut self) {
        let prose = std::mem::take(&mut self.prose);
        if !prose.trim().is_empty() {
            self.blocks.push(Block::Prose(prose.trim_matches('\n').to_owned() + "\n"));
        }
    }

    fn push(&mut self, block: Block) {
        self.end_prose();
        self.blocks.push(block);
    }

    fn block(&mut self, line: usize, info: &str, body: &str) {
        let words = shlex::split(info).unwrap_or_default();
        let (kind, attributes) = match words.split_first() {
            Some((kind, attributes)) => (kind.as_str(), attributes),
            None => ("", &words[..]),
        };
        let block = match kind {
            "run" => run(line, attributes, body).map(Block::Run),
            "question" => {
                toml::from_str(body).map_err(|error| error.to_string()).and_then(question).map(Block::Question)
            }
            "exercise" => {
                let name = body.trim();
                let at = self.exercises.iter().position(|exercise| exercise.name == name);
                at.map(Block::Exercise).ok_or_else(|| format!("there is no folder exercises/{name}"))
            }
            "published" => published(body),
            // Any other block is text.
            _ => {
                self.prose += &format!("```{info}\n{body}```\n");
                return;
            }
        };
        match block {
            Ok(block) => self.push(block),
            Err(message) => self.errors.push((line, message)),
        }
    }
}

fn run(line: usize, attributes: &[String], body: &str) -> Result<Run, String> {
    let command = is_command(body.trim())?;
    let mut run = Run { command, needs: Vec::new(), shown: Excerpt::default(), line };
    for attribute in attributes {
        let (key, value) = attribute.split_once('=').unwrap_or((attribute, ""));
        let list = |separator| value.split(separator).map(str::to_owned).collect();
        match key {
            "needs" => run.needs = list(','),
            "match" => run.shown.matching = list('|'),
            "lines" => {
                let ends = value.split_once('-').and_then(|(a, b)| Some((a.parse().ok()?, b.parse().ok()?)));
                run.shown.lines = Some(ends.ok_or("write lines=FIRST-LAST")?);
            }
            _ => return Err(format!("`{key}` is not needs, match or lines")),
        }
    }
    if run.command.contains(ANY) && run.needs.is_empty() {
        run.needs = vec![ANY.to_owned()];
    }
    Ok(run)
}

fn question(mut question: Question) -> Result<Question, String> {
    question.run = is_command(&question.run)?;
    if question.run.contains(ANY) && question.needs.is_empty() {
        question.needs = vec![ANY.to_owned()];
    }
    Ok(question)
}

fn published(body: &str) -> Result<Block, String> {
    let (mut scenarios, mut runtimes) = (Vec::new(), Vec::new());
    for line in body.lines() {
        match line.strip_prefix("runtimes:") {
            Some(globs) => runtimes.extend(globs.split_whitespace().map(str::to_owned)),
            None => scenarios.extend(line.split_whitespace().map(str::to_owned)),
        }
    }
    if scenarios.is_empty() {
        Err("name a scenario".to_owned())
    } else {
        Ok(Block::Published(PublishedResults { scenarios, runtimes: RuntimeGlobs::parse(runtimes)? }))
    }
}

/// The command, if it can be typed as it is and runs without a shell.
fn is_command(text: &str) -> Result<String, String> {
    if text.contains('\n') {
        return Err("write one command per block".to_owned());
    }
    arguments(text).map(|_| text.to_owned())
}

/// The arguments of a command `cargo xtask …`, as a shell would pass them.
///
/// # Errors
/// If it is not such a command: what to write instead.
pub fn arguments(command: &str) -> Result<Vec<String>, String> {
    let words = shlex::split(command).ok_or_else(|| format!("`{command}` has an unclosed quote"))?;
    if words.iter().any(|word| matches!(word.as_str(), "|" | ">" | ">>" | "<" | "&&" | "||" | ";" | "&")) {
        return Err(format!("`{command}` needs a shell: write one command, without pipes"));
    }
    match words.split_first_chunk::<2>() {
        Some(([cargo, xtask], rest)) if cargo == "cargo" && xtask == "xtask" => Ok(rest.to_vec()),
        _ => Err(format!("`{command}` has to begin with `cargo xtask`")),
    }
}
