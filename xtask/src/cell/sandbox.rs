//! The files, ports and signals that a cell's processes may use, whatever the runtime's own sandbox allows: see
//! [`wasmlab_process::Sandbox`].
//!
//! They may change the cell's folders (except its specification and compiled code), the guest's directories, and what
//! the runtime stores for later cells. They may read the files of their programs and what the system needs, and nothing
//! else: no home folder, no other cell, no sources. They may listen on and connect to the cell's own ports only.

use std::ffi::OsString;
use std::fs;
use std::io::Read;
use std::path::{Path, PathBuf};

use wasmlab_model::observation::ProcessRole;
use wasmlab_model::verdict::NotAttempted;
use wasmlab_process::{Ports, Sandbox, SocketFamilies, support};
use wasmlab_protocol::Network;
use wasmlab_runtimes::{PortAccess, Source};

use super::plan::CellPlan;
use super::workdir::Workdir;

/// Set to `off` to disable the sandbox, for programs that mount file systems or change users.
pub const VARIABLE: &str = "WASMLAB_SANDBOX";
/// A list of additional readable paths, separated as in PATH, for wrappers that start a program located elsewhere.
pub const READ_VARIABLE: &str = "WASMLAB_SANDBOX_READ";

/// How strictly runtimes are isolated: `full`, `ports` (no network namespace), `files` (the kernel cannot restrict the
/// network), `none`.
#[must_use]
pub fn level() -> &'static str {
    match support() {
        _ if is_off() => "none",
        support if !support.files => "none",
        support if !support.network => "files",
        support if !support.private_network => "ports",
        _ => "full",
    }
}

/// A warning about [`level`]; `None` if isolation is full.
#[must_use]
pub fn warning() -> Option<&'static str> {
    match level() {
        "full" => None,
        "ports" => Some(
            "no network namespaces here (a container may forbid them): the lab's sandbox restricts TCP ports but not UDP",
        ),
        "files" => Some("Linux before 6.7: the lab's sandbox restricts files but not the network; see xtask/README.md"),
        _ if is_off() => Some("WASMLAB_SANDBOX=off: guests are confined only by the runtimes' own sandboxes"),
        _ => Some("no Landlock here (needs Linux 5.13): guests are confined only by the runtimes' own sandboxes"),
    }
}

/// Whether a cell can get a loopback interface of its own.
#[must_use]
pub fn has_private_network() -> bool {
    level() == "full"
}

/// Why the lab does not give a guest a loopback interface of its own, on which it may use any port: without a network
/// namespace, it would reach every port of this machine. `None`: it does, or the user has turned the sandbox off.
pub fn private_loopback_unavailable() -> Option<NotAttempted> {
    let reason = "the guest chooses its ports itself, and the lab only lets it do so in a network namespace, which this \
                  machine does not allow: see `cargo xtask doctor`";
    (!has_private_network() && !is_off()).then(|| NotAttempted { subject: "own-loopback", reason: reason.to_owned() })
}

fn is_off() -> bool {
    std::env::var_os(VARIABLE).is_some_and(|value| value == "off")
}

/// The sandbox of one process; `None` if disabled.
pub fn for_process(plan: &CellPlan, workdir: &Workdir, role: ProcessRole, argv: &[OsString]) -> Option<Sandbox> {
    if is_off() {
        return None;
    }
    let (tool, paths, root) = (plan.tool, &workdir.paths, workdir.path());
    let mut read: Vec<PathBuf> =
        vec![root.to_owned(), paths.module.clone(), tool.support_dir.clone(), tool.packages_dir.clone()];
    let programs = argv
        .first()
        .map(PathBuf::from)
        .into_iter()
        .chain([&tool.program, &tool.aux_program, &tool.driven_program].map(Clone::clone));
    programs.for_each(|program| read.extend(program_files(&program)));
    let named = std::env::var_os(READ_VARIABLE).unwrap_or_default();
    read.extend(std::env::split_paths(&named));
    let mut write: Vec<PathBuf> = ["work", "home", "dirs", "guest"].map(|name| root.join(name)).to_vec();
    write.extend(paths.dirs.iter().map(|dir| dir.host.clone()));
    // Folders that the lab passes to a runtime in its environment belong to the runtime.
    let runtime_folders =
        (plan.runtime.env)(tool).into_iter().map(|(_, value)| PathBuf::from(value)).filter(|p| p.is_absolute());
    write.extend(runtime_folders.inspect(|dir| _ = fs::create_dir_all(dir)));
    match (role, is_precompiled(plan, workdir)) {
        (ProcessRole::Precompile, _) => write.push(paths.precompiling.clone()),
        // The process that runs compiled code must not be able to change it.
        (_, true) => read.push(paths.precompiled.clone()),
        (_, false) => write.extend(paths.code_cache.clone()),
    }
    let exists = |paths: Vec<PathBuf>| paths.into_iter().filter(|path| path.is_absolute()).collect();
    // Bun searches parent folders for packages; above its own packages, it only needs to list them.
    let list = tool.packages_dir.parent().map(Path::to_owned).into_iter().collect();
    let (read, write, list) = (exists(read), exists(write), exists(list));
    let own_loopback = plan.scenario.spec.run.own_loopback && role != ProcessRole::Precompile;
    let ports = if own_loopback { None } else { ports(plan, workdir, role) };
    let private_network = own_loopback || needs_no_network(workdir, role);
    // Browsers talk to their helper processes through Unix sockets.
    let sockets = match plan.runtime.source {
        Source::Driver { .. } => SocketFamilies::InternetAndUnix,
        _ => SocketFamilies::Internet,
    };
    Some(Sandbox { read, write, list, ports, private_network, sockets })
}

