//! Every command in a README exists with the options and values shown; quick ones are run. Lessons agree with the
//! published report.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

#[expect(dead_code, reason = "other tests use the rest")]
mod common;

use std::collections::BTreeSet;
use std::fs;
use std::path::PathBuf;
use std::process::Command;

use common::Workspace;
use common::checkout::top;
use wasmlab_model::codes::Code;
use wasmlab_model::report::RunReport;

/// The READMEs tracked by git.
fn readmes() -> Vec<PathBuf> {
    let list = Command::new("git").args(["ls-files", "*README.md"]).current_dir(top()).output().unwrap();
    let files: Vec<_> = String::from_utf8(list.stdout).unwrap().lines().map(|file| top().join(file)).collect();
    assert!(files.len() > 50, "git knows {} READMEs", files.len());
    files
}

/// The arguments of each command of the lab: those in code blocks, line by line, and those in backticks.
fn commands(text: &str) -> BTreeSet<Vec<String>> {
    let mut found = BTreeSet::new();
    let (mut prose, mut in_block) = (String::new(), false);
    for line in text.lines() {
        if line.trim_start().starts_with("```") {
            in_block = !in_block;
        } else if in_block {
            found.extend(commands_in(line.trim_start().trim_start_matches("$ ")));
        } else {
            // Outside code blocks a command may continue on the next line.
            prose += line;
            prose += " ";
        }
    }
    found.extend(prose.split('`').filter(|code| !code.starts_with(' ')).flat_map(commands_in));
    found
}

/// The arguments of each command of the lab in a line for a shell.
fn commands_in(line: &str) -> Vec<Vec<String>> {
    let Some(words) = shlex::split(line) else {
        // Prose and output may have an apostrophe.
        let is_command = ["cargo xtask ", "wasmlab "].iter().any(|command| line.starts_with(command));
        assert!(!is_command, "`{line}` has an open quote");
        return Vec::new();
    };
    words.split(|word| matches!(word.as_str(), "|" | "||" | "&&" | ";")).filter_map(lab_arguments).collect()
}

/// The arguments if this is a command of the lab: without the variables before it, and without redirections.
fn lab_arguments(command: &[String]) -> Option<Vec<String>> {
    let is_variable = |word: &&String| {
        let of_name = |c: char| c.is_ascii_uppercase() || c.is_ascii_digit() || c == '_';
        word.split_once('=').is_some_and(|(name, _)| name.chars().all(of_name))
    };
    let variables = command.iter().take_while(is_variable).count();
    let words: Vec<&str> = command[variables..].iter().map(String::as_str).collect();
    let arguments = match &words[..] {
        ["cargo", "xtask", arguments @ ..] | ["wasmlab", arguments @ ..] => arguments,
        _ => return None,
    };
    let is_end = |word: &str| matches!(word, ">" | ">>" | "2>" | "…" | "...");
    let arguments: Vec<String> =
        arguments.iter().take_while(|word| !is_end(word)).map(|word| (*word).to_owned()).collect();
    (!arguments.is_empty()).then_some(arguments)
}

#[test]
fn commands_are_found_in_readmes() {
    let check = |text: &str, expected: &[&str]| {
        let found: Vec<String> = commands(text).iter().map(|arguments| arguments.join(" ")).collect();
        assert_eq!(found, expected, "{text}");
    };
    check("```sh\n$ cargo xtask list > x   # all\nwasmlab check '*.wasm' | cat\n```\n", &["check *.wasm", "list"]);
    check("```sh\nA_B=/c D= cargo xtask list\n```\n", &["list"]);
    check("```sh\ncd ~/project && wasmlab check a || wasmlab doctor\n```\n", &["check a", "doctor"]);
    check("It isn't `cargo xtask`, but `cargo xtask check\nx`, in\nwasmlab list.", &["check x"]);
    check("```text\nit doesn't run: cargo xtask setup\n```\n", &[]);
}

/// With `--help` after the options, the command line is parsed up to there and nothing is run.
#[test]
fn every_command_in_readmes_exists() {
    let workspace = Workspace::new();
    let mut count = 0;
    for file in readmes() {
        for command in commands(&fs::read_to_string(&file).unwrap()) {
            let mut args: Vec<&str> = command.iter().map(String::as_str).collect();
            let end = args.iter().position(|arg| *arg == "--").unwrap_or(args.len());
            args.insert(end, "--help");
            let ran = workspace.run(&args);
            assert_eq!(ran.code, 0, "{}: `cargo xtask {}`: {}", file.display(), command.join(" "), ran.stderr);
            count += 1;
        }
    }
    assert!(count > 100, "{count} commands were found: is the reading of READMEs right?");
}

/// The two commands that a newcomer types first; CI runs the second one.
#[test]
fn the_readme_has_its_two_commands() {
    let readme = fs::read_to_string(top().join("README.md")).unwrap();
    for command in ["cargo xtask run-all ", "cargo test --workspace "] {
        assert!(readme.lines().any(|line| line.starts_with(command)), "{command}");
    }
}

