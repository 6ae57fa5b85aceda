//! Builds an embedded engine or a driver with cargo, and reports progress.

use std::collections::BTreeSet;
use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use cargo_metadata::{DependencyKind, Message, Metadata, MetadataCommand, PackageId, TargetKind};

use super::{Absence, BUILD_LIMIT, KEEP_VARIABLE, absence, ask, build_record, engine_key};
use crate::lab::Lab;
use crate::store::cache::{ENGINES, Key};
use crate::store::files;
use wasmlab_process::{self as process, Command, CompletedProcess, Input, Limits, OutputStream};
use wasmlab_report::visible::VisiblePath;

/// How often a build's progress is reported.
const REPORT_INTERVAL: Duration = Duration::from_millis(250);

/// Builds of one engine that are kept, however old.
const KEPT_BUILDS: usize = 4;
/// A build as new as this is always kept: a lab may be running it.
const KEPT_AGE: Duration = Duration::from_secs(24 * 3600);

/// Receives the progress of an engine build: compiled crates, total crates, cargo's last line.
pub type BuildProgress<'a> = &'a dyn Fn(usize, usize, &str);

/// The folder in which cargo builds all engines and drivers, so that a crate that several need is compiled once.
#[must_use]
pub fn build_dir(lab: &Lab) -> PathBuf {
    lab.cache.dir().join(ENGINES).join("build")
}

/// Builds an engine with cargo and keeps the binary. [`remove_build_files`] removes the rest.
///
/// # Errors
/// Cargo's errors, and what to do.
pub fn build(lab: &Lab, engine: &'static str, offline: bool, report: BuildProgress) -> Result<(), Absence> {
    let key = engine_key(lab, engine).map_err(|e| absence(engine, e))?;
    let dir = lab.engine(engine);
    let target = build_dir(lab);
    let program = lab.machine.which("cargo").ok_or_else(|| absence(engine, "cargo is not on PATH".to_owned()))?;
    let cargo = Cargo { program, dir: dir.clone(), offline };
    run_build(&cargo, &target, report).map_err(|why| absence(engine, why))?;
    let name = binary_name(lab, engine);
    let (kept, binary) = (kept_dir(lab, engine), kept_binary(lab, engine, &key));
    fs::create_dir_all(&kept).map_err(|e| absence(engine, format!("`{}`: {e}", kept.visible())))?;
    files::copy_atomically(&target.join("release").join(with_exe(&name)), &binary)
        .map_err(|e| absence(engine, format!("its binary cannot be saved: {e}")))?;
    name_last(&binary, &kept.join(with_exe(&name)));
    remove_old(&kept, &format!("{name}-"));
    let record = build_record(lab, engine, &key);
    let built = ask(lab, engine, binary)?;
    lab.cache.write_entry(&record, &key, &built).map_err(|e| absence(engine, e.to_string()))
}

/// The name of the binary of an engine or driver, without an extension.
fn binary_name(lab: &Lab, engine: &str) -> String {
    let is_driver = lab.engine(engine).parent().is_some_and(|dir| dir.ends_with("drivers"));
    format!("{}-{engine}", if is_driver { "driver" } else { "engine" })
}

fn with_exe(name: &str) -> String {
    format!("{name}{}", std::env::consts::EXE_SUFFIX)
}

/// The folder for the binaries of an engine.
fn kept_dir(lab: &Lab, engine: &str) -> PathBuf {
    lab.cache.dir().join(ENGINES).join(engine)
}

/// The private copy of a build's binary: tests and other cargo commands in cargo's folder build the same name with other
/// features and would replace it. Its name contains its key, so that checkouts with other sources but the same cache
/// keep theirs.
pub(super) fn kept_binary(lab: &Lab, engine: &str, key: &Key) -> PathBuf {
    kept_dir(lab, engine).join(with_exe(&format!("{}-{}", binary_name(lab, engine), &key.text()[..16])))
}

/// Removes cargo's intermediate files after the last of several builds, unless [`KEEP_VARIABLE`] keeps them. Leaves them
/// to another lab that is building in the same cache. If they cannot be removed, they only take up space.
pub fn remove_build_files(lab: &Lab) {
    if lab.machine.variable(KEEP_VARIABLE).is_some_and(|value| value != "0") {
        return;
    }
    let release = build_dir(lab).join("release");
    // Cargo holds this lock while it builds.
    let Ok(lock) = fs::File::open(release.join(".cargo-lock")) else { return };
    if lock.try_lock().is_ok() {
        let _ = fs::remove_dir_all(&release);
    }
}

