//! A third-party module, pinned by its hash and never part of the repository. `setup` downloads it into the cache, or
//! the user puts it into the folder of third-party binaries.

use std::path::{Component, Path, PathBuf};

use wasmlab_model::codes::Code;
use wasmlab_model::file_error::KeyError;
use wasmlab_model::scenario::{Build, Fetch};

use crate::build_table::{self, is_sha256};
use crate::{BuildStep, EnvVariable, FoundTool, Machine, MissingTool, Recipe, Task, Toolchain};

/// The variable that names a folder of third-party binaries, which is searched before anything is downloaded.
pub const FIXTURES_VARIABLE: &str = "WASMLAB_FIXTURES";

/// Registry entry.
pub const TOOLCHAIN: Toolchain = Toolchain {
    id: "fetched",
    summary: "nothing: downloads a third-party module, pinned by its hash",
    example: concat!(
        "artifact = \"hello.wasm\"\n",
        "fetch = { url = \"https://example.org/hello.wasm\", bytes = 3, fixture = \"hello/hello.wasm\", ",
        "sha256 = \"0000000000000000000000000000000000000000000000000000000000000000\" }"
    ),
    variables: &[EnvVariable {
        name: FIXTURES_VARIABLE,
        meaning: "a folder that is searched for third-party binaries before anything is downloaded",
    }],
    check,
    find: |scenario, machine| find(&scenario.spec.build, machine),
    recipe,
    ..Toolchain::BASE
};

fn check(build: &Build) -> Vec<KeyError> {
    let mut errors: Vec<KeyError> = build_table::artifact(build).into_iter().collect();
    let Some(fetch) = &build.fetch else {
        errors.push(KeyError::new("fetch", "is missing: set url, sha256, bytes and fixture"));
        return errors;
    };
    if !is_sha256(&fetch.sha256) {
        errors.push(KeyError::new("fetch.sha256", "must be 64 lower-case hexadecimal digits"));
    }
    if !fetch.url.starts_with("https://") {
        errors.push(KeyError::new("fetch.url", format!("`{}` is not an https:// URL", fetch.url)));
    }
    // It is joined to a folder, whose files the lab reads.
    if !fetch.fixture.components().all(|part| matches!(part, Component::Normal(_))) {
        let message = format!("`{}` points outside the folder that {FIXTURES_VARIABLE} names", fetch.fixture.display());
        errors.push(KeyError::new("fetch.fixture", message));
    }
    errors
}

fn find(build: &Build, machine: &dyn Machine) -> Result<FoundTool, MissingTool> {
    // The loader refuses a table without `fetch`; without one there is nothing to look for.
    let Some(fetch) = &build.fetch else {
        return Err(not_fetched("a [build.fetch]", "set url, sha256, bytes and fixture"));
    };
    let cached = machine.fetched(&fetch.sha256);
    let mut wrong = String::new();
    let given = machine.variable(FIXTURES_VARIABLE).map(|dir| PathBuf::from(dir).join(&fetch.fixture));
    for file in given.into_iter().chain([cached.clone()]).filter(|file| machine.is_file(file)) {
        match machine.sha256(&file) {
            Ok(hash) if hash == fetch.sha256 => return Ok(found(fetch, file)),
            Ok(hash) => wrong += &format!("; `{}` is another file: its sha256 is {hash}", file.display()),
            Err(error) => wrong += &format!("; `{}` cannot be read: {error}", file.display()),
        }
    }
    let name = fetch.fixture.display();
    let what = format!("{name}, {} bytes with sha256 {}{wrong}", fetch.bytes, fetch.sha256);
    let remedy = format!("run `cargo xtask setup`, or put it below the folder that {FIXTURES_VARIABLE} names");
    Err(not_fetched(what, remedy).with_command(Some(command(fetch, &cached))))
}

fn not_fetched(what: impl Into<String>, remedy: impl Into<String>) -> MissingTool {
    MissingTool { code: Code::NotFetched, ..MissingTool::new(what, remedy) }
}

fn found(fetch: &Fetch, file: PathBuf) -> FoundTool {
    let short = fetch.sha256.get(..12).unwrap_or_default();
    let (version, fingerprint) = (format!("as published, sha256 {short}"), fetch.sha256.clone());
    FoundTool { program: file, version, fingerprint, ..FoundTool::default() }
}

/// Downloads with an ordinary client; the result is used only if its hash is right.
fn command(fetch: &Fetch, to: &Path) -> Vec<String> {
    let most = fetch.bytes.to_string();
    let to = to.display().to_string();
    let args = ["curl", "--fail", "--location", "--silent", "--show-error", "--max-time", "300", "--max-filesize"];
    let rest = [most.as_str(), "--create-dirs", "--output", &to, &fetch.url];
    args.into_iter().chain(rest).map(str::to_owned).collect()
}

fn recipe(task: &Task) -> Recipe {
    let url = task.build().fetch.as_ref().map(|fetch| fetch.url.as_str()).unwrap_or_default();
    let (files, artifact) = (vec![(task.tool.program.clone(), task.artifact())], task.artifact());
    let copy = BuildStep::Copy { files, shown: format!("curl --location --remote-name {url}") };
    Recipe { steps: vec![copy], artifact, conversions: Vec::new() }
}
