//! Sources that others publish as a crate: read where cargo unpacked them, pinned by the package's hash, and
//! never part of the repository.

use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};
use std::fs;
use std::path::{Path, PathBuf};

use super::{Found, Missing};
use crate::machine::Machine;
use wasmlab_model::codes::Code;
use wasmlab_model::scenario::{Build, SourceCrate};

/// What stands in `build.flags` for the folder of the crate's files.
pub const PLACE: &str = "{crate}";

/// The variable in which [`Found::env`] carries that folder.
const VARIABLE: &str = "WASMLAB_SOURCE_CRATE";

/// What is wrong with a `[build.crate]` table, or with its absence.
pub fn check(build: &Build) -> Vec<(&'static str, String)> {
    let mut faults = Vec::new();
    let used = build.flags.iter().any(|flag| flag.contains(PLACE));
    let Some(source) = &build.source_crate else {
        if used {
            faults.push(("crate", format!("is missing, and flags have {PLACE}: say name, version and sha256")));
        }
        return faults;
    };
    if !used {
        faults.push(("flags", format!("have no {PLACE}, which stands for the folder of the crate's files")));
    }
    if source.sha256.len() != 64 || !source.sha256.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f')) {
        faults.push(("crate.sha256", "is not 64 hexadecimal digits in lower case".to_owned()));
    }
    let plain = |text: &str| !text.is_empty() && !text.starts_with(['.', '-']) && !text.contains(['/', '\\', '@', ' ']);
    if !plain(&source.name) || !plain(&source.version) {
        faults.push(("crate", "has no name and version as a registry knows them".to_owned()));
    }
    faults
}

/// A compiler that is here, with the crate that it shall read.
///
/// # Errors
/// That cargo has not got it.
pub fn with(mut found: Found, build: &Build, machine: &Machine) -> Result<Found, Missing> {
    if let Some(source) = &build.source_crate {
        let folder = find(source, &cargo_home(), machine)?;
        found.env.insert(VARIABLE.into(), folder.into());
        found.fingerprint += &format!(" {}", source.sha256);
    }
    Ok(found)
}

/// The code of a row whose compiler is `here`, or not.
pub fn missing(build: &Build, here: bool) -> Code {
    if here && build.source_crate.is_some() { Code::NotFetched } else { Code::ToolchainMissing }
}

/// The folder of the crate's files, where the scenario has one.
pub fn folder(env: &BTreeMap<OsString, OsString>) -> Option<&Path> {
    env.get(OsStr::new(VARIABLE)).map(Path::new)
}

/// A flag with the crate's folder in it, and as a person types it.
pub fn flag(flag: &str, build: &Build, env: &BTreeMap<OsString, OsString>) -> (OsString, String) {
    let (Some(source), Some(folder)) = (&build.source_crate, folder(env)) else {
        return (flag.into(), flag.to_owned());
    };
    let mut parts = flag.split(PLACE);
    let mut real = OsString::from(parts.next().unwrap_or_default());
    for part in parts {
        real.push(folder);
        real.push(part);
    }
    (real, flag.replace(PLACE, &format!("$CARGO_HOME/registry/src/*/{}", unpacked(source))))
}

/// Cargo's own folder.
pub fn cargo_home() -> PathBuf {
    let named = std::env::var_os("CARGO_HOME").filter(|home| !home.is_empty()).map(PathBuf::from);
    named.or_else(|| Some(std::env::home_dir()?.join(".cargo"))).unwrap_or_default()
}

fn unpacked(source: &SourceCrate) -> String {
    format!("{}-{}", source.name, source.version)
}

