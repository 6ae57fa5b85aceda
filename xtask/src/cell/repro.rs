//! A cell in a folder of its own, with paths that hold in that folder: for somebody who has no lab.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use wasmlab_protocol::{CellSpec, PreopenedDir, PreopenedSocket};

use super::Plan;
use super::dirs::{self, Laid};
use super::place::{self, Here};
use crate::lab::Lab;
use wasmlab_runtimes::CellFiles;

/// What a folder that shows a cell holds.
#[derive(Debug)]
pub struct Reproduction {
    /// The module's name in the folder.
    pub module: String,
    /// The command that translates it, if one does; its program is the auxiliary one of the runtime.
    pub prepare: Option<Vec<OsString>>,
    /// The folder that the translation goes into.
    pub prepared: PathBuf,
    /// The commands that run it.
    pub commands: Vec<Vec<OsString>>,
    /// Ports by name: numbers that are likely free.
    pub ports: BTreeMap<String, u16>,
}

/// The cell's specification with paths that are relative to one folder, and ports that are likely free:
/// the same whenever it is asked.
fn relative(plan: &Plan) -> (CellSpec, BTreeMap<String, u16>) {
    const FIRST_PORT: u16 = 20_100;
    let (run, build) = (&plan.scenario.spec.run, &plan.scenario.spec.build);
    let named = |names: Vec<&String>, first: u16| names.into_iter().cloned().zip(first..).collect::<BTreeMap<_, _>>();
    let ports = named(run.port.iter().map(|p| &p.name).collect(), FIRST_PORT);
    let served = named(run.server.iter().map(|s| &s.name).collect(), FIRST_PORT + 200);
    let sockets = named(run.socket.iter().map(|s| &s.name).collect(), FIRST_PORT + 100);
    let dirs = run.dir.iter().enumerate().map(|(index, dir)| PreopenedDir {
        host: dir.host.clone().unwrap_or_else(|| Path::new("dirs").join(index.to_string())),
        guest: dir.guest.clone(),
    });
    let glue = build.companions.first().filter(|glue| plan.companions.contains_key(*glue));
    let here = Here {
        module: build.artifact.clone().unwrap_or_else(|| format!("{}.wasm", plan.scenario.name)).into(),
        glue: glue.map(PathBuf::from),
        observation: "events.jsonl".into(),
        compiled: None,
        dirs: dirs.collect(),
        // No descriptor can be handed over by a script: those that open the socket themselves have its address.
        sockets: sockets
            .values()
            .map(|port| PreopenedSocket { fd: -1, address: format!("127.0.0.1:{port}") })
            .collect(),
    };
    let cell = place::specification(plan, here, &ports, &served);
    (cell, ports.into_iter().chain(sockets).chain(served).collect())
}

/// What an adapter makes of the cell, as text: its commands depend on the adapter's code, not on the
/// runtime's program alone, so an observation is only as good as the command that was observed.
pub fn shape(plan: &Plan) -> String {
    let (cell, _) = relative(plan);
    let prepared = Path::new("prepared");
    let files = files(plan, &cell, prepared);
    let runtime = plan.runtime;
    let made = ((runtime.prepare)(plan.tool, &files, prepared), (runtime.commands)(plan.tool, &files));
    format!(
        "{made:?} {:?} {:?} {:?}",
        (runtime.env)(plan.tool),
        (runtime.extra_files)(&files),
        (runtime.refuses)(&files)
    )
}

/// The command that translates the cell's module, as text: what it made with other switches is of no use.
pub fn translation(plan: &Plan) -> Option<String> {
    let (cell, _) = relative(plan);
    let prepared = Path::new("prepared");
    (plan.runtime.prepare)(plan.tool, &files(plan, &cell, prepared), prepared).map(|argv| format!("{argv:?}"))
}

fn files<'a>(plan: &Plan<'a>, cell: &'a CellSpec, prepared: &'a Path) -> CellFiles<'a> {
    CellFiles {
        spec: Path::new("spec.json"),
        module: &cell.module,
        cell,
        facts: plan.facts,
        independent_calls: plan.scenario.spec.run.independent_calls,
        prepared,
    }
}

/// Writes the cell's files into `into`, an empty folder.
///
/// # Errors
/// When a file cannot be written.
pub fn reproduce(lab: &Lab, plan: &Plan, into: &Path) -> io::Result<Reproduction> {
    let (cell, ports) = relative(plan);
    let run = &plan.scenario.spec.run;
    let module = cell.module.display().to_string();
    fs::copy(lab.cache.object(plan.guest), into.join(&module))?;
    for (name, hash) in plan.companions {
        let to = into.join(name);
        fs::create_dir_all(to.parent().unwrap_or(into))?;
        fs::copy(lab.cache.object(hash), to)?;
    }
    if !run.dir.is_empty() {
        fs::create_dir_all(into.join("dirs"))?;
    }
    dirs::lay(Laid { scenario: plan.scenario, ports: &ports }, &into.join("dirs"))?;
    let prepared = PathBuf::from("prepared");
    let files = files(plan, &cell, &prepared);
    let spec = files.spec;
    let commands = (plan.runtime.commands)(plan.tool, &files);
    let prepare = (plan.runtime.prepare)(plan.tool, &files, &prepared);
    if prepare.iter().chain(&commands).flatten().any(|arg| arg == spec.as_os_str()) {
        fs::write(into.join(spec), serde_json::to_vec_pretty(&cell)?)?;
    }
    for (name, text) in (plan.runtime.extra_files)(&files) {
        fs::write(into.join(name), text)?;
    }
    for (name, text) in plan.runtime.support_files {
        let to = into.join(name);
        fs::create_dir_all(to.parent().unwrap_or(into))?;
        fs::write(to, text)?;
    }
    if !run.stdin.is_empty() {
        fs::write(into.join("stdin.txt"), &run.stdin)?;
    }
    Ok(Reproduction { module, prepare, prepared, commands, ports })
}
