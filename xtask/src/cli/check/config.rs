//! `wasmlab.toml`: a repository's files and the requirements on each. `check` without a FILE reads it.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::{env, fs};

use anyhow::Result;
use globset::GlobMatcher;
use serde::Deserialize;

use super::Args;
use super::budget::Budget;
use super::client::{ClientArgs, NetworkArg};
use super::dirs::DirArgs;
use super::files;
use super::guest::{FileToCheck, GuestArgs, names};
use super::requirements::{self, Allowance, Requirements};
use crate::cli::common::usage;
use crate::cli::suggest;
use crate::glob;
use crate::scenario::document::{Document, Parsed};
use wasmlab_inspect::proposals;
use wasmlab_process::read_text;
use wasmlab_report::visible::VisiblePath;

/// Its name.
const NAME: &str = "wasmlab.toml";
/// No such file is larger.
const MAX_BYTES: u64 = 1 << 20;
/// Version of its format.
const SCHEMA_VERSION: u32 = 1;

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

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Contents {
    schema: u32,
    #[serde(default)]
    runtimes: Vec<String>,
    #[serde(default)]
    file: Vec<FileTable>,
}

#[derive(Clone, Deserialize)]
#[serde(deny_unknown_fields)]
struct FileTable {
    path: PathBuf,
    #[serde(default)]
    args: Vec<String>,
    #[serde(default)]
    env: BTreeMap<String, String>,
    stdin: Option<PathBuf>,
    #[serde(default)]
    dirs: Vec<String>,
    network: Option<NetworkArg>,
    #[serde(default)]
    listen: Vec<String>,
    #[serde(default)]
    http: bool,
    #[serde(default)]
    request: Vec<String>,
    invoke: Option<String>,
    #[serde(default)]
    load: bool,
    expect_stdout: Option<String>,
    expect_exit: Option<i32>,
    #[serde(default)]
    must: Vec<String>,
    #[serde(default)]
    allow: Vec<AllowTable>,
    #[serde(default)]
    budget: BudgetTable,
}

#[derive(Clone, Deserialize)]
#[serde(deny_unknown_fields)]
struct AllowTable {
    runtime: String,
    code: Option<String>,
    because: String,
    link: Option<String>,
}

#[derive(Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct BudgetTable {
    bytes: Option<u64>,
    imports: Option<usize>,
    #[serde(default)]
    forbidden_imports: Vec<String>,
    proposals: Option<BTreeSet<String>>,
}

/// The file named by `--config`, or the nearest `wasmlab.toml` in this folder or a parent.
///
/// # Errors
/// If there is none, if the command line has guest options, or every error in it.
pub fn find(args: &Args) -> Result<Config> {
    let path = match &args.config {
        Some(path) => path.clone(),
        None => {
            let here = env::current_dir()?;
            // A pipe or a device of this name is not skipped: reading it is an error.
            match candidates(&here).find(|path| fs::symlink_metadata(path).is_ok()) {
                Some(path) => path,
                None => return usage(format!("no FILE is given, and there is no {NAME} here or in a parent folder: name a .wasm file")),
            }
        }
    };
    let kept = DirArgs { keep_dirs: args.guest.dirs.keep_dirs.clone(), ..DirArgs::default() };
    if args.guest != (GuestArgs { dirs: kept, ..GuestArgs::default() }) {
        return usage(format!("guest options need a FILE: for the files of {NAME}, set them in {NAME}"));
    }
    let text = read_text(&path, MAX_BYTES).or_else(|e| usage(format!("failed to read `{}`: {e}", path.visible())))?;
    let folder = path.parent().unwrap_or(Path::new("")).to_owned();
    // Messages show the path given to `--config`; for a file found in a parent folder, only its name.
    let name = args.config.as_ref().map_or(NAME.to_owned(), |path| path.visible());
    parse(&text, &folder, &name).or_else(|faults| usage(faults.join("\n  ")))
}

