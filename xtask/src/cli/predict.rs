//! `predict`: where a file runs, from the profiles of runtimes, without running it.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use anyhow::Result;
use serde::Serialize;

use super::common::usage;
use super::format::TextOrJson;
use super::guest_file::MaxSize;
use super::output;
use super::text_table::{names, prose};
use crate::exit;
use crate::lab::Lab;
use crate::reading::{self, Form, ReadError};
use crate::store::profiles;
use wasmlab_model::facts::Facts;
use wasmlab_model::profile::Profile;
use wasmlab_reader::predictions::{self, OfFile};
use wasmlab_report::visible::{VisiblePath, on_line};

mod against;

/// Description for `--help`.
pub const ABOUT: &str =
    "Predict where your .wasm or .wat file runs, from each runtime's profile, without running it";
/// Examples for `--help`.
pub const EXAMPLES: &str = "Examples:
  cargo xtask predict app.wasm
  cargo xtask predict app.wasm --runtime 'wasm*' --runtime wazero
  cargo xtask predict lib.wasm --invoke add
  cargo xtask predict a.wasm b.wasm --output json
  cargo xtask predict --against                  compare with the last run-all: contradictions first
  cargo xtask predict --against ci/report.json --runtime wasmi

A prediction needs no installed runtime: it reads the file and the profiles in snapshots/profiles/,
which `probe` writes. It has the code, subject and remedy that `check` would give. If the result
depends on what the program calls, the prediction names the functions.

Exit code: 0. With --against: 1 if a prediction contradicts a result of the same version.";

/// Options.
#[derive(clap::Args)]
pub struct Args {
    /// Modules or components, as .wasm or .wat
    #[arg(value_name = "FILE", required_unless_present = "against")]
    files: Vec<PathBuf>,
    /// Call this export instead of running the program
    #[arg(long, value_name = "EXPORT", conflicts_with = "against")]
    invoke: Option<String>,
    /// Use only profiles whose runtime matches the glob; may be repeated
    #[arg(long, value_name = "GLOB")]
    runtime: Vec<String>,
    /// Compare predictions with the cells of this report [default: reports/latest/report.json]
    #[arg(long, value_name = "REPORT", num_args = 0..=1, default_missing_value = "", conflicts_with = "files")]
    against: Option<String>,
    /// Output format
    #[arg(long, value_enum, default_value_t = TextOrJson::Text)]
    output: TextOrJson,
    #[command(flatten)]
    max_size: MaxSize,
}

/// Version of the output of `--output json`.
const SCHEMA_VERSION: u32 = 1;

/// The output of `--output json`.
#[derive(Serialize)]
struct Printed {
    schema: u32,
    files: Vec<OfFile>,
}

/// Largest part of a reader's message that is printed, characters: it may quote a line of the file.
const MAX_REASON: usize = 2000;

/// Runs the subcommand.
pub fn run(lab: &Lab, args: &Args) -> Result<u8> {
    if let Some(report) = &args.against {
        let latest = super::report::default_file(lab);
        let report = if report.is_empty() { latest } else { PathBuf::from(report) };
        return against::run(lab, &chosen(lab, &args.runtime)?, &report, args.output == TextOrJson::Json);
    }
    // The files are read in processes of their own; meanwhile this one reads the profiles.
    let (profiles, read) = std::thread::scope(|scope| {
        let profiles = scope.spawn(|| chosen(lab, &args.runtime));
        let read = args.files.iter().map(|file| facts(file, args)).collect::<Result<Vec<_>>>();
        (profiles.join(), read)
    });
    let profiles = profiles.map_err(|_| anyhow::anyhow!("the lab failed while it read the profiles"))??;
    let files = args.files.iter().zip(read?);
    let of_file = |(file, facts): (&PathBuf, std::result::Result<Facts, String>)| {
        let facts = facts.as_ref().map_err(String::as_str);
        predictions::of_file(&file.display().to_string(), facts, args.invoke.as_deref(), &profiles)
    };
    let files: Vec<OfFile> = files.map(of_file).collect();
    if args.output == TextOrJson::Json {
        let printed = Printed { schema: SCHEMA_VERSION, files };
        output::print(&(serde_json::to_string_pretty(&printed)? + "\n"))?;
    } else {
        let texts: Vec<String> = files.iter().map(text).collect();
        output::print(&texts.join("\n"))?;
    }
    Ok(exit::OK)
}