fn find(source: &SourceCrate, home: &Path, machine: &Machine) -> Result<PathBuf, Missing> {
    let (name, mut wrong) = (unpacked(source), String::new());
    let registry = home.join("registry");
    // One folder an index: crates.io's, a mirror's.
    for index in fs::read_dir(registry.join("cache")).into_iter().flatten().flatten() {
        let package = index.path().join(format!("{name}.crate"));
        let folder = registry.join("src").join(index.file_name()).join(&name);
        // Cargo writes it when all is unpacked.
        if !package.is_file() || !folder.join(".cargo-ok").is_file() {
            continue;
        }
        match machine.sha256(&package) {
            Ok(hash) if hash == source.sha256 => return Ok(folder),
            Ok(hash) => wrong += &format!("; cargo has another package of that name: its sha256 is {hash}"),
            Err(error) => wrong += &format!("; `{}` cannot be read: {error}", package.display()),
        }
    }
    let what = format!("the crate {} {} with sha256 {}{wrong}", source.name, source.version, source.sha256);
    // The one command of cargo's that gets a crate without the many that it depends on.
    let command = ["cargo", "info", "--quiet", "--color=never", &format!("{}@{}", source.name, source.version)];
    let command: Vec<String> = command.map(str::to_owned).into();
    Err(Missing { what, how: format!("run `cargo xtask setup`, or `{}`", command.join(" ")), command: Some(command) })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::machine::sha256;

    fn build(hash: &str) -> Build {
        toml::from_str(&format!(
            "toolchain = \"clang\"\nflags = [\"-I\", \"{{crate}}/src\"]\n\
             crate = {{ name = \"a-src\", version = \"1.2.3+4\", sha256 = \"{hash}\" }}"
        ))
        .unwrap()
    }

    #[test]
    fn only_the_very_package_is_read() {
        let home = tempfile::tempdir().unwrap();
        let machine = Machine::new(home.path().join("machine.json"));
        let wanted = build(&sha256(b"one"));
        let source = wanted.source_crate.clone().unwrap();
        let missing = find(&source, home.path(), &machine).unwrap_err();
        assert_eq!(missing.command.unwrap().last().map(String::as_str), Some("a-src@1.2.3+4"));

        let package = home.path().join("registry/cache/an-index/a-src-1.2.3+4.crate");
        let folder = home.path().join("registry/src/an-index/a-src-1.2.3+4");
        fs::create_dir_all(package.parent().unwrap()).unwrap();
        fs::create_dir_all(&folder).unwrap();
        fs::write(&package, "one").unwrap();
        assert!(find(&source, home.path(), &machine).is_err(), "cargo has not unpacked it to the end");
        fs::write(folder.join(".cargo-ok"), "").unwrap();
        assert_eq!(find(&source, home.path(), &machine).unwrap(), folder);
        fs::write(&package, "another").unwrap();
        let missing = find(&source, home.path(), &machine).unwrap_err();
        assert!(missing.what.contains("another package of that name"), "{}", missing.what);
    }

    #[test]
    fn flags_name_the_folder() {
        let build = build(&"0".repeat(64));
        let env = BTreeMap::from([(OsString::from(VARIABLE), OsString::from("/c/registry/src/i/a-src-1.2.3+4"))]);
        let (real, typed) = flag("{crate}/src", &build, &env);
        assert_eq!(real, "/c/registry/src/i/a-src-1.2.3+4/src");
        assert_eq!(typed, "$CARGO_HOME/registry/src/*/a-src-1.2.3+4/src");
        assert_eq!(flag("-O2", &build, &env), ("-O2".into(), "-O2".to_owned()));
    }

    #[test]
    fn a_table_and_its_flags_go_together() {
        assert_eq!(check(&build(&"0".repeat(64))), []);
        assert_eq!(check(&build("ABC")).len(), 1);
        let of = |text: &str| check(&toml::from_str(&format!("toolchain = \"clang\"\n{text}")).unwrap());
        assert_eq!(of("flags = [\"-O2\"]"), []);
        assert_eq!(of("flags = [\"{crate}/a.c\"]").len(), 1);
        let hash = "0".repeat(64);
        assert_eq!(of(&format!("crate = {{ name = \"../a\", version = \"1\", sha256 = \"{hash}\" }}")).len(), 2);
    }

    /// Scenarios are built from their own folders alone: a source of two of them stands in both.
    #[test]
    fn both_attempts_at_nginx_are_of_one_source() {
        let serves = include_str!("../../../scenarios/nginx-source/nginx.c");
        assert_eq!(serves, include_str!("../../../scenarios/nginx-source-wasip1/nginx.c"));
    }

    #[test]
    fn a_compiler_that_is_missing_is_no_matter_of_fetching() {
        let build = build(&"0".repeat(64));
        assert_eq!(missing(&build, true), Code::NotFetched);
        assert_eq!(missing(&build, false), Code::ToolchainMissing);
        assert_eq!(missing(&Build::default(), true), Code::ToolchainMissing);
    }
}
