//! `wasmlab.toml`: a repository's files and the requirements on each. `check` without a FILE reads it.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::{env, fs};

use anyhow::Result;

use super::Args;
use super::dirs::DirArgs;
use super::guest::{FileToCheck, GuestArgs, names};
use super::requirements::Requirements;
use crate::cli::common::usage;
use crate::scenario::document::{Document, ParsedDocument};
use checks::Reader;
use format::Contents;
use wasmlab_process::read_text;
use wasmlab_report::visible::VisiblePath;

mod checks;
mod format;

/// Its name.
const NAME: &str = "wasmlab.toml";
/// Maximum size of the file, bytes.
const MAX_BYTES: u64 = 1 << 20;

/// The file, read and checked.
pub struct Config {
    /// Globs of the runtimes to run, as for `--runtime`; if empty, all.
    pub runtimes: Vec<String>,
    files: Vec<FileConfig>,
}

struct FileConfig {
    path: PathBuf,
    options: GuestArgs,
    requirements: Requirements,
}

/// The file named by `--config`, or the nearest `wasmlab.toml` in this folder or a parent.
///
/// # Errors
/// If there is none, if the command line has guest options, or every error in it.
pub fn find(args: &Args) -> Result<Config> {
    let Some(path) = own_path(args)? else {
        return usage(format!(
            "no FILE is given, and there is no {NAME} here or in a parent folder: name a .wasm file"
        ));
    };
    let dirs = DirArgs { keep_dirs: args.guest.dirs.keep_dirs.clone(), ..DirArgs::default() };
    if args.guest != (GuestArgs { dirs, ..GuestArgs::default() }) {
        return usage(format!("guest options need a FILE: for the files of {NAME}, set them in {NAME}"));
    }
    // Messages show the path given to `--config`; for a file found in a parent folder, only its name.
    let name = args.config.as_ref().map_or(NAME.to_owned(), |path| path.visible());
    read(&path, name)
}

/// The file at `path`, which messages call `name`.
///
/// # Errors
/// If it cannot be read, or every mistake in it.
pub fn read(path: &Path, name: String) -> Result<Config> {
    let text = read_text(path, MAX_BYTES).or_else(|e| usage(format!("failed to read `{}`: {e}", path.visible())))?;
    parse(&text, path.parent().unwrap_or(Path::new("")), &name).or_else(|errors| usage(errors.join("\n  ")))
}

/// Where the file is, if there is one.
fn own_path(args: &Args) -> Result<Option<PathBuf>> {
    if args.config.is_some() {
        return Ok(args.config.clone());
    }
    let folder = env::current_dir()?;
    // A pipe or a device of this name is not skipped: reading it is an error.
    Ok(candidates(&folder).find(|path| fs::symlink_metadata(path).is_ok()))
}

/// The file itself, if there is one, and the files that it names, if it has no mistake.
pub fn paths(args: &Args) -> Vec<PathBuf> {
    let guests = find(args).map(|config| config.files.into_iter().map(|file| file.path).collect()).unwrap_or_default();
    own_path(args).ok().flatten().into_iter().chain::<Vec<PathBuf>>(guests).collect()
}

/// Where `wasmlab.toml` is looked for: in this folder and its parents, up to the root of the git repository; outside of
/// a repository in this folder only, since anybody may write to a parent such as `/tmp`.
fn candidates(folder: &Path) -> impl Iterator<Item = PathBuf> + '_ {
    let last = repository(folder).unwrap_or(folder);
    folder.ancestors().take_while(move |dir| dir.starts_with(last)).map(|dir| dir.join(NAME))
}

/// The git repository that a folder is in.
fn repository(folder: &Path) -> Option<&Path> {
    folder.ancestors().find(|dir| dir.join(".git").exists())
}

/// The folder that contains everything the file may name: the git repository, or else its own folder.
fn root(folder: &Path) -> Option<PathBuf> {
    let folder = fs::canonicalize(if folder.as_os_str().is_empty() { Path::new(".") } else { folder }).ok()?;
    Some(repository(&folder).unwrap_or(&folder).to_owned())
}

