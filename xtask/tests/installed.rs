//! The installed program in an empty home folder, far from the checkout, and with the checkout hidden.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

#[expect(dead_code, reason = "other tests use the rest")]
mod common;
#[path = "common/help.rs"]
mod help;
#[expect(dead_code, reason = "other tests write scripts")]
#[path = "common/programs.rs"]
mod programs;
#[path = "common/text.rs"]
mod text;
#[expect(dead_code, reason = "other tests use the rest")]
#[path = "common/trials.rs"]
mod trials;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};
use std::sync::LazyLock;

use common::checkout::top;
use common::{CommandResult, result_of};
use libtest_mimic::Arguments;

/// Commands that work on the lab's scenarios or sources.
const OF_CHECKOUT: &[&[&str]] = &[
    &["run-all"],
    &["run-one", "a", "b"],
    &["repro", "a", "b"],
    &["serve", "a"],
    &["learn"],
    &["new", "a"],
    &["build"],
    &["probe"],
    &["accept"],
    &["ci"],
    &["list", "scenarios"],
    &["list", "toolchains"],
    &["setup", "nginx"],
    &["setup", "--build-engines"],
    &["report", "--check"],
    &["report", "--publish"],
    &["history"],
    &["diff", "HEAD~1"],
];

/// The arguments with which `unshare` starts a process with mounts of its own. In a changed root folder, only root can,
/// and without a user namespace.
static MOUNT_NAMESPACE: LazyLock<Option<&[&str]>> = LazyLock::new(|| {
    const WAYS: [&[&str]; 2] = [&["--user", "--map-root-user", "--mount"], &["--mount"]];
    let works = |args: &&[&str]| {
        Command::new("unshare").args(*args).arg("true").output().is_ok_and(|output| output.status.success())
    };
    WAYS.into_iter().find(works)
});

const APP: &str = "(module (import \"wasi_snapshot_preview1\" \"proc_exit\" (func $exit (param i32))) (memory (export \"memory\") 1) \
                   (func (export \"_start\") i32.const 0 call $exit))";

fn main() -> ExitCode {
    // Not by the lab itself: if it does not start without its checkout, the tests must fail.
    let missing: &[&str] = if MOUNT_NAMESPACE.is_some() { &[] } else { &["unshare"] };
    let mut tests = vec![
        trials::without("its_texts_name_it", &[], texts),
        trials::without("other_programs_on_path_are_no_engines", &[], other_programs_are_no_engines),
        trials::without("an_engine_on_path_is_used", missing_runtime(WASMI), engine_on_path_is_used),
        trials::without("a_foreign_repository_is_no_workspace", &[], other_scenarios),
        trials::without("a_report_may_be_in_a_revision_of_any_repository", &[], revisions),
    ];
    for runtime in [WASMI, NODE] {
        let not_here = missing_runtime(runtime);
        let name = format!("the_installed_program_works_without_the_checkout: {runtime}");
        tests.push(trials::without(name, &[missing, not_here].concat(), move || {
            works(&Machine::new().hidden(), runtime)
        }));
        let name = format!("the_installed_program_works_in_an_empty_home_folder: {runtime}");
        tests.push(trials::without(name, not_here, move || works(&Machine::new(), runtime)));
    }
    libtest_mimic::run(&Arguments::from_args(), tests).exit_code()
}

const WASMI: &str = "wasmi";
const NODE: &str = "node";

/// The engine wasmi as CI built it.
fn built_wasmi() -> PathBuf {
    common::cache().join("engines/wasmi/engine-wasmi")
}

