//! A file given to `check`: how to run it, and its scenario and guest.

use std::path::{Component, Path, PathBuf};

use anyhow::{Context, Result};

use super::client::ClientArgs;
use super::dirs::{DirArgs, Dirs};
use super::requirements::Requirements;
use crate::cli::common::usage;
use crate::cli::guest_file::MaxSize;
use crate::cli::invoke::{self, typed};
use crate::cli::output;
use crate::guest::Guest;
use crate::lab::Lab;
use crate::matrix::facts_of_given;
use crate::reading::{self, ReadError, Representation};
use wasmlab_model::facts::{BinaryKind, Facts, Shape};
use wasmlab_model::names::first_listed;
use wasmlab_model::scenario::{EntryPointKind, Expect, ExpectedCall, Run, Scenario, ScenarioFile};
use wasmlab_reader::source;
use wasmlab_report::text;
use wasmlab_report::visible::VisiblePath;

/// How to run a guest. The command line applies to every file; `wasmlab.toml` has one per file.
#[derive(Clone, Debug, Default, PartialEq, clap::Args)]
pub struct GuestArgs {
    /// Call this export instead of running the program; its arguments follow `--`
    #[arg(long, value_name = "EXPORT")]
    pub invoke: Option<String>,
    #[command(flatten)]
    pub dirs: DirArgs,
    #[command(flatten)]
    pub client: ClientArgs,
    /// Set an environment variable for the guest; may be repeated
    #[arg(long, value_name = "NAME=VALUE")]
    pub env: Vec<String>,
    /// Feed this file to the guest's stdin
    #[arg(long, value_name = "FILE")]
    pub stdin: Option<PathBuf>,
    /// Require the guest's stdout (with --invoke: the results) to contain this text
    #[arg(long, value_name = "TEXT")]
    pub expect_stdout: Option<String>,
    /// Require this exit code from the guest [default: 0]
    #[arg(long, value_name = "CODE", conflicts_with = "invoke", value_parser = clap::value_parser!(i32).range(0..=255))]
    pub expect_exit: Option<i32>,
    /// Arguments passed to the guest
    #[arg(last = true, value_name = "ARGS")]
    pub args: Vec<String>,
}

/// A file and how it is checked.
pub struct FileToCheck {
    /// The file.
    pub file: PathBuf,
    /// Its row's name, unique.
    pub name: String,
    /// Display name: the file's name, or its path if another file has the same name.
    pub title: String,
    /// How to run it.
    pub options: GuestArgs,
    /// Its directories.
    pub dirs: Dirs,
    /// Where it must run, and its budget.
    pub requirements: Requirements,
}

impl FileToCheck {
    /// The only file, to be run on one runtime at a time.
    ///
    /// # Errors
    /// If one of its directories cannot be used.
    pub fn one(file: &Path, options: &GuestArgs) -> Result<Self> {
        let (name, title) = names(&[file.to_owned()]).remove(0);
        let (dirs, requirements) = (options.dirs.dirs(1, 1)?, Requirements::default());
        Ok(Self { file: file.to_owned(), name, title, options: options.clone(), dirs, requirements })
    }
}

/// A row name and a display name per file; paths distinguish files with the same name.
pub fn names(files: &[PathBuf]) -> Vec<(String, String)> {
    let stem = |file: &Path| {
        let stem = file.file_stem().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
        // It becomes the name of a folder; a file may be called `...wasm`.
        if matches!(stem.as_str(), "" | "." | "..") { "file".to_owned() } else { stem }
    };
    let mut taken: Vec<String> = Vec::new();
    let mut names = Vec::new();
    for file in files {
        let is_clear = |name: &str| files.iter().filter(|other| stem(other) == name).count() == 1;
        let whole = file.file_name().map(|n| n.to_string_lossy().into_owned()).unwrap_or_default();
        let base = stem(file);
        if is_clear(&base) {
            taken.push(base.clone());
            names.push((base, whole));
            continue;
        }
        // app.wasm and app.wat; a/app.wasm and b/app.wasm; the same file twice.
        let is_of_folder = |part: &Component| matches!(part, Component::Normal(_));
        let mut parents = file.parent().into_iter().flat_map(Path::components).filter(is_of_folder);
        let parent = parents.next_back().map(|part| format!("{}-{base}", part.as_os_str().to_string_lossy()));
        let extension = file.extension().map(|end| format!("{base}-{}", end.to_string_lossy()));
        let numbered = (2..).map(|number| format!("{base}-{number}"));
        let mut candidates = std::iter::once(base.clone()).chain(parent).chain(extension).chain(numbered);
        let name =
            candidates.find(|name| !taken.contains(name) && (*name == base || !files.iter().any(|f| stem(f) == *name)));
        let name = name.unwrap_or(base);
        taken.push(name.clone());
        names.push((name, file.display().to_string()));
    }
    names
}

