//! `doctor`: shows what is installed, with versions and paths, and how to install what is missing.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use anyhow::Result;
use globset::GlobMatcher;

use self::list::{ToolRow, ToolState};
use super::{common, output, parallel, suggest};
use crate::cell::sandbox;
use crate::engines::{self, Absence};
use crate::exit;
use crate::lab::{CACHE_VARIABLE, DATA_VARIABLE, Lab};
use wasmlab_glob as glob;
use wasmlab_model::scenario::Scenario;
use wasmlab_model::text::escaped;
use wasmlab_report::visible::VisiblePath;
use wasmlab_runtimes::{Runtime, Source, Tool};
use wasmlab_toolchains::{self as toolchains, VersionRequirement};

mod list;

pub const ABOUT: &str = "Show which tools are installed, their versions and paths, and how to install what is missing";
pub const EXAMPLES: &str = "Examples:
  cargo xtask doctor
  cargo xtask doctor 'wasm*' zig              only these runtimes and compilers
  WASMLAB_RUST_TOOLCHAIN=nightly cargo xtask doctor

Exit code: 0, or 3 if the cache cannot be written.";

#[derive(clap::Args)]
pub struct Args {
    /// List only runtimes and compilers that match a glob, and nothing else [default: all]
    #[arg(value_name = "NAME")]
    names: Vec<String>,
}

/// The tools to show.
struct Filter {
    globs: Vec<GlobMatcher>,
}

impl Filter {
    /// Fails if a glob matches no name of a runtime or compiler.
    fn new(lab: &Lab, names: &[String]) -> Result<Self> {
        let columns = || wasmlab_runtimes::all().iter().map(Runtime::id);
        let compilers = || toolchains::all().map(|toolchain| toolchain.id);
        let mut globs = Vec::new();
        for name in names {
            let pattern = common::of_engine(name, columns());
            let glob = match glob::parse(pattern.as_ref().unwrap_or(name)) {
                Ok(glob) => glob.compile_matcher(),
                Err(why) => return common::usage(why),
            };
            let (is_runtime, is_compiler) =
                (columns().any(|id| glob.is_match(id)), compilers().any(|id| glob.is_match(id)));
            if is_compiler && !is_runtime && !lab.has_workspace() {
                let why = "compilers build the lab's scenarios, so `doctor` lists them only in a checkout of the lab";
                return common::usage(format!("`{}` is a compiler: {why}", escaped(name)));
            }
            if !is_compiler && !is_runtime {
                let hint = suggest::hint(name, columns().chain(compilers()));
                let error = format!("no runtime or compiler is named `{}`: {hint}", escaped(name));
                return common::usage(error.trim_end_matches(": "));
            }
            globs.push(glob);
        }
        Ok(Self { globs })
    }

    fn includes(&self, name: &str) -> bool {
        self.globs.is_empty() || self.globs.iter().any(|glob| glob.is_match(name))
    }
}

pub fn run(lab: &Lab, args: &Args) -> Result<u8> {
    lab.machine.forget_answers();
    let filter = Filter::new(lab, &args.names)?;
    let width = output::render_options().width;
    let tested = runtimes(lab, &filter)?;
    // Compilers build the lab's scenarios, so they are of no use without any.
    let scenarios = if lab.has_workspace() { common::scenarios(lab)? } else { Vec::new() };
    let compilers = compilers(lab, &scenarios, &filter);
    lab.machine.save();
    let title = "compilers and libraries for the scenarios";
    let lists = list::rendered("runtimes", &tested, width) + &list::rendered(title, &compilers, width);
    let variable = |name: &str| Some(format!("           {name}={}\n", lab.machine.variable(name)?));
    let variables =
        [CACHE_VARIABLE, DATA_VARIABLE].into_iter().chain(toolchains::variables().into_iter().map(|v| v.name));
    let variables: String = variables.filter_map(variable).collect();
    let cache = lab.cache.dir();
    let writable = fs::create_dir_all(cache).and_then(|()| tempfile::tempfile_in(cache).map(|_| ()));
    if !args.names.is_empty() && lists.is_empty() {
        return common::usage("no scenario of this workspace needs the compilers that were named");
    }
    if !args.names.is_empty() && writable.is_ok() {
        output::print(&format!("{}\n", lists.trim_end()))?;
        return Ok(exit::OK);
    }
    let cache_state = match &writable {
        Ok(()) => format!("{} (writable)", cache.visible()),
        Err(error) => lab.cache.unwritable(error).to_string(),
    };
    output::print(&format!(
        "{lists}sandbox    {}\nworkspace  {}\ncache      {cache_state}\n{variables}",
        sandbox::warning().unwrap_or("guest processes are restricted to their files, TCP ports and signals"),
        if lab.has_workspace() { lab.root.visible() } else { "none; compilers are listed only in one".to_owned() },
    ))?;
    Ok(if writable.is_ok() { exit::OK } else { exit::INTERNAL_ERROR })
}

