//! A module that others published: pinned by its hash, and never part of the repository. `setup` puts it into the
//! cache, or a person into the folder of third-party binaries.

use std::path::{Path, PathBuf};

use wasmlab_model::codes::Code;
use wasmlab_model::scenario::{Build, Fetch};

use crate::build_table::{self, is_sha256};
use crate::{Fault, FoundTool, Machine, MissingTool, Recipe, Step, Task, Toolchain, Variable};

/// The variable that names a folder of third-party binaries, searched before anything is downloaded.
pub const FIXTURES_VARIABLE: &str = "WASMLAB_FIXTURES";

/// The registry's entry.
pub const TOOLCHAIN: Toolchain = Toolchain {
    id: "fetched",
    makes: "nothing: a module that others published, pinned by its hash",
    example: concat!(
        "artifact = \"hello.wasm\"\n",
        "fetch = { url = \"https://example.org/hello.wasm\", bytes = 3, fixture = \"hello/hello.wasm\", ",
        "sha256 = \"0000000000000000000000000000000000000000000000000000000000000000\" }"
    ),
    variables: &[Variable {
        name: FIXTURES_VARIABLE,
        meaning: "a folder that is searched for third-party binaries before anything is downloaded",
    }],
    check,
    find: |scenario, machine| find(&scenario.spec.build, machine),
    recipe,
    ..Toolchain::BASE
};

fn check(build: &Build) -> Vec<Fault> {
    let mut faults: Vec<Fault> = build_table::artifact(build).into_iter().collect();
    let Some(fetch) = &build.fetch else {
        faults.push(("fetch", "is missing: say url, sha256, bytes and fixture".to_owned()));
        return faults;
    };
    if !is_sha256(&fetch.sha256) {
        faults.push(("fetch.sha256", "is not 64 hexadecimal digits in lower case".to_owned()));
    }
    if !fetch.url.starts_with("https://") {
        faults.push(("fetch.url", format!("`{}` is no https:// address", fetch.url)));
    }
    faults
}

fn find(build: &Build, machine: &dyn Machine) -> Result<FoundTool, MissingTool> {
    // The loader refuses a table without it; one that was made otherwise has nothing to look for.
    let Some(fetch) = &build.fetch else {
        return Err(not_fetched("a [build.fetch]", "say url, sha256, bytes and fixture"));
    };
    let kept = machine.fetched(&fetch.sha256);
    let mut wrong = String::new();
    let given = machine.variable(FIXTURES_VARIABLE).map(|dir| PathBuf::from(dir).join(&fetch.fixture));
    for file in given.into_iter().chain([kept.clone()]).filter(|file| machine.is_file(file)) {
        match machine.sha256(&file) {
            Ok(hash) if hash == fetch.sha256 => return Ok(found(fetch, file)),
            Ok(hash) => wrong += &format!("; `{}` is another file: its sha256 is {hash}", file.display()),
            Err(error) => wrong += &format!("; `{}` cannot be read: {error}", file.display()),
        }
    }
    let name = fetch.fixture.display();
    let what = format!("{name}, {} bytes with sha256 {}{wrong}", fetch.bytes, fetch.sha256);
    let how = format!("run `cargo xtask setup`, or put it below the folder that {FIXTURES_VARIABLE} names");
    Err(not_fetched(what, how).with_command(Some(command(fetch, &kept))))
}

fn not_fetched(what: impl Into<String>, how: impl Into<String>) -> MissingTool {
    MissingTool { code: Code::NotFetched, ..MissingTool::new(what, how) }
}

fn found(fetch: &Fetch, file: PathBuf) -> FoundTool {
    let short = fetch.sha256.get(..12).unwrap_or_default();
    let (version, fingerprint) = (format!("as published, sha256 {short}"), fetch.sha256.clone());
    FoundTool { program: file, version, fingerprint, ..FoundTool::default() }
}

/// The ordinary client; what it leaves counts only where the hash is right.
fn command(fetch: &Fetch, to: &Path) -> Vec<String> {
    let most = fetch.bytes.to_string();
    let to = to.display().to_string();
    let words = ["curl", "--fail", "--location", "--silent", "--show-error", "--max-time", "300", "--max-filesize"];
    let rest = [most.as_str(), "--create-dirs", "--output", &to, &fetch.url];
    words.into_iter().chain(rest).map(str::to_owned).collect()
}

fn recipe(task: &Task) -> Recipe {
    let url = task.build().fetch.as_ref().map(|fetch| fetch.url.as_str()).unwrap_or_default();
    let (files, artifact) = (vec![(task.tool.program.clone(), task.artifact())], task.artifact());
    let copy = Step::Copy { files, shown: format!("curl --location --remote-name {url}") };
    Recipe { steps: vec![copy], artifact, conversions: Vec::new() }
}