/// Where `wasmlab.toml` is looked for: in this folder and its parents, up to the root of the git repository; outside of
/// a repository in this folder only, since anybody may write to a parent such as `/tmp`.
fn candidates(here: &Path) -> impl Iterator<Item = PathBuf> + '_ {
    let last = repository(here).unwrap_or(here);
    here.ancestors().take_while(move |dir| dir.starts_with(last)).map(|dir| dir.join(NAME))
}

/// The git repository that a folder is in.
fn repository(folder: &Path) -> Option<&Path> {
    folder.ancestors().find(|dir| dir.join(".git").exists())
}

/// The folder outside of which the file names nothing: the git repository, or else its own folder.
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
    let Parsed { document, contents, faults, incomplete } = Document::parse::<Contents>(text);
    let at = |line: Option<usize>| line.map_or(name.to_owned(), |line| format!("{name}:{line}"));
    let mut faults: Vec<(Option<usize>, String)> = faults;
    let mut config = Config { runtimes: Vec::new(), files: Vec::new() };
    if let Some(contents) = contents {
        let mut reader = Reader { document: &document, folder, root: root(folder), name, faults: Vec::new() };
        config = reader.config(contents);
        // Tables that were dropped because of mistakes do not count as missing.
        let is_told = |key: &str| key != "file" || !incomplete.contains("file");
        let found = reader.faults.into_iter().filter(|(key, _)| is_told(key));
        faults.extend(found.map(|(key, message)| (document.line_of(&key), format!("`{key}`: {message}"))));
    }
    faults.sort();
    // Each file of a glob has the mistakes of its table.
    faults.dedup();
    if faults.is_empty() {
        return Ok(config);
    }
    Err(faults.into_iter().map(|(line, message)| format!("{}: {message}", at(line))).collect())
}

struct Reader<'a> {
    document: &'a Document<'a>,
    folder: &'a Path,
    /// The folder outside of which the file names nothing; `None` if it cannot be found.
    root: Option<PathBuf>,
    name: &'a str,
    /// Mistakes, with the key of each.
    faults: Vec<(String, String)>,
}