/// The last build also gets a name without a key, for people who start it by hand. If that name cannot be written,
/// nothing else is affected.
fn name_last(binary: &Path, last: &Path) {
    let draft = binary.with_extension("last");
    if fs::hard_link(binary, &draft).and_then(|()| fs::rename(&draft, last)).is_err() {
        let _ = fs::remove_file(&draft);
        let _ = files::copy_atomically(binary, last);
    }
}

/// Removes builds that are neither new nor among the last few. A checkout that still needs one builds it again.
fn remove_old(target: &Path, prefix: &str) {
    let mut builds = Vec::new();
    for entry in fs::read_dir(target).into_iter().flatten().flatten() {
        let is_record = entry.path().extension().is_some_and(|extension| extension == "json");
        let is_build = !is_record && entry.file_name().to_str().is_some_and(|name| name.starts_with(prefix));
        let age = entry.metadata().ok().and_then(|meta| meta.modified().ok()?.elapsed().ok()).unwrap_or_default();
        if is_build {
            builds.push((age, entry.path()));
        }
    }
    builds.sort();
    for (_, path) in builds.into_iter().skip(KEPT_BUILDS).filter(|(age, _)| *age > KEPT_AGE) {
        let _ = fs::remove_file(&path);
        let _ = fs::remove_file(path.with_extension("json"));
    }
}

fn run_build(cargo: &Cargo, target: &Path, report: BuildProgress) -> Result<(), String> {
    let total = cargo.crates()?.len();
    let options: [OsString; 5] = [
        "--release".into(),
        // JSON messages on stdout for the lab; diagnostics for people stay on stderr.
        "--message-format".into(),
        "json-render-diagnostics".into(),
        "--target-dir".into(),
        target.into(),
    ];
    let running =
        process::start(&cargo.command("build", &options), None).map_err(|e| format!("cargo cannot be started: {e}"))?;
    let mut compiled = Compiled::default();
    while !running.wait_end(REPORT_INTERVAL) {
        compiled.read(&running.since(OutputStream::Stdout, compiled.bytes));
        report(compiled.crates.len().min(total), total, &running.last_line().unwrap_or_default());
    }
    succeeded(&running.wait())
}

/// Runs cargo on one manifest.
struct Cargo {
    program: PathBuf,
    dir: PathBuf,
    offline: bool,
}

impl Cargo {
    fn command(&self, subcommand: &str, options: &[OsString]) -> Command {
        let mut args: Vec<OsString> = [subcommand, "--locked", "--manifest-path"].map(OsString::from).to_vec();
        args.push(self.dir.join("Cargo.toml").into());
        args.extend_from_slice(options);
        args.extend(self.offline.then(|| "--offline".into()));
        Command {
            program: self.program.clone(),
            args,
            env: process::tool_env(),
            cwd: self.dir.clone(),
            stdin: Input::Bytes(Vec::new()),
            inherit: Vec::new(),
            sandbox: None,
            report: None,
            limits: Limits::compiler(BUILD_LIMIT),
        }
    }

    /// The crates to compile for this machine.
    fn crates(&self) -> Result<BTreeSet<PackageId>, String> {
        let options = ["--format-version", "1", "--filter-platform", "host-tuple"].map(OsString::from);
        let completed =
            process::run(&self.command("metadata", &options)).map_err(|e| format!("cargo cannot be started: {e}"))?;
        succeeded(&completed)?;
        let metadata = MetadataCommand::parse(String::from_utf8_lossy(&completed.stdout))
            .map_err(|e| format!("the output of cargo metadata cannot be parsed: {e}"))?;
        Ok(crates_of_build(&metadata))
    }
}

/// The root package and its dependencies, without those that only tests need.
pub fn crates_of_build(metadata: &Metadata) -> BTreeSet<PackageId> {
    let Some(resolve) = &metadata.resolve else { return BTreeSet::new() };
    let mut found = BTreeSet::new();
    let mut left: Vec<&PackageId> = resolve.root.iter().collect();
    while let Some(id) = left.pop() {
        if !found.insert(id.clone()) {
            continue;
        }
        let node = resolve.nodes.iter().find(|node| node.id == *id);
        let is_built =
            |kinds: &[cargo_metadata::DepKindInfo]| kinds.iter().any(|k| k.kind != DependencyKind::Development);
        left.extend(
            node.into_iter().flat_map(|node| &node.deps).filter(|dep| is_built(&dep.dep_kinds)).map(|dep| &dep.pkg),
        );
    }
    found
}

/// The crates compiled so far, according to cargo's messages.
#[derive(Default)]
struct Compiled {
    crates: BTreeSet<PackageId>,
    /// Bytes of messages already read.
    bytes: usize,
}

