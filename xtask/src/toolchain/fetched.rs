//! A module that others published: pinned by its hash, and never part of the repository.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use super::{Found, Missing, Recipe, Toolchain, is_wasm_file};
use wasmlab_model::codes::Code;
use crate::lab::FIXTURES_VARIABLE;
use crate::machine::Machine;
use wasmlab_model::scenario::{Build, Fetch, Scenario};

/// The registry's entry.
pub const TOOLCHAIN: Fetched = Fetched;

/// What `setup` puts into the cache, or a person into the folder of third-party binaries.
pub struct Fetched;

impl Toolchain for Fetched {
    fn id(&self) -> &'static str {
        "fetched"
    }

    fn makes(&self) -> &'static str {
        "nothing: a module that others published, pinned by its hash"
    }

    fn missing(&self, _: &Build, _: &Machine) -> Code {
        Code::NotFetched
    }

    fn check(&self, build: &Build) -> Vec<(&'static str, String)> {
        let mut faults = Vec::new();
        if !build.artifact.as_deref().is_some_and(is_wasm_file) {
            faults.push(("artifact", "names the .wasm file, without folders".to_owned()));
        }
        let Some(fetch) = &build.fetch else {
            faults.push(("fetch", "is missing: say url, sha256, bytes and fixture".to_owned()));
            return faults;
        };
        if fetch.sha256.len() != 64 || !fetch.sha256.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f')) {
            faults.push(("fetch.sha256", "is not 64 hexadecimal digits in lower case".to_owned()));
        }
        if !fetch.url.starts_with("https://") {
            faults.push(("fetch.url", format!("`{}` is no https:// address", fetch.url)));
        }
        faults
    }

    fn find(&self, build: &Build, machine: &Machine) -> Result<Found, Missing> {
        let Some(fetch) = &build.fetch else { return Err(nothing_named()) };
        let kept = machine.fetched(&fetch.sha256);
        let mut wrong = String::new();
        let given = machine.variable(FIXTURES_VARIABLE).map(|dir| PathBuf::from(dir).join(&fetch.fixture));
        for file in given.into_iter().chain([kept.clone()]).filter(|file| file.exists()) {
            match machine.sha256(&file) {
                Ok(hash) if hash == fetch.sha256 => return Ok(found(fetch, file)),
                Ok(hash) => wrong += &format!("; `{}` is another file: its sha256 is {hash}", file.display()),
                Err(error) => wrong += &format!("; `{}` cannot be read: {error}", file.display()),
            }
        }
        let name = fetch.fixture.display();
        Err(Missing {
            what: format!("{name}, {} bytes with sha256 {}{wrong}", fetch.bytes, fetch.sha256),
            how: format!("run `cargo xtask setup`, or put it below the folder that {FIXTURES_VARIABLE} names"),
            command: Some(command(fetch, &kept)),
        })
    }

    fn recipe(&self, scenario: &Scenario, found: &Found, out: &Path, _: bool) -> Recipe {
        let build = &scenario.spec.build;
        let artifact = out.join(build.artifact.as_deref().unwrap_or_default());
        let url = build.fetch.as_ref().map(|fetch| fetch.url.as_str()).unwrap_or_default();
        Recipe::Copy {
            files: vec![(found.program.clone(), artifact.clone())],
            artifact,
            typed: format!("curl --location --remote-name {url}"),
        }
    }
}

fn found(fetch: &Fetch, file: PathBuf) -> Found {
    let short = fetch.sha256.get(..12).unwrap_or_default();
    Found {
        program: file,
        version: format!("as published, sha256 {short}"),
        fingerprint: fetch.sha256.clone(),
        env: BTreeMap::new(),
    }
}

/// The loader refuses a table without it; one that was made otherwise has nothing to look for.
fn nothing_named() -> Missing {
    Missing { what: "a [build.fetch]".to_owned(), how: "say url, sha256, bytes and fixture".to_owned(), command: None }
}

/// The ordinary client; what it leaves counts only where the hash is right.
fn command(fetch: &Fetch, to: &Path) -> Vec<String> {
    let most = fetch.bytes.to_string();
    let to = to.display().to_string();
    let words = ["curl", "--fail", "--location", "--silent", "--show-error", "--max-time", "300", "--max-filesize"];
    let rest = [most.as_str(), "--create-dirs", "--output", &to, &fetch.url];
    words.into_iter().chain(rest).map(str::to_owned).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::machine::sha256;

    #[test]
    fn only_the_very_file_is_taken() {
        let dir = tempfile::tempdir().unwrap();
        let machine = Machine::new(dir.path().join("machine.json"));
        let build = |hash: &str| -> Build {
            toml::from_str(&format!(
                "toolchain = \"fetched\"\nartifact = \"a.wasm\"\n[fetch]\nurl = \"https://example.org/a.wasm\"\n\
                 bytes = 3\nsha256 = \"{hash}\"\nfixture = \"none/a.wasm\""
            ))
            .unwrap()
        };
        let wanted = sha256(b"one");
        assert_eq!(Fetched.check(&build(&wanted)), []);
        assert_eq!(Fetched.check(&build("ABC")).len(), 1);
        let missing = Fetched.find(&build(&wanted), &machine).unwrap_err();
        let kept = machine.fetched(&wanted);
        let command = missing.command.unwrap();
        assert_eq!(command.first().map(String::as_str), Some("curl"));
        assert!(command.contains(&kept.display().to_string()), "{command:?}");
        std::fs::create_dir_all(kept.parent().unwrap()).unwrap();
        std::fs::write(&kept, "two").unwrap();
        let missing = Fetched.find(&build(&wanted), &machine).unwrap_err();
        assert!(missing.what.contains("is another file"), "{}", missing.what);
        std::fs::write(&kept, "one").unwrap();
        assert_eq!(Fetched.find(&build(&wanted), &machine).unwrap().program, kept);
    }
}
