//! Caching of an engine's build. The engine here is a small real crate that cargo builds.
#![cfg(target_os = "linux")]
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

#[expect(dead_code, reason = "no cell is run here")]
mod common;

use common::Workspace;

/// A workspace whose only engine claims to be tinywasm.
fn workspace() -> Workspace {
    let workspace = Workspace::new();
    let manifest = "[workspace]\n\n[package]\nname = \"engine-tinywasm\"\nversion = \"0.1.0\"\nedition = \"2024\"\n";
    workspace.write("xtask/engines/tinywasm/Cargo.toml", manifest);
    let lock = "version = 4\n\n[[package]]\nname = \"engine-tinywasm\"\nversion = \"0.1.0\"\n";
    workspace.write("xtask/engines/tinywasm/Cargo.lock", lock);
    let info = wasmlab_protocol::EngineInfo {
        protocol: wasmlab_protocol::PROTOCOL_VERSION,
        engine: "tinywasm".to_owned(),
        version: "1.2.3".to_owned(),
        modes: vec!["interpreter".to_owned()],
        switches: Vec::new(),
    };
    let source = format!("fn main() {{ print!(\"{{}}\", {:?}); }}\n", serde_json::to_string(&info).unwrap());
    workspace.write("xtask/engines/tinywasm/src/main.rs", source);
    for shared in ["xtask/protocol/lib.rs", "xtask/engines/harness/lib.rs"] {
        workspace.write(shared, "");
    }
    workspace
}

/// Builds the engine; returns the result, and whether cargo's intermediate files exist.
fn built(workspace: &Workspace, keep: Option<&str>) -> (String, bool) {
    let mut command = workspace.command(&["setup", "--build-engines", "--runtime", "tinywasm"]);
    command.env("WASMLAB_CACHE", workspace.path("cache")).env_remove("WASMLAB_KEEP_BUILD");
    command.envs(keep.map(|value| ("WASMLAB_KEEP_BUILD", value)));
    let ran = common::result_of(command.output().unwrap());
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    let binary = workspace.path("cache/engines/tinywasm/engine-tinywasm");
    assert!(binary.is_file(), "the engine's binary is kept");
    (ran.stdout, workspace.path("cache/engines/build/release").exists())
}

#[test]
fn only_the_binary_of_an_engine_build_is_kept() {
    let workspace = workspace();
    let (printed, intermediates) = built(&workspace, None);
    assert!(printed.starts_with("tinywasm: built in ") && !intermediates, "{printed}");
    assert_eq!(
        built(&workspace, Some("1")),
        ("tinywasm: already built\n".to_owned(), false),
        "and it is not built again"
    );
    workspace.write("xtask/engines/tinywasm/src/more.rs", "");
    assert!(!built(&workspace, Some("0")).1);
    workspace.write("xtask/engines/tinywasm/src/more.rs", "// changed\n");
    assert!(built(&workspace, Some("1")).1, "WASMLAB_KEEP_BUILD=1 keeps everything");
}

/// As in two checkouts with other sources and one cache.
#[test]
fn builds_of_other_sources_are_kept_side_by_side() {
    let workspace = workspace();
    let build = |text: &str| {
        workspace.write("xtask/engines/tinywasm/src/more.rs", text);
        built(&workspace, None).0
    };
    assert!(build("// one\n").starts_with("tinywasm: built in "));
    assert!(build("// two\n").starts_with("tinywasm: built in "));
    // The cache removes entries to make room.
    let _ = std::fs::remove_dir_all(workspace.path("cache/entries"));
    for text in ["// one\n", "// two\n"] {
        assert_eq!(build(text), "tinywasm: already built\n");
    }
    let ran = common::result_of(
        workspace.command(&["clean", "--all"]).env("WASMLAB_CACHE", workspace.path("cache")).output().unwrap(),
    );
    assert!(ran.code == 0 && !workspace.path("cache/engines").exists(), "{}", ran.stderr);
}
