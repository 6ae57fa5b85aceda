//! Guests that misbehave in a browser page: each affects only its own cell, gets its code within its limit, and leaves
//! no process behind; in Firefox also where a browser serves several cells. Ignored if the browser is not installed.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

#[expect(dead_code, reason = "other tests use the rest")]
mod common;
#[path = "common/processes.rs"]
mod processes;
#[expect(dead_code, reason = "other tests use the rest")]
#[path = "common/trials.rs"]
mod trials;

use std::fs;
use std::process::{Command, ExitCode, Stdio};
use std::time::{Duration, Instant};

use common::{CommandResult, Workspace, field, fixtures};

/// Its name, and what it does with a browser.
type BrowserTest = (&'static str, fn(&str));

const HEALTHY: &str = "(module (func (export \"_start\")))";
const BROWSERS: &[&str] = &["chromium", "firefox"];

/// A guest of `fixtures/hostile` or a page of `fixtures/hostile/pages`, and the expected `verdict code`; `a|b` if it
/// depends on which limit is reached first.
type Guest = (&'static str, &'static str);

const GUESTS: &[Guest] = &[
    ("loop", "gap timeout"),
    ("start-loop", "gap timeout"),
    ("recursion", "gap trap"),
    ("unreachable", "gap trap"),
    ("bounds", "gap trap"),
    ("division", "gap trap"),
    ("table", "gap implementation-limit"),
    ("memory", "gap trap|gap out-of-memory|gap crashed"),
    ("flood", "gap output-flood"),
];

const PAGES: &[Guest] = &[
    ("navigates", "gap host-refused"),
    ("reloads", "gap host-refused"),
    // Chromium refuses because the window was not opened by a script; the guest then never reports its end.
    ("closes", "gap timeout|gap host-refused"),
    ("opens", "pass"),
    ("floods", "gap output-flood"),
    ("hoards", "gap out-of-memory|gap crashed|gap timeout"),
    ("spins", "gap timeout"),
    ("leaves-workers", "pass"),
    ("malformed", "gap malformed"),
];

/// The limit of guests that only run into it.
const SHORT: &str = "[run]\ntimeout_ms = 2000\n";

/// A workspace that contains the folders of its cells, so that their processes can be recognized.
fn workspace() -> Workspace {
    let workspace = Workspace::new();
    fs::create_dir(workspace.path("tmp")).unwrap();
    workspace.scenario("healthy", HEALTHY, "");
    workspace
}

/// Runs the workspace's scenarios in pages of the browser, without and with the polyfill.
fn command(workspace: &Workspace, browser: &str, args: &[&str]) -> Command {
    let shim = format!("{browser}+wasi-shim");
    let all = ["run-all", "--output", "json", "--no-cache", "--runtime", browser, "--runtime", &shim];
    let mut command = workspace.command(&[&all, args].concat());
    command.env("TMPDIR", workspace.path("tmp")).env("WASMLAB_EMCC", fixtures("fake-toolchains/emcc"));
    command
}

/// The cells that were measured: the scenario, `VERDICT CODE`, and `SCENARIO on RUNTIME: DETAIL`.
fn cells(ran: &CommandResult) -> Vec<(String, String, String)> {
    let report = ran.json();
    let mut cells = Vec::new();
    for cell in report["cells"].as_array().unwrap() {
        match field(cell, "verdict").as_str() {
            "absent" => common::required::not_here(&field(cell, "runtime"), &field(cell, "detail")),
            "not-applicable" => {}
            verdict => {
                let code = format!("{verdict} {}", field(cell, "code")).trim_end().to_owned();
                let at =
                    format!("{} on {}: {}", field(cell, "scenario"), field(cell, "runtime"), field(cell, "detail"));
                cells.push((field(cell, "scenario"), code, at));
            }
        }
    }
    cells
}

/// Processes with the workspace in their environment: those started by its cells.
fn left_behind(workspace: &Workspace) -> Vec<String> {
    let folder = workspace.path("tmp").display().to_string();
    processes::command_lines(|_, environment| environment.contains(&folder))
}

/// Whether a browser of this workspace is running.
fn is_open(workspace: &Workspace) -> bool {
    left_behind(workspace).iter().any(|line| line.contains("--remote-debugging-port"))
}

fn main() -> ExitCode {
    let arguments = libtest_mimic::Arguments::from_args();
    let workspace = workspace();
    let tests = BROWSERS.iter().flat_map(|&browser| {
        let healthy = || common::result_of(command(&workspace, browser, &["--engines", "built"]).output().unwrap());
        let is_here = arguments.list || !cells(&healthy()).is_empty();
        let missing: &[&str] = if is_here { &[] } else { &[browser] };
        let each: [BrowserTest; 2] = [
            ("each hostile guest of a page affects only its own cell", each_hostile_guest_affects_only_its_own_cell),
            ("an interrupted lab leaves no browser", an_interrupted_lab_leaves_no_browser),
        ];
        each.map(|(name, test)| trials::without(format!("{browser}: {name}"), missing, move || test(browser)))
    });
    libtest_mimic::run(&arguments, tests.collect()).exit_code()
}

fn each_hostile_guest_affects_only_its_own_cell(browser: &str) {
    let workspace = workspace();
    for (name, _) in GUESTS {
        let wat = fs::read_to_string(fixtures("hostile").join(format!("{name}.wat"))).unwrap();
        workspace.scenario(name, &wat, if name.contains("loop") { SHORT } else { "" });
    }
    for (name, expected) in PAGES {
        // Once: windows that it opens must not run it again.
        let stdout = if *name == "opens" { "confirmed: false\n" } else { "" };
        let toml = format!(
            "schema = 1\ntitle = \"{name}\"\nfamily = \"test\"\nroute = \"page\"\n[build]\ntoolchain = \"emscripten\"\n\
             source = \"{name}.c\"\nartifact = \"guest.wasm\"\ncompanions = [\"guest.js\"]\n\
             {}[expect]\nstdout = {stdout:?}\n",
            if *expected == "gap timeout" { SHORT } else { "" }
        );
        workspace.write(&format!("scenarios/{name}/scenario.toml"), toml);
        let page = fs::read(fixtures("hostile/pages").join(format!("{name}.js"))).unwrap();
        workspace.write(&format!("scenarios/{name}/{name}.c"), page);
    }
    let began = Instant::now();
    let ran = common::result_of(command(&workspace, browser, &["--timeout", "8"]).output().unwrap());
    let cells = cells(&ran);
    assert!(began.elapsed() < Duration::from_secs(400), "nothing may hang the lab");
    let mut wrong = Vec::new();
    for (scenario, code, at) in &cells {
        let expected =
            GUESTS.iter().chain(PAGES).find(|(name, _)| name == scenario).map_or("pass", |(_, expected)| expected);
        // Without the polyfill, guests that print have a missing import.
        let imports = at.contains(&format!("on {browser}:")) && scenario == "flood" && code == "gap missing-import";
        if !imports && !expected.split('|').any(|w| w == code) {
            wrong.push(format!("{code}, expected {expected}: {at}"));
        }
    }
    assert!(wrong.is_empty(), "{}\n{}", wrong.join("\n"), ran.stderr);
    assert!(cells.len() > PAGES.len() + GUESTS.len(), "{}", ran.stdout);
    assert_eq!(left_behind(&workspace), Vec::<String>::new());
    // The time of a browser that several cells used belongs to none of them.
    let report = ran.json();
    let all = report["cells"].as_array().unwrap();
    let shared = all.iter().filter(|cell| cell["verdict"] == "pass" && cell["duration_ms"].is_null()).count();
    assert_eq!(shared > 0, browser == "firefox", "{shared} cells in a shared browser");
}

fn an_interrupted_lab_leaves_no_browser(browser: &str) {
    let workspace = workspace();
    workspace.scenario("loop", &fs::read_to_string(fixtures("hostile/loop.wat")).unwrap(), "");
    let mut lab = command(&workspace, browser, &["--timeout", "60", "--jobs", "1"]);
    let mut lab = lab.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    let deadline = Instant::now() + Duration::from_secs(20);
    while !is_open(&workspace) {
        assert!(Instant::now() < deadline, "no browser was started: {:?}", left_behind(&workspace));
        std::thread::sleep(Duration::from_millis(20));
    }
    // Give the page time to start, which cannot be observed from outside.
    std::thread::sleep(Duration::from_secs(2));
    assert!(left_behind(&workspace).len() > 2, "the lab, the driver and the browser run");
    rustix::process::kill_process(rustix::process::Pid::from_child(&lab), rustix::process::Signal::INT).unwrap();
    lab.wait().unwrap();
    assert_eq!(left_behind(&workspace), Vec::<String>::new());
}
