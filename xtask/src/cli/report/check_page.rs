//! `report --check-page`: builds the reader for browsers, and writes reports/check.html with it.
//!
//! Another compiler writes other bytes, so `report --check` does not build anything. It compares everything else with
//! what the page should contain: its text, the profiles, and the hash of the reader's sources.

use std::collections::{BTreeMap, BTreeSet};
use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use cargo_lock::{Lockfile, Package};
use sha2::{Digest, Sha256};
use wasmlab_process::{self as process, Command, Input, Limits, read_text};
use wasmlab_report::check_page::{Reader, Stamp, page};
use wasmlab_toolchains::Machine as _;
use wasmlab_toolchains::crates::cargo_home;
use wasmlab_toolchains::rustc::{TOOLCHAIN_VARIABLE, has_std, rustc, sysroot, toolchain_env};

use crate::cli::output;
use crate::engines::BUILD_LIMIT;
use crate::exit;
use crate::lab::Lab;
use crate::machine::hex;
use crate::store::cache::CHECK_PAGE;
use crate::store::{files, profiles};
use wasmlab_report::visible::VisiblePath;

/// Its name in `reports/`.
const PAGE: &str = "check.html";
/// The command that writes it.
const COMMAND: &str = "`cargo xtask report --check-page` rewrites it";
const TARGET: &str = "wasm32-unknown-unknown";
const CRATE: &str = "wasmlab-reader";
/// The crate from which the reader only takes the names of columns; predictions do not depend on it.
const ONLY_NAMES: &str = "wasmlab-report";
/// Size of the stack in the browser, bytes: as large as that of a program's main thread.
const STACK_BYTES: u32 = 8 << 20;
/// Largest page that is read, bytes.
const MAX_BYTES: u64 = 16 << 20;

/// Builds the reader and writes the page.
///
/// # Errors
/// If the target's standard library is missing, or cargo fails.
pub fn write(lab: &Lab) -> Result<u8> {
    let compiler = compiler(lab)?;
    output::print_progress(&format!("building {CRATE} for {TARGET} with {compiler}"));
    let module = fs::read(build(lab)?)?;
    let reader = Reader::new(&module, Stamp { sources: sources(lab)?, compiler });
    let html = page(&reader, &profiles::read(lab)?);
    let file = lab.published(PAGE);
    files::write_atomically(&file, html.as_bytes())?;
    let kib = |bytes: usize| bytes.div_ceil(1024);
    let shown = file.strip_prefix(&lab.root).unwrap_or(&file).visible();
    output::print(&format!("{shown}: {} KiB, {} of them the reader\n", kib(html.len()), kib(module.len())))?;
    Ok(exit::OK)
}

/// The fault of the published page, if there is one.
///
/// # Errors
/// If the page, the sources or the profiles cannot be read.
pub fn check(lab: &Lab) -> Result<Vec<String>> {
    let file = lab.published(PAGE);
    // A workspace of somebody's own scenarios has none.
    if !file.exists() {
        return Ok(Vec::new());
    }
    let wrong = |why: &str| Ok(vec![format!("`{}` {why}: {COMMAND}", file.visible())]);
    let html = read_text(&file, MAX_BYTES)?;
    let Some(reader) = Reader::from_page(&html) else { return wrong("has no reader") };
    if page(&reader, &profiles::read(lab)?) != html {
        return wrong("is out of date: the profiles or its template changed");
    }
    if reader.stamp.sources != sources(lab)? {
        return wrong("has a reader that was built from other sources");
    }
    Ok(Vec::new())
}

/// The compiler's version, if it has the target.
fn compiler(lab: &Lab) -> Result<String> {
    let query = rustc(&lab.machine, &["--version"]).context("failed to find rustc on PATH")?;
    let name = lab.machine.variable(TOOLCHAIN_VARIABLE);
    let root = sysroot(&lab.machine, name.as_deref(), &query.program);
    let lib = root.map(|root| root.join("lib/rustlib").join(TARGET).join("lib"));
    if !lib.is_some_and(|lib| has_std(&lab.machine, &lib)) {
        let toolchain = name.map(|name| format!(" --toolchain {name}")).unwrap_or_default();
        bail!(
            "failed to build {CRATE}: {TARGET} is not installed: `rustup target add {TARGET}{toolchain}`, or name a \
             toolchain that has it in {TOOLCHAIN_VARIABLE}"
        );
    }
    let version = lab.machine.query(&query).map_err(|why| anyhow::anyhow!("failed to run rustc --version: {why}"))?;
    Ok(version.trim().to_owned())
}

