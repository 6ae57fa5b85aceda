//! Any bytes, on every published profile: predicting never panics, and claims nothing that the facts and the profile do
//! not contain.
#![no_main]

use std::sync::LazyLock;

use libfuzzer_sys::fuzz_target;
use wasmlab_inspect as inspect;
use wasmlab_model::profile::Profile;
use wasmlab_model::scenario::Run;
use wasmlab_predict::{PlannedRun, PredictedOutcome, UncertaintyKind, predict};

static PROFILES: LazyLock<Vec<Profile>> = LazyLock::new(|| {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../../snapshots/profiles");
    let files = std::fs::read_dir(folder).expect("the profiles are published").flatten();
    let read = |file: std::fs::DirEntry| {
        serde_json::from_slice(&std::fs::read(file.path()).expect("a file")).expect("a profile")
    };
    let profiles: Vec<Profile> = files.map(read).collect();
    assert!(!profiles.is_empty());
    profiles
});

fuzz_target!(|bytes: &[u8]| {
    let facts = inspect::facts(bytes).map_err(|error| error.to_string());
    let run = Run::default();
    for profile in PROFILES.iter() {
        let planned = PlannedRun { facts: facts.as_ref().map_err(String::as_str), run: &run, glue: false };
        let found = predict(&planned, profile);
        assert_eq!(found, predict(&planned, profile), "the same run has the same prediction");
        assert_eq!(found.uncertain.is_empty(), found.outcome != PredictedOutcome::MayFail);
        assert!(found.outcome == PredictedOutcome::Fails || found.code.is_none() && found.missing_imports.is_empty());
        let is_line = !found.detail.contains(['\n', '\u{1b}']);
        assert!(is_line || found.outcome != PredictedOutcome::Fails, "{:?}", found.detail);
        let Ok(facts) = &facts else {
            assert_eq!(found.outcome, PredictedOutcome::Fails);
            continue;
        };
        let imports: Vec<String> = facts.imports.iter().map(|import| import.shown(facts.kind)).collect();
        // A function that the runtime defines with another type is `NAME with this type`.
        let name_of = |text: &String| text.strip_suffix(" with this type").unwrap_or(text).to_owned();
        let functions = found.uncertain.iter().filter(|of| of.kind == UncertaintyKind::Function).map(|of| &of.name);
        assert!(found.missing_imports.iter().chain(functions).all(|name| imports.contains(&name_of(name))));
        if let Some(first_use) = &found.first_use {
            assert!(first_use.offset <= bytes.len() as u64);
        }
    }
});