impl Config {
    /// The files and their requirements. `runtimes`: number of selected runtimes.
    ///
    /// # Errors
    /// If a directory cannot be used.
    pub fn files_to_check(self: &Config, runtimes: usize) -> Result<Vec<FileToCheck>> {
        let paths: Vec<PathBuf> = self.files.iter().map(|file| file.path.clone()).collect();
        let files = self.files.iter().zip(names(&paths)).map(|(file, (name, title))| {
            let dirs = file.options.dirs.dirs(self.files.len(), runtimes)?;
            let (options, requirements) = (file.options.clone(), file.requirements.clone());
            Ok(FileToCheck { file: file.path.clone(), name, title, options, dirs, requirements })
        });
        files.collect()
    }
}

/// Reads the text of the file `name`, whose paths are relative to `folder`.
///
/// # Errors
/// Every mistake in it, each with its line.
fn parse(text: &str, folder: &Path, name: &str) -> Result<Config, Vec<String>> {
    let ParsedDocument { document, contents, mut errors, incomplete } = Document::parse::<Contents>(name, text);
    let mut config = Config { runtimes: Vec::new(), files: Vec::new() };
    if let Some(contents) = contents {
        let mut reader = Reader {
            document: &document,
            folder,
            root: root(folder),
            name,
            named: BTreeMap::new(),
            errors: Vec::new(),
        };
        config = reader.config(contents);
        // Tables that were dropped because of mistakes do not count as missing.
        let is_reported = |key: &str| key != "file" || !incomplete.contains("file");
        let found = reader.errors.into_iter().filter(|error| is_reported(&error.key));
        errors.extend(document.locate_all(found));
    }
    errors.sort();
    // Each file of a glob has the mistakes of its table.
    errors.dedup();
    if errors.is_empty() { Ok(config) } else { Err(errors.iter().map(ToString::to_string).collect()) }
}

#[cfg(test)]
mod tests {
    use super::{Config, parse};

    const GOOD: &str = r#"schema = 1
runtimes = ["wasm*", "node"]

[[file]]
path = "app.wasm"
args = ["--all"]
env = { LANG = "C" }
dirs = ["data::/data"]
expect_exit = 3
must = ["wasmtime-*", "node"]

[[file.allow]]
runtime = "wasmi*"
code = "unsupported-proposal"
because = "no exceptions yet"
link = "https://example.org/1"

[file.budget]
bytes = 100_000
imports = 12
forbidden_imports = ["env.*"]
proposals = ["bulk-memory"]
"#;

