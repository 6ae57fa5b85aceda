//! Compilers that misbehave: each gets its code, quotes its message, and does not affect other rows.
#![cfg(target_os = "linux")]
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

#[expect(dead_code, reason = "calls here need the compiler's variables: see `command`")]
mod common;
#[path = "common/processes.rs"]
mod processes;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use common::{CommandResult, Workspace};

const HEALTHY: &str = "(module (func (export \"_start\")))";

fn fake() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../fixtures/fake-toolchains/clang")
}

/// A workspace with one working guest, one that the fake compiler builds, and that compiler. The guest is named after
/// the compiler's behaviour, because builds with the same name share a cache folder.
fn with_compiler(behaviour: &str, known: &str) -> (Workspace, PathBuf) {
    let workspace = Workspace::new();
    workspace.scenario("healthy", HEALTHY, "");
    let toml = format!(
        "schema = 1\ntitle = \"t\"\nfamily = \"test\"\nroute = \"c\"\n[build]\ntoolchain = \"clang\"\n\
         source = \"guest.c\"\nartifact = \"guest.wasm\"\n{known}"
    );
    workspace.write(&format!("scenarios/fake-{behaviour}/scenario.toml"), toml);
    workspace.write(&format!("scenarios/fake-{behaviour}/guest.c"), "int main(void) { return 0; }\n");
    workspace.write("sysroot/lib/wasm32-wasi/libc.a", "");
    let compiler = workspace.path(&format!("clang-{behaviour}"));
    std::os::unix::fs::symlink(fake(), &compiler).unwrap();
    (workspace, compiler)
}

fn command(workspace: &Workspace, compiler: &Path, args: &[&str]) -> Command {
    let mut command = workspace.command(args);
    command.env("WASMLAB_CLANG", compiler).env("WASI_SYSROOT", workspace.path("sysroot"));
    // A busy machine may need long for 100 MB, so only the hanging compiler gets a short limit.
    let hangs = compiler.to_string_lossy().ends_with("hang");
    command.env("WASMLAB_BUILD_TIMEOUT", if hangs { "2" } else { "100" });
    command
}

/// Runs the lab; returns the result, and `VERDICT CODE` and the detail of the guest that `compiler` builds. The other
/// guest must pass everywhere.
fn run(workspace: &Workspace, compiler: &Path) -> (CommandResult, String, String) {
    let args = ["run-all", "--engines", "built", "--runtime", common::COLUMNS, "--output", "json"];
    let began = Instant::now();
    let ran = common::result_of(command(workspace, compiler, &args).output().unwrap());
    assert!(began.elapsed() < Duration::from_secs(200), "{} held the lab", compiler.display());
    let report = ran.json();
    assert!(!common::measured(&report).is_empty());
    let cells = report["cells"].as_array().unwrap();
    let present = |name: &str| -> Vec<&serde_json::Value> {
        let of_it =
            |c: &&serde_json::Value| c["scenario"].as_str().unwrap().starts_with(name) && c["verdict"] != "absent";
        cells.iter().filter(of_it).collect()
    };
    assert!(!present("healthy").is_empty() && present("healthy").iter().all(|c| c["verdict"] == "pass"), "other rows");
    let guests = present("fake-");
    let answers: Vec<String> = guests
        .iter()
        .map(|c| format!("{} {}", c["verdict"], c["code"]).replace(['"'], "").replace(" null", ""))
        .collect();
    let details: Vec<&serde_json::Value> = guests.iter().map(|c| &c["detail"]).collect();
    assert!(answers.windows(2).all(|w| w[0] == w[1]), "{answers:?}: {details:?}");
    let detail = guests[0]["detail"].as_str().unwrap().to_owned();
    assert!(!detail.contains(&workspace.path("").display().to_string()), "a path of this machine: {detail}");
    (ran, answers[0].clone(), detail)
}

#[test]
fn compiler_failures_have_codes_and_quote_the_compiler() {
    for (behaviour, expected, message, exit) in [
        ("well", "pass", "", 0),
        ("error", "not-built compile-error", "unknown type name 'nonsense'", 1),
        ("undefined", "not-built undefined-symbol", "the linker cannot find bind, socket", 1),
        ("hang", "not-built build-timeout", "did not finish within 2 s; it printed: still thinking", 1),
        ("killed", "not-built compiler-crashed", "signal 9; it printed: about to die", 1),
        ("flood", "not-built build-flood", "error: too much", 1),
        ("nothing", "not-built compile-error", "did not write `guest.wasm`", 1),
        ("invalid", "not-applicable", "invalid-file: not a WebAssembly binary (text)", 1),
        ("mute", "not-built toolchain-broken", "loading shared libraries", 1),
    ] {
        let (workspace, compiler) = with_compiler(behaviour, "");
        let (ran, answer, detail) = run(&workspace, &compiler);
        assert_eq!(answer, expected, "{behaviour}: {detail}");
        assert!(detail.contains(message), "{behaviour}: {detail}");
        assert!(detail.len() < 500, "{behaviour}: {detail}");
        assert_eq!(ran.code, exit, "{behaviour}: {}", ran.stderr);
    }
    // Whatever the hanging compiler started was killed with it.
    let child = "sleep 4259";
    assert!(fs::read_to_string(fake()).unwrap().contains(child));
    assert_eq!(processes::command_lines(|command_line, _| command_line == child), [""; 0], "its child is still there");
}

