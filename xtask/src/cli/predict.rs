//! `predict`: where a file runs, from the profiles of runtimes, without running it.

use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};

use anyhow::Result;
use serde::Serialize;

use super::common::usage;
use super::files;
use super::format::TextOrJsonArgs;
use super::guest_file::MaxSize;
use super::invoke;
use super::output;
use crate::exit;
use crate::lab::Lab;
use crate::reading::{self, ReadError, Representation};
use crate::store::profiles::{self, ProfileParts};
use wasmlab_model::facts::{BinaryKind, Facts};
use wasmlab_model::names::and_more;
use wasmlab_model::prediction::{Uncertainty, list_uncertain};
use wasmlab_model::profile::Profile;
use wasmlab_model::report::INVALID_FILE;
use wasmlab_model::text::cut_with_size;
use wasmlab_reader::answer;
use wasmlab_reader::predictions::{self, FilePredictions, InvalidFile, RuntimePrediction};
use wasmlab_report::answer::with_switches;
use wasmlab_report::text::{without_repetition, wrapped};
use wasmlab_report::visible::{VisiblePath, on_line};

mod against;

/// Description for `--help`.
pub const ABOUT: &str = "Predict where your .wasm or .wat file runs, from each runtime's profile, without running it";
/// Examples for `--help`.
pub const EXAMPLES: &str = "Examples:
  cargo xtask predict app.wasm
  cargo xtask predict app.wasm --runtime 'wasm*' --runtime wazero
  cargo xtask predict 'build/*.wasm'
  cargo xtask predict lib.wasm --invoke add
  cargo xtask predict a.wasm b.wasm --output json
  cargo xtask predict --against                  compare with the last run-all: contradictions first
  cargo xtask predict --against ci/report.json --runtime wasmi

A prediction needs no installed runtime: it reads the file and the profiles in snapshots/profiles/,
which `probe` writes. It gives the code, what the code is about (the import, function or proposal),
and the remedy, as `check` would. If the file and the profile do not decide the result, the
prediction names what it depends on. \"Runs\" means that the runtime starts the guest: what its own code then does, such as a
trap or an exit code, is not predicted.

Exit code: 0; 2 if a file is not WebAssembly, cannot be parsed, or lacks the export that --invoke names.
With --against: 1 if a prediction contradicts a result of the same runtime version.";

/// Options.
#[derive(clap::Args)]
pub struct Args {
    /// Modules or components (.wasm or .wat); globs are expanded
    #[arg(value_name = "FILE", required_unless_present = "against")]
    files: Vec<PathBuf>,
    /// Call this export instead of running the program
    #[arg(long, value_name = "EXPORT", conflicts_with = "against")]
    invoke: Option<String>,
    /// Arguments of the export, as for `check`. The lab checks their number and types; the prediction does not depend on
    /// their values
    #[arg(last = true, value_name = "ARGS")]
    args: Vec<String>,
    /// Use only profiles whose runtime matches the glob; may be repeated
    #[arg(long, value_name = "GLOB")]
    runtime: Vec<String>,
    /// Compare predictions with the cells of this report [default: reports/latest/report.json]
    #[arg(long, value_name = "REPORT", num_args = 0..=1, default_missing_value = "", conflicts_with = "files")]
    against: Option<String>,
    #[command(flatten)]
    format: TextOrJsonArgs,
    #[command(flatten)]
    max_size: MaxSize,
}

/// Version of the output of `--output json`.
const SCHEMA_VERSION: u32 = 4;

/// The output of `--output json`.
#[derive(Serialize)]
struct PredictOutput {
    files: Vec<FilePredictions>,
}

/// Largest part of a reader's message that is printed, characters: it may quote a line of the file.
const MAX_REASON: usize = 2000;
/// Maximum number of runtimes that are named although all have the same prediction.
const MAX_RUNTIMES: usize = 8;
/// Maximum number of functions that a line names.
const MAX_FUNCTIONS: usize = 8;

