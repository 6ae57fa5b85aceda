//! The allowed dependencies between crates, and their graph in `xtask/README.md`.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

#[path = "common/checkout.rs"]
mod checkout;

use std::collections::{BTreeMap, BTreeSet};
use std::fs;

use cargo_metadata::{DependencyKind, MetadataCommand, Package};
use checkout::top;

/// The variable that makes [`readme_shows_the_crate_graph`] rewrite the README.
const UPDATE: &str = "WASMLAB_UPDATE_README";

/// The allowed dependencies of each crate. The lab's binary, which uses all crates, is not listed.
const ALLOWED: &[(&str, &[&str])] = &[
    ("wasmlab-protocol", &[]),
    ("wasmlab-process", &[]),
    ("wasmlab-glob", &["wasmlab-model"]),
    ("wasmlab-http", &[]),
    ("wasmlab-model", &["wasmlab-protocol"]),
    ("wasmlab-inspect", &["wasmlab-model"]),
    ("wasmlab-judge", &["wasmlab-model", "wasmlab-protocol"]),
    ("wasmlab-learn", &["wasmlab-glob", "wasmlab-model"]),
    ("wasmlab-predict", &["wasmlab-judge", "wasmlab-model", "wasmlab-protocol"]),
    ("wasmlab-probe", &["wasmlab-model", "wasmlab-protocol"]),
    ("wasmlab-reader", &["wasmlab-inspect", "wasmlab-model", "wasmlab-predict", "wasmlab-report", "wasmlab-runtimes"]),
    ("wasmlab-report", &["wasmlab-model"]),
    ("wasmlab-runtimes", &["wasmlab-model", "wasmlab-protocol"]),
    ("wasmlab-toolchains", &["wasmlab-model"]),
    ("wasmlab-engine", &["wasmlab-protocol"]),
    ("wasmlab-driver", &["wasmlab-engine", "wasmlab-protocol"]),
];

/// Additional dependencies allowed in tests: they read real modules, or start Chromium as the driver does.
const ALLOWED_IN_TESTS: &[(&str, &str)] = &[
    ("wasmlab-judge", "wasmlab-inspect"),
    ("wasmlab-predict", "wasmlab-inspect"),
    ("wasmlab-probe", "wasmlab-inspect"),
    ("wasmlab-report", "wasmlab-driver"),
    ("wasmlab-report", "wasmlab-runtimes"),
];

/// A crate, as described by its manifest.
struct Crate {
    description: String,
    folder: String,
    uses: BTreeSet<String>,
    uses_in_tests: BTreeSet<String>,
}

/// The crates of this workspace with their dependencies on each other.
fn crates() -> BTreeMap<String, Crate> {
    let options = ["--offline", "--locked"].map(str::to_owned);
    let metadata =
        MetadataCommand::new().cargo_path(env!("CARGO")).current_dir(top()).no_deps().other_options(options).exec();
    let packages = metadata.unwrap().packages;
    let names: BTreeSet<&str> = packages.iter().map(|package| package.name.as_str()).collect();
    let read = |package: &Package| {
        let used = |in_tests: bool| {
            let dependencies = package.dependencies.iter().filter(|dependency| {
                names.contains(dependency.name.as_str()) && (dependency.kind == DependencyKind::Development) == in_tests
            });
            dependencies.map(|dependency| dependency.name.clone()).collect()
        };
        let folder = package.manifest_path.parent().unwrap().strip_prefix(top()).unwrap().to_string();
        Crate {
            description: package.description.clone().unwrap_or_default(),
            folder,
            uses: used(false),
            uses_in_tests: used(true),
        }
    };
    packages.iter().map(|package| (package.name.to_string(), read(package))).collect()
}

