//! The walkthrough as a whole: every chapter, every exercise unsolved and solved, every claim.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

#[expect(dead_code, reason = "other tests use the rest")]
mod common;
#[expect(dead_code, reason = "other tests need programs on PATH")]
#[path = "common/trials.rs"]
mod trials;

use std::collections::BTreeSet;
use std::fs;
use std::path::PathBuf;
use std::process::Stdio;

use common::checkout::top;
use common::{CommandResult, Workspace, result_of};
use libtest_mimic::{Arguments, Trial};
use wasmlab_learn::chapter::{self, Block, Chapter, Excerpt};
use wasmlab_learn::exercise::Exercise;
use wasmlab_learn::{book, claims, markup::Style, output};
use xtask::engines;
use xtask::lab::Lab;
use xtask::store::snapshots::Snapshots;

const TESTS: &[(&str, fn())] = &[
    ("there_are_the_chapters_that_the_readme_promises", there_are_the_chapters_that_the_readme_promises),
    ("claims_agree_with_the_snapshots", claims_agree_with_the_snapshots),
    ("the_book_matches_its_chapters", the_book_matches_its_chapters),
    ("every_chapter_is_shown_without_errors", every_chapter_is_shown_without_errors),
    ("no_chapter_scrolls_its_point_away", no_chapter_scrolls_its_point_away),
    ("mistakes_in_a_chapter_are_named_with_their_lines", mistakes_in_a_chapter_are_named_with_their_lines),
    ("progress_is_kept_for_each_learner", progress_is_kept_for_each_learner),
];

fn main() {
    let tests = TESTS.iter().map(|(name, test)| trials::without(*name, &[], test));
    libtest_mimic::run(&Arguments::from_args(), tests.chain(exercise_trials()).collect()).exit();
}

/// A test for each exercise; ignored if a runtime that it needs is absent.
fn exercise_trials() -> Vec<Trial> {
    let lab = Lab::with_workspace(&top()).unwrap();
    let exercises = chapters().into_iter().flat_map(|chapter| {
        let count = chapter.exercises.len();
        chapter.exercises.into_iter().map(move |exercise| (exercise, count))
    });
    let trial = |(exercise, count): (Exercise, usize)| {
        let needs = exercise.spec.needs.clone();
        let missing: Vec<&str> = needs.iter().flat_map(|need| missing_runtimes(&lab, need)).collect();
        let name = format!("exercise fails unsolved and passes solved: {}", exercise.name);
        trials::without(name, &missing, move || exercise_fails_unsolved_and_passes_solved(&exercise, count))
    };
    exercises.map(trial).collect()
}

/// The runtimes of which one has to be here, if none is. `learn check` is not asked: if it finds nothing that is there,
/// the tests must fail.
fn missing_runtimes<'a>(lab: &Lab, need: &'a str) -> Vec<&'a str> {
    let candidates = if need == chapter::ANY { chapter::ANY_OF.to_vec() } else { vec![need] };
    let is_here = |id: &&str| {
        let runtime = wasmlab_runtimes::find(id).unwrap_or_else(|| panic!("`{id}` is no runtime"));
        engines::find_tool(lab, runtime).is_ok()
    };
    if candidates.iter().any(is_here) { Vec::new() } else { candidates }
}

fn chapters() -> Vec<Chapter> {
    chapter::load_all(&top().join("xtask/learn/chapters")).unwrap_or_else(|errors| panic!("{errors:#?}"))
}

/// A learner in this repository, with a progress file of their own.
struct Learner {
    workspace: Workspace,
}

impl Learner {
    fn new() -> Self {
        Self { workspace: Workspace::new() }
    }

    fn learn(&self, args: &[&str]) -> CommandResult {
        let file = self.workspace.path("me.toml");
        let args = [&["learn"], args, &["--progress", file.to_str().unwrap()]].concat();
        let mut command = self.workspace.command(&args);
        result_of(command.env("WASMLAB_ROOT", top()).current_dir(top()).stdin(Stdio::null()).output().unwrap())
    }

    fn work(&self, exercise: &str) -> PathBuf {
        self.workspace.path("me").join(exercise)
    }
}

