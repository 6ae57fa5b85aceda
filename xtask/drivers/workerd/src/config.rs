//! The configuration of a worker: its modules are the lab's scripts, the guest's files, and the packages of its host
//! layer. A worker does not compile WebAssembly from bytes, so each module is part of the configuration.

use std::fmt::Write;
use std::fs;
use std::path::{Path, PathBuf};

use wasmlab_driver::{CellInput, cell_json};
use wasmlab_protocol::Network;

/// The script that workerd calls.
const MAIN: &str = "worker/main.mjs";
/// Folders of the packages that a host layer consists of.
const WORKERS_WASI: &str = "@cloudflare/workers-wasi/dist";
const PREVIEW2_SHIM: &str = "@bytecodealliance/preview2-shim/dist/browser";

/// Writes the cell's configuration, with the behaviour of the release of this date, and returns its path.
///
/// # Errors
/// The file that cannot be read or written.
pub fn write(cell: &CellInput, stdin: &[u8], compatibility_date: &str) -> Result<PathBuf, String> {
    let mut config = Config { dir: cell.temporary("worker"), modules: String::new() };
    // The first module is the worker.
    config.add(MAIN, &read(&cell.scripts.join(MAIN))?)?;
    for name in files_below(&cell.scripts, "") {
        if name != MAIN {
            config.add(&name, &read(&cell.scripts.join(&name))?)?;
        }
    }
    config.add("cell.json", cell_json(&cell.spec, cell.component.is_some()).to_string().as_bytes())?;
    config.add("module.bin", &cell.module)?;
    config.add("input.bin", stdin)?;
    match &cell.component {
        Some(component) => {
            config.add_folder(component, "component")?;
            config.add("component.txt", &read(&component.join("guest.js"))?)?;
        }
        None => config.add("module.wasm", &cell.module)?,
    }
    if let Some(glue) = cell.spec.glue.as_deref() {
        config.add("glue.txt", &read(glue)?)?;
        for (name, path) in files_beside(glue) {
            config.add(&format!("guest/{name}"), &read(&path)?)?;
        }
    }
    let package = match cell.spec.mode.rsplit('+').next() {
        Some("workers-wasi") => Some(WORKERS_WASI),
        Some("jco") => Some(PREVIEW2_SHIM),
        _ => None,
    };
    if let (Some(packages), Some(package)) = (&cell.packages, package) {
        config.add_folder(&packages.join(package), &format!("packages/{package}"))?;
    }
    config.write(cell.spec.network, compatibility_date)
}

/// A configuration being written.
struct Config {
    dir: PathBuf,
    /// The list of modules, in Cap'n Proto's text format.
    modules: String,
}

impl Config {
    /// Adds a module; its kind follows from its name.
    fn add(&mut self, name: &str, bytes: &[u8]) -> Result<(), String> {
        let file = self.dir.join(name);
        let failed = |e: std::io::Error| format!("{}: {e}", file.display());
        fs::create_dir_all(file.parent().unwrap_or(&self.dir)).map_err(failed)?;
        let text = std::str::from_utf8(bytes).ok().filter(|text| !text.is_empty());
        let kind = match (Path::new(name).extension().and_then(|e| e.to_str()), text) {
            (Some("wasm"), _) => "wasm",
            (Some("json"), Some(_)) => "json",
            (Some("txt"), Some(_)) => "text",
            (Some("js" | "mjs"), Some(text)) if is_es_module(text) => "esModule",
            (Some("js"), Some(_)) => "commonJsModule",
            _ => "data",
        };
        let prelude: &[u8] = if kind == "commonJsModule" { CLASSIC_PRELUDE } else { &[] };
        fs::write(&file, [prelude, bytes].concat()).map_err(failed)?;
        let name = name.replace('\\', "\\\\").replace('"', "\\\"");
        writeln!(self.modules, "    (name = \"{name}\", {kind} = embed \"{name}\"),").map_err(|e| e.to_string())
    }

    /// Adds the scripts, modules and data of a folder under `prefix`.
    fn add_folder(&mut self, folder: &Path, prefix: &str) -> Result<(), String> {
        let is_used = |name: &String| !name.ends_with(".ts") && !name.ends_with(".map");
        for name in files_below(folder, "").into_iter().filter(is_used) {
            self.add(&format!("{prefix}/{name}"), &read(&folder.join(&name))?)?;
        }
        Ok(())
    }

    /// Writes the file that names the modules. What a worker fetches goes to the service `internet`; the sandbox
    /// restricts it to the cell's ports.
    fn write(&self, network: Network, compatibility_date: &str) -> Result<PathBuf, String> {
        let allowed = if network == Network::Loopback { "\"private\"" } else { "" };
        let text = format!(
            "using Workerd = import \"/workerd/workerd.capnp\";\nconst config :Workerd.Config = (services = [\n  \
             (name = \"internet\", network = (allow = [{allowed}])),\n  (name = \"main\", worker = (\n  \
             compatibilityDate = \"{compatibility_date}\",\n  modules = [\n{}  ]))]);\n",
            self.modules
        );
        let file = self.dir.join("config.capnp");
        fs::write(&file, text).map_err(|e| format!("{}: {e}", file.display()))?;
        Ok(file)
    }
}

/// A classic script looks for its settings in a global variable, which its own `var Module` hides inside a module.
const CLASSIC_PRELUDE: &[u8] = b"var Module = globalThis.Module;\n";

fn is_es_module(text: &str) -> bool {
    text.lines().map(str::trim_start).any(|line| line.starts_with("export ") || line.starts_with("import ") || line.starts_with("export{"))
        // A bundler's output is a single line.
        || text.contains("export{")
        || text.contains("import.meta")
}

fn read(path: &Path) -> Result<Vec<u8>, String> {
    fs::read(path).map_err(|e| format!("failed to read {}: {e}", path.display()))
}

/// The files of the glue's folder, which is the guest's own. A reproduction keeps everything in one folder, so there
/// only the files directly in it count.
fn files_beside(glue: &Path) -> Vec<(String, PathBuf)> {
    let folder = glue.parent().unwrap_or(glue);
    let (folder, is_own) = if folder.as_os_str().is_empty() { (Path::new("."), false) } else { (folder, true) };
    let names = files_below(folder, "").into_iter().filter(|name| is_own || !name.contains('/'));
    names.map(|name| (name.clone(), folder.join(name))).collect()
}

/// The files below a folder, sorted, without links.
fn files_below(folder: &Path, prefix: &str) -> Vec<String> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder.join(prefix)).into_iter().flatten().flatten() {
        let name = format!("{prefix}{}", entry.file_name().to_string_lossy());
        match entry.file_type() {
            Ok(kind) if kind.is_dir() => found.extend(files_below(folder, &format!("{name}/"))),
            Ok(kind) if kind.is_file() => found.push(name),
            _ => {}
        }
    }
    found.sort();
    found
}