    fn read(text: &str) -> Result<Config, Vec<String>> {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("app.wasm"), "").unwrap();
        std::fs::create_dir(folder.path().join("data")).unwrap();
        parse(text, folder.path(), "wasmlab.toml")
    }

    #[test]
    fn valid_file_is_read() {
        let config = read(GOOD).unwrap_or_else(|errors| panic!("{errors:?}"));
        let file = &config.files[0];
        assert_eq!((config.runtimes.len(), file.options.args[0].as_str()), (2, "--all"));
        assert!(file.options.dirs.dir[0].ends_with("/data::/data"), "{:?}", file.options.dirs.dir);
        let allowance = &file.requirements.allow[0];
        assert_eq!(allowance.because, "no exceptions yet (https://example.org/1)");
        assert_eq!(allowance.place.as_ref().map(ToString::to_string).as_deref(), Some("wasmlab.toml:13"));
        assert_eq!((file.requirements.must.len(), file.requirements.budget.imports), (2, Some(12)));
    }

    #[test]
    fn a_library_is_loaded_or_called() {
        let with = |keys: &str| read(&GOOD.replace("args = [\"--all\"]", keys).replace("expect_exit = 3\n", ""));
        for key in ["expect_stdout = \"x\"", "expect_exit = 0", "args = [\"x\"]"] {
            assert!(with(&format!("load = true\n{key}")).is_err(), "{key}");
        }
        assert!(with("load = true").is_ok_and(|config| config.files[0].requirements.load));
        let errors = with("load = true\ninvoke = \"f\"").err().unwrap_or_default();
        assert!(
            errors.len() == 1 && errors[0].starts_with("wasmlab.toml:6: `file[0].load`: calls no export"),
            "{errors:?}"
        );
    }

    #[test]
    fn a_file_is_listed_once() {
        let check = |path: &str, expected: &[&str]| {
            let errors = read(&format!("{GOOD}\n[[file]]\npath = \"{path}\"\n")).err().unwrap_or_default();
            assert_eq!(errors, expected);
        };
        let message = "wasmlab.toml:25: `file[1].path`: `NAME` is named already in line 5: remove one of \
                       the two, or narrow its glob";
        for path in ["app.wasm", "./app.wasm", "data/../app.wasm", "*.wasm"] {
            let name = if path == "*.wasm" { "app.wasm" } else { path.trim_start_matches("./") };
            check(path, &[message.replace("NAME", name).as_str()]);
        }
    }

    #[test]
    fn mistakes_of_servers_and_directories_are_reported_with_the_others() {
        let text = "schema = 1\n[[file]]\nargs = []\n[[file]]\npath = \"app.wasm\"\nlisten = [\"99999\", \"web\"]\n\
                    request = [\"GET\", \"GET / 200\"]\nnetwork = \"all\"\ndirs = [\"no::/data\"]\n\
                    [[file.allow]]\nruntime = \"wasmi\"\n";
        let errors = read(text).err().unwrap_or_default();
        let expected = [
            ("wasmlab.toml:2: ", "missing field `path`"),
            ("wasmlab.toml:6: ", "`file[1].listen[0]`: --listen 99999 is not a port"),
            ("wasmlab.toml:7: ", "`file[1].request[0]`: --request `GET`: something is missing"),
            ("wasmlab.toml:8: ", "network`: unknown variant `all`"),
            ("wasmlab.toml:9: ", "cannot be used"),
            ("wasmlab.toml:10: ", "missing field `because`"),
        ];
        assert_eq!(errors.len(), expected.len(), "{errors:#?}");
        for (error, (line, message)) in errors.iter().zip(expected) {
            assert!(error.starts_with(line) && error.contains(message), "{error} is not {line}{message}");
        }
        let errors = read("schema = 1\n[[file]]\npath = \"app.wasm\"\nrequest = [\"GET / 200\"]\n").err();
        assert!(
            errors.is_some_and(|errors| errors[0].starts_with("wasmlab.toml:4: `file[0].request`: --request needs"))
        );
    }

    #[test]
    fn a_path_may_be_a_glob() {
        let paths = |path: &str| {
            let config =
                read(&GOOD.replace("\"app.wasm\"", &format!("\"{path}\""))).map_err(|errors| errors.join("\n"))?;
            let names = config.files.iter().map(|file| file.path.file_name().unwrap().to_str().unwrap().to_owned());
            Ok::<_, String>(names.collect::<Vec<_>>())
        };
        assert_eq!(paths("*.wasm"), Ok(vec!["app.wasm".to_owned()]));
        assert_eq!(
            paths("b*.wasm"),
            Err("wasmlab.toml:5: `file[0].path`: `b*.wasm` matches no file: build it first".to_owned())
        );
        let errors =
            read(&GOOD.replace("app.wasm", "*.wasm").replace("\"node\"]\n\n[[file.allow", "\"nod\"]\n\n[[file.allow"))
                .err();
        assert_eq!(errors.map(|errors| errors.len()), Some(1));
    }

    #[test]
    fn a_foreign_file_names_no_program_and_nothing_outside_of_its_repository() {
        let outer = tempfile::tempdir().unwrap();
        let folder = outer.path().join("repository");
        std::fs::create_dir_all(folder.join("data")).unwrap();
        std::fs::write(folder.join("app.wasm"), "").unwrap();
        std::fs::write(outer.path().join("secret"), "").unwrap();
        std::os::unix::fs::symlink(outer.path(), folder.join("out")).unwrap();
        let check = |head: &str, keys: &str, expected: Option<&str>| {
            let text = format!("schema = 1\n{head}[[file]]\npath = \"app.wasm\"\n{keys}\n");
            let errors = parse(&text, &folder, "wasmlab.toml").err().unwrap_or_default().join("\n");
            assert_eq!(errors.is_empty(), expected.is_none(), "{keys}: {errors}");
            assert!(expected.is_none_or(|message| errors.contains(message)), "{keys}: {errors}");
        };
        check("runtimes = [\"wasmtime-cli@./evil\"]\n", "", Some("names a program"));
        check("runtimes = [\"node@24\"]\n", "", None);
        check("", "args = [\"a\\u0000b\"]", Some("`file[0].args[0]`: has a NUL"));
        check("", "env = { N = \"a\\u0000b\" }", Some("`file[0].env`: `N`: a variable's name"));
        check("", "env = { \"A=B\" = \"x\" }", Some("`file[0].env`: `A=B`"));
        check("", "dirs = [\"data::/d\"]\nstdin = \"app.wasm\"", None);
        let outside = Some("is outside the repository");
        for keys in ["stdin = \"../secret\"", "stdin = \"out/secret\"", "dirs = [\"..::/d\"]", "dirs = [\"out::/d\"]"] {
            check("", keys, outside);
        }
        check("", "stdin = \"/proc/self/environ\"", outside);
        check("[[file]]\npath = \"../secret\"\n", "", outside);
        check("[[file]]\npath = \"out/secret\"\n", "", outside);
    }

    #[test]
    fn every_mistake_is_reported_with_its_line() {
        let check = |text: &str, expected: &[&str]| {
            let errors = read(text).err().unwrap_or_else(|| panic!("{text} is taken"));
            assert_eq!(errors.len(), expected.len(), "{errors:?}");
            for (error, beginning) in errors.iter().zip(expected) {
                assert!(error.starts_with(beginning), "{error} does not begin with {beginning}");
            }
        };
        check("schema = 1\n", &["wasmlab.toml: `file`: no file is named"]);
        check("schema = \n", &["wasmlab.toml:1: "]);
        check(&GOOD.replace("schema = 1", "schema = 2"), &["wasmlab.toml:1: `schema`: is 2, but this lab reads 1"]);
        check(
            &GOOD
                .replace("\"app.wasm\"", "\"no.wasm\"")
                .replace("\"wasmtime-*\"", "\"wasmtim-*\"")
                .replace("unsupported-proposal", "trapp"),
            &[
                "wasmlab.toml:5: `file[0].path`: `no.wasm` is not a file: build it first",
                "wasmlab.toml:10: `file[0].must[0]`: `wasmtim-*` matches no runtime: ",
                "wasmlab.toml:14: `file[0].allow[0].code`: `trapp` is not a code: did you mean `trap`?",
            ],
        );
        check(
            &GOOD.replace("bytes = 100_000", "bytes = \"many\"").replace("imports = 12", "import = 12"),
            &[
                "wasmlab.toml:19: `file[0].budget.bytes`: invalid type",
                "wasmlab.toml:20: `file[0].budget`: unknown field `import`, expected one of `bytes`, ",
            ],
        );
        // A file whose path is wrong hides no mistake elsewhere.
        check(
            &GOOD.replace("\"app.wasm\"", "5").replace("schema = 1", "schema = 1\nruntime = 1"),
            &["wasmlab.toml:2: unknown field `runtime`", "wasmlab.toml:6: `file[0].path`: invalid type"],
        );
        check(
            &GOOD.replace("\"bulk-memory\"", "\"bulk-memori\""),
            &["wasmlab.toml:22: `file[0].budget.proposals`: `bulk-memori` is not a proposal: did you mean"],
        );
        check(
            &GOOD.replace("\"env.*\"", "\"[\""),
            &["wasmlab.toml:21: `file[0].budget.forbidden_imports[0]`: `[` is not"],
        );
    }
}
