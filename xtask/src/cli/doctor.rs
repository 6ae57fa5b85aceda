//! `doctor`: shows what is installed, with versions and paths, and how to install what is missing.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};

use anyhow::Result;
use globset::GlobMatcher;

use super::{common, output, suggest};
use crate::cell::sandbox;
use crate::engines::{self, Absence};
use crate::exit;
use crate::lab::{CACHE_VARIABLE, DATA_VARIABLE, Lab};
use wasmlab_glob as glob;
use wasmlab_model::scenario::Scenario;
use wasmlab_model::text::escaped;
use wasmlab_report::text;
use wasmlab_report::visible::VisiblePath;
use wasmlab_runtimes::{self as runtimes, Runtime, Source, Tool};
use wasmlab_toolchains::{self as toolchains, VersionRequirement};

pub const ABOUT: &str = "Show which tools are installed, their versions and paths, and how to install what is missing";
pub const EXAMPLES: &str = "Examples:
  cargo xtask doctor
  cargo xtask doctor 'wasm*' zig              only these runtimes and compilers
  WASMLAB_RUST_TOOLCHAIN=nightly cargo xtask doctor

Exit code: 0, or 3 if the cache cannot be written.";

/// One line per tool, wrapped below its name.
#[derive(Default)]
struct List {
    width: usize,
    text: String,
    installed: usize,
    /// The names of the tools that the lab builds when they are needed.
    to_build: Vec<String>,
    /// The names of the tools that cannot be used.
    missing: Vec<String>,
}

impl List {
    /// State, name, version, and the path or how to install it.
    fn add(&mut self, [state, name, version, about]: [&str; 4]) {
        // Compilers print long version texts; keep only the version.
        let version = version.split(" (").next().unwrap_or_default();
        let what = if version.is_empty() { name.to_owned() } else { format!("{name} {version}") };
        let first = format!("{state:<9}{what:<36} ");
        self.text += &text::wrapped_between_words(self.width, &first, &" ".repeat(11), about);
        self.text.push('\n');
        match state {
            "ok" => self.installed += 1,
            "to build" => self.to_build.push(name.to_owned()),
            "missing" | "no" => self.missing.push(name.to_owned()),
            _ => {}
        }
    }

    /// The heading, the lines, and how many of these tools are installed.
    fn finish(self, title: &str) -> String {
        let all = self.installed + self.to_build.len() + self.missing.len();
        if all == 0 {
            return String::new();
        }
        let mut summary = format!("{} of {all} installed", self.installed);
        for (what, names) in [("to build", &self.to_build), ("missing", &self.missing)] {
            if !names.is_empty() {
                summary += &format!("; {what}: {}", names.join(", "));
            }
        }
        format!("{title}\n{}{}\n\n", self.text, text::wrapped_between_words(self.width, "", "  ", &summary))
    }
}

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
        let columns = || runtimes::all().iter().map(Runtime::id);
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

/// Appends the runtime's note, if any.
fn noted(runtime: &Runtime, about: &str) -> String {
    runtime.note.map_or_else(|| about.to_owned(), |note| format!("{about} ({note})"))
}

pub fn run(lab: &Lab, args: &Args) -> Result<u8> {
    lab.machine.forget_answers();
    let filter = Filter::new(lab, &args.names)?;
    let width = output::render_options().width;
    let (mut tested, mut compilers) = (List { width, ..List::default() }, List { width, ..List::default() });
    add_runtimes(&mut tested, lab, &filter)?;
    // Compilers build the lab's scenarios, so they are of no use without any.
    let scenarios = if lab.has_workspace() { common::scenarios(lab)? } else { Vec::new() };
    add_toolchains(&mut compilers, lab, &scenarios, &filter);
    lab.machine.save();
    let lists = [tested.finish("runtimes"), compilers.finish("compilers and libraries for the scenarios")].concat();
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

/// A path; inside the workspace it is short enough to type.
fn shown(lab: &Lab, path: &Path) -> String {
    path.strip_prefix(&lab.root).unwrap_or(path).visible()
}

fn add_runtimes(list: &mut List, lab: &Lab, filter: &Filter) -> Result<()> {
    // Those that no published matrix has are listed if they are asked for.
    let is_listed = |runtime: &&Runtime| !filter.globs.is_empty() || !runtime.untested;
    let all = runtimes::all().iter().filter(is_listed);
    let wanted: Vec<&Runtime> = all.filter(|runtime| filter.includes(runtime.id())).collect();
    for (runtime, found) in wanted.iter().zip(find_all(lab, &wanted)?) {
        match (found, runtime.source) {
            (Ok(tool), _) => {
                list.add(["ok", runtime.id(), &tool.version, &noted(runtime, &shown(lab, &tool.program))]);
            }
            (Err(Some(absence)), _) => {
                let about = format!("{}; {}", absence.reason, absence.remedy);
                list.add(["missing", runtime.id(), "", &noted(runtime, &about)]);
            }
            (Err(None), Source::Driver { driver, .. }) => list.add([
                "to build",
                runtime.id(),
                "",
                &format!("`cargo xtask run-all` builds xtask/drivers/{driver}"),
            ]),
            (Err(None), Source::Embedded(engine)) => list.add([
                "to build",
                runtime.id(),
                "",
                &format!("`cargo xtask run-all` builds xtask/engines/{engine}"),
            ]),
            (Err(None), Source::Program(program)) => {
                list.add(["missing", runtime.id(), "", program.install_hint]);
            }
        }
    }
    Ok(())
}

/// The tool of each runtime. Several are asked for their versions at a time: a browser takes half a second.
fn find_all(lab: &Lab, runtimes: &[&Runtime]) -> Result<Vec<Result<Tool, Option<Absence>>>> {
    const THREADS: usize = 4;
    let next = AtomicUsize::new(0);
    let work = || {
        let mut found = Vec::new();
        while let Some(runtime) = runtimes.get(next.fetch_add(1, Ordering::Relaxed)) {
            found.push((runtime.id(), engines::find_tool(lab, runtime)));
        }
        found
    };
    let mut found = BTreeMap::new();
    let all_ended = std::thread::scope(|scope| {
        let threads: Vec<_> = (0..THREADS).map(|_| scope.spawn(work)).collect();
        threads.into_iter().all(|thread| thread.join().map(|part| found.extend(part)).is_ok())
    });
    anyhow::ensure!(all_ended, "failed to find the runtimes: a thread of the lab panicked");
    Ok(runtimes.iter().map(|runtime| found.remove(runtime.id()).unwrap_or(Err(None))).collect())
}

/// Adds each toolchain once for each target and version that a scenario needs.
fn add_toolchains(list: &mut List, lab: &Lab, scenarios: &[Scenario], filter: &Filter) {
    let mut seen = BTreeSet::new();
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
        if let Some(error) = (toolchain.preflight_error)(build, &lab.machine) {
            list.add(["no", &name, "", &format!("{}; {}", error.detail, error.remedy)]);
            continue;
        }
        for warning in (toolchain.warnings)(build, &lab.machine) {
            list.add(["warning", &name, "", &warning]);
        }
        match (toolchain.find)(scenario, &lab.machine) {
            Ok(found) if found.program.as_os_str().is_empty() => {
                list.add(["ok", &name, &found.version, "within the lab"])
            }
            Ok(found) => list.add(["ok", &name, &found.version, &shown(lab, &found.program)]),
            Err(missing) => list.add(["missing", &name, "", &missing.remedy]),
        }
    }
}
