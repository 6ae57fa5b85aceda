//! `doctor`: shows what is installed, with versions and paths, and how to install what is missing.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use anyhow::Result;

use super::common;
use super::output;
use crate::cell::sandbox;
use crate::engines;
use crate::exit;
use crate::lab::{CACHE_VARIABLE, DATA_VARIABLE, Lab};
use wasmlab_model::scenario::Scenario;
use wasmlab_report::text;
use wasmlab_report::visible::VisiblePath;
use wasmlab_runtimes::{self as runtimes, Runtime, Source};
use wasmlab_toolchains::{self as toolchains, VersionRequirement};

pub const ABOUT: &str = "Show which tools are installed, their versions and paths, and how to install what is missing";
pub const EXAMPLES: &str = "Examples:
  cargo xtask doctor
  WASMLAB_RUST_TOOLCHAIN=nightly cargo xtask doctor

Exit code: 0, or 3 if the cache cannot be written.";

/// One line per tool, wrapped below its name.
struct List {
    width: usize,
    text: String,
}

impl List {
    /// State, name, version, and the path or how to install it.
    fn add(&mut self, [state, name, version, about]: [&str; 4]) {
        // Compilers print long version texts; keep only the version.
        let version = version.split(" (").next().unwrap_or_default();
        let what = if version.is_empty() { name.to_owned() } else { format!("{name} {version}") };
        let first = format!("{state:<9}{what:<36} ");
        self.text += &text::wrapped(self.width, &first, &" ".repeat(11), about);
        self.text.push('\n');
    }
}

#[derive(clap::Args)]
pub struct Args {}

/// Appends the runtime's note, if any.
fn noted(runtime: &Runtime, about: &str) -> String {
    runtime.note.map_or_else(|| about.to_owned(), |note| format!("{about} ({note})"))
}

pub fn run(lab: &Lab, _: &Args) -> Result<u8> {
    lab.machine.forget_answers();
    let mut list = List { width: output::render_options().width, text: String::new() };
    add_runtimes(&mut list, lab);
    // Compilers build the lab's scenarios, so they are of no use without any.
    let scenarios = if lab.has_workspace() { common::scenarios(lab)? } else { Vec::new() };
    add_toolchains(&mut list, lab, &scenarios);
    lab.machine.save();
    let variable = |name: &str| Some(format!("           {name}={}\n", lab.machine.variable(name)?));
    let variables =
        [CACHE_VARIABLE, DATA_VARIABLE].into_iter().chain(toolchains::variables().into_iter().map(|v| v.name));
    let variables: String = variables.filter_map(variable).collect();
    let cache = lab.cache.dir();
    let writable = fs::create_dir_all(cache).and_then(|()| tempfile::tempfile_in(cache).map(|_| ()));
    let cache_state = match &writable {
        Ok(()) => format!("{} (writable)", cache.visible()),
        Err(error) => lab.cache.unwritable(error).to_string(),
    };
    output::print(&format!(
        "{}\nsandbox    {}\nworkspace  {}\ncache      {cache_state}\n{variables}",
        list.text,
        sandbox::warning().unwrap_or("guest processes are restricted to their files, TCP ports and signals"),
        if lab.has_workspace() { lab.root.visible() } else { "none; compilers are listed only in one".to_owned() },
    ))?;
    Ok(if writable.is_ok() { exit::OK } else { exit::INTERNAL_ERROR })
}

/// A path; inside the workspace it is short enough to type.
fn shown(lab: &Lab, path: &Path) -> String {
    path.strip_prefix(&lab.root).unwrap_or(path).visible()
}

fn add_runtimes(list: &mut List, lab: &Lab) {
    for runtime in runtimes::tested() {
        match (engines::find_tool(lab, runtime), runtime.source) {
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
}

/// Adds each toolchain once for each target and version that a scenario needs.
fn add_toolchains(list: &mut List, lab: &Lab, scenarios: &[Scenario]) {
    let mut seen = BTreeSet::new();
    for scenario in scenarios {
        let build = &scenario.spec.build;
        let target = build.target.as_ref().map(|t| format!(" {t}")).unwrap_or_default();
        let version = VersionRequirement::of(build).map(|version| format!(" {version}")).unwrap_or_default();
        let name = format!("{}{version}{target}", build.toolchain);
        let (Some(toolchain), true) = (toolchains::find(&build.toolchain), seen.insert(name.clone())) else { continue };
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
