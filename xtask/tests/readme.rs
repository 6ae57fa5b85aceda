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

/// The text after `cargo xtask` or `wasmlab`: a line each in code blocks, and elsewhere in backticks.
fn commands(text: &str) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    let mut in_block = false;
    for line in text.lines() {
        if line.trim_start().starts_with("```") {
            in_block = !in_block;
        } else if in_block {
            let line = line.trim_start().trim_start_matches("$ ");
            let command = line.strip_prefix("cargo xtask ").or_else(|| line.strip_prefix("wasmlab "));
            found.extend(command.map(str::to_owned));
        }
    }
    // Outside code blocks a command may continue on the next line.
    let joined = text.replace('\n', " ");
    let inline = joined.split('`').filter_map(|code| {
        let command = code.strip_prefix("wasmlab ");
        code.strip_prefix("cargo xtask ").or(command)
    });
    found.extend(inline.map(str::to_owned));
    found
}

/// The arguments, without comments and redirections.
fn arguments(command: &str) -> Vec<String> {
    let all = shlex::split(command).unwrap_or_else(|| panic!("`{command}` has an open quote"));
    all.into_iter().take_while(|arg| !matches!(arg.as_str(), "|" | "||" | ">" | ">>" | "&&" | "…" | "...")).collect()
}

/// With `--help` after the options, the command line is parsed up to there and nothing is run.
#[test]
fn every_command_in_readmes_exists() {
    let workspace = Workspace::new();
    let mut count = 0;
    for file in readmes() {
        for command in commands(&fs::read_to_string(&file).unwrap()) {
            let mut args = arguments(&command);
            let end = args.iter().position(|arg| arg == "--").unwrap_or(args.len());
            args.insert(end, "--help".to_owned());
            let args: Vec<&str> = args.iter().map(String::as_str).collect();
            let ran = workspace.run(&args);
            assert_eq!(ran.code, 0, "{}: `cargo xtask {command}`: {}", file.display(), ran.stderr);
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
            let arguments = arguments(&command);
            let args: Vec<&str> = arguments.iter().map(String::as_str).collect();
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
                    "{}: `cargo xtask {command}`: {}",
                    file.display(),
                    done.stderr
                );
            }
        }
    }
    assert!(ran.len() > 15, "only {ran:?}");
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
