//! Tests that run over the whole registry, plus cases for keys that only some toolchains have.

use std::collections::BTreeSet;
use std::fmt::Write;
use std::path::Path;

use wasmlab_model::scenario::{Build, Scenario, ScenarioFile};

use crate::{ALL, BuildStep, Recipe, Task, Toolchain, find, ids, plan, variables};

pub mod fake;
pub use fake::FakeMachine;

#[test]
fn toolchain_ids_are_unique_and_described() {
    let all: BTreeSet<&str> = ALL.iter().map(|t| t.id).collect();
    assert_eq!(all.len(), ALL.len(), "{}", ids());
    for toolchain in ALL {
        let kebab = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
        assert!(!toolchain.id.is_empty() && toolchain.id.chars().all(kebab), "{}", toolchain.id);
        assert!(toolchain.summary.len() > 10, "{} has no summary", toolchain.id);
        assert!(!toolchain.example.is_empty(), "{} has no example", toolchain.id);
    }
    let names: BTreeSet<&str> = variables().iter().map(|v| v.name).collect();
    assert_eq!(names.len(), variables().len(), "a variable has two meanings");
}

fn scenario(toml: &str) -> Scenario {
    let build: Build = toml::from_str(toml).unwrap_or_else(|e| panic!("{toml}: {e}"));
    let text = "schema = 1\ntitle = \"t\"\nfamily = \"f\"\nroute = \"r\"\nbuild = { toolchain = \"wat\" }\n";
    let spec = ScenarioFile { build, ..toml::from_str(text).unwrap() };
    Scenario { name: "guest".to_owned(), dir: "/lab/scenarios/guest".into(), spec }
}

fn example(toolchain: &Toolchain) -> Scenario {
    scenario(&format!("toolchain = \"{}\"\n{}", toolchain.id, toolchain.example))
}

/// The recipe of a scenario on a machine that has everything.
fn recipe(toolchain: &Toolchain, scenario: &Scenario, offline: bool) -> Recipe {
    let build = &scenario.spec.build;
    let machine = FakeMachine::with_everything();
    assert_eq!(toolchain.errors(build), [], "{}", toolchain.id);
    assert_eq!((toolchain.preflight_error)(build, &machine), None, "{}", toolchain.id);
    let tool = (toolchain.find)(scenario, &machine).unwrap_or_else(|e| panic!("{}: {e:?}", toolchain.id));
    let task = Task { scenario, tool: &tool, out: Path::new("/cache/guests/guest"), offline };
    plan(toolchain, &task, &machine).unwrap_or_else(|e| panic!("{}: {e:?}", toolchain.id)).recipe
}

/// A recipe as text: the command to show, followed by what is run.
fn listed(recipe: &Recipe) -> String {
    let mut text = format!("$ {}\n", recipe.shown_command()).replace("$ \n", "within the lab\n");
    for step in &recipe.steps {
        match step {
            BuildStep::Run(command) => {
                let args: Vec<_> = command.argv.iter().map(|word| word.to_string_lossy()).collect();
                let _ = writeln!(text, "in {}: {}", command.cwd.display(), args.join(" "));
                for (name, value) in &command.env {
                    let value = value.to_string_lossy().replace('\u{1f}', " ");
                    let _ = writeln!(text, "  {}={value}", name.to_string_lossy());
                }
            }
            BuildStep::Copy { files, .. } => {
                for (from, to) in files {
                    let _ = writeln!(text, "copy {} to {}", from.display(), to.display());
                }
            }
        }
    }
    let _ = writeln!(text, "reads {}", recipe.artifact.display());
    for conversion in &recipe.conversions {
        let shown = if conversion.shown.is_empty() { "the source's own format" } else { conversion.shown };
        let _ = writeln!(text, "converts {shown}");
    }
    text
}

/// For each toolchain's example: the commands if everything is installed, and the hint if nothing is.
#[test]
fn every_toolchain_has_golden_commands() {
    let (nothing, clients) = (FakeMachine::default(), FakeMachine::with_clients());
    let mut text = String::new();
    for toolchain in ALL {
        let scenario = example(toolchain);
        let _ = writeln!(
            text,
            "== {}: {}\n{}",
            toolchain.id,
            toolchain.summary,
            listed(&recipe(toolchain, &scenario, false))
        );
        if let Err(missing) = (toolchain.find)(&scenario, &nothing) {
            let _ = writeln!(text, "missing: {}\n  {}", missing.what, missing.remedy);
        }
        if let Err(missing) = (toolchain.find)(&scenario, &clients) {
            let _ = writeln!(text, "setup: {}", missing.command.map_or("by hand".to_owned(), |args| args.join(" ")));
        }
        text.push('\n');
    }
    insta::assert_snapshot!(text);
}