fn there_are_the_chapters_that_the_readme_promises() {
    let chapters = chapters();
    let numbers: Vec<usize> = chapters.iter().map(|chapter| chapter.number).collect();
    assert_eq!(numbers, (1..=chapters.len()).collect::<Vec<_>>());
    let readme = fs::read_to_string(top().join("README.md")).unwrap().replace('\n', " ");
    assert!(readme.contains(&format!("{} short chapters", chapters.len())), "README.md names another number");
    let names: BTreeSet<&str> = chapters.iter().map(|chapter| chapter.name.as_str()).collect();
    assert_eq!(names.len(), chapters.len(), "names are unique");
    let exercises: Vec<_> = chapters.iter().flat_map(|chapter| &chapter.exercises).collect();
    let unique: BTreeSet<&str> = exercises.iter().map(|exercise| exercise.name.as_str()).collect();
    assert_eq!(unique.len(), exercises.len(), "names of exercises are unique");
    // The lab translates WAT itself, so that these need no compiler.
    let is_wat = |name: &str| name.ends_with(".wat") || name == "wasmlab.toml";
    let only_wat = exercises.iter().filter(|e| e.start().iter().all(|(name, _)| is_wat(name))).count();
    assert!(only_wat * 2 >= exercises.len(), "{only_wat} of {}", exercises.len());
    // Every chapter asks something, and its answer comes from running something.
    for chapter in &chapters {
        let asks = chapter.blocks.iter().any(|block| matches!(block, Block::Question(_) | Block::Exercise(_)));
        assert!(asks, "chapter {} asks nothing", chapter.number);
    }
}