/// The runtime if it is absent.
fn missing_runtime(runtime: &'static str) -> &'static [&'static str] {
    match runtime {
        WASMI if !built_wasmi().is_file() => &[WASMI],
        NODE if which::which(NODE).is_err() => &[NODE],
        _ => &[],
    }
}

/// A machine with the installed program, and nothing of the lab's otherwise.
struct Machine {
    dir: tempfile::TempDir,
    is_hidden: bool,
}

impl Machine {
    fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        for folder in ["bin", "home", "app"] {
            fs::create_dir(dir.path().join(folder)).unwrap();
        }
        programs::copy(Path::new(env!("CARGO_BIN_EXE_wasmlab")), &dir.path().join("bin/wasmlab"));
        fs::write(dir.path().join("app/app.wat"), APP).unwrap();
        Self { dir, is_hidden: false }
    }

    /// Commands see an empty folder in place of the checkout.
    fn hidden(self) -> Self {
        Self { is_hidden: true, ..self }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    /// A command with an empty environment and home folder. PATH has Node.js if it is here.
    fn command(&self, args: &[&str]) -> Command {
        let program = self.path("bin/wasmlab");
        let mut command = if self.is_hidden {
            let mut command = Command::new("unshare");
            let hide = "mount -t tmpfs none \"$0\" && exec \"$@\"";
            // Without one, the mount would hide the checkout itself.
            command.args(MOUNT_NAMESPACE.unwrap()).args(["sh", "-c", hide]).arg(top()).arg(program);
            command
        } else {
            Command::new(program)
        };
        let node = which::which("node").ok().and_then(|node| Some(node.canonicalize().ok()?.parent()?.to_owned()));
        let node = node.filter(|folder| !folder.starts_with(top())).unwrap_or_default();
        let path = format!("{}:/usr/bin:/bin", node.display());
        command.args(args).current_dir(self.path("app")).env_clear().env("PATH", path).env("HOME", self.path("home"));
        command
    }

    fn run(&self, args: &[&str]) -> CommandResult {
        result_of(self.command(args).output().unwrap())
    }

    fn succeeds(&self, args: &[&str]) -> String {
        let ran = self.run(args);
        assert_eq!(ran.code, 0, "{args:?}: {}{}", ran.stdout, ran.stderr);
        self.is_foreign(args, &ran);
        ran.stdout
    }

    /// Asserts that nothing refers to the checkout, or calls the program by its name there.
    fn is_foreign(&self, args: &[&str], ran: &CommandResult) {
        let text = format!("{}{}", ran.stdout, ran.stderr);
        for forbidden in ["cargo xtask".to_owned(), top().display().to_string(), "panicked".to_owned()] {
            assert!(!text.contains(&forbidden), "{args:?}: {forbidden}: {text}");
        }
    }

    /// Copies the engine wasmi, which CI built, into the user's folder, as its users do.
    fn install_wasmi(&self) {
        // Not in the empty home folder, where rustup finds no compiler.
        let mut command = Command::new(self.path("bin/wasmlab"));
        command
            .args(["setup", "--build-engines", "--runtime", "wasmi", "--from"])
            .arg(top())
            .current_dir(self.path("app"));
        command.env("WASMLAB_DATA", self.path("home/.local/share/wasmlab")).env("WASMLAB_CACHE", common::cache());
        let ran = result_of(command.output().unwrap());
        assert_eq!(ran.code, 0, "{}", ran.stderr);
        assert!(self.path("home/.local/share/wasmlab/engines/wasmlab-engine-wasmi").is_file(), "{}", ran.stdout);
        assert_eq!(self.succeeds(&["setup", "--runtime", "wasmi"]), "nothing is missing\n");
    }
}

/// Every command that reads files works, and every other one says in one line that it needs the checkout.
fn works(machine: &Machine, runtime: &str) {
    if runtime == WASMI {
        machine.install_wasmi();
    }
    let shown = machine.succeeds(&["check", "app.wat", "--runtime", runtime]);
    assert!(shown.contains("runs on") && shown.contains(runtime), "{shown}");
    let report = machine.path("home/.cache/wasmlab/installed/reports/check/report.json");
    assert!(report.is_file(), "{shown}");
    machine.succeeds(&["check", "app.wat", "--save", "kept", "--runtime", runtime]);
    assert!(machine.path("app/kept/index.html").is_file());
    for (args, expected) in [
        (&["predict", "app.wat"][..], "runs"),
        (&["capabilities", "wasi", "--runtime", "wasmi"], "proc_exit"),
        (&["inspect", "app.wat"], "proc_exit"),
        (&["explain", "trap"], "meaning"),
        (&["doctor"], "workspace  none"),
        (&["list"], "wasmi"),
        (&["report"], "app"),
        (&["report", "kept/report.json", "--output", "junit"], "<testsuite"),
        (&["diff", "kept/report.json"], ""),
        (&["history", "kept"], "1 report"),
        // It cannot be built here, so the exact command is named.
        (&["setup", "--runtime", "tinywasm"], "`wasmlab setup --from CHECKOUT --runtime tinywasm`"),
        (&["clean"], "removed"),
        // From here on with a new cache.
        (&["predict", "app.wat", "--output", "json"], "\"wasmi\""),
    ] {
        let shown = machine.succeeds(args);
        assert!(text::unwrapped(&shown).contains(&text::unwrapped(expected)), "{args:?}: {expected}: {shown}");
    }
    for args in OF_CHECKOUT {
        let ran = machine.run(args);
        assert_eq!(ran.code, 2, "{args:?}: {}{}", ran.stdout, ran.stderr);
        machine.is_foreign(args, &ran);
        let lines: Vec<&str> = ran.stderr.lines().collect();
        assert!(lines.len() == 1 && lines[0].contains("checkout"), "{args:?}: {}", ran.stderr);
    }
    assert!(!machine.path("app/reports").exists() && !machine.path("app/target").exists(), "nothing is left here");
}

/// The help of every command, usage errors and hints say `wasmlab`.
fn texts() {
    let machine = Machine::new();
    let help = machine.succeeds(&["--help"]);
    assert!(help.contains("Usage: wasmlab") && help.contains("WASMLAB_ROOT may name one"), "{help}");
    let names = help::commands(&help);
    assert!(names.len() > 20, "{names:?}");
    for name in names {
        let help = machine.succeeds(&[name, "--help"]);
        assert!(help.contains(&format!("Usage: wasmlab {name}")), "{help}");
    }
    for (args, code, expected) in [
        (&["dance"][..], 2, "Usage: wasmlab"),
        (&["check", "app.wat", "--runtime", "wasmtme"], 2, "did you mean"),
        (&["explain", "tarp"], 2, "`wasmlab explain` lists all codes"),
        (&["check", "app.wat", "--runtime", "tinywasm"], 4, "absent"),
        (&["check", "none.wasm"], 2, "none.wasm"),
    ] {
        let ran = machine.run(args);
        assert_eq!(ran.code, code, "{args:?}: {}{}", ran.stdout, ran.stderr);
        machine.is_foreign(args, &ran);
        assert!(format!("{}{}", ran.stdout, ran.stderr).contains(expected), "{args:?}: {}{}", ran.stdout, ran.stderr);
    }
    let json = machine.run(&["check", "app.wat", "--runtime", "tinywasm", "--output", "json"]);
    assert!(
        json.stdout.contains("wasmlab setup --from CHECKOUT") && !json.stdout.contains("cargo xtask"),
        "{}",
        json.stdout
    );
}

/// Checks a file on wasmi; PATH has only the folder of the installed program.
fn check_wasmi(machine: &Machine, code: i32, expected: &str) {
    let mut command = machine.command(&["check", "app.wat", "--runtime", "wasmi", "--output", "json"]);
    let ran = result_of(command.env("PATH", machine.path("bin")).output().unwrap());
    assert_eq!(ran.code, code, "{}{}", ran.stdout, ran.stderr);
    assert!(ran.stdout.contains(expected), "{expected}: {}", ran.stdout);
}

const WASMI_ON_PATH: &str = "bin/wasmlab-engine-wasmi";

fn other_programs_are_no_engines() {
    let machine = Machine::new();
    check_wasmi(&machine, 4, "the engine wasmi is not installed; `wasmlab setup --from CHECKOUT`");
    programs::copy(Path::new(env!("CARGO_BIN_EXE_wasmlab")), &machine.path(WASMI_ON_PATH));
    check_wasmi(&machine, 4, "wasmlab-engine-wasmi` cannot be used: ");
}

fn engine_on_path_is_used() {
    let machine = Machine::new();
    programs::copy(&built_wasmi(), &machine.path(WASMI_ON_PATH));
    check_wasmi(&machine, 0, "\"verdict\": \"pass\"");
}

/// A foreign repository that looks like a checkout gets no reports, and its cache and sources are not used.
fn other_scenarios() {
    let machine = Machine::new();
    for folder in ["scenarios/one", "xtask/engines/wasmi"] {
        fs::create_dir_all(machine.path("app").join(folder)).unwrap();
    }
    fs::write(machine.path("app/scenarios/one/scenario.toml"), "schema = 1\n").unwrap();
    machine.succeeds(&["predict", "app.wat", "--runtime", "wasmi"]);
    assert_eq!(machine.run(&["run-all"]).code, 2);
    assert!(!machine.path("app/target").exists());
}

/// Reports that a user's repository keeps, by git's own syntax.
fn revisions() {
    let machine = Machine::new();
    let sample = fs::read_to_string(top().join("xtask/model/sample.json")).unwrap();
    fs::create_dir(machine.path("app/ci")).unwrap();
    fs::write(machine.path("app/ci/report.json"), &sample).unwrap();
    let git = |args: &[&str]| {
        let mut command = Command::new("git");
        let name = ["-c", "user.name=n", "-c", "user.email=a@b"];
        command.args(name).args(args).current_dir(machine.path("app")).env("HOME", machine.path("home"));
        let ran = result_of(command.output().unwrap());
        assert_eq!(ran.code, 0, "{args:?}: {}", ran.stderr);
    };
    git(&["init", "--quiet", "--initial-branch=main"]);
    git(&["add", "."]);
    git(&["commit", "--quiet", "--message=one"]);
    // A cell that passed and no longer does.
    let worse = sample.replacen("\"verdict\": \"pass\"", "\"verdict\": \"gap\", \"code\": \"trap\"", 1);
    assert_ne!(worse, sample);
    fs::write(machine.path("app/ci/report.json"), worse).unwrap();
    for (args, code, expected) in [
        (&["diff", "main:ci/report.json", "ci/report.json"][..], 1, "worse: 1"),
        (&["diff", "HEAD:./ci/report.json", "main:ci/report.json"], 0, "nothing differs"),
        (&["diff", "main:report.json", "ci/report.json"], 2, "path 'report.json' does not exist in 'main'"),
        (&["diff", "--", "--output=x:y", "ci/report.json"], 2, "neither a file nor a report in a git revision"),
        (&["check", "app.wat", "--baseline", "none:ci/report.json"], 2, "`none:ci/report.json` is neither a file nor"),
        (&["check", "app.wat", "--baseline", "main:app.wat"], 2, "`main:app.wat` is not a report of the lab"),
    ] {
        let ran = machine.run(args);
        assert_eq!(ran.code, code, "{args:?}: {}{}", ran.stdout, ran.stderr);
        assert!(format!("{}{}", ran.stdout, ran.stderr).contains(expected), "{args:?}: {}{}", ran.stdout, ran.stderr);
    }
    assert!(!machine.path("app/x:y").exists());
}