/// Sources are read in place, nothing is written there, and shown commands contain no path of this machine.
#[test]
fn recipes_write_only_below_their_folder_and_show_no_local_path() {
    for toolchain in ALL {
        for offline in [false, true] {
            let recipe = recipe(toolchain, &example(toolchain), offline);
            assert!(recipe.artifact.starts_with("/cache/guests/guest") != recipe.steps.is_empty(), "{}", toolchain.id);
            for step in &recipe.steps {
                if let BuildStep::Copy { files, .. } = step {
                    assert!(files.iter().all(|(_, to)| to.starts_with("/cache/guests/guest")), "{files:?}");
                }
            }
            let shown = recipe.shown_command();
            assert_eq!(shown.is_empty(), recipe.steps.is_empty(), "{}", toolchain.id);
            for folder in ["/cache", "/lab", "/home", "/bin/"] {
                let shown = shown.replace("$WASI_SDK_PATH/bin/", "");
                assert!(!shown.contains(folder), "{} shows {folder}: {shown}", toolchain.id);
            }
        }
    }
}

/// Commands in reports, for variations of the examples.
#[test]
fn shown_commands_are_what_a_user_would_write() {
    for (toml, shown) in [
        (
            "toolchain = \"emscripten\"\nsource = \"a.c\"\nartifact = \"a.wasm\"\nflags = [\"-sSTANDALONE_WASM\"]",
            "emcc -sSTANDALONE_WASM a.c -o a.wasm",
        ),
        (
            "toolchain = \"zig\"\nsource = \"a.cpp\"\nartifact = \"a.wasm\"",
            "zig c++ -target wasm32-wasi a.cpp -o a.wasm",
        ),
        (
            "toolchain = \"zig\"\nsource = \"a.zig\"\nartifact = \"a.wasm\"\ntarget = \"wasm32-freestanding\"",
            "zig build-exe -target wasm32-freestanding a.zig -femit-bin=a.wasm",
        ),
        (
            "toolchain = \"wasi-sdk\"\nsource = \"a.cc\"\nartifact = \"a.wasm\"",
            "$WASI_SDK_PATH/bin/clang++ --target=wasm32-wasip1 a.cc -o a.wasm",
        ),
        (
            "toolchain = \"rust\"\ntarget = \"wasm32-wasip1\"\nartifact = \"a.wasm\"\nprofile = \"size\"\nwasm_opt = [\"-Oz\"]",
            "cargo build --profile size --locked --target wasm32-wasip1 && wasm-opt -Oz a.wasm -o a.wasm",
        ),
        (
            "toolchain = \"rust\"\ntarget = \"wasm32-wasip1\"\nartifact = \"a.wasm\"\ncomponentize = \"preview1-adapter\"",
            "cargo build --release --locked --target wasm32-wasip1 && \
             wasm-tools component new --adapt wasi_snapshot_preview1.command.wasm",
        ),
        (
            "toolchain = \"go\"\ntarget = \"wasip1\"\nartifact = \"a.wasm\"",
            "GOOS=wasip1 GOARCH=wasm go build -trimpath -buildvcs=false -o a.wasm .",
        ),
        (
            "toolchain = \"clang\"\nsource = \"a.c\"\nartifact = \"a.wasm\"\ntarget = \"wasm32-wasip2\"",
            "clang --target=wasm32-wasip2 --sysroot=/usr a.c -o a.wasm",
        ),
        ("toolchain = \"wat\"\nsource = \"a.wat\"\ncomponentize = \"wit\"", "wasm-tools component new"),
    ] {
        let scenario = scenario(toml);
        let toolchain = find(&scenario.spec.build.toolchain).unwrap();
        assert_eq!(recipe(toolchain, &scenario, false).shown_command(), shown);
    }
}

/// Provenance names the command that ran, except for paths of this machine.
#[test]
fn componentize_js_records_the_actual_command() {
    let toolchain = find("componentize-js").unwrap();
    let recipe = recipe(toolchain, &example(toolchain), false);
    let [BuildStep::Run(command)] = &recipe.steps[..] else { panic!("a command") };
    let quoted = |word: &std::ffi::OsString| wasmlab_model::shell::quote(word.to_str().unwrap());
    let ran = command.argv.iter().map(quoted).collect::<Vec<_>>().join(" ");
    let folder = "\"$(npm root --global)/@bytecodealliance/componentize-js\"";
    let package = "/lib/node_modules/@bytecodealliance/componentize-js";
    let shown = command.shown.replace(folder, package).replacen("node", "/bin/node", 1);
    assert_eq!(ran.replace("/cache/guests/guest/", ""), shown);
}