/// A path for display: short inside the workspace or the user's home folder.
fn shown(lab: &Lab, path: &Path) -> String {
    if let Ok(inside) = path.strip_prefix(&lab.root) {
        return inside.visible();
    }
    let home = std::env::home_dir().filter(|home| home.parent().is_some());
    match home.and_then(|home| Some(path.strip_prefix(home).ok()?.visible())) {
        Some(inside) => format!("~/{inside}"),
        None => path.visible(),
    }
}

/// The rows of the selected runtimes.
fn runtimes(lab: &Lab, filter: &Filter) -> Result<Vec<ToolRow>> {
    // Those that no published matrix has are listed if they are asked for.
    let is_listed = |runtime: &&Runtime| !filter.globs.is_empty() || !runtime.untested;
    let all = wasmlab_runtimes::all().iter().filter(is_listed);
    let wanted: Vec<&Runtime> = all.filter(|runtime| filter.includes(runtime.id())).collect();
    let found = find_all(lab, &wanted)?;
    let builds = |id: &str, place: &str, name: &str| {
        format!("`cargo xtask setup --build-engines --runtime {id}` builds xtask/{place}/{name}, and so does `run-all`")
    };
    let row = |(runtime, found): (&&Runtime, Result<Tool, Option<Absence>>)| {
        let (state, about) = match (&found, runtime.source) {
            (Ok(_), _) => (ToolState::Ok, runtime.note.unwrap_or_default().to_owned()),
            (Err(Some(absence)), _) => (ToolState::Missing, format!("{}; {}", absence.reason, absence.remedy)),
            (Err(None), Source::Driver { driver, .. }) => (ToolState::ToBuild, builds(runtime.id(), "drivers", driver)),
            (Err(None), Source::Embedded(engine)) => (ToolState::ToBuild, builds(runtime.id(), "engines", engine)),
            (Err(None), Source::Program(program)) => (ToolState::Missing, program.install_hint.to_owned()),
        };
        let about = match runtime.note.filter(|_| state != ToolState::Ok) {
            Some(note) => format!("{about} ({note})"),
            None => about,
        };
        let tool = found.ok();
        ToolRow {
            state,
            name: runtime.id().to_owned(),
            // That of a host layer follows the runtime's own.
            version: tool.as_ref().map(|tool| tool.version.replacen(' ', ", ", 1)).unwrap_or_default(),
            program: tool.map(|tool| shown(lab, &tool.program)).unwrap_or_default(),
            about,
        }
    };
    Ok(wanted.iter().zip(found).map(row).collect())
}

/// The tool of each runtime. Several are asked for their versions at a time: a browser takes half a second.
fn find_all(lab: &Lab, runtimes: &[&Runtime]) -> Result<Vec<Result<Tool, Option<Absence>>>> {
    const THREADS: usize = 4;
    parallel::map(runtimes, THREADS, "failed to find the runtimes", |runtime| engines::find_tool(lab, runtime))
}

/// The rows of the toolchains, one for each target and version that a scenario needs.
fn compilers(lab: &Lab, scenarios: &[Scenario], filter: &Filter) -> Vec<ToolRow> {
    let mut seen = BTreeSet::new();
    let mut rows = Vec::new();
    for scenario in scenarios {
        let build = &scenario.spec.build;
        let target = build.target.as_ref().map(|t| format!(" {t}")).unwrap_or_default();
        let version = VersionRequirement::of(build).map(|version| format!(" {version}")).unwrap_or_default();
        let name = format!("{}{version}{target}", build.toolchain);
        let is_wanted = filter.includes(&build.toolchain);
        let (Some(toolchain), true) = (toolchains::find(&build.toolchain), is_wanted && seen.insert(name.clone()))
        else {
            continue;
        };
        let row = |state, about| ToolRow { state, name, version: String::new(), program: String::new(), about };
        if let Some(error) = (toolchain.preflight_error)(build, &lab.machine) {
            rows.push(row(ToolState::Unavailable, format!("{}; {}", error.detail, error.remedy)));
            continue;
        }
        let found = match (toolchain.find)(scenario, &lab.machine) {
            Ok(found) => found,
            Err(missing) => {
                rows.push(row(ToolState::Missing, missing.remedy));
                continue;
            }
        };
        let warnings = (toolchain.warnings)(build, &lab.machine);
        let state = if warnings.is_empty() { ToolState::Ok } else { ToolState::Warning };
        let is_part_of_lab = found.program.as_os_str().is_empty();
        rows.push(ToolRow {
            // Compilers print long version texts; keep only the version.
            version: found.version.split(" (").next().unwrap_or_default().to_owned(),
            program: if is_part_of_lab { "built into the lab".to_owned() } else { shown(lab, &found.program) },
            ..row(state, warnings.join("; "))
        });
    }
    rows
}
