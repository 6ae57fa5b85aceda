//! The configuration of a worker: its modules are the lab's scripts, the guest's files, and the packages that a host
//! layer consists of. A worker compiles no WebAssembly from bytes: each module is part of the configuration.

use std::fmt::Write;
use std::fs;
use std::path::{Path, PathBuf};

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use serde_json::{Map, Value, json};
use wasmlab_protocol::{CellSpec, Network};

/// What a worker is made of.
pub struct Files<'a> {
    /// The cell.
    pub spec: &'a CellSpec,
    /// The guest.
    pub module: &'a [u8],
    /// Its standard input.
    pub input: &'a [u8],
    /// The lab's scripts.
    pub scripts: &'a Path,
    /// npm packages.
    pub packages: Option<&'a Path>,
    /// jco's translation of the component.
    pub component: Option<&'a Path>,
}

/// The script that workerd calls.
const MAIN: &str = "worker/main.mjs";
const PACKAGE_OF_WASI: &str = "@cloudflare/workers-wasi/dist";
const PACKAGE_OF_JCO: &str = "@bytecodealliance/preview2-shim/dist/browser";

/// Writes a configuration into `dir` for a release of this date, and gives its file.
///
/// # Errors
/// The file that cannot be read or written.
pub fn write(files: &Files, dir: &Path, date: &str) -> Result<PathBuf, String> {
    let mut config = Config { dir, modules: String::new() };
    // The first module is the worker.
    config.add(MAIN, &read(&files.scripts.join(MAIN))?)?;
    for name in below(files.scripts, "") {
        if name != MAIN {
            config.add(&name, &read(&files.scripts.join(&name))?)?;
        }
    }
    config.add("cell.json", cell(files).to_string().as_bytes())?;
    config.add("module.bin", files.module)?;
    config.add("input.bin", files.input)?;
    match files.component {
        Some(component) => {
            config.folder(component, "component")?;
            config.add("component.txt", &read(&component.join("guest.js"))?)?;
        }
        None => config.add("module.wasm", files.module)?,
    }
    if let Some(glue) = files.spec.glue.as_deref() {
        config.add("glue.txt", &read(glue)?)?;
        for (name, path) in beside(glue) {
            config.add(&format!("guest/{name}"), &read(&path)?)?;
        }
    }
    let package = match files.spec.mode.rsplit('+').next() {
        Some("workers-wasi") => Some(PACKAGE_OF_WASI),
        Some("jco") => Some(PACKAGE_OF_JCO),
        _ => None,
    };
    if let (Some(packages), Some(package)) = (files.packages, package) {
        config.folder(&packages.join(package), &format!("packages/{package}"))?;
    }
    // What a worker fetches goes to the service of this name. The sandbox holds it to the cell's ports.
    let reach = if files.spec.network == Network::Loopback { "\"private\"" } else { "" };
    let text = format!(
        "using Workerd = import \"/workerd/workerd.capnp\";\nconst config :Workerd.Config = (services = [\n  \
         (name = \"internet\", network = (allow = [{reach}])),\n  (name = \"main\", worker = (\n  \
         compatibilityDate = \"{date}\",\n  modules = [\n{}  ]))]);\n",
        config.modules
    );
    let file = dir.join("config.capnp");
    fs::write(&file, text).map_err(|e| format!("{}: {e}", file.display()))?;
    Ok(file)
}

struct Config<'a> {
    dir: &'a Path,
    modules: String,
}