/// Runs the commands that only read, on files that exist.
#[test]
fn quick_commands_in_readmes_run() {
    let workspace = Workspace::new();
    let mut ran = BTreeSet::new();
    for file in readmes() {
        for command in commands(&fs::read_to_string(&file).unwrap()) {
            let args: Vec<&str> = command.iter().map(String::as_str).collect();
            let is_quick = match args[..] {
                ["explain", code] => code.chars().all(|c| c.is_ascii_lowercase() || c == '-'),
                ["inspect", file, ..] => file.contains('/') && top().join(file).is_file(),
                ["list", ..] => true,
                _ => false,
            };
            if is_quick && ran.insert(command.clone()) {
                let output = workspace.command(&args).env("WASMLAB_ROOT", top()).current_dir(top()).output().unwrap();
                let done = common::result_of(output);
                assert!(
                    done.code == 0 && !done.stdout.is_empty(),
                    "{}: `cargo xtask {}`: {}",
                    file.display(),
                    command.join(" "),
                    done.stderr
                );
            }
        }
    }
    assert!(ran.len() > 15, "only {ran:?}");
}

/// Every lesson has these headings, in this order; others may stand between them.
#[test]
fn lessons_have_the_same_headings() {
    let lessons: Vec<PathBuf> =
        readmes().into_iter().filter(|file| file.with_file_name("scenario.toml").is_file()).collect();
    for file in &lessons {
        let lesson = fs::read_to_string(file).unwrap();
        let wanted = ["## What you see", "## Why", "## What would change it"];
        let found: Vec<&str> = lesson.lines().filter(|line| wanted.contains(line)).collect();
        assert_eq!(found, wanted, "{}", file.display());
    }
    assert!(lessons.len() > 50, "{} lessons were found", lessons.len());
}

/// Under "What you see", a lesson names only codes that its row has in the published report.
#[test]
fn lessons_name_codes_of_their_rows() {
    let text = fs::read_to_string(top().join("reports/linux-x86_64.json")).unwrap();
    let report: RunReport = serde_json::from_str(&text).unwrap();
    let mut named = 0;
    for scenario in &report.scenarios {
        let cells = report.cells.iter().filter(|cell| cell.scenario == scenario.name);
        let codes =
            cells.flat_map(|cell| cell.code.into_iter().chain(cell.checks.iter().filter_map(|check| check.code)));
        let codes: BTreeSet<&str> = codes.map(Code::id).collect();
        let lesson = top().join("scenarios").join(&scenario.name).join("README.md");
        let lesson = fs::read_to_string(&lesson).unwrap();
        let seen = lesson.split("\n## What you see\n").nth(1).and_then(|rest| rest.split("\n## ").next()).unwrap();
        for code in seen.split('`').filter(|word| word.parse::<Code>().is_ok()) {
            assert!(codes.contains(code), "{}: `{code}` is in no cell of its row", scenario.name);
            named += 1;
        }
    }
    assert!(named > 50, "{named} codes were found: is the reading of lessons right?");
}

/// What readers have to replace by something of their own, with the word that the instruction names.
const PLACEHOLDERS: &[(&str, &str)] = &[
    ("OWNER/", "OWNER"),
    ("example.org", "example.org"),
    ("example.com", "example.com"),
    ("example.net", "example.net"),
];

/// The placeholders in a text that are explained by no line with "replace" and their name.
fn unexplained(text: &str) -> Vec<&'static str> {
    let is_explained = |word: &str| {
        text.lines().any(|line| {
            line.contains(word) && line.to_lowercase().split(|c: char| !c.is_alphabetic()).any(|w| w == "replace")
        })
    };
    let there = PLACEHOLDERS.iter().filter(|(placeholder, _)| text.contains(placeholder));
    there.map(|(_, word)| *word).filter(|word| !is_explained(word)).collect()
}

#[test]
fn every_placeholder_is_said_to_be_one() {
    assert_eq!(unexplained("uses: OWNER/wasmlab"), ["OWNER"]);
    assert_eq!(
        unexplained("# Replace OWNER by your account.\nuses: OWNER/wasmlab\nimage: r.example.org/x"),
        ["example.org"]
    );
    let list = Command::new("git")
        .args(["ls-files", "*.md", "*.yml", "*.yaml", "*.toml"])
        .current_dir(top())
        .output()
        .unwrap();
    let list = String::from_utf8(list.stdout).unwrap();
    let mut with_one = 0;
    for file in list.lines() {
        let text = fs::read_to_string(top().join(file)).unwrap();
        assert_eq!(unexplained(&text), Vec::<&str>::new(), "{file}");
        with_one += usize::from(PLACEHOLDERS.iter().any(|(placeholder, _)| text.contains(placeholder)));
    }
    assert!(with_one >= 4, "{with_one} files have a placeholder: is the list complete?");
}
