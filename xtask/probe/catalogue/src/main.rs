//! Reads the specifications' own files and writes `../src/catalogue.json`: every host function with its type.
//!
//! No entry is written by hand. The files come from two places:
//!
//! - the sources of crates in cargo's registry folder: witx of WASI 0.1 and its predecessor, WIT of WASI 0.2 and 0.3 and
//!   of wasi:keyvalue, the declarations of WASIX. `cargo fetch` in a project that uses such a crate puts it there.
//! - clones of repositories in one folder, each named `OWNER+NAME`: wasi-threads, JavaScript's string builtins, the
//!   sockets of WasmEdge, Emscripten.
//!
//! ```sh
//! cargo run --manifest-path xtask/probe/catalogue/Cargo.toml -- CLONES > xtask/probe/src/catalogue.json
//! ```

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, ensure};

mod declarations;
#[path = "../../src/catalogue/format.rs"]
mod format;
mod wit;
mod witx;

use format::{Catalogue, SCHEMA, SpecifiedFunctions, WitPackages};

fn main() -> Result<()> {
    let clones = std::env::args_os().nth(1).context("name the folder of clones, each as OWNER+NAME")?;
    let clones = PathBuf::from(clones);
    let mut functions = Vec::new();
    let (wasi, file) = crate_folder("wasmtime-wasi-48.")?;
    for (specification, document) in
        [("WASI 0.1", "witx/p1/wasi_snapshot_preview1.witx"), ("WASI snapshot 0", "witx/p0/wasi_unstable.witx")]
    {
        let (module, found) = witx::functions(&file.join(document))?;
        let source = format!("{wasi}: {document}");
        functions.push(SpecifiedFunctions {
            specification: specification.to_owned(),
            source,
            module,
            functions: found,
        });
    }
    let (wasix, folder) = crate_folder("wasix-0.")?;
    let document = "src/lib_generated32.rs";
    for (module, found) in declarations::rust(&std::fs::read_to_string(folder.join(document))?)? {
        functions.push(SpecifiedFunctions {
            specification: "WASIX".to_owned(),
            source: format!("{wasix}: {document}"),
            module,
            functions: found,
        });
    }
    type Reader = fn(&str) -> Result<BTreeMap<String, BTreeMap<String, String>>>;
    let documents: [(&str, &str, &str, Reader); 4] = [
        ("wasi-threads", "WebAssembly/wasi-threads", "wasi-threads.abi.md", declarations::threads),
        ("WasmEdge's sockets", "second-state/wasmedge_wasi_socket", "src/socket.rs", declarations::rust),
        (
            "JavaScript string builtins",
            "WebAssembly/js-string-builtins",
            "proposals/js-string-builtins/Overview.md",
            declarations::builtins,
        ),
        ("Emscripten", "emscripten-core/emscripten", "src/lib/libsigs.js", declarations::emscripten),
    ];
    for (specification, repository, document, read) in documents {
        let (commit, text) = read_from_clone(&clones, repository, document)?;
        for (module, found) in read(&text).with_context(|| format!("failed to read {repository}: {document}"))? {
            ensure!(!found.is_empty(), "{repository}: {document} declares nothing in {module}");
            let source = format!("{repository}@{commit}: {document}");
            let specification = specification.to_owned();
            functions.push(SpecifiedFunctions { specification, source, module, functions: found });
        }
    }
    println!("{}", serde_json::to_string_pretty(&Catalogue { schema: SCHEMA, functions, packages: packages()? })?);
    Ok(())
}

/// The WIT packages of every specification that has some.
fn packages() -> Result<Vec<WitPackages>> {
    let mut packages = Vec::new();
    for (specification, name, folder) in [
        ("WASI 0.2", "wasip2-1.", "wit"),
        ("WASI 0.3", "wasip3-0.", "wit"),
        ("wasi:keyvalue", "wasmtime-wasi-keyvalue-48.", "wit/deps/keyvalue"),
    ] {
        let (source, path) = crate_folder(name)?;
        packages.push(wit::packages(specification, format!("{source}: {folder}"), &path.join(folder))?);
    }
    Ok(packages)
}

/// The folder of the newest crate whose name and version begin like this, in cargo's registry folder.
fn crate_folder(start: &str) -> Result<(String, PathBuf)> {
    let home = std::env::var_os("CARGO_HOME").map(PathBuf::from);
    let home =
        home.or_else(|| std::env::home_dir().map(|home| home.join(".cargo"))).context("there is no CARGO_HOME")?;
    let mut found = Vec::new();
    for registry in std::fs::read_dir(home.join("registry/src"))? {
        for entry in std::fs::read_dir(registry?.path())? {
            let entry = entry?;
            let name = entry.file_name().to_string_lossy().into_owned();
            if name.starts_with(start) {
                found.push((name, entry.path()));
            }
        }
    }
    found.sort();
    let (name, path) = found.pop().with_context(|| format!("no crate {start}* is in cargo's registry folder"))?;
    let at = name.find(|c: char| c.is_ascii_digit()).map_or(name.len(), |_| start.rfind('-').unwrap_or(name.len()));
    Ok((format!("crate {} {}", &name[..at], &name[at + 1..]), path))
}

/// A file of a clone, and its commit.
fn read_from_clone(clones: &Path, repository: &str, document: &str) -> Result<(String, String)> {
    let folder = clones.join(repository.replace('/', "+"));
    let folder = Some(folder.join("repo")).filter(|bare| bare.is_dir()).unwrap_or(folder);
    let git = |args: &[&str]| -> Result<String> {
        let output = Command::new("git").arg("-C").arg(&folder).args(args).output()?;
        ensure!(output.status.success(), "git {args:?} failed in the clone of {repository}");
        Ok(String::from_utf8(output.stdout)?)
    };
    let commit = git(&["rev-parse", "HEAD"])?.trim().chars().take(12).collect();
    Ok((commit, git(&["show", &format!("HEAD:{document}")])?))
}

/// `(i32, i32) -> (i32)`: a type as the lab's facts write it.
fn text(params: &[&str], results: &[&str]) -> String {
    format!("({}) -> ({})", params.join(", "), results.join(", "))
}
