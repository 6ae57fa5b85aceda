//! Third-party sources published as a crate: read from where cargo unpacked them, pinned by the hash of the package,
//! and never part of the repository.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use wasmlab_model::codes::Code;
use wasmlab_model::file_error::KeyError;
use wasmlab_model::scenario::{Build, SourceCrate};

use crate::build_table::is_sha256;
use crate::{FoundTool, Machine, MissingTool};

/// The placeholder in `build.flags` for the folder of the crate's files.
pub const PLACEHOLDER: &str = "{crate}";

/// The detail that holds this folder.
const FOLDER: &str = "source crate";

/// Checks the `[build.crate]` table, or its absence.
#[must_use]
pub fn check(build: &Build) -> Vec<KeyError> {
    let mut errors = Vec::new();
    let used = build.flags.iter().any(|flag| flag.contains(PLACEHOLDER));
    let Some(source) = &build.source_crate else {
        if used {
            errors.push(KeyError::new(
                "crate",
                format!("is missing, but flags contain {PLACEHOLDER}: set name, version and sha256"),
            ));
        }
        return errors;
    };
    if !used {
        errors.push(KeyError::new("flags", format!("do not contain {PLACEHOLDER}, the folder of the crate's files")));
    }
    if !is_sha256(&source.sha256) {
        errors.push(KeyError::new("crate.sha256", "must be 64 lower-case hexadecimal digits"));
    }
    let plain = |text: &str| !text.is_empty() && !text.starts_with(['.', '-']) && !text.contains(['/', '\\', '@', ' ']);
    if !plain(&source.name) || !plain(&source.version) {
        errors.push(KeyError::new("crate", "needs a name and an exact version, as in a registry"));
    }
    errors
}

/// Adds to a found compiler the crate whose sources it reads.
///
/// # Errors
/// If cargo has not downloaded the crate.
pub fn with_crate(mut found: FoundTool, build: &Build, machine: &dyn Machine) -> Result<FoundTool, MissingTool> {
    if let Some(source) = &build.source_crate {
        let folder = find(source, &cargo_home(machine), machine)?;
        found.details.insert(FOLDER, folder.into());
        found.fingerprint += &format!(" {}", source.sha256);
    }
    Ok(found)
}

/// The folder of the crate's files, if the scenario has one.
#[must_use]
pub fn folder(found: &FoundTool) -> Option<&Path> {
    found.details.get(FOLDER).map(Path::new)
}

/// A flag with the crate's folder filled in, and as a user would write it.
#[must_use]
pub fn flag(flag: &str, build: &Build, found: &FoundTool) -> (OsString, String) {
    let (Some(source), Some(folder)) = (&build.source_crate, folder(found)) else {
        return (flag.into(), flag.to_owned());
    };
    let mut parts = flag.split(PLACEHOLDER);
    let mut real = OsString::from(parts.next().unwrap_or_default());
    for part in parts {
        real.push(folder);
        real.push(part);
    }
    (real, flag.replace(PLACEHOLDER, &format!("$CARGO_HOME/registry/src/*/{}", unpacked(source))))
}

/// Cargo's home folder.
pub fn cargo_home(machine: &dyn Machine) -> PathBuf {
    let named = machine.variable("CARGO_HOME").map(PathBuf::from);
    named.or_else(|| Some(machine.home()?.join(".cargo"))).unwrap_or_default()
}

fn unpacked(source: &SourceCrate) -> String {
    format!("{}-{}", source.name, source.version)
}