/// The scenario and guest of one file. `timeout`: limit of a client step, milliseconds.
pub fn prepare(lab: &Lab, given: &FileToCheck, max_size: &MaxSize, timeout: Option<u64>) -> Result<(Scenario, Guest)> {
    let (file, args) = (given.file.as_path(), &given.options);
    let bytes = read(file, max_size)?;
    let sha256 = lab.cache.put_object(&bytes)?;
    let facts = match facts_of_given(lab, &sha256) {
        Ok(facts) => Some(facts),
        // The row and each runtime report what is wrong with it.
        Err(ReadError::Refused(_) | ReadError::Syntax(_)) => None,
        Err(error) => return usage(format!("failed to read `{}`: {error}", file.visible())),
    };
    let mut run = run_table(facts.as_ref(), given, max_size)?;
    let step = args.client.apply(&mut run, timeout)?;
    let spec = ScenarioFile {
        expect: Expect {
            exit: args.expect_exit.unwrap_or(0),
            stdout_contains: args.expect_stdout.iter().filter(|_| args.invoke.is_none()).cloned().collect(),
            ..Expect::default()
        },
        step,
        ..ScenarioFile::given(&given.title, run)
    };
    let guest = Guest::given(sha256);
    Ok((Scenario { name: given.name.clone(), dir: PathBuf::new(), spec }, guest))
}

/// The binary; the text format is assembled.
fn read(file: &Path, max_size: &MaxSize) -> Result<Vec<u8>> {
    let bytes = max_size.read(file).or_else(|e| usage(format!("failed to read `{}`: {e}", file.visible())))?;
    if !source::is_text(file, &bytes) {
        return Ok(bytes);
    }
    match reading::read(file, Representation::Binary) {
        Err(ReadError::Refused(message) | ReadError::Syntax(message)) => usage(message),
        read => read.or_else(|error| usage(format!("failed to read `{}`: {error}", file.visible()))),
    }
}

