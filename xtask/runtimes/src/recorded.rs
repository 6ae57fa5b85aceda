//! Recorded output of the real command-line runtimes (`fixtures/runtime-output/ID/`), parsed by their adapters: one
//! snapshot per runtime.

use std::fs;
use std::path::{Path, PathBuf};

use wasmlab_model::observation::GuestProgress;

use crate::command_line::{OutputParser, ProcessOutput};
use crate::messages;

const SIGNALS: &[(&str, &str)] = &[
    ("139", "died by SIGSEGV, which the lab sees for itself"),
    ("137", "ran on until the recorder ended it, which the lab does by its own limit"),
];

/// One line per recording: its name, and the adapter's result.
fn read(folder: &Path, parser: OutputParser) -> String {
    let mut files: Vec<_> = fs::read_dir(folder).unwrap().flatten().map(|e| e.path()).collect();
    files.retain(|file| file.extension().is_some_and(|e| e == "txt"));
    files.sort();
    let mut lines = String::new();
    for file in files {
        let text = fs::read_to_string(&file).unwrap();
        let (code, rest) = text.strip_prefix("exit ").unwrap().split_once("\n--- stdout\n").unwrap();
        let (stdout, stderr) = rest.split_once("--- stderr\n").unwrap();
        let name = file.file_stem().unwrap().to_string_lossy().into_owned();
        // The lab notices signals itself; in a shell, they appear as 128 plus the number.
        if let Some((_, signal)) = SIGNALS.iter().find(|(shown, _)| *shown == code) {
            lines += &format!("{name}: {signal}\n");
            continue;
        }
        let stderr = &messages::on_own_lines(stderr, parser.run_errors);
        let output = ProcessOutput { code: code.parse().unwrap(), stdout, stderr };
        let failed_to_prepare = name.ends_with(".prepare") && output.code != 0;
        let classify = if failed_to_prepare { parser.classify_prepare } else { parser.classify };
        let GuestProgress { stage, cause, .. } = classify(&output);
        let cause = serde_json::to_string(&cause).unwrap();
        lines += &format!("{name}: {} {cause}\n", stage.map_or("-", |stage| stage.id()));
    }
    lines
}

mod tests {
    use super::{Path, PathBuf, fs, read};

    #[test]
    fn recorded_output() {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fixtures/runtime-output");
        let folders = fs::read_dir(folder).unwrap().flatten().map(|e| e.path());
        let recorded: Vec<PathBuf> = folders.filter(|path| path.is_dir() && !path.ends_with("cases")).collect();
        assert!(!recorded.is_empty());
        for folder in recorded {
            let id = folder.file_name().unwrap().to_string_lossy().into_owned();
            let runtime = crate::find(&id).unwrap_or_else(|| panic!("no runtime is named {id}"));
            let parser = runtime.output_parser.unwrap_or_else(|| panic!("{id} has no parser"));
            insta::assert_snapshot!(format!("recorded_output_of_{id}"), read(&folder, parser));
        }
    }
}