#[test]
fn only_own_code_and_its_glue_may_be_committed() {
    let build = |more: &str| scenario(&format!("toolchain = \"any\"\n{more}")).spec.build;
    let glue = build("companions = [\"a.js\"]");
    let others = build("crate = { name = \"nginx-src\", version = \"1.0.0\", sha256 = \"00\" }");
    for toolchain in ALL {
        assert_eq!(toolchain.may_be_prebuilt(&build("")), toolchain.own_code, "{}", toolchain.id);
        assert_eq!(toolchain.may_be_prebuilt(&glue), toolchain.own_code, "{}", toolchain.id);
        assert!(!toolchain.may_be_prebuilt(&others), "{}", toolchain.id);
    }
    let own_code: Vec<&str> = ALL.iter().filter(|t| t.own_code).map(|t| t.id).collect();
    assert_eq!(
        own_code,
        ["rust", "emscripten", "clang", "zig", "wasi-sdk", "assemblyscript", "wasm-bindgen", "kotlin"],
        "guests of the rest contain third-party engines, or come with third-party scripts"
    );
}

#[test]
fn build_table_errors_name_the_key() {
    for (toml, keys) in [
        ("toolchain = \"clang\"", &["source", "artifact"][..]),
        ("toolchain = \"zig\"\nsource = \"a.rs\"\nartifact = \"a.js\"", &["source", "artifact"]),
        ("toolchain = \"clang\"\nsource = \"a.c\"\nartifact = \"a.wasm\"\ntarget = \"x\"", &["target"]),
        (
            "toolchain = \"emscripten\"\nsource = \"a.c\"\nartifact = \"a.wasm\"\ncompanions = [\"b.js\"]",
            &["companions"],
        ),
        (
            "toolchain = \"assemblyscript\"\nsource = \"a.ts\"\nartifact = \"a.wasm\"\ncompanions = [\"a.js\"]",
            &["companions"],
        ),
        ("toolchain = \"go\"\ntarget = \"js\"\nartifact = \"a.wasm\"", &["companions"]),
        ("toolchain = \"go\"\ntarget = \"wasip1\"\nartifact = \"a.wasm\"\nversion = \"1.27\"", &["version"]),
        ("toolchain = \"emscripten\"\nsource = \"a.c\"\nartifact = \"a.wasm\"\nversion = \"new\"", &["version"]),
        ("toolchain = \"componentize-js\"\nsource = \"a.py\"", &["source", "artifact", "target"]),
        ("toolchain = \"fetched\"\nartifact = \"a.wasm\"", &["fetch"]),
        (
            "toolchain = \"fetched\"\nartifact = \"a.wasm\"\n\
             fetch = { url = \"http://a\", sha256 = \"ABC\", bytes = 3, fixture = \"../a\" }",
            &["fetch.sha256", "fetch.url", "fetch.fixture"],
        ),
    ] {
        let build: Build = toml::from_str(toml).unwrap();
        let errors = find(&build.toolchain).unwrap().errors(&build);
        assert_eq!(errors.iter().map(|error| error.key.as_str()).collect::<Vec<_>>(), keys, "{toml}");
    }
}

/// A tool that is installed but does not work is broken, not missing.
#[test]
fn broken_tool_is_reported_before_the_build() {
    let machine = FakeMachine { mute: true, ..FakeMachine::with_everything() };
    for toolchain in ALL {
        let scenario = example(toolchain);
        let error = (toolchain.preflight_error)(&scenario.spec.build, &machine);
        let missing = (toolchain.find)(&scenario, &machine).err().map(|missing| missing.what).unwrap_or_default();
        let reported = missing.contains(" (loading shared libraries)");
        assert!(error.is_none() || reported, "{}: {error:?}, {missing}", toolchain.id);
        let starts_one = recipe(toolchain, &scenario, false).steps.iter().any(|step| matches!(step, BuildStep::Run(_)));
        assert!(reported || !starts_one, "{}: {missing}", toolchain.id);
    }
}

/// A third-party module is accepted only if its hash is right, and reported as missing otherwise.
#[test]
fn fetched_file_must_match_its_hash() {
    let toolchain = find("fetched").unwrap();
    let scenario = example(toolchain);
    let hash = scenario.spec.build.fetch.clone().unwrap().sha256;
    let cached = format!("/cache/fetched/{hash}");
    let with = |text: &str| FakeMachine { files: [(cached.clone(), text.to_owned())].into(), ..FakeMachine::default() };
    let missing = (toolchain.find)(&scenario, &FakeMachine::default()).unwrap_err();
    let command = missing.command.unwrap();
    assert!(command[0] == "curl" && command.contains(&cached), "{command:?}");
    let missing = (toolchain.find)(&scenario, &with("another hash")).unwrap_err();
    assert!(missing.what.contains("is another file: its sha256 is another hash"), "{}", missing.what);
    assert_eq!((toolchain.find)(&scenario, &with(&hash)).unwrap().program, Path::new(&cached));
}

/// The README's table of variables matches the registry.
#[test]
fn readme_lists_every_variable() {
    let readme = include_str!("../../README.md");
    let rows: String = variables().iter().map(|v| format!("| `{}` | {} |\n", v.name, v.meaning)).collect();
    assert!(readme.contains(&rows), "xtask/README.md: these rows belong in the table of variables:\n{rows}");
}
