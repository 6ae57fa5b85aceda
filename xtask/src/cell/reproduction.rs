//! Writes a cell into a self-contained folder with relative paths, for people who do not have the lab.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use super::plan::CellPlan;
use super::preopens::{self, Contents};
use crate::lab::Lab;
use wasmlab_runtimes::Tool;

/// Variables of the script that stand for the programs of a command.
pub const VARIABLES: [&str; 3] = [RUNTIME, COMPILER, DRIVEN];
const RUNTIME: &str = "$RUNTIME";
const COMPILER: &str = "$COMPILER";
const DRIVEN: &str = "$DRIVEN";
/// The folder for the driver's files.
const SUPPORT: &str = "driver";
/// The folder for npm packages, where `npm install` puts them.
const PACKAGES: &str = "node_modules";
/// The folder of a Python column's package, where the reproduction's README has it installed.
pub const PYTHON_PACKAGES: &str = "site-packages";

/// The content of a reproduction folder.
#[derive(Debug)]
pub struct Reproduction {
    /// File name of the module.
    pub module: String,
    /// The command that compiles it ahead of time, if any. Programs are [`VARIABLES`].
    pub precompile: Option<Vec<OsString>>,
    /// The folder for the compiled code.
    pub precompiled: PathBuf,
    /// The commands that run it.
    pub commands: Vec<Vec<OsString>>,
    /// Environment variables of its program, in addition to the usual ones.
    pub env: Vec<(&'static str, OsString)>,
    /// Ports by name, chosen to be likely free.
    pub ports: BTreeMap<String, u16>,
}

/// Writes the cell's files to `into`, an empty folder.
///
/// # Errors
/// If a file cannot be written.
pub fn reproduce(lab: &Lab, plan: &CellPlan, into: &Path) -> io::Result<Reproduction> {
    let packages = if plan.runtime.python_package.is_some() { PYTHON_PACKAGES } else { PACKAGES };
    let tool = &with_placeholders(plan.tool, packages);
    let plan = &CellPlan { tool, ..*plan };
    let (paths, ports) = plan.relative();
    let spec = plan.spec(&paths, &ports);
    let ports = ports.all().into_iter().chain(plan.relative_sockets()).collect::<BTreeMap<_, _>>();
    let run = &plan.scenario.spec.run;
    let module = spec.module.display().to_string();
    fs::copy(lab.cache.object(plan.guest), into.join(&module))?;
    for (name, hash) in plan.companions {
        let to = into.join(name);
        fs::create_dir_all(to.parent().unwrap_or(into))?;
        fs::copy(lab.cache.object(hash), to)?;
    }
    if !run.dir.is_empty() {
        fs::create_dir_all(into.join("dirs"))?;
    }
    preopens::populate(Contents { scenario: plan.scenario, ports: &ports }, &into.join("dirs"))?;
    if plan.runtime.dirs_keep_host_paths {
        preopens::link_by_name(&paths.dirs, into)?;
    }
    let commands = plan.commands(&paths, &spec);
    if commands.precompile.iter().chain(&commands.run).flatten().any(|arg| arg == paths.spec.as_os_str()) {
        fs::write(into.join(&paths.spec), serde_json::to_vec_pretty(&spec)?)?;
    }
    for (name, text) in &commands.files {
        fs::write(into.join(name), text)?;
    }
    for (name, text) in plan.runtime.support_files {
        let to = into.join(SUPPORT).join(name);
        fs::create_dir_all(to.parent().unwrap_or(into))?;
        fs::write(to, text)?;
    }
    if !run.stdin.is_empty() {
        fs::write(into.join("stdin.txt"), &run.stdin)?;
    }
    let env = (plan.runtime.env)(tool);
    Ok(Reproduction {
        module,
        precompile: commands.precompile,
        precompiled: paths.precompiled,
        commands: commands.run,
        env,
        ports,
    })
}

/// Replaces programs and files of this machine by [`VARIABLES`] and relative paths.
fn with_placeholders(tool: &Tool, packages: &str) -> Tool {
    let named = |path: &Path, name: &str| if path.as_os_str().is_empty() { PathBuf::new() } else { name.into() };
    Tool {
        program: RUNTIME.into(),
        aux_program: named(&tool.aux_program, COMPILER),
        driven_program: named(&tool.driven_program, DRIVEN),
        support_dir: named(&tool.support_dir, SUPPORT),
        packages_dir: named(&tool.packages_dir, packages),
        ..tool.clone()
    }
}
