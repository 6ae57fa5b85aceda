//! What is typed for each toolchain, and what holds for all of them.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use super::{ALL, Found, Recipe, clang, find};
use wasmlab_model::scenario::{Build, Scenario, ScenarioFile};

#[test]
fn every_toolchain_has_an_id_of_its_own() {
    let ids: BTreeSet<&str> = ALL.iter().map(|t| t.id()).collect();
    assert_eq!(ids.len(), ALL.len());
    assert!(ids.iter().all(|id| id.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-')));
}

fn scenario(toml: &str) -> Scenario {
    let build: Build = toml::from_str(toml).unwrap();
    let text = "schema = 1\ntitle = \"t\"\nfamily = \"f\"\nroute = \"r\"\nbuild = { toolchain = \"wat\" }\n";
    let spec = ScenarioFile { build, ..toml::from_str(text).unwrap() };
    Scenario { name: "guest".to_owned(), dir: "/lab/scenarios/guest".into(), spec }
}

/// What would be run, and what a report shows of it.
fn check(toml: &str, program: &str, argv: &str, typed: &str) {
    let scenario = scenario(toml);
    let toolchain = find(&scenario.spec.build.toolchain).unwrap();
    assert_eq!(toolchain.check(&scenario.spec.build), [], "{toml}");
    let (version, fingerprint) = ("14.0.6".to_owned(), String::new());
    let found = Found { program: program.into(), version, fingerprint, env: BTreeMap::new() };
    let Recipe::Command { argv: ours, cwd, artifact, typed: ours_typed, .. } =
        toolchain.recipe(&scenario, &found, Path::new("/cache/guest"), false)
    else {
        panic!("{toml}: a compiler is a command");
    };
    let ours: Vec<String> = ours.into_iter().map(|a| a.into_string().unwrap()).collect();
    assert_eq!((ours.join(" ").as_str(), ours_typed.as_str()), (argv, typed));
    assert_eq!(cwd, Path::new("/lab/scenarios/guest"), "sources are read where they are");
    assert!(artifact.starts_with("/cache/guest"), "and nothing is written there");
}

#[test]
fn commands_are_as_a_person_types_them() {
    check(
        "toolchain = \"emscripten\"\nsource = \"a.cpp\"\nartifact = \"a.wasm\"\ncompanions = [\"a.js\"]\nflags = [\"-O2\"]",
        "/usr/bin/emcc",
        "/usr/bin/em++ -O2 a.cpp -o /cache/guest/a.js",
        "em++ -O2 a.cpp -o a.js",
    );
    check(
        "toolchain = \"emscripten\"\nsource = \"a.c\"\nartifact = \"a.wasm\"\nflags = [\"-sSTANDALONE_WASM\"]",
        "/usr/bin/emcc",
        "/usr/bin/emcc -sSTANDALONE_WASM a.c -o /cache/guest/a.wasm",
        "emcc -sSTANDALONE_WASM a.c -o a.wasm",
    );
    check(
        "toolchain = \"zig\"\nsource = \"a.c\"\nartifact = \"a.wasm\"",
        "/opt/zig/zig",
        "/opt/zig/zig cc -target wasm32-wasi a.c -o /cache/guest/a.wasm",
        "zig cc -target wasm32-wasi a.c -o a.wasm",
    );
    check(
        "toolchain = \"wasi-sdk\"\nsource = \"a.cc\"\nartifact = \"a.wasm\"",
        "/no/such/sdk/bin/clang",
        "/no/such/sdk/bin/clang++ --target=wasm32-wasi a.cc -o /cache/guest/a.wasm",
        "$WASI_SDK_PATH/bin/clang++ --target=wasm32-wasi a.cc -o a.wasm",
    );
    check(
        "toolchain = \"rust\"\ntarget = \"wasm32-wasip1\"\nartifact = \"a.wasm\"\nflags = [\"-Ctarget-feature=+simd128\"]",
        "/bin/cargo",
        "/bin/cargo build --release --locked --target wasm32-wasip1 --target-dir /cache/guest",
        "RUSTFLAGS=\"-Ctarget-feature=+simd128\" cargo build --release --locked --target wasm32-wasip1",
    );
}

/// What provenance names is what ran: the same words, but for the folders of this machine.
#[test]
fn componentize_js_records_the_command_that_ran() {
    let scenario = scenario(
        "toolchain = \"componentize-js\"\nsource = \"a.js\"\ntarget = \"hello\"\nartifact = \"a.wasm\"\nflags = [\"http\"]",
    );
    let found =
        Found { program: "/bin/node".into(), version: String::new(), fingerprint: String::new(), env: BTreeMap::new() };
    let toolchain = find("componentize-js").unwrap();
    let Recipe::Command { argv, typed, .. } = toolchain.recipe(&scenario, &found, Path::new("/cache/guest"), false)
    else {
        panic!("a command");
    };
    let ran: Vec<String> = argv.iter().map(|arg| crate::files::quoted(arg.to_str().unwrap())).collect();
    let folder = "\"$(npm root --global)/@bytecodealliance/componentize-js\"";
    let shown = typed.replace(folder, "''").replacen("node", "/bin/node", 1);
    assert_eq!(ran.join(" ").replace("/cache/guest/", ""), shown);
}

#[test]
fn only_own_code_in_one_file_may_be_committed() {
    let may = |toml: &str| {
        let build = scenario(toml).spec.build;
        find(&build.toolchain).unwrap().may_be_prebuilt(&build)
    };
    for toolchain in ["rust", "clang", "zig", "wasi-sdk", "emscripten"] {
        assert!(may(&format!("toolchain = \"{toolchain}\"")), "{toolchain}");
        assert!(!may(&format!("toolchain = \"{toolchain}\"\ncompanions = [\"a.js\"]")), "{toolchain} with glue");
    }
    let others = "crate = { name = \"nginx-src\", version = \"1.0.0\", sha256 = \"00\" }";
    assert!(!may(&format!("toolchain = \"emscripten\"\n{others}")), "the code of others");
    for toolchain in ["wat", "go", "assemblyscript", "componentize-js", "componentize-py", "wasm-bindgen", "php"] {
        assert!(!may(&format!("toolchain = \"{toolchain}\"\ntarget = \"t\"")), "{toolchain}");
    }
}

#[test]
fn wasm_bindgen_is_asked_for_in_the_version_of_the_guests_lock_file() {
    let dir = tempfile::tempdir().unwrap();
    std::fs::write(dir.path().join("Cargo.lock"), "[[package]]\nname = \"wasm-bindgen\"\nversion = \"0.2.130\"\n")
        .unwrap();
    let (known, unknown) =
        (super::wasm_bindgen::missing(dir.path()), super::wasm_bindgen::missing(Path::new("/no/such/folder")));
    assert_eq!(known.how, "cargo install --no-default-features wasm-bindgen-cli@0.2.130");
    assert_eq!(known.command.map(|words| words.join(" ")), Some(known.how));
    assert!(unknown.command.is_none() && unknown.how.contains("Cargo.lock"), "{unknown:?}");
}

#[test]
fn faults_of_a_build_table_name_the_key() {
    let faults = |toml: &str| -> Vec<&'static str> {
        let build: Build = toml::from_str(toml).unwrap();
        find(&build.toolchain).unwrap().check(&build).into_iter().map(|(key, _)| key).collect()
    };
    assert_eq!(faults("toolchain = \"clang\""), ["source", "artifact"]);
    assert_eq!(faults("toolchain = \"zig\"\nsource = \"a.rs\"\nartifact = \"a.js\""), ["source", "artifact"]);
    assert_eq!(faults("toolchain = \"clang\"\nsource = \"a.c\"\nartifact = \"a.wasm\"\ntarget = \"x\""), ["target"]);
    let glue = "toolchain = \"emscripten\"\nsource = \"a.c\"\nartifact = \"a.wasm\"\ncompanions = [\"b.js\"]";
    assert_eq!(faults(glue), ["companions"]);
}

#[test]
fn the_name_of_wasi_follows_clang_and_its_library() {
    let sysroot = tempfile::tempdir().unwrap();
    let add = |target: &str| {
        let lib = sysroot.path().join("lib").join(target);
        std::fs::create_dir_all(&lib).unwrap();
        std::fs::write(lib.join("libc.a"), "").unwrap();
    };
    let target = |clang| clang::target(sysroot.path(), clang);
    assert_eq!(target(20), None);
    add("wasm32-wasi");
    assert_eq!((target(14), target(20)), (Some("wasm32-wasi"), Some("wasm32-wasi")));
    add("wasm32-wasip1");
    assert_eq!((target(14), target(18), target(19)), (Some("wasm32-wasi"), Some("wasm32-wasi"), Some("wasm32-wasip1")));
}