/// Each sentence of the form "X does not run on Y" is marked, and agrees with the accepted results.
fn claims_agree_with_the_snapshots() {
    let mut accepted = Vec::new();
    let store = Snapshots::new(top().join("snapshots"));
    for runtime in wasmlab_runtimes::all().iter().map(|runtime| runtime.id().to_owned()) {
        for (scenario, line) in store.column(&runtime).unwrap().unwrap_or_default().lines() {
            let code = line.code.map(|code| code.id().to_owned()).unwrap_or_default();
            accepted.push((runtime.clone(), scenario.clone(), line.verdict.id().to_owned(), code));
        }
    }
    let accepted: Vec<claims::AcceptedResult> =
        accepted.iter().map(|(a, b, c, d)| (a.as_str(), b.as_str(), c.as_str(), d.as_str())).collect();
    let (mut wrong, mut count) = (Vec::new(), 0);
    for chapter in &chapters() {
        let claims = claims::of(chapter).unwrap_or_else(|errors| panic!("{errors:#?}"));
        count += claims.len();
        wrong.extend(claims.iter().flat_map(|claim| claim.contradictions(&accepted)));
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(count >= 15, "only {count} claims");
}

/// A broken exercise fails and says how to go on; its solution passes, and the progress of its chapter with `count`
/// exercises is kept.
fn exercise_fails_unsolved_and_passes_solved(exercise: &Exercise, count: usize) {
    let (learner, name) = (Learner::new(), exercise.name.as_str());
    let unsolved = learner.learn(&["check", name]);
    assert_eq!(unsolved.code, 1, "passes unsolved: {}{}", unsolved.stdout, unsolved.stderr);
    assert!(unsolved.stdout.contains("Not yet: "), "{}", unsolved.stdout);
    assert!(unsolved.stdout.contains(&format!("cargo xtask learn hint {name}")), "{}", unsolved.stdout);
    // A command that is wrong itself would fail as well.
    assert!(!unsolved.stdout.contains("error: --"), "{}", unsolved.stdout);
    let hint = learner.learn(&["hint", name]);
    assert!(hint.stdout.starts_with("1 of "), "{}", hint.stdout);
    for (file, contents) in exercise.solution() {
        fs::write(learner.work(name).join(file), contents).unwrap();
    }
    let solved = learner.learn(&["check", name]);
    assert_eq!(solved.code, 0, "{}{}", solved.stdout, solved.stderr);
    assert!(solved.stdout.contains("Passed: "), "{}", solved.stdout);
    let list = learner.learn(&[]);
    assert!(list.stdout.contains(&format!("1 of {count}")), "{}", list.stdout);
}

/// The pages of the book are those of the chapters, with the outputs that were recorded.
fn the_book_matches_its_chapters() {
    let folder = top().join("reports/book");
    let recorded: output::RecordedOutputs =
        serde_json::from_slice(&fs::read(folder.join("outputs.json")).unwrap()).unwrap();
    let report = serde_json::from_slice(&fs::read(top().join("reports/linux-x86_64.json")).unwrap()).unwrap();
    for (name, text) in book::pages(&chapters(), &recorded, Some(&report)) {
        let found = fs::read_to_string(folder.join(&name)).unwrap_or_default();
        assert!(found == text, "reports/book/{name} is stale: run `cargo xtask learn book`");
    }
}

/// Every chapter is shown without waiting, and nothing fails. The next test measures the width of the text.
fn every_chapter_is_shown_without_errors() {
    let learner = Learner::new();
    let ran = learner.learn(&["--plain"]);
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    for chapter in chapters() {
        assert!(ran.stdout.contains(&format!("Chapter {}: {}", chapter.number, chapter.title)), "{}", chapter.folder);
    }
    assert!(!ran.stdout.contains("the chapter expects different output"), "{}", ran.stdout);
    assert!(!ran.stdout.contains('\u{1b}'), "no colours in a pipe");
}

/// The most lines between two actions of the reader: text and outputs.
const MAX_BETWEEN: usize = 60;

/// The reader acts often, and the text itself is never wider than the terminal.
fn no_chapter_scrolls_its_point_away() {
    let read = |name: &str| fs::read(top().join("reports").join(name)).unwrap();
    let recorded: output::RecordedOutputs = serde_json::from_slice(&read("book/outputs.json")).unwrap();
    let report = serde_json::from_slice(&read("linux-x86_64.json")).unwrap();
    let style = Style { width: 80, colour: false };
    for chapter in &chapters() {
        let folder = &chapter.folder;
        let shown = |command: &str, part: &Excerpt| {
            let known = recorded.outputs.get(command);
            let known = known.unwrap_or_else(|| panic!("{folder}: `{command}` is not in the book: learn book"));
            output::excerpt(&known.lines.join("\n"), part).0.len() + 2
        };
        let mut lines = 0;
        for block in &chapter.blocks {
            let acts = !matches!(block, Block::Prose(_) | Block::Published(_));
            if acts {
                assert!(lines <= MAX_BETWEEN, "{folder}: {lines} lines before the reader acts: {block:?}");
                lines = 0;
            }
            lines += match block {
                Block::Prose(text) => {
                    let text = style.prose(text);
                    for line in text.iter().filter(|line| !line.starts_with("    ")) {
                        assert!(line.chars().count() <= 80, "{folder}: {line}");
                    }
                    text.len() + 1
                }
                Block::Run(run) => shown(&run.command, &run.shown),
                Block::Question(question) => {
                    let part = Excerpt { lines: None, matching: question.matching.clone() };
                    shown(&question.run, &part) + style.prose(&question.because).len() + 1
                }
                Block::Published(published) => book::published_text(published, Some(&report)).lines().count() + 2,
                Block::Exercise(_) | Block::Pause => 0,
            };
        }
        assert!(lines <= MAX_BETWEEN, "{folder}: {lines} lines at the end");
    }
}

/// A chapter needs no Rust: a mistake in one names its file and line.
fn mistakes_in_a_chapter_are_named_with_their_lines() {
    let check = |text: &str, expected: &str| {
        let errors = chapter::parse("01-x", text, &[]).unwrap_err();
        let shown = errors.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n");
        assert!(shown.contains(expected), "{expected}:\n{shown}");
    };
    let head = "+++\ntitle = \"x\"\nminutes = 1\n+++\n";
    check("text", "01-x/chapter.md:1: begin with +++");
    check("+++\ntitle = 1\n+++\n", "01-x/chapter.md:2: ");
    check(&format!("{head}\n```run\nls | head\n```\n"), "01-x/chapter.md:6: `ls | head` needs a shell");
    check(&format!("{head}```run\nls\n```\n"), "01-x/chapter.md:5: `ls` has to begin with `cargo xtask`");
    check(&format!("{head}```run wait=1\ncargo xtask list\n```\n"), "`wait` is not needs, match or lines");
    check(&format!("{head}```run\ncargo xtask list\n"), "the block has no end");
    check(&format!("{head}```exercise\nnone\n```\n"), "there is no folder exercises/none");
    check(&format!("{head}```question\nask = \"x\"\n```\n"), "missing field `run`");
}

fn progress_is_kept_for_each_learner() {
    let learner = Learner::new();
    let check = |args: &[&str], code: u8, expected: &str| {
        let ran = learner.learn(args);
        assert_eq!(ran.code, i32::from(code), "{args:?}: {}{}", ran.stdout, ran.stderr);
        let text = ran.stdout + &ran.stderr;
        assert!(text.contains(expected), "{args:?}: {text}");
    };
    check(&[], 0, "cargo xtask learn next");
    check(&["check", "fix-sizes"], 1, "Not yet");
    check(&["hint"], 0, "1 of 3 hints for `fix-sizes`");
    check(&["hint"], 0, "2 of 3 hints");
    check(&["hint", "one-byte"], 0, "1 of 2 hints for `one-byte`");
    check(&["hint"], 0, "2 of 2 hints for `one-byte`");
    check(&["solution", "fix-sizes"], 0, "41 bytes, and a module");
    check(&["no-such-chapter"], 2, "no chapter or action is named `no-such-chapter`");
    check(&["check", "fix-size"], 2, "fix-sizes");
    check(&["4", "--watch"], 2, "--watch is only for `cargo xtask learn check`");
    let edited = learner.work("fix-sizes").join("listing.wat");
    fs::write(&edited, "mine").unwrap();
    check(&["reset", "bytes"], 0, "chapter 1: your progress is reset; your exercises are kept in");
    assert!(!edited.exists(), "the exercise begins again");
    assert_eq!(fs::read_to_string(learner.work("fix-sizes.old").join("listing.wat")).unwrap(), "mine");
    check(&["hint", "fix-sizes"], 0, "1 of 3 hints");
    fs::write(learner.workspace.path("me.toml"), "schema = 7\n").unwrap();
    check(&[], 2, "`schema` is 7, and this lab reads 1");
}