impl Config<'_> {
    /// Adds a module: its kind is that of its name.
    fn add(&mut self, name: &str, bytes: &[u8]) -> Result<(), String> {
        let file = self.dir.join(name);
        let failed = |e: std::io::Error| format!("{}: {e}", file.display());
        fs::create_dir_all(file.parent().unwrap_or(self.dir)).map_err(failed)?;
        let text = std::str::from_utf8(bytes).ok().filter(|text| !text.is_empty());
        let kind = match (Path::new(name).extension().and_then(|e| e.to_str()), text) {
            (Some("wasm"), _) => "wasm",
            (Some("json"), Some(_)) => "json",
            (Some("txt"), Some(_)) => "text",
            (Some("js" | "mjs"), Some(text)) if is_es_module(text) => "esModule",
            (Some("js"), Some(_)) => "commonJsModule",
            _ => "data",
        };
        let classic: &[u8] = if kind == "commonJsModule" { CLASSIC } else { &[] };
        fs::write(&file, [classic, bytes].concat()).map_err(failed)?;
        let name = name.replace('\\', "\\\\").replace('"', "\\\"");
        writeln!(self.modules, "    (name = \"{name}\", {kind} = embed \"{name}\"),").map_err(|e| e.to_string())
    }

    /// Adds the scripts, modules and data of a folder.
    fn folder(&mut self, folder: &Path, named: &str) -> Result<(), String> {
        for name in below(folder, "").into_iter().filter(|name| !name.ends_with(".ts") && !name.ends_with(".map")) {
            self.add(&format!("{named}/{name}"), &read(&folder.join(&name))?)?;
        }
        Ok(())
    }
}

/// A classic script finds its settings in a global; in a module of its own it would hide them from itself.
const CLASSIC: &[u8] = b"var Module = globalThis.Module;\n";

fn is_es_module(text: &str) -> bool {
    text.lines().map(str::trim_start).any(|line| line.starts_with("export ") || line.starts_with("import ") || line.starts_with("export{"))
        // What a bundler made has one line.
        || text.contains("export{")
        || text.contains("import.meta")
}

fn read(path: &Path) -> Result<Vec<u8>, String> {
    fs::read(path).map_err(|e| format!("failed to read {}: {e}", path.display()))
}

/// The files of the glue's folder, which is the guest's own. A reproduction has everything in one folder, where only its
/// files count.
fn beside(glue: &Path) -> Vec<(String, PathBuf)> {
    let folder = glue.parent().unwrap_or(glue);
    let (folder, is_own) = if folder.as_os_str().is_empty() { (Path::new("."), false) } else { (folder, true) };
    let names = below(folder, "").into_iter().filter(|name| is_own || !name.contains('/'));
    names.map(|name| (name.clone(), folder.join(name))).collect()
}

/// The files below a folder, in order. Links are left out.
fn below(folder: &Path, prefix: &str) -> Vec<String> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder.join(prefix)).into_iter().flatten().flatten() {
        let name = format!("{prefix}{}", entry.file_name().to_string_lossy());
        match entry.file_type() {
            Ok(kind) if kind.is_dir() => found.extend(below(folder, &format!("{name}/"))),
            Ok(kind) if kind.is_file() => found.push(name),
            _ => {}
        }
    }
    found.sort();
    found
}

/// What the script is told of the cell: nothing of this machine.
fn cell(files: &Files) -> Value {
    let spec = files.spec;
    let dirs: Vec<Value> =
        spec.dirs.iter().map(|dir| json!({ "guest": dir.guest, "tree": tree(&dir.host, 0) })).collect();
    let glue = spec.glue.as_ref().and_then(|g| Some(g.file_name()?.to_string_lossy().into_owned()));
    json!({
        "mode": spec.mode, "entry": spec.entry, "args": spec.args, "env": spec.env, "dirs": dirs, "glue": glue,
        "sockets": spec.sockets, "host_functions": spec.host_functions, "result_types": spec.result_types,
        "component": files.component.is_some(),
    })
}

/// A directory as a file system in memory takes it: a file is base64, a directory an object.
fn tree(dir: &Path, depth: usize) -> Value {
    let mut entries = Map::new();
    for entry in fs::read_dir(dir).into_iter().flatten().flatten().filter(|_| depth < 64) {
        let (name, path) = (entry.file_name().to_string_lossy().into_owned(), entry.path());
        match entry.file_type() {
            Ok(kind) if kind.is_dir() => _ = entries.insert(name, tree(&path, depth + 1)),
            Ok(kind) if kind.is_file() => {
                let bytes = fs::read(&path).unwrap_or_default();
                entries.insert(name, json!(BASE64_STANDARD.encode(bytes)));
            }
            _ => {}
        }
    }
    Value::Object(entries)
}