/// Runs the subcommand.
pub fn run(lab: &Lab, args: &Args) -> Result<u8> {
    if let Some(report) = &args.against {
        let latest = super::report::default_file(lab);
        let report = if report.is_empty() { latest } else { PathBuf::from(report) };
        return against::run(lab, &chosen(lab, &args.runtime, ProfileParts::All)?, &report, args.format.is_json());
    }
    let paths = files::named(&args.files)?;
    // The files are read in processes of their own; meanwhile this one reads the profiles.
    let parts = if paths.iter().all(|file| is_module(file)) { ProfileParts::ForModules } else { ProfileParts::All };
    let (profiles, read) = std::thread::scope(|scope| {
        let profiles = scope.spawn(move || chosen(lab, &args.runtime, parts));
        let read = paths.iter().map(|file| facts(file, args)).collect::<Result<Vec<_>>>();
        (profiles.join(), read)
    });
    let mut profiles = profiles.map_err(|_| anyhow::anyhow!("the lab failed while it read the profiles"))??;
    let read = read?;
    // A file may change between both.
    if parts != ProfileParts::All && read.iter().flatten().any(|facts| facts.kind == BinaryKind::Component) {
        profiles = chosen(lab, &args.runtime, ProfileParts::All)?;
    }
    // Freeing the profiles takes longer than predicting from them, and the program ends here.
    let profiles: &[Profile] = profiles.leak();
    let of_file = |(file, facts): (&PathBuf, &std::result::Result<Facts, FileError>)| {
        let facts = facts.as_ref().map_err(FileError::as_invalid);
        predictions::predict_file(&file.display().to_string(), facts, args.invoke.as_deref(), profiles)
    };
    let files: Vec<FilePredictions> = paths.iter().zip(&read).map(of_file).collect();
    let refused = paths.iter().zip(&read).map(|(file, read)| match read {
        Ok(facts) => wrong_call(file, facts, args),
        Err(error) => refused(file, error),
    });
    let refused: Vec<Option<String>> = refused.collect();
    let is_refused = refused.iter().any(Option::is_some);
    if args.format.is_json() {
        for why in refused.iter().flatten() {
            output::print_error(&why.trim_end().replace("\n  ", " "));
        }
        output::print_versioned_json(SCHEMA_VERSION, &PredictOutput { files })?;
    } else {
        let texts = files.iter().zip(refused).map(|(of, refused)| refused.unwrap_or_else(|| text(of, profiles)));
        let texts: Vec<String> = texts.collect();
        output::print(&texts.join("\n"))?;
    }
    Ok(if is_refused { exit::USAGE } else { exit::OK })
}

/// The profiles to use: of each column that a glob matches, or all.
fn chosen(lab: &Lab, globs: &[String], parts: ProfileParts) -> Result<Vec<Profile>> {
    let columns = profiles::columns(lab)?;
    if columns.is_empty() {
        return usage("snapshots/profiles/ holds no profile: measure some with `cargo xtask probe`");
    }
    let without: Vec<&str> = globs.iter().filter(|glob| !columns.contains(glob)).map(String::as_str).collect();
    if let Some(runtime) = without.iter().find_map(|glob| wasmlab_runtimes::find(glob)) {
        let id = runtime.id();
        return usage(format!(
            "the runtime `{id}` has no profile yet: measure one with `cargo xtask probe --runtime {id}`"
        ));
    }
    let columns = super::common::choose(columns, globs, "runtime", Clone::clone)?;
    profiles::read_matching(lab, &|column| columns.iter().any(|chosen| chosen == column), parts)
}

/// Whether a file begins as a core module in the binary format.
fn is_module(file: &Path) -> bool {
    let mut start = [0; 8];
    file.is_file()
        && File::open(file).and_then(|mut file| file.read_exact(&mut start)).is_ok()
        && start == *b"\0asm\x01\0\0\0"
}

/// Why a file has no facts.
enum FileError {
    /// It is text that cannot be parsed.
    Syntax(String),
    /// It is not WebAssembly, or only a part of it.
    NotWebAssembly { message: String, remedy: &'static str },
    /// It is malformed.
    Malformed(String),
}

impl FileError {
    const fn as_invalid(&self) -> InvalidFile<'_> {
        match self {
            Self::Syntax(message) | Self::NotWebAssembly { message, .. } => {
                InvalidFile::NotWebAssembly(message.as_str())
            }
            Self::Malformed(message) => InvalidFile::Malformed(message.as_str()),
        }
    }
}

/// The facts of a file, or why it is not valid.
fn facts(file: &Path, args: &Args) -> Result<std::result::Result<Facts, FileError>> {
    args.max_size.check(file).or_else(|error| usage(format!("failed to read `{}`: {error}", file.visible())))?;
    match reading::facts(file, Representation::Facts) {
        Ok(facts) => Ok(Ok(facts)),
        Err(ReadError::Syntax(message)) => Ok(Err(FileError::Syntax(message))),
        Err(ReadError::Refused(message)) => {
            let bytes = args.max_size.read(file).ok();
            Ok(Err(match bytes.and_then(|bytes| reading::invalid_file(file, &bytes)?.remedy()) {
                Some(remedy) => FileError::NotWebAssembly { message, remedy },
                None => FileError::Malformed(message),
            }))
        }
        Err(error) => usage(format!("failed to read `{}`: {error}", file.visible())),
    }
}

/// Why the export that `--invoke` names cannot be called with these arguments, which may be missing.
fn wrong_call(file: &Path, facts: &Facts, args: &Args) -> Option<String> {
    let export = args.invoke.as_deref()?;
    let name = file.visible().to_string();
    let wrong = match invoke::signature(facts, export, &name, file) {
        Err(missing) => missing,
        Ok(signature) if !args.args.is_empty() => {
            format!("{name}: {}", invoke::arguments(signature, export, &args.args).err()?)
        }
        Ok(_) => return None,
    };
    Some(wrapped(output::render_options().width, "", "  ", &on_line(&wrong)) + "\n")
}