/// Builds the module and returns its file.
fn build(lab: &Lab) -> Result<PathBuf> {
    let program = lab.machine.which("cargo").context("failed to find cargo on PATH")?;
    let target_dir = lab.cache.dir().join(CHECK_PAGE);
    let manifest = lab.xtask().join("reader").join("Cargo.toml");
    let mut args: Vec<OsString> =
        ["rustc", "--locked", "--lib", "--crate-type", "cdylib", "--profile", "page", "--target", TARGET]
            .map(OsString::from)
            .to_vec();
    args.extend(["--manifest-path".into(), manifest.into(), "--target-dir".into(), target_dir.clone().into()]);
    let mut env = process::tool_env();
    env.extend(toolchain_env(lab.machine.variable(TOOLCHAIN_VARIABLE)));
    env.insert("CARGO_ENCODED_RUSTFLAGS".into(), flags(lab).join("\x1f").into());
    let command = Command {
        program,
        args,
        env,
        cwd: lab.xtask(),
        stdin: Input::Bytes(Vec::new()),
        inherit: Vec::new(),
        sandbox: None,
        report: None,
        limits: Limits::compiler(BUILD_LIMIT),
    };
    let completed = process::run(&command).context("failed to start cargo")?;
    if !completed.success() {
        let stderr = String::from_utf8_lossy(&completed.stderr);
        bail!("failed to build {CRATE}: cargo {}\n{}", completed.exit_reason, stderr.trim());
    }
    Ok(target_dir.join(TARGET).join("page").join(format!("{}.wasm", CRATE.replace('-', "_"))))
}

/// The compiler's flags: no path of this machine is in the module, so that any machine with this compiler writes the
/// same bytes.
fn flags(lab: &Lab) -> Vec<String> {
    let xtask = lab.xtask();
    let registry = cargo_home(&lab.machine).join("registry").join("src");
    // One folder for each registry, called after its address.
    let registries = lab.machine.entries(&registry).into_iter().map(|name| (registry.join(name), "registry"));
    let places = registries.chain(xtask.parent().map(|root| (root.to_owned(), ".")));
    let mut flags: Vec<String> =
        places.map(|(from, to)| format!("--remap-path-prefix={}={to}", from.display())).collect();
    flags.extend(["-C".to_owned(), format!("link-arg=-zstack-size={STACK_BYTES}")]);
    flags
}

/// Hash of what the reader is built from: the lab's crates without their tests, and the versions of all others.
fn sources(lab: &Lab) -> Result<String> {
    let xtask = lab.xtask();
    let root = xtask.parent().context("failed to find the workspace of the lab")?;
    let lock: Lockfile = read_text(&root.join("Cargo.lock"), MAX_BYTES)?.parse()?;
    let mut hash = Sha256::new();
    let mut externals = BTreeSet::new();
    let mut seen = BTreeSet::new();
    let mut left = vec![CRATE.to_owned()];
    while let Some(name) = left.pop() {
        if name == ONLY_NAMES || !seen.insert(name.clone()) {
            continue;
        }
        let folder = xtask.join(name.trim_start_matches("wasmlab-"));
        let manifest: Manifest = toml::from_str(&read_text(&folder.join("Cargo.toml"), MAX_BYTES)?)?;
        for dependency in manifest.dependencies.into_keys() {
            if dependency.starts_with("wasmlab-") {
                left.push(dependency)
            } else {
                add_locked(&lock, &dependency, &mut externals)
            }
        }
    }
    for name in &seen {
        let folder = xtask.join(name.trim_start_matches("wasmlab-"));
        for file in rust_files(&folder.join("src"))? {
            let text = fs::read(&file)?;
            let shown = file.strip_prefix(root).unwrap_or(&file).visible();
            hash.update(format!("{shown} {}\n", text.len()));
            hash.update(&text);
        }
    }
    for line in externals {
        hash.update(line + "\n");
    }
    hash.update(flags_of_profile(root)?);
    Ok(hex(&hash.finalize()[..16]))
}

/// The part of the workspace's manifest that says how the reader is compiled.
fn flags_of_profile(root: &Path) -> Result<String> {
    let manifest: toml::Table = toml::from_str(&read_text(&root.join("Cargo.toml"), MAX_BYTES)?)?;
    let profile = manifest.get("profile").and_then(|profiles| profiles.get("page"));
    Ok(profile.context("failed to find [profile.page] in Cargo.toml")?.to_string())
}

/// The Rust files below a folder, sorted, without those that only tests need.
fn rust_files(folder: &Path) -> Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    let mut left = vec![folder.to_owned()];
    while let Some(folder) = left.pop() {
        for entry in fs::read_dir(&folder).with_context(|| format!("failed to read `{}`", folder.visible()))? {
            let path = entry?.path();
            let stem = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
            if stem == "tests" || stem.ends_with("_tests") {
                continue;
            }
            if path.is_dir() {
                left.push(path);
            } else if path.extension().is_some_and(|end| end == "rs") {
                found.push(path);
            }
        }
    }
    found.sort();
    Ok(found)
}

#[derive(serde::Deserialize)]
struct Manifest {
    #[serde(default)]
    dependencies: BTreeMap<String, toml::Value>,
}

/// Adds `name version` of a package and of all on which it depends.
fn add_locked(lock: &Lockfile, name: &str, into: &mut BTreeSet<String>) {
    let mut left: Vec<&Package> = lock.packages.iter().filter(|package| package.name.as_str() == name).collect();
    while let Some(package) = left.pop() {
        if into.insert(format!("{} {}", package.name, package.version)) {
            let is_needed = |other: &&Package| package.dependencies.iter().any(|needed| needed.matches(other));
            left.extend(lock.packages.iter().filter(is_needed));
        }
    }
}
