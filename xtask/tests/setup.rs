//! `setup` on simulated machines: package managers that do what they are asked, that fail, or that only claim success.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

#[expect(dead_code, reason = "shared with tests that run guests")]
mod common;
#[path = "common/programs.rs"]
mod programs;
#[path = "common/text.rs"]
mod text;

use std::collections::BTreeSet;
use std::fs;

use common::{CommandResult, Workspace};

/// A package that a package manager installs when called with these arguments: a program of this name and version.
const BROUGHT: &[(&str, &str, &str)] = &[
    ("npm install --global deno", "deno", "deno 2.1.4"),
    ("npm install --global bun", "bun", "1.2.3"),
    ("sudo apt-get install --yes nodejs npm", "node", "v22.1.0"),
    ("sudo apt-get install --yes emscripten", "emcc", "emcc (Emscripten gcc/clang-like replacement) 3.1.6 ()"),
];

/// A machine with these package managers and no runtime. Each package manager logs its arguments.
struct Machine {
    workspace: Workspace,
}

impl Machine {
    fn with(clients: &[&str]) -> Self {
        let machine = Self { workspace: Workspace::new() };
        for (call, _, version) in BROUGHT {
            machine.program(&format!("shelf/{call}"), &format!("echo '{version}'"));
        }
        fs::create_dir_all(machine.workspace.path("bin")).unwrap();
        for client in clients {
            let cases: Vec<String> = BROUGHT.iter().map(|(call, program, _)| machine.case(call, program)).collect();
            let log = machine.workspace.path("calls");
            let body = format!(
                "echo {client} \"$@\" >> '{}'\ncase \"{client} $*\" in\n{}esac\n",
                log.display(),
                cases.concat()
            );
            machine.program(&format!("bin/{client}"), &body);
        }
        machine
    }

    /// The effect of calling a package manager like this. PATH contains nothing but package managers, hence the full
    /// path of `cp`.
    fn case(&self, call: &str, program: &str) -> String {
        let place = |path: String| self.workspace.path(&path).display().to_string();
        let (from, to) = (place(format!("shelf/{call}")), place(format!("bin/{program}")));
        format!("\"{call}\") /bin/cp -p '{from}' '{to}' ;;\n")
    }

    /// A package manager that exits with another code.
    fn ends(self, client: &str, code: i32) -> Self {
        let log = self.workspace.path("calls");
        self.program(&format!("bin/{client}"), &format!("echo {client} \"$@\" >> '{}'\nexit {code}", log.display()));
        self
    }

    fn program(&self, path: &str, body: &str) {
        programs::script(&self.workspace.path(path), &format!("#!/bin/sh\n{body}\n"));
    }

    /// Runs `setup`; returns the result with its text on one line, and the logged calls.
    fn setup(&self, args: &[&str]) -> (CommandResult, Vec<String>) {
        let mut command = self.workspace.command(&[&["setup"], args].concat());
        for (name, _) in std::env::vars().filter(|(name, _)| name.starts_with("WASMLAB_") || name == "EMSDK") {
            command.env_remove(name);
        }
        let place = |path: &str| self.workspace.path(path);
        command.env("WASMLAB_ROOT", place("")).env("WASMLAB_CACHE", place("cache")).env("CARGO_HOME", place("cargo"));
        let ran = common::result_of(command.env("PATH", place("bin")).output().unwrap());
        assert!(!ran.stderr.contains("panicked"), "{}", ran.stderr);
        let calls = fs::read_to_string(place("calls")).unwrap_or_default();
        // Leave out queries to Python about itself, which change nothing.
        (ran, calls.lines().filter(|line| !line.starts_with("python3 -c ")).map(str::to_owned).collect())
    }
}

/// Lines are wrapped at the width of the terminal; the text is compared without line breaks.
fn says(text: &str, expected: &str) {
    assert!(text::unwrapped(text).contains(&text::unwrapped(expected)), "{expected} is not in\n{text}");
}