/// The sandbox of a browser that several cells use: it may change the files in its folder, and reach the cells' pages.
pub fn for_browser(plan: &CellPlan, root: &Path, protocol: u16, pages: &[u16]) -> Option<Sandbox> {
    if is_off() {
        return None;
    }
    let mut read = vec![root.to_owned()];
    read.extend([&plan.tool.program, &plan.tool.driven_program].into_iter().flat_map(|program| program_files(program)));
    read.extend(std::env::split_paths(&std::env::var_os(READ_VARIABLE).unwrap_or_default()));
    read.retain(|path| path.is_absolute());
    let write = ["work", "home", "profile"].map(|name| root.join(name)).to_vec();
    let connect = pages.iter().copied().chain([protocol]).collect();
    let ports = Some(Ports { bind: vec![protocol], connect });
    Some(Sandbox {
        read,
        write,
        list: Vec::new(),
        ports,
        private_network: true,
        sockets: SocketFamilies::InternetAndUnix,
    })
}

/// Whether no process of the cell communicates with anything outside of it.
fn needs_no_network(workdir: &Workdir, role: ProcessRole) -> bool {
    let spec = &workdir.spec;
    let is_alone = spec.sockets.is_empty() && spec.ports.is_empty() && spec.connect_ports.is_empty();
    role == ProcessRole::Precompile || (spec.network == Network::None && is_alone)
}

fn is_precompiled(plan: &CellPlan, workdir: &Workdir) -> bool {
    plan.commands(&workdir.paths, &workdir.spec).precompile.is_some()
}

/// The cell's ports: those of the scenario, and those between a driver and its browser.
fn ports(plan: &CellPlan, workdir: &Workdir, role: ProcessRole) -> Option<Ports> {
    if role == ProcessRole::Precompile {
        return Some(Ports::default());
    }
    let spec = &workdir.spec;
    let sockets = spec.sockets.iter().filter_map(|s| s.address.rsplit(':').next()?.parse().ok());
    let mut bind: Vec<u16> = spec.ports.iter().copied().chain(sockets).collect();
    let mut connect = spec.connect_ports.clone();
    if spec.network == Network::Loopback {
        connect.extend(&bind);
    }
    if plan.runtime.port_access == PortAccess::CellAndEphemeral && !spec.sockets.is_empty() {
        bind.push(0);
    }
    bind.extend(&workdir.driver_ports);
    connect.extend(&workdir.driver_ports);
    Some(Ports { bind, connect })
}

/// The files of a program: its own and those installed beside it. For a script, also those of its interpreter. System
/// folders are readable in any case.
pub fn program_files(program: &Path) -> Vec<PathBuf> {
    let mut parts = Vec::new();
    let mut next = Some(program.to_owned());
    // A script's interpreter may be a script.
    for _ in 0..4 {
        let Some(program) = next.take().filter(|p| !p.as_os_str().is_empty()) else { break };
        // The program may look for files next to each link in a chain, as in a virtual environment or a version
        // manager.
        let mut link = Some(program.clone());
        for _ in 0..8 {
            let Some(path) = link.take() else { break };
            parts.extend(install_files(&path));
            link = fs::read_link(&path).ok().map(|to| path.parent().unwrap_or(Path::new("/")).join(to));
        }
        let real = fs::canonicalize(&program).unwrap_or(program);
        parts.extend(install_files(&real));
        next = interpreter(&real);
    }
    parts
}

/// A program's file, its folder, and the library folders beside a `bin` folder. Folders that people also use for other
/// things are not opened as a whole.
fn install_files(program: &Path) -> Vec<PathBuf> {
    let mut parts = vec![program.to_owned()];
    let Some(dir) = program.parent() else { return parts };
    let home = std::env::var_os("HOME").map(PathBuf::from).unwrap_or_default();
    let is_personal = home.starts_with(dir) || dir == std::env::temp_dir() || dir.parent().is_none();
    if !is_personal {
        parts.push(dir.to_owned());
    }
    let in_bin = dir.file_name().is_some_and(|name| name == "bin" || name == ".bin");
    if let (true, Some(root)) = (in_bin, dir.parent()) {
        parts.extend(["lib", "lib32", "lib64", "libexec", "pyvenv.cfg"].map(|name| root.join(name)));
    }
    parts
}

/// The interpreter named in a script's first line.
fn interpreter(script: &Path) -> Option<PathBuf> {
    let mut first = [0; 256];
    let read = fs::File::open(script).and_then(|mut file| file.read(&mut first)).ok()?;
    let line = std::str::from_utf8(first.get(..read)?).ok()?.strip_prefix("#!")?.lines().next()?;
    let mut parts = line.split_whitespace();
    let program = parts.next()?;
    if program.ends_with("/env") {
        return which::which(parts.find(|word| !word.starts_with('-'))?).ok();
    }
    Some(program.into())
}
