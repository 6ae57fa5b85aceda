//! Exercises: their files, hints, checks and solutions.

use std::fs;

use anyhow::{Context, Result};
use wasmlab_learn::chapter::{Chapter, Excerpt};
use wasmlab_learn::exercise::{Exercise, WORK, mismatch};
use wasmlab_learn::progress;

use super::super::common::usage;
use super::super::{output, suggest, watch};
use super::screen::ReaderInput;
use super::tour::Tour;
use crate::exit;
use crate::store::files;
use wasmlab_report::visible::VisiblePath;

/// The most lines shown of an output that is not right yet.
const MAX_SHOWN: usize = 16;

/// Offers an exercise in the course of a chapter. Returns whether the reader goes on.
pub fn offer(tour: &mut Tour, chapter: &Chapter, exercise: &Exercise) -> Result<bool> {
    let spec = &exercise.spec;
    let folder = tour.exercise_folder(&exercise.name);
    let goal = spec.goal.trim().replace(WORK, &tour.typed(&folder));
    let head = format!("Exercise: {}", spec.title);
    if !tour.screen.section(&head, &goal)? {
        return Ok(false);
    }
    if tour.screen.is_plain() {
        let name = &exercise.name;
        let lines = [tour.command_line(&format!("check {name}")), tour.command_line(&format!("hint {name}"))];
        return Ok(tour.screen.lines(lines.iter().map(String::as_str))? && tour.screen.line("")?);
    }
    lay_out(tour, exercise)?;
    at_hand(tour, chapter, exercise)?;
    if tour.progress.of_chapter(chapter).passed.contains(&exercise.name) {
        return Ok(tour.screen.line("You have passed it.")? && tour.screen.line("")?);
    }
    if let Err(why) = tour.available.require_all(tour.lab, &spec.needs) {
        return Ok(tour.screen.prose(&format!("It cannot be checked here: {why}"))? && tour.screen.line("")?);
    }
    loop {
        match tour.screen.ask("Edit it in another window. [Enter] check, h hint, s solution, n skip, q quit")? {
            ReaderInput::Quit => return Ok(false),
            ReaderInput::Enter => {
                if checked(tour, chapter, exercise)? {
                    return tour.screen.line("");
                }
            }
            ReaderInput::Text(text) => match text.as_str() {
                "h" | "hint" => next_hint(tour, chapter, exercise)?,
                "s" | "solution" => _ = tour.screen.lines(solution_text(exercise).lines())?,
                "n" => return tour.screen.line(""),
                _ => _ = tour.screen.line("type h, s, n or q, or just press Enter")?,
            },
        }
    }
}

/// Records this exercise as the current one, for commands that name none.
fn at_hand(tour: &mut Tour, chapter: &Chapter, exercise: &Exercise) -> Result<()> {
    tour.progress.current.clone_from(&chapter.folder);
    tour.progress.exercise.clone_from(&exercise.name);
    tour.save()
}

/// Puts the files of an exercise into its folder, except those that are there already.
fn lay_out(tour: &Tour, exercise: &Exercise) -> Result<()> {
    let folder = tour.exercise_folder(&exercise.name);
    for (name, contents) in exercise.start() {
        let file = folder.join(name);
        if !file.exists() {
            files::write_atomically(&file, &contents)?;
        }
    }
    Ok(())
}

/// Checks an exercise, prints what is wrong, and records a success.
fn checked(tour: &mut Tour, chapter: &Chapter, exercise: &Exercise) -> Result<bool> {
    let folder = tour.exercise_folder(&exercise.name);
    for check in &exercise.spec.check {
        let command = tour.available.command(tour.lab, &check.run, Some(&folder));
        let ran = tour.execute(&command)?;
        if let Some(otherwise) = mismatch(check, ran.exit, &ran.text) {
            tour.command(&command)?;
            let shown = Excerpt { lines: Some((1, MAX_SHOWN)), matching: Vec::new() };
            tour.show(&ran.text, &shown)?;
            tour.screen.prose(&format!("Not yet: {}", otherwise.trim().replace(WORK, &tour.typed(&folder))))?;
            if tour.screen.is_plain() {
                tour.screen.line(&format!("A hint: {}", tour.command_line(&format!("hint {}", exercise.name))))?;
            }
            return Ok(false);
        }
    }
    tour.progress.of(chapter).passed.insert(exercise.name.clone());
    tour.save()?;
    tour.screen.bold(&format!("Passed: {}.", exercise.spec.title))?;
    tour.screen.prose(exercise.spec.learned.trim())?;
    Ok(true)
}

/// The exercise of this name. Without a name, the current one, or else the first one that is not passed: in the current
/// chapter, then in any.
fn choose<'a>(tour: &Tour<'a>, name: Option<&str>) -> Result<(&'a Chapter, &'a Exercise)> {
    let chapters = tour.chapters;
    let all = || chapters.iter().flat_map(|chapter| chapter.exercises.iter().map(move |exercise| (chapter, exercise)));
    if let Some(name) = name {
        return all().find(|(_, exercise)| exercise.name == name).map_or_else(
            || {
                let names = all().map(|(_, exercise)| exercise.name.as_str());
                usage(format!(
                    "no exercise is named `{name}`: {}",
                    suggest::alternatives(name, names, "cargo xtask learn")
                ))
            },
            Ok,
        );
    }
    let is_open = |(chapter, exercise): &(&Chapter, &Exercise)| {
        !tour.progress.of_chapter(chapter).passed.contains(&exercise.name)
    };
    let is_of_current_chapter = |(chapter, _): &(&Chapter, &Exercise)| chapter.folder == tour.progress.current;
    let at_hand = |(_, exercise): &(&Chapter, &Exercise)| exercise.name == tour.progress.exercise;
    let mut open = all().filter(is_open).filter(at_hand).chain(all().filter(is_open).filter(is_of_current_chapter));
    let found = open.next().or_else(|| all().find(is_open));
    found.map_or_else(|| usage("all exercises pass; name one to check it again"), Ok)
}