#[test]
fn compiler_that_cannot_start_is_broken_not_missing() {
    let (workspace, _) = with_compiler("unstartable", "");
    workspace.write("clang-unstartable-file", "#!/bin/sh\nexit 0\n");
    let (_, answer, detail) = run(&workspace, &workspace.path("clang-unstartable-file"));
    assert_eq!(answer, "not-built toolchain-broken", "{detail}");
    assert!(detail.to_lowercase().contains("permission denied"), "{detail}");
}

#[test]
fn known_link_error_is_accepted_and_a_wrong_entry_is_stale() {
    let known = "[[known]]\nruntime = \"*\"\ncode = \"undefined-symbol\"\nbecause = \"there is no socket()\"\n";
    let (workspace, compiler) = with_compiler("undefined", known);
    let (ran, answer, _) = run(&workspace, &compiler);
    assert_eq!((answer.as_str(), ran.code), ("not-built undefined-symbol", 0), "{}", ran.stderr);
    let built = common::result_of(command(&workspace, &compiler, &["build", "--require-built"]).output().unwrap());
    assert_eq!(built.code, 0, "{}", built.stderr);

    let (workspace, compiler) = with_compiler("well", known);
    let (ran, answer, _) = run(&workspace, &compiler);
    assert_eq!((answer.as_str(), ran.code), ("pass", 1), "a fixed link error counts as a regression");
}

#[test]
fn unchanged_second_build_starts_no_compiler() {
    let (workspace, compiler) = with_compiler("well", "");
    let log = workspace.path("clang-well.log");
    let compiled = || fs::read_to_string(&log).unwrap_or_default().lines().count();
    for _ in 0..2 {
        let built = common::result_of(command(&workspace, &compiler, &["build"]).output().unwrap());
        assert_eq!((built.code, compiled()), (0, 1), "{}", built.stderr);
    }
    workspace.write("scenarios/fake-well/guest.c", "int main(void) { return 1; }\n");
    assert_eq!(common::result_of(command(&workspace, &compiler, &["build"]).output().unwrap()).code, 0);
    assert_eq!(compiled(), 2, "a changed source is built again");

    // The linker's message is also cached.
    let (workspace, compiler) = with_compiler("undefined", "");
    for _ in 0..2 {
        let built = common::result_of(command(&workspace, &compiler, &["build"]).output().unwrap());
        assert!(built.code == 1 && built.stderr.contains("undefined-symbol"), "{}", built.stderr);
    }
    assert_eq!(fs::read_to_string(workspace.path("clang-undefined.log")).unwrap().lines().count(), 1);
}

/// A guest that is the scenario's own code and the C library may be committed, and then runs where no compiler is
/// installed.
#[test]
fn bless_guests_creates_a_prebuilt_guest() {
    let (workspace, compiler) = with_compiler("well", "");
    let accepted = common::result_of(command(&workspace, &compiler, &["accept", "--guests"]).output().unwrap());
    assert_eq!(accepted.code, 0, "{}", accepted.stderr);
    let provenance = fs::read_to_string(workspace.path("fixtures/fake-well/provenance.toml")).unwrap();
    assert!(provenance.contains("command = \"clang"), "{provenance}");
    assert!(!workspace.path("fixtures/healthy").exists(), "the lab translates WAT by itself");

    let args = ["run-all", "--engines", "built", "--runtime", common::COLUMNS, "--output", "json"];
    let bare = workspace.path("clang-bare");
    std::os::unix::fs::symlink(fake(), &bare).unwrap();
    let ran = common::result_of(command(&workspace, &bare, &args).output().unwrap());
    let report = ran.json();
    let cells = report["cells"].as_array().unwrap();
    let present = cells.iter().filter(|c| c["scenario"] == "fake-well" && c["verdict"] != "absent");
    let answers: Vec<_> = present.map(|c| (&c["verdict"], &c["prebuilt"])).collect();
    assert!(
        !answers.is_empty() && answers.iter().all(|(v, prebuilt)| **v == "pass" && **prebuilt == true),
        "{answers:?}"
    );
}

#[test]
fn renamed_target_is_reported_with_its_new_name() {
    let workspace = Workspace::new();
    let toml = "schema = 1\ntitle = \"t\"\nfamily = \"test\"\nroute = \"rust\"\n[build]\ntoolchain = \"rust\"\n\
        target = \"wasm32-wasi\"\nartifact = \"hello.wasm\"\n";
    workspace.write("scenarios/old/scenario.toml", toml);
    workspace.write("scenarios/old/src/main.rs", "fn main() {}\n");
    let ran = workspace.run(&["build"]);
    let is_named = ran.stderr.contains("target-renamed") && ran.stderr.contains("wasm32-wasip1");
    assert!(ran.code == 1 && is_named, "{}: {}", ran.code, ran.stderr);
}