fn find(source: &SourceCrate, home: &Path, machine: &dyn Machine) -> Result<PathBuf, MissingTool> {
    let (name, mut wrong) = (unpacked(source), String::new());
    let registry = home.join("registry");
    // One folder per index: crates.io, a mirror.
    for index in machine.entries(&registry.join("cache")) {
        let package = registry.join("cache").join(&index).join(format!("{name}.crate"));
        let folder = registry.join("src").join(&index).join(&name);
        // Cargo creates `.cargo-ok` once everything is unpacked.
        if !machine.is_file(&package) || !machine.is_file(&folder.join(".cargo-ok")) {
            continue;
        }
        match machine.sha256(&package) {
            Ok(hash) if hash == source.sha256 => return Ok(folder),
            Ok(hash) => wrong += &format!("; cargo has another package of that name: its sha256 is {hash}"),
            Err(error) => wrong += &format!("; `{}` cannot be read: {error}", package.display()),
        }
    }
    let what = format!("the crate {} {} with sha256 {}{wrong}", source.name, source.version, source.sha256);
    // The only cargo command that downloads a crate without its dependencies.
    let command = ["cargo", "info", "--quiet", "--color=never", &format!("{}@{}", source.name, source.version)];
    let command: Vec<String> = command.map(str::to_owned).into();
    let remedy = format!("run `cargo xtask setup`, or `{}`", command.join(" "));
    Err(MissingTool { code: Code::NotFetched, ..MissingTool::new(what, remedy).with_command(Some(command)) })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tests::FakeMachine;

    fn build(hash: &str) -> Build {
        toml::from_str(&format!(
            "toolchain = \"clang\"\nflags = [\"-I\", \"{{crate}}/src\"]\n\
             crate = {{ name = \"a-src\", version = \"1.2.3+4\", sha256 = \"{hash}\" }}"
        ))
        .unwrap()
    }

    #[test]
    fn source_crate_must_match_its_hash() {
        let expected = build("the hash");
        let found = |files: &[(&str, &str)]| {
            let files =
                files.iter().map(|(file, text)| (format!("/home/me/.cargo/registry/{file}"), (*text).to_owned()));
            with_crate(
                FoundTool::default(),
                &expected,
                &FakeMachine { files: files.collect(), ..FakeMachine::default() },
            )
        };
        let missing = found(&[]).unwrap_err();
        assert_eq!(missing.code, Code::NotFetched, "the compiler is here");
        assert_eq!(missing.command.unwrap().last().map(String::as_str), Some("a-src@1.2.3+4"));

        let package = "cache/an-index/a-src-1.2.3+4.crate";
        let unpacked = ("src/an-index/a-src-1.2.3+4/.cargo-ok", "");
        assert!(found(&[(package, "the hash")]).is_err(), "cargo has not unpacked it to the end");
        let unpacked_crate = found(&[(package, "the hash"), unpacked]).unwrap();
        assert_eq!(folder(&unpacked_crate), Some(Path::new("/home/me/.cargo/registry/src/an-index/a-src-1.2.3+4")));
        assert!(unpacked_crate.fingerprint.contains("the hash"));
        let missing = found(&[(package, "another hash"), unpacked]).unwrap_err();
        assert!(missing.what.contains("another package of that name: its sha256 is another hash"), "{}", missing.what);
    }

    #[test]
    fn placeholder_expands_to_the_folder() {
        let build = build(&"0".repeat(64));
        let found = FoundTool::default().with_detail(FOLDER, "/c/registry/src/i/a-src-1.2.3+4");
        let (real, shown) = flag("{crate}/src", &build, &found);
        assert_eq!(real, "/c/registry/src/i/a-src-1.2.3+4/src");
        assert_eq!(shown, "$CARGO_HOME/registry/src/*/a-src-1.2.3+4/src");
        assert_eq!(flag("-O2", &build, &found), ("-O2".into(), "-O2".to_owned()));
    }

    #[test]
    fn crate_table_requires_the_placeholder_and_vice_versa() {
        assert_eq!(check(&build(&"0".repeat(64))), []);
        assert_eq!(check(&build("ABC")).len(), 1);
        let of = |text: &str| check(&toml::from_str(&format!("toolchain = \"clang\"\n{text}")).unwrap());
        assert_eq!(of("flags = [\"-O2\"]"), []);
        assert_eq!(of("flags = [\"{crate}/a.c\"]").len(), 1);
        let hash = "0".repeat(64);
        assert_eq!(of(&format!("crate = {{ name = \"../a\", version = \"1\", sha256 = \"{hash}\" }}")).len(), 2);
    }

    /// A scenario is built only from its own folder, so a source used by two scenarios exists twice.
    #[test]
    fn both_nginx_scenarios_have_the_same_source() {
        let serves = include_str!("../../../scenarios/nginx-source/nginx.c");
        assert_eq!(serves, include_str!("../../../scenarios/nginx-source-wasip1/nginx.c"));
    }
}