#[test]
fn setup_shows_its_plan_and_uses_installed_package_managers() {
    let (ran, calls) = Machine::with(&["npm", "python3", "go"]).setup(&["--dry-run"]);
    assert_eq!((ran.code, calls.len()), (0, 0), "{}", ran.stderr);
    for expected in [
        "will run  npm install --global deno\n          for deno, deno+jco\n",
        "will run  python3 -m pip install wamr-bin wamrc-bin\n          for wamr-zig\n",
        "will run  go install github.com/tetratelabs/wazero/cmd/wazero@latest\n          for wazero (installs into the folder `bin`",
        // No package manager of this machine has these: the web page, and commands of other machines.
        "manual    wasmedge, wasmedge-aot: `wasmedge` is not on PATH; install it with `brew install wasmedge` or `dnf install",
        "manual    wasmi-cli: `wasmi` is not on PATH; install it with `cargo install --locked wasmi_cli` (see https://",
        // What applies to several is printed once.
        "manual    firefox, firefox+jco, firefox+wasi-shim: ",
    ] {
        says(&ran.stdout, expected);
    }
    let prose = ran.stdout.lines().filter(|line| !line.starts_with("will run"));
    assert!(prose.clone().all(|line| line.chars().count() <= 80), "{}", ran.stdout);
    let (ran, calls) = Machine::with(&["npm", "python3"]).setup(&["--runtime", "{deno,bun}"]);
    assert_eq!(calls, ["npm install --global bun", "npm install --global deno"]);
    assert!(ran.code == 0 && ran.stdout.ends_with("shows what is installed now\n"), "{}{}", ran.stdout, ran.stderr);
}

#[test]
fn failing_package_manager_is_named_and_others_continue() {
    let machine = Machine::with(&["npm", "sudo", "apt-get"]).ends("cargo", 101);
    let (ran, calls) = machine.setup(&["--runtime", "{bun,wasmi-cli,node}"]);
    let all = ["sudo apt-get install --yes nodejs npm", "cargo install --locked wasmi_cli", "npm install --global bun"];
    let calls: BTreeSet<&str> = calls.iter().map(String::as_str).collect();
    assert_eq!(calls, BTreeSet::from(all));
    assert_eq!(ran.code, 3, "{}", ran.stderr);
    says(&ran.stderr, "failed to set up wasmi-cli (takes three minutes): `cargo` failed: exit status: 101");
    assert!(!ran.stderr.contains("bun") && !ran.stdout.contains("done"), "{}{}", ran.stdout, ran.stderr);
}

#[test]
fn package_manager_that_installs_nothing_is_a_failure() {
    let (ran, calls) = Machine::with(&[]).ends("npm", 0).setup(&["--runtime", "{bun,deno}"]);
    assert_eq!(calls, ["npm install --global bun", "npm install --global deno"], "each is called once");
    assert!(ran.code == 3 && !ran.stdout.contains("done"), "{}: {}", ran.code, ran.stdout);
    for expected in ["set up bun: `npm` succeeded, but it is still missing", "set up deno: `npm` succeeded"] {
        says(&ran.stderr, expected);
    }
}

/// A C scenario that uses the files of a crate, which are requested once there is a compiler.
fn write_crate_scenario(machine: &Machine) {
    let build = format!(
        "[build]\ntoolchain = \"emscripten\"\nsource = \"main.c\"\nartifact = \"main.wasm\"\nflags = [\"-I{{crate}}/src\"]\n\
         crate = {{ name = \"a-src\", version = \"1.2.3\", sha256 = \"{}\" }}\n",
        "0".repeat(64)
    );
    let head = "schema = 1\ntitle = \"t\"\nfamily = \"test\"\nroute = \"c\"\n";
    machine.workspace.write("scenarios/of-a-crate/scenario.toml", format!("{head}{build}"));
    machine.workspace.write("scenarios/of-a-crate/main.c", "int main(void) { return 0; }\n");
}