fn run_table(facts: Option<&Facts>, given: &FileToCheck, max_size: &MaxSize) -> Result<Run> {
    let (name, args) = (given.title.as_str(), &given.options);
    if given.requirements.load
        && let Some(facts) = facts.filter(|facts| !facts.lacks_command())
    {
        let (what, instead) = match (facts.kind, facts.shape) {
            (BinaryKind::Component, shape) if shape != Shape::Command => {
                ("component", "call an export with --invoke, which also loads the component")
            }
            (_, Shape::Object) => ("object file", "link it first"),
            (_, Shape::SideModule) => ("side module", "its main module loads it"),
            _ => ("program", "remove --load"),
        };
        return usage(format!("{name} is a {what}, but --load accepts only libraries: {instead}"));
    }
    let mut run = Run { args: args.args.clone(), dir: given.dirs.dirs.clone(), ..Run::default() };
    for text in &args.env {
        match text.split_once('=') {
            Some((name, value)) if !name.is_empty() => run.env.insert(name.to_owned(), value.to_owned()),
            _ => return usage(format!("--env `{text}` is not NAME=VALUE")),
        };
    }
    if let Some(file) = &args.stdin {
        let bytes =
            max_size.read(file).or_else(|e| usage(format!("--stdin `{}` cannot be read: {e}", file.visible())))?;
        run.stdin =
            String::from_utf8(bytes).with_context(|| format!("failed to use `{}`: it is not UTF-8", file.visible()))?;
    }
    if let Some(export) = &args.invoke {
        run.entry = EntryPointKind::Calls;
        run.args = Vec::new();
        run.call = vec![call(facts, export, given)?];
    } else if let Some(facts) =
        facts.filter(|f| !f.exports.iter().any(|e| e.name == "_start") && f.kind == BinaryKind::Module)
    {
        // Without `_start`, all that can be observed is that it instantiates, and what `_initialize` does.
        let callable: Vec<&str> = facts.callable_exports().map(|export| shown(&export.name)).collect();
        if given.requirements.load || !wasmlab_judge::exports::can_be_called(facts) {
            return Ok(run);
        }
        let hint = if callable.is_empty() {
            let found = wasmlab_judge::exports::missing_export(Some(facts), "_start");
            format!("{name} {}: only loading it can be observed", found.detail)
        } else {
            format!("{name}: to call one of its exports: --invoke NAME -- ARGS (it has {})", first_listed(&callable, 7))
        };
        output::print_progress(&text::wrapped(output::render_options().width, "", "  ", &hint));
    }
    Ok(run)
}

/// A name as written on a command line: an empty one needs quotes.
fn shown(name: &str) -> &str {
    if name.is_empty() { "\"\"" } else { name }
}

/// The call for `--invoke`, with arguments parsed by the parameter types of the export.
fn call(facts: Option<&Facts>, export: &str, given: &FileToCheck) -> Result<ExpectedCall> {
    let (name, file, args) = (given.title.as_str(), given.file.as_path(), &given.options);
    let made = |args, results| ExpectedCall { export: export.to_owned(), args, results, after_previous: false };
    let Some(facts) = facts else { return Ok(made(Vec::new(), None)) };
    let signature = invoke::signature(facts, export, name, file).or_else(usage)?;
    let values = invoke::arguments(signature, export, &args.args).or_else(usage)?;
    let results = match (&args.expect_stdout, signature.results.as_slice()) {
        (None, _) => None,
        (Some(text), [ty]) => Some(vec![typed(ty, text).or_else(|why| usage(format!("--expect-stdout: {why}")))?]),
        (Some(_), results) => {
            let count = results.len();
            return usage(format!(
                "--expect-stdout with --invoke needs an export with one result; `{export}` has {count}"
            ));
        }
    };
    Ok(made(values, results))
}

#[cfg(test)]
mod tests {
    use super::names;

    #[test]
    fn files_with_the_same_name_have_distinct_rows() {
        let check = |files: &[&str], expected: &[(&str, &str)]| {
            let files: Vec<_> = files.iter().map(Into::into).collect();
            let owned = |pair: &(&str, &str)| (pair.0.to_owned(), pair.1.to_owned());
            assert_eq!(names(&files), expected.iter().map(owned).collect::<Vec<_>>());
        };
        check(&["x/a.wasm", "b.wasm"], &[("a", "a.wasm"), ("b", "b.wasm")]);
        check(&["app.wasm", "app.wat"], &[("app", "app.wasm"), ("app-wat", "app.wat")]);
        check(&["old/app.wasm", "../new/app.wasm"], &[("app", "old/app.wasm"), ("new-app", "../new/app.wasm")]);
        check(
            &["a/x.wasm", "b/x.wasm", "b/x.wasm", "b/x.wasm"],
            &[("x", "a/x.wasm"), ("b-x", "b/x.wasm"), ("x-wasm", "b/x.wasm"), ("x-2", "b/x.wasm")],
        );
        // A derived name does not collide with another file's.
        check(
            &["a/x.wasm", "b/x.wasm", "x-wasm.wat"],
            &[("x", "a/x.wasm"), ("b-x", "b/x.wasm"), ("x-wasm", "x-wasm.wat")],
        );
    }
}