/// `learn check`.
pub fn check(tour: &mut Tour, name: Option<&str>, watch: bool) -> Result<u8> {
    let (chapter, exercise) = choose(tour, name)?;
    lay_out(tour, exercise)?;
    at_hand(tour, chapter, exercise)?;
    if let Err(why) = tour.available.require_all(tour.lab, &exercise.spec.needs) {
        return usage(format!("`{}` cannot be checked here: {why}", exercise.name));
    }
    loop {
        let folder = tour.exercise_folder(&exercise.name);
        let before = contents(&folder);
        tour.screen.line(&format!("checking {} in {}", exercise.name, tour.typed(&folder)))?;
        let passed = checked(tour, chapter, exercise)?;
        if passed {
            if let Ok((_, next)) = choose(tour, None) {
                tour.screen.line(&format!("Next: {}", tour.command_line(&format!("check {}", next.name))))?;
            }
            return Ok(exit::OK);
        }
        if !watch {
            return Ok(exit::REGRESSION);
        }
        output::print_progress("waiting for you to save a file (Ctrl-C to stop)");
        if watch::next_change(&before, || contents(&folder)).is_none() {
            return Ok(exit::INTERRUPTED);
        }
    }
}

/// The files of a folder.
fn contents(folder: &std::path::Path) -> Vec<(std::path::PathBuf, Vec<u8>)> {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    let mut files: Vec<_> = entries.map(|entry| (entry.path(), fs::read(entry.path()).unwrap_or_default())).collect();
    files.sort();
    files
}

/// `learn hint`.
pub fn hint(tour: &mut Tour, name: Option<&str>) -> Result<u8> {
    let (chapter, exercise) = choose(tour, name)?;
    at_hand(tour, chapter, exercise)?;
    next_hint(tour, chapter, exercise)?;
    Ok(exit::OK)
}

/// The next hint; after the last one, the last one is repeated.
fn next_hint(tour: &mut Tour, chapter: &Chapter, exercise: &Exercise) -> Result<()> {
    let hints = &exercise.spec.hints;
    let taken = tour.progress.of(chapter).hints.entry(exercise.name.clone()).or_default();
    *taken = (*taken + 1).min(hints.len());
    let at = *taken;
    let folder = tour.typed(&tour.exercise_folder(&exercise.name));
    let text = hints.get(at - 1).map(|hint| hint.trim().replace(WORK, &folder)).unwrap_or_default();
    tour.save()?;
    tour.screen.prose(&format!("{} of {} hints for `{}`: {text}", at, hints.len(), exercise.name))?;
    Ok(())
}

/// `learn solution`.
pub fn solution(tour: &Tour, name: Option<&str>) -> Result<u8> {
    let (_, exercise) = choose(tour, name)?;
    output::print(&solution_text(exercise))?;
    Ok(exit::OK)
}

/// The files of the solution, one after the other.
fn solution_text(exercise: &Exercise) -> String {
    let files = exercise.solution();
    files.iter().map(|(name, contents)| format!(";; {name}\n{}", String::from_utf8_lossy(contents))).collect()
}

/// `learn reset`: of one chapter, or of all. The exercises' folders are kept under another name.
pub fn reset(tour: &mut Tour, only: Option<usize>) -> Result<u8> {
    let chapters: Vec<&Chapter> = tour
        .chapters
        .iter()
        .enumerate()
        .filter(|(at, _)| only.is_none_or(|only| only == *at))
        .map(|(_, c)| c)
        .collect();
    let mut moved = 0;
    for chapter in &chapters {
        tour.progress.chapters.remove(&chapter.folder);
        if chapter.exercises.iter().any(|exercise| exercise.name == tour.progress.exercise) {
            tour.progress.exercise.clear();
        }
        for exercise in &chapter.exercises {
            let folder = tour.exercise_folder(&exercise.name);
            if folder.exists() {
                let backup = folder.with_extension("old");
                if backup.exists() {
                    fs::remove_dir_all(&backup).with_context(|| format!("failed to remove `{}`", backup.visible()))?;
                }
                fs::rename(&folder, &backup).with_context(|| format!("failed to move `{}`", folder.visible()))?;
                moved += 1;
            }
        }
    }
    if only.is_none() {
        tour.progress.current.clear();
    }
    tour.save()?;
    let what = if only.is_some() { format!("chapter {}", chapters[0].number) } else { "all chapters".to_owned() };
    let work = tour.typed(&progress::work_folder(&tour.file));
    let note =
        if moved == 0 { String::new() } else { format!("; your exercises are kept in {work}, with the ending .old") };
    output::print(&format!("{what}: your progress is reset{note}\n"))?;
    Ok(exit::OK)
}
