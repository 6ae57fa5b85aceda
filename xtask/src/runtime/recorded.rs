//! What the command-line runtimes really printed (`fixtures/runtime-output/`), read by their adapters.

use std::fs;
use std::path::Path;

use super::command_line::Ending;
use wasmlab_model::observation::Progress;

/// One line a recording of `runtime`: its name, and what its adapter makes of it; `prepare` says whether a
/// compiler was recorded.
pub fn read(runtime: &str, classify: impl Fn(&Ending, bool) -> Progress) -> String {
    let dir = Path::new(env!("CARGO_MANIFEST_DIR")).join("../fixtures/runtime-output").join(runtime);
    let mut files: Vec<_> = fs::read_dir(&dir).unwrap().flatten().map(|e| e.path()).collect();
    files.sort();
    let mut lines = String::new();
    for file in files {
        let text = fs::read_to_string(&file).unwrap();
        let (code, rest) = text.strip_prefix("exit ").unwrap().split_once("\n--- stdout\n").unwrap();
        let (stdout, stderr) = rest.split_once("--- stderr\n").unwrap();
        let name = file.file_stem().unwrap().to_string_lossy().into_owned();
        if code == "139" {
            lines += &format!("{name}: died by SIGSEGV, which the lab sees for itself\n");
            continue;
        }
        let ending = Ending { code: code.parse().unwrap(), stdout, stderr };
        let Progress { stage, cause, .. } = classify(&ending, name.ends_with(".prepare"));
        let cause = serde_json::to_string(&cause).unwrap();
        lines += &format!("{name}: {} {cause}\n", stage.map_or("-".to_owned(), |s| format!("{s:?}").to_lowercase()));
    }
    lines
}
