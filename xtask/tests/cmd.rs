//! Commands with their expected output: the files in `cmd/`. `TRYCMD=overwrite cargo test -p xtask --test cmd` renews
//! them; look at each changed line.

#[path = "common/help.rs"]
mod help;

use std::fs;
use std::path::Path;

#[test]
fn commands_print_the_expected_output() {
    let dir = tempfile::tempdir().unwrap();
    trycmd::TestCases::new()
        .env("WASMLAB_CACHE", dir.path().display().to_string())
        .env("NO_COLOR", "1")
        .register_bin("xtask", Path::new(env!("CARGO_BIN_EXE_wasmlab")))
        .case("tests/cmd/*.trycmd")
        .case("tests/cmd/help/*.trycmd");
}

#[test]
fn every_help_text_has_an_expected_file() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cmd/help");
    let help = fs::read_to_string(folder.join("xtask.trycmd")).unwrap();
    let names = help::commands(&help);
    assert!(names.len() > 10, "{names:?}");
    for name in names {
        assert!(folder.join(format!("{name}.trycmd")).is_file(), "tests/cmd/help/{name}.trycmd is missing");
    }
}