impl Compiled {
    /// Reads new messages; the last line may be incomplete.
    fn read(&mut self, output: &[u8]) {
        let whole = output.iter().rposition(|byte| *byte == b'\n').map_or(0, |end| end + 1);
        self.bytes += whole;
        for message in Message::parse_stream(&output[..whole]).flatten() {
            if let Message::CompilerArtifact(artifact) = message
                && !artifact.target.kind.contains(&TargetKind::CustomBuild)
            {
                self.crates.insert(artifact.package_id);
            }
        }
    }
}

fn succeeded(completed: &CompletedProcess) -> Result<(), String> {
    if completed.success() { Ok(()) } else { Err(cargo_errors(&completed.stderr, &completed.exit_reason.to_string())) }
}

/// The error lines in cargo's output.
fn cargo_errors(stderr: &[u8], end: &str) -> String {
    let text = String::from_utf8_lossy(stderr);
    let lines = || text.lines().map(str::trim).filter(|line| !line.is_empty());
    let mut errors: Vec<&str> = lines().filter(|line| line.starts_with("error")).take(2).collect();
    if errors.is_empty() {
        errors.extend(lines().next_back());
    }
    if errors.is_empty() { format!("cargo {end}") } else { errors.join("; ") }
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use super::{Cargo, Compiled, cargo_errors, name_last, remove_old};
    use crate::machine::Machine;

    /// Messages from a build of `xtask/http`, recorded from cargo.
    const MESSAGES: &str = include_str!("messages.jsonl");

    #[test]
    fn crates_are_counted_as_their_artifacts_come() {
        let mut compiled = Compiled::default();
        let bytes = MESSAGES.as_bytes();
        let mut counts = Vec::new();
        for end in (0..bytes.len()).step_by(700).chain([bytes.len()]) {
            compiled.read(&bytes[compiled.bytes..end]);
            counts.push(compiled.crates.len());
        }
        assert!(counts.is_sorted() && counts[0] == 0, "{counts:?}");
        let names: Vec<&str> =
            compiled.crates.iter().filter_map(|id| id.repr.rsplit_once(['/', '#'])).map(|(_, name)| name).collect();
        assert_eq!(names, ["wasmlab-http@0.1.0", "httparse@1.10.1"]);
        assert_eq!(compiled.bytes, bytes.len());
    }

    /// The compiled crates are a subset of those in the metadata, so progress ends at 100 %.
    #[test]
    fn the_total_is_of_this_machine_without_what_tests_need() {
        let dir = tempfile::tempdir().unwrap();
        let machine = Machine::new(dir.path().join("machine.json"));
        let driver = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("drivers/browser");
        let cargo = Cargo { program: machine.which("cargo").unwrap(), dir: driver, offline: false };
        let crates = cargo.crates().unwrap();
        let has = |name: &str| crates.iter().any(|id| id.repr.contains(name));
        assert!(has("driver-browser") && has("wasmlab-http") && has("tungstenite"), "{crates:?}");
        assert!(!has("tempfile@") && !has("windows-sys@"), "{crates:?}");
    }

    #[test]
    fn old_builds_are_removed_and_the_last_has_its_plain_name() {
        let dir = tempfile::tempdir().unwrap();
        for hours in [1_u64, 2, 3, 30, 31, 32, 33] {
            let path = dir.path().join(format!("engine-a-{hours}"));
            std::fs::write(&path, hours.to_string()).unwrap();
            std::fs::write(path.with_extension("json"), "").unwrap();
            let then = std::time::SystemTime::now() - std::time::Duration::from_secs(hours * 3600);
            std::fs::File::options().write(true).open(&path).unwrap().set_modified(then).unwrap();
        }
        name_last(&dir.path().join("engine-a-2"), &dir.path().join("engine-a"));
        name_last(&dir.path().join("engine-a-1"), &dir.path().join("engine-a"));
        assert_eq!(std::fs::read_to_string(dir.path().join("engine-a")).unwrap(), "1");
        remove_old(dir.path(), "engine-a-");
        let mut names: Vec<_> = std::fs::read_dir(dir.path()).unwrap().map(|e| e.unwrap().file_name()).collect();
        names.sort();
        let expected = [
            "engine-a",
            "engine-a-1",
            "engine-a-1.json",
            "engine-a-2",
            "engine-a-2.json",
            "engine-a-3",
            "engine-a-3.json",
            "engine-a-30",
            "engine-a-30.json",
        ];
        assert_eq!(names, expected);
    }

    #[test]
    fn errors_of_cargo_are_short() {
        let stderr = b"   Compiling a v1\nerror[E0425]: not found\n  --> src/main.rs\nerror: could not compile `a`\nerror: third\n";
        assert_eq!(cargo_errors(stderr, "x"), "error[E0425]: not found; error: could not compile `a`");
        assert_eq!(cargo_errors(b"one\ntwo\n\n", "x"), "two");
        assert_eq!(cargo_errors(b"", "was killed by signal 9"), "cargo was killed by signal 9");
    }
}