#[test]
fn setup_repeats_for_tools_that_depend_on_others() {
    let machine = Machine::with(&["sudo", "apt-get", "cargo"]);
    write_crate_scenario(&machine);
    let (ran, calls) = machine.setup(&["of-a-crate"]);
    assert_eq!(calls, ["sudo apt-get install --yes emscripten", "cargo info --quiet --color=never a-src@1.2.3"]);
    says(&ran.stdout, "will run  cargo info --quiet --color=never a-src@1.2.3 for the crate a-src 1.2.3");
    says(&ran.stderr, "failed to set up the crate a-src 1.2.3");
    assert!(ran.code == 3 && !ran.stdout.contains("done"), "{}: {}", ran.code, ran.stdout);
}

#[test]
fn setup_without_package_managers_lists_manual_steps() {
    let (ran, _) = Machine::with(&[]).setup(&["--runtime", "{node,deno+jco,wasmedge}"]);
    let pages = ["https://nodejs.org", "https://docs.deno.com", "https://wasmedge.org"];
    assert!(ran.code == 0 && pages.iter().all(|p| ran.stdout.contains(p)), "{}", ran.stdout);
    assert!(!ran.stdout.contains("done"), "nothing was done: {}", ran.stdout);
}

/// Where its sources are; `installed.rs` has the other case.
#[test]
fn an_embedded_engine_is_built() {
    let machine = Machine::with(&[]);
    for file in ["engines/wasmi/Cargo.toml", "engines/wasmi/main.rs", "engines/harness/lib.rs", "protocol/lib.rs"] {
        machine.workspace.write(&format!("xtask/{file}"), "");
    }
    let (ran, _) = machine.setup(&["--dry-run", "--runtime", "wasmi"]);
    says(&ran.stdout, "will build  wasmi");
    // Without cargo, it cannot.
    let (ran, _) = machine.setup(&["--runtime", "wasmi"]);
    assert_eq!(ran.code, 3, "{}", ran.stdout);
    says(&ran.stderr, "the engine wasmi could not be built: cargo is not on PATH");
    // A run builds what it needs.
    let (ran, _) = machine.setup(&["--dry-run"]);
    assert!(!ran.stdout.contains("will build"), "{}", ran.stdout);
}

/// An npm that installs the requested package into the given folder.
const NPM: &str = r#"echo npm "$4" "$6" >> calls
/bin/mkdir -p "$5/node_modules/node/bin"
/bin/cp node "$5/node_modules/node/bin/node""#;

#[test]
fn only_setup_installs_versions_into_the_cache() {
    let machine = Machine::with(&[]);
    let place = machine.workspace.path("").display().to_string();
    machine.program("bin/npm", &format!("cd '{}' || exit 1\n{NPM}", place.trim_end_matches('/')));
    machine.program("node", "echo v24.1.0");
    let check = |args: &[&str], code: i32, expected: &str, calls: &[&str]| {
        let (ran, so_far) = machine.setup(args);
        assert_eq!(
            (ran.code, so_far),
            (code, calls.iter().map(ToString::to_string).collect()),
            "{args:?}: {}",
            ran.stderr
        );
        says(&format!("{}{}", ran.stdout, ran.stderr), expected);
    };
    check(&["--dry-run", "node@24"], 0, "node@24 for node@24", &[]);
    check(&["node@twenty"], 2, "`twenty` is not a version, such as 24 or 24.1.0", &[]);
    check(&["spin@3"], 2, "the lab knows no package with versions of spin", &[]);
    check(&["wasmtime@48"], 0, "manual    wasmtime@48: wasmtime@48 is not installed; install python3, which is", &[]);
    let got = ["npm --prefix node@24"];
    check(&["node@24"], 0, "done", &got);
    check(&["node@24", "--runtime", "node-24"], 0, "nothing is missing", &got);
}

#[test]
fn run_names_the_setup_command_for_a_missing_version() {
    let workspace = Workspace::new();
    let ran = workspace.run(&["run-all", "--runtime", "node@0.1"]);
    assert_eq!(ran.code, 2, "{}", ran.stdout);
    says(&ran.stderr, "--runtime `node@0.1`: node@0.1 is not installed; `cargo xtask setup node@0.1` installs it");
}