impl Reader<'_> {
    fn fault(&mut self, key: &str, message: impl Into<String>) {
        self.faults.push((key.to_owned(), message.into()));
    }

    fn config(&mut self, contents: Contents) -> Config {
        if contents.schema != SCHEMA_VERSION {
            self.fault("schema", format!("is {}, this lab reads {SCHEMA_VERSION}", contents.schema));
        }
        for (index, text) in contents.runtimes.iter().enumerate() {
            let key = format!("runtimes[{index}]");
            // Whoever wrote the file must not choose a program to run: that is for the command line.
            match text.split_once(wasmlab_runtimes::CUSTOM_BUILD) {
                Some((_, version)) if !wasmlab_runtimes::is_version(version) => {
                    self.fault(&key, format!("`{text}` names a program: use `--runtime {text}` on the command line"));
                }
                _ => _ = self.glob(&key, text),
            }
        }
        if contents.file.is_empty() {
            self.fault("file", "no file is named: add [[file]] with its path");
        }
        let tables = contents.file.into_iter().enumerate();
        let files = tables.flat_map(|(index, table)| self.files(&format!("file[{index}]"), &table)).collect();
        Config { runtimes: contents.runtimes, files }
    }

    /// The files that `path` names: one, or all that its glob matches.
    fn files(&mut self, key: &str, table: &FileTable) -> Vec<FileConfig> {
        let paths = files::expand(self.folder, &table.path).unwrap_or_else(|_| vec![table.path.clone()]);
        paths.into_iter().map(|path| self.file(key, FileTable { path, ..table.clone() })).collect()
    }

    fn file(&mut self, key: &str, table: FileTable) -> FileConfig {
        let path = self.folder.join(&table.path);
        if !path.is_file() {
            let why = files::expand(self.folder, &table.path).err();
            let why = why.unwrap_or_else(|| format!("`{}` is not a file", table.path.visible()));
            self.fault(&format!("{key}.path"), format!("{why}: build it first"));
        }
        self.confine(&format!("{key}.path"), &path);
        self.without_nul(key, &table);
        let load = table.load;
        if load && (table.invoke.is_some() || table.http || !table.listen.is_empty()) {
            self.fault(&format!("{key}.load"), "only loads the file: remove it, or `invoke`, `http` and `listen`");
        }
        let stdin = table.stdin.map(|file| self.folder.join(file));
        match &stdin {
            Some(file) if !file.is_file() => {
                self.fault(&format!("{key}.stdin"), format!("`{}` is not a file", file.visible()));
            }
            Some(file) => self.confine(&format!("{key}.stdin"), file),
            None => {}
        }
        for (index, text) in table.dirs.iter().enumerate() {
            let host = text.split_once("::").map_or(text.as_str(), |(host, _)| host);
            self.confine(&format!("{key}.dirs[{index}]"), &self.folder.join(host));
        }
        let must = table.must.iter().enumerate().filter_map(|(n, text)| self.glob(&format!("{key}.must[{n}]"), text));
        let must = must.collect();
        let allow = table.allow.into_iter().enumerate();
        let allow = allow.filter_map(|(n, table)| self.allowance(&format!("{key}.allow[{n}]"), table)).collect();
        let budget = self.budget(&format!("{key}.budget"), table.budget);
        let options = GuestArgs {
            invoke: table.invoke,
            dirs: DirArgs { dir: table.dirs.iter().map(|text| self.dir(text)).collect(), ..DirArgs::default() },
            client: ClientArgs { network: table.network, listen: table.listen, http: table.http, request: table.request },
            env: table.env.into_iter().map(|(name, value)| format!("{name}={value}")).collect(),
            stdin,
            expect_stdout: table.expect_stdout,
            expect_exit: table.expect_exit,
            args: table.args,
        };
        FileConfig { path, options, requirements: Requirements { must, allow, budget, load } }
    }

    /// A process takes its arguments and variables as C strings.
    fn without_nul(&mut self, key: &str, table: &FileTable) {
        let lists = [("args", &table.args), ("request", &table.request), ("listen", &table.listen)];
        for (list, texts) in lists {
            for (index, _) in texts.iter().enumerate().filter(|(_, text)| text.contains('\0')) {
                self.fault(&format!("{key}.{list}[{index}]"), "has a NUL character, which no argument can have");
            }
        }
        if table.invoke.as_ref().is_some_and(|name| name.contains('\0')) {
            self.fault(&format!("{key}.invoke"), "has a NUL character, which no argument can have");
        }
        for (name, value) in &table.env {
            if name.is_empty() || name.contains(['=', '\0']) || value.contains('\0') {
                let why = "a variable's name is not empty and has no `=`, and neither it nor its value has a NUL character";
                self.fault(&format!("{key}.env"), format!("`{}`: {why}", name.escape_debug()));
            }
        }
    }

    /// A guest must not get files of this machine because a foreign repository says so. What does not exist is reported
    /// where it is used.
    fn confine(&mut self, key: &str, path: &Path) {
        let Ok(real) = fs::canonicalize(path) else { return };
        if !self.root.as_ref().is_some_and(|root| real.starts_with(root)) {
            let message = format!("`{}` is outside of the repository: give it on the command line", path.visible());
            self.fault(key, message);
        }
    }

    /// Parses `HOST::GUEST`; HOST is relative to the configuration's folder.
    fn dir(&self, text: &str) -> String {
        let (host, guest) = text.split_once("::").unwrap_or((text, text));
        format!("{}::{guest}", self.folder.join(host).display())
    }

    fn allowance(&mut self, key: &str, table: AllowTable) -> Option<Allowance> {
        let runtime = self.glob(&format!("{key}.runtime"), &table.runtime);
        let code = table.code.map(|text| requirements::code(&text)).transpose();
        let code = code.map_err(|why| self.fault(&format!("{key}.code"), why)).ok();
        if table.because.trim().is_empty() {
            self.fault(&format!("{key}.because"), "is empty: explain why the gap is allowed");
        }
        let link = table.link.map(|link| format!(" ({link})")).unwrap_or_default();
        let line = self.document.line_of(&format!("{key}.runtime"));
        let place = line.map_or(self.name.to_owned(), |line| format!("{}:{line}", self.name));
        let because = format!("{}{link}", table.because.trim());
        Some(Allowance { runtime: runtime?, code: code?, because, place: Some(place) })
    }

    fn budget(&mut self, key: &str, table: BudgetTable) -> Budget {
        let known = proposals::known();
        for name in table.proposals.iter().flatten().filter(|name| !known.contains(*name)) {
            let all = "cargo xtask capabilities proposals";
            let instead = suggest::instead(name, known.iter().map(String::as_str), all);
            self.fault(&format!("{key}.proposals"), format!("`{name}` is not a proposal: {instead}"));
        }
        let mut forbidden_imports: Vec<GlobMatcher> = Vec::new();
        for (index, text) in table.forbidden_imports.iter().enumerate() {
            match glob::parse(text) {
                Ok(glob) => forbidden_imports.push(glob.compile_matcher()),
                Err(why) => self.fault(&format!("{key}.forbidden_imports[{index}]"), why),
            }
        }
        Budget { bytes: table.bytes, imports: table.imports, forbidden_imports, proposals: table.proposals }
    }

    fn glob(&mut self, key: &str, text: &str) -> Option<GlobMatcher> {
        requirements::glob(text).map_err(|why| self.fault(key, why)).ok()
    }
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
        parse(text, folder.path(), "wasmlab.toml")
    }

    #[test]
    fn valid_file_is_read() {
        let config = read(GOOD).unwrap_or_else(|faults| panic!("{faults:?}"));
        let file = &config.files[0];
        assert_eq!((config.runtimes.len(), file.options.args[0].as_str()), (2, "--all"));
        assert!(file.options.dirs.dir[0].ends_with("/data::/data"), "{:?}", file.options.dirs.dir);
        let allowance = &file.requirements.allow[0];
        assert_eq!(allowance.because, "no exceptions yet (https://example.org/1)");
        assert_eq!(allowance.place.as_deref(), Some("wasmlab.toml:13"));
        assert_eq!((file.requirements.must.len(), file.requirements.budget.imports), (2, Some(12)));
    }

    #[test]
    fn a_library_is_loaded_or_called() {
        let with = |keys: &str| read(&GOOD.replace("args = [\"--all\"]", keys));
        assert!(with("load = true").is_ok_and(|config| config.files[0].requirements.load));
        let faults = with("load = true\ninvoke = \"f\"").err().unwrap_or_default();
        assert!(faults.len() == 1 && faults[0].starts_with("wasmlab.toml:6: `file[0].load`: only loads"), "{faults:?}");
    }

    #[test]
    fn a_path_may_be_a_glob() {
        let paths = |path: &str| {
            let config = read(&GOOD.replace("\"app.wasm\"", &format!("\"{path}\""))).map_err(|faults| faults.join("\n"))?;
            let names = config.files.iter().map(|file| file.path.file_name().unwrap().to_str().unwrap().to_owned());
            Ok::<_, String>(names.collect::<Vec<_>>())
        };
        assert_eq!(paths("*.wasm"), Ok(vec!["app.wasm".to_owned()]));
        assert_eq!(paths("b*.wasm"), Err("wasmlab.toml:5: `file[0].path`: `b*.wasm` matches no file: build it first".to_owned()));
        let faults = read(&GOOD.replace("app.wasm", "*.wasm").replace("\"node\"]\n\n[[file.allow", "\"nod\"]\n\n[[file.allow")).err();
        assert_eq!(faults.map(|faults| faults.len()), Some(1));
    }

    #[test]
    fn a_foreign_file_names_no_program_and_nothing_outside_of_its_repository() {
        let outer = tempfile::tempdir().unwrap();
        let folder = outer.path().join("repository");
        std::fs::create_dir_all(folder.join("data")).unwrap();
        std::fs::write(folder.join("app.wasm"), "").unwrap();
        std::fs::write(outer.path().join("secret"), "").unwrap();
        std::os::unix::fs::symlink(outer.path(), folder.join("out")).unwrap();
        let check = |head: &str, keys: &str, wanted: Option<&str>| {
            let text = format!("schema = 1\n{head}[[file]]\npath = \"app.wasm\"\n{keys}\n");
            let faults = parse(&text, &folder, "wasmlab.toml").err().unwrap_or_default().join("\n");
            assert_eq!(faults.is_empty(), wanted.is_none(), "{keys}: {faults}");
            assert!(wanted.is_none_or(|words| faults.contains(words)), "{keys}: {faults}");
        };
        check("runtimes = [\"wasmtime-cli@./evil\"]\n", "", Some("names a program"));
        check("runtimes = [\"node@24\"]\n", "", None);
        check("", "args = [\"a\\u0000b\"]", Some("`file[0].args[0]`: has a NUL"));
        check("", "env = { N = \"a\\u0000b\" }", Some("`file[0].env`: `N`: a variable's name"));
        check("", "env = { \"A=B\" = \"x\" }", Some("`file[0].env`: `A=B`"));
        check("", "dirs = [\"data::/d\"]\nstdin = \"app.wasm\"", None);
        let outside = Some("is outside of the repository");
        for keys in ["stdin = \"../secret\"", "stdin = \"out/secret\"", "dirs = [\"..::/d\"]", "dirs = [\"out::/d\"]"] {
            check("", keys, outside);
        }
        check("", "stdin = \"/proc/self/environ\"", outside);
        check("[[file]]\npath = \"../secret\"\n", "", outside);
        check("[[file]]\npath = \"out/secret\"\n", "", outside);
    }

    #[test]
    fn every_mistake_is_reported_with_its_line() {
        let check = |text: &str, wanted: &[&str]| {
            let faults = read(text).err().unwrap_or_else(|| panic!("{text} is taken"));
            assert_eq!(faults.len(), wanted.len(), "{faults:?}");
            for (fault, wanted) in faults.iter().zip(wanted) {
                assert!(fault.starts_with(wanted), "{fault} does not begin with {wanted}");
            }
        };
        check("schema = 1\n", &["wasmlab.toml: `file`: no file is named"]);
        check("schema = \n", &["wasmlab.toml:1: "]);
        check(&GOOD.replace("schema = 1", "schema = 2"), &["wasmlab.toml:1: `schema`: is 2, this lab reads 1"]);
        check(
            &GOOD.replace("\"app.wasm\"", "\"no.wasm\"").replace("\"wasmtime-*\"", "\"wasmtim-*\"").replace("unsupported-proposal", "trapp"),
            &[
                "wasmlab.toml:5: `file[0].path`: `no.wasm` is not a file: build it first",
                "wasmlab.toml:10: `file[0].must[0]`: `wasmtim-*` matches no runtime: ",
                "wasmlab.toml:14: `file[0].allow[0].code`: `trapp` is not a code: did you mean `trap`?",
            ],
        );
        check(
            &GOOD.replace("bytes = 100_000", "bytes = \"many\"").replace("imports = 12", "import = 12"),
            &["wasmlab.toml:19: `file[0].budget.bytes`: invalid type", "wasmlab.toml:20: unknown field `import`, expected one of `bytes`, "],
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
        check(&GOOD.replace("\"env.*\"", "\"[\""), &["wasmlab.toml:21: `file[0].budget.forbidden_imports[0]`: `[` is not"]);
    }
}