/// For a file that no runtime accepts because it is not WebAssembly or is incomplete: why, and what to do.
fn refused(file: &Path, error: &FileError) -> Option<String> {
    let first = format!("{}   ", file.visible());
    match error {
        FileError::Syntax(message) => Some(format!("{first}{INVALID_FILE}: {}\n", message.trim())),
        FileError::NotWebAssembly { message, remedy } => {
            let text = format!("{INVALID_FILE}: {message}. {remedy}");
            Some(wrapped(output::render_options().width, &first, "  ", &on_line(&text)) + "\n")
        }
        FileError::Malformed(_) => None,
    }
}

/// The text for people, in the form of `check`: the runtimes of each result, the reason, and what would change it.
fn text(of: &FilePredictions, profiles: &[Profile]) -> String {
    let days: Vec<&str> = of.predictions.iter().map(|one| one.measured.as_str()).collect();
    let newest = days.iter().max().copied().unwrap_or_default();
    let mut shown = format!("{} (profiles measured up to {newest}; nothing was run)\n", on_line(&of.file));
    if let Some(why) = &of.invalid {
        let why: String = why.chars().take(MAX_REASON).collect();
        shown += &paragraph("not valid", &why);
    }
    let (mut shown_remedies, mut shown_loaded): (Vec<String>, bool) = (Vec::new(), false);
    for group in answer::groups(of, profiles) {
        let one = &of.predictions[group.members[0]];
        let (label, why) = match (one.outcome, one.code) {
            ("runs", _) if one.switches.is_empty() => ("runs on", String::new()),
            ("runs", _) => ("runs on", format!("with {}", one.switches.join(", "))),
            ("may-fail", _) => ("may fail on", may_fail(one)),
            ("fails", Some(code)) => {
                let why = shared_reason(of, &group.members);
                let label = if one.only_loads { "loads on" } else { "does not" };
                (label, if why.is_empty() { code.to_owned() } else { format!("{code}: {why}") })
            }
            ("fails", None) => ("does not", reason(one)),
            ("not-attempted", _) => ("not attempted", one.detail.clone()),
            _ => continue,
        };
        shown.push('\n');
        let with = if one.only_loads { with_switches(&one.switches) } else { String::new() };
        let count = group.members.len();
        let is_everywhere = count == of.predictions.len() && count > MAX_RUNTIMES;
        let names = if is_everywhere { format!("all {count} runtimes that have a profile") } else { group.names };
        shown += &paragraph(label, &format!("{names}{with}"));
        // Once is enough: only the switches differ.
        if one.only_loads && std::mem::replace(&mut shown_loaded, true) {
            continue;
        }
        if !why.is_empty() {
            shown += &paragraph("", &why);
        }
        if let Some(remedy) = one.remedy.as_deref().filter(|_| one.outcome == "fails") {
            let remedy = without_repetition(&mut shown_remedies, remedy, one.next_obstacle_remedy.as_deref());
            shown += &indented(&format!("{:LABEL$}→ ", ""), &format!("{:LABEL$}  ", ""), &remedy);
        }
    }
    shown
}

/// Largest part of a name that is printed, characters: an import may have any name.
const MAX_NAME: usize = 200;

/// What a prediction depends on, shortened.
fn may_fail(one: &RuntimePrediction) -> String {
    let shorten = |of: &Uncertainty| Uncertainty { name: cut_with_size(&of.name, MAX_NAME).into_owned(), ..of.clone() };
    let shown: Vec<Uncertainty> = one.uncertain.iter().take(MAX_FUNCTIONS).map(shorten).collect();
    list_uncertain(&shown, one.uncertain.len() - shown.len() + one.omitted)
}

/// Width of the labels, characters.
const LABEL: usize = 13;

fn paragraph(label: &str, text: &str) -> String {
    indented(&format!("{label:width$}  ", width = LABEL - 2), &" ".repeat(LABEL), text)
}

fn indented(first: &str, rest: &str, text: &str) -> String {
    wrapped(output::render_options().width, first, rest, &on_line(text)) + "\n"
}

/// The reason of a group's runtimes. Where a sentence differs between them, it is the first one's, with its name.
fn shared_reason(of: &FilePredictions, members: &[usize]) -> String {
    let [first, others @ ..] = members else { return String::new() };
    let (one, why) = (&of.predictions[*first], reason(&of.predictions[*first]));
    let differs = is_told(one) && others.iter().any(|at| of.predictions[*at].detail != one.detail);
    if differs && !one.only_loads { format!("{}: {why}", one.runtime) } else { why }
}

/// Whether only a sentence tells the reason.
fn is_told(one: &RuntimePrediction) -> bool {
    matches!(one.code, None | Some("no-entry-point" | "host-refused" | "trap")) && !one.detail.is_empty()
}

/// The subject of a reason, or the runtime's message if there is no code; the number of other missing imports; the
/// place of the first use.
fn reason(one: &RuntimePrediction) -> String {
    let subject = if is_told(one) { one.detail.clone() } else { one.subject.clone().unwrap_or_default() };
    let subject = cut_with_size(&subject, MAX_NAME).into_owned();
    let more = and_more((one.missing_imports.len() + one.omitted).saturating_sub(1));
    let at = one.first_use.as_ref().map(|at| format!(", first used {}", at.place())).unwrap_or_default();
    subject + &more + &at
}