#[test]
fn crate_dependencies_have_one_direction() {
    let crates = crates();
    for (name, _) in ALLOWED {
        assert!(crates.contains_key(*name), "{name} is no crate of this workspace: remove its line in {}", file!());
    }
    for (name, found) in &crates {
        // The top-level package holds tests, and the binary uses all crates.
        if matches!(name.as_str(), "wasmlab" | "xtask") {
            continue;
        }
        let allowed = ALLOWED.iter().find(|(of, _)| of == name);
        let allowed = allowed.unwrap_or_else(|| panic!("{name} has no line in {}: say whom it may use", file!())).1;
        for used in &found.uses {
            assert!(allowed.contains(&used.as_str()), "{name} must not depend on {used}");
        }
        for used in allowed {
            assert!(found.uses.contains(*used), "{name} does not depend on {used}: remove the permission");
        }
        for used in &found.uses_in_tests {
            let in_tests = ALLOWED_IN_TESTS.contains(&(name.as_str(), used.as_str()));
            assert!(in_tests || allowed.contains(&used.as_str()), "the tests of {name} must not depend on {used}");
        }
    }
    for (name, used) in ALLOWED_IN_TESTS {
        let is_used = crates.get(*name).is_some_and(|found| found.uses_in_tests.contains(*used));
        assert!(is_used, "the tests of {name} do not depend on {used}: remove the permission");
    }
}

/// The graph for Mermaid, and a table that says what each crate is.
fn drawn(crates: &BTreeMap<String, Crate>) -> String {
    let short = |name: &str| name.trim_start_matches("wasmlab-").to_owned();
    let mut graph = String::from("```mermaid\ngraph TD\n");
    let mut table = String::from("| crate | folder | what it is | uses |\n|---|---|---|---|\n");
    for (name, found) in crates.iter().filter(|(name, _)| *name != "wasmlab") {
        for used in &found.uses {
            graph += &format!("  {} --> {}\n", short(name), short(used));
        }
        let uses = found.uses.iter().map(|used| short(used)).collect::<Vec<_>>().join(", ");
        let uses = if uses.is_empty() { "no crate of the lab".to_owned() } else { uses };
        table += &format!("| `{name}` | `{}/` | {} | {uses} |\n", found.folder, found.description);
    }
    format!("{graph}```\n\n{table}")
}

#[test]
fn readme_shows_the_crate_graph() {
    const BEGIN: &str = "<!-- crates: drawn by `WASMLAB_UPDATE_README=1 cargo test -p xtask --test crates` -->\n\n";
    const END: &str = "\n<!-- end of crates -->";
    let file = top().join("xtask/README.md");
    let text = fs::read_to_string(&file).unwrap();
    let (before, rest) = text.split_once(BEGIN).expect("README.md has the mark where the graph begins");
    let (_, after) = rest.split_once(END).expect("README.md has the mark where the graph ends");
    let expected = format!("{before}{BEGIN}{}{END}{after}", drawn(&crates()));
    if std::env::var_os(UPDATE).is_some() {
        fs::write(&file, &expected).unwrap();
    }
    let current = fs::read_to_string(&file).unwrap();
    assert!(current == expected, "xtask/README.md is stale: run `{UPDATE}=1 cargo test -p xtask --test crates`");
}

/// Test files are listed in the manifest; an unlisted one would never be compiled.
#[test]
fn every_test_file_is_listed_in_the_manifest() {
    let manifest: toml::Table = toml::from_str(&fs::read_to_string(top().join("xtask/Cargo.toml")).unwrap()).unwrap();
    let named: BTreeSet<&str> =
        manifest["test"].as_array().unwrap().iter().map(|test| test["name"].as_str().unwrap()).collect();
    for file in fs::read_dir(top().join("xtask/tests")).unwrap().map(|entry| entry.unwrap().path()) {
        let name = file.file_stem().unwrap().to_str().unwrap();
        // The test of snapshots belongs to the top-level package.
        let is_named = named.contains(name) || name == "snapshots";
        assert!(
            file.extension().is_none_or(|ext| ext != "rs") || is_named,
            "{name}.rs has no [[test]] in xtask/Cargo.toml"
        );
    }
}