/// The profiles to use: of each column that a glob matches, or all.
fn chosen(lab: &Lab, globs: &[String]) -> Result<Vec<Profile>> {
    let columns = profiles::columns(lab)?;
    if columns.is_empty() {
        return usage("snapshots/profiles/ holds no profile: measure some with `cargo xtask probe`");
    }
    let without: Vec<&str> = globs.iter().filter(|glob| !columns.contains(glob)).map(String::as_str).collect();
    if let Some(runtime) = without.iter().find_map(|glob| wasmlab_runtimes::find(glob)) {
        let id = runtime.id();
        return usage(format!("the runtime `{id}` has no profile yet: measure one with `cargo xtask probe --runtime {id}`"));
    }
    let columns = super::common::choose(columns, globs, "runtime", Clone::clone)?;
    profiles::read_of(lab, &|column| columns.iter().any(|chosen| chosen == column))
}

/// The facts of a file, or why it is invalid.
fn facts(file: &Path, args: &Args) -> Result<std::result::Result<Facts, String>> {
    args.max_size.check(file).or_else(|error| usage(format!("failed to read `{}`: {error}", file.visible())))?;
    match reading::facts(file, Form::Facts) {
        Ok(facts) => Ok(Ok(facts)),
        Err(ReadError::Refused(message)) => Ok(Err(message)),
        Err(error) => usage(format!("failed to read `{}`: {error}", file.visible())),
    }
}

/// For people: one line for each result, with the runtimes that have it.
fn text(of: &OfFile) -> String {
    let mut groups: BTreeMap<(u8, String, String), Vec<String>> = BTreeMap::new();
    let mut remedies: Vec<(String, String)> = Vec::new();
    for one in &of.predictions {
        let (rank, result, why) = match one.verdict {
            "runs" if one.switches.is_empty() => (0, "runs".to_owned(), String::new()),
            "runs" => (1, "runs".to_owned(), format!("with {}", one.switches.join(" "))),
            "may-fail" => (2, "may fail".to_owned(), format!("at run time: {}", one.functions.join(", "))),
            "fails" => {
                let code = one.code.unwrap_or("fails").to_owned();
                if let Some(remedy) = &one.remedy
                    && !remedies.iter().any(|(_, known)| known == remedy)
                {
                    remedies.push((code.clone(), remedy.clone()));
                }
                // What a code is about; without a code, what the runtime says.
                let why = one.subject.clone().or_else(|| one.code.is_none().then(|| one.detail.clone()));
                let more = match (one.missing.len() + one.more).saturating_sub(1) {
                    0 => String::new(),
                    more => format!(" and {more} more"),
                };
                let at = one.first_use.as_ref().map(|at| format!(", first in {at}")).unwrap_or_default();
                (3, code, why.unwrap_or_default() + &more + &at)
            }
            _ => continue,
        };
        groups
            .entry((rank, result, on_line(&why).into_owned()))
            .or_default()
            .push(format!("{} {}", one.runtime, one.version));
    }
    let days: Vec<&str> = of.predictions.iter().map(|one| one.measured.as_str()).collect();
    let newest = days.iter().max().copied().unwrap_or_default();
    let rows: Vec<Vec<String>> =
        groups.into_iter().map(|((_, result, why), on)| vec![result, why, on.join(", ")]).collect();
    let columns = [names("prediction"), prose("because", 24), prose("runtimes", 30)];
    let mut shown = format!("{} (profiles measured up to {newest})\n\n", on_line(&of.file));
    if let Some(why) = &of.invalid {
        let why: String = why.chars().take(MAX_REASON).collect();
        shown += &format!("It is not a valid file: {}\n\n", on_line(&why));
    }
    shown += &output::table(&columns, &rows);
    if !remedies.is_empty() {
        shown += "\nWhat would change that:\n";
        let mut told: Vec<String> = Vec::new();
        for (code, remedy) in remedies {
            let remedy = wasmlab_report::text::unless_told(&mut told, &remedy);
            shown +=
                &wasmlab_report::text::wrapped(output::render_options().width, &format!("  {code}: "), "    ", &remedy);
            shown.push('\n');
        }
    }
    shown
}
