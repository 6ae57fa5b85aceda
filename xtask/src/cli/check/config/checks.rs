//! Checks what `wasmlab.toml` contains: every glob, path and name.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use globset::GlobMatcher;

use super::format::{AllowTable, BudgetTable, Contents, FileTable, SCHEMA_VERSION};
use super::{Config, FileConfig};
use crate::cli::check::budget::{self, Budget};
use crate::cli::check::client::ClientArgs;
use crate::cli::check::dirs::{self, DirArgs};
use crate::cli::check::guest::GuestArgs;
use crate::cli::check::requirements::{self, Allowance, Requirements};
use crate::cli::files;
use crate::cli::suggest;
use crate::scenario::document::Document;
use crate::scenario::run::{INVALID_VARIABLE, NUL_IN_ARGUMENT, is_variable};
use wasmlab_glob as glob;
use wasmlab_inspect::proposals;
use wasmlab_model::file_error::KeyError;
use wasmlab_model::report::FileLine;
use wasmlab_report::visible::VisiblePath;

/// Why a call cannot have an expected exit code.
const NO_EXIT_CODE: &str = "is for programs, and `invoke` calls an export: remove it, or use `expect_stdout`";

/// Turns the contents of a file into requirements, and collects the mistakes.
pub struct Reader<'a> {
    pub document: &'a Document<'a>,
    pub folder: &'a Path,
    /// The folder that contains everything the file may name; `None` if it cannot be found.
    pub root: Option<PathBuf>,
    pub name: &'a str,
    /// The key of the table that names a file, by the file's real path.
    pub named: BTreeMap<PathBuf, String>,
    /// Mistakes.
    pub errors: Vec<KeyError>,
}

impl Reader<'_> {
    fn error(&mut self, key: &str, message: impl Into<String>) {
        self.errors.push(KeyError::new(key, message));
    }

    pub fn config(&mut self, contents: Contents) -> Config {
        if contents.schema != SCHEMA_VERSION {
            self.error("schema", format!("is {}, but this lab reads {SCHEMA_VERSION}", contents.schema));
        }
        for (index, text) in contents.runtimes.iter().enumerate() {
            let key = format!("runtimes[{index}]");
            // The author of the file must not choose a program to run: only the command line may.
            match text.split_once(wasmlab_runtimes::CUSTOM_BUILD) {
                Some((_, version)) if !wasmlab_runtimes::is_version(version) => {
                    self.error(&key, format!("`{text}` names a program: use `--runtime {text}` on the command line"));
                }
                _ => _ = self.glob(&key, text),
            }
        }
        if contents.file.is_empty() {
            self.error("file", "no file is named: add [[file]] with its path");
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
            self.error(&format!("{key}.path"), format!("{why}: build it first"));
        }
        self.once(key, &path);
        self.confine(&format!("{key}.path"), &path);
        self.without_nul(key, &table);
        let load = table.load;
        let needs_run = [
            ("invoke", table.invoke.is_some()),
            ("http", table.http),
            ("listen", !table.listen.is_empty()),
            ("stdin", table.stdin.is_some()),
            ("args", !table.args.is_empty()),
            ("expect_stdout", table.expect_stdout.is_some()),
            ("expect_exit", table.expect_exit.is_some()),
        ];
        for (name, _) in needs_run.iter().filter(|(_, is_given)| load && *is_given) {
            self.error(
                &format!("{key}.load"),
                format!("calls no export and starts no program, so `{name}` has no effect: remove `load` or `{name}`"),
            );
        }
        if table.invoke.is_some() && table.expect_exit.is_some() {
            self.error(&format!("{key}.expect_exit"), NO_EXIT_CODE);
        }
        let stdin = table.stdin.map(|file| self.folder.join(file));
        match &stdin {
            Some(file) if !file.is_file() => {
                self.error(&format!("{key}.stdin"), format!("`{}` is not a file", file.visible()));
            }
            Some(file) => self.confine(&format!("{key}.stdin"), file),
            None => {}
        }
        for (index, text) in table.dirs.iter().enumerate() {
            let host = text.split_once("::").map_or(text.as_str(), |(host, _)| host);
            self.confine(&format!("{key}.dirs[{index}]"), &self.folder.join(host));
            if let Err(why) = dirs::parse("dirs", &self.dir(text)) {
                self.error(&format!("{key}.dirs[{index}]"), why.to_string());
            }
        }
        let must = table.must.iter().enumerate().filter_map(|(n, text)| self.glob(&format!("{key}.must[{n}]"), text));
        let must = must.collect();
        let allow = table.allow.into_iter().enumerate();
        let allow = allow.filter_map(|(n, table)| self.allowance(&format!("{key}.allow[{n}]"), table)).collect();
        let budget = self.budget(&format!("{key}.budget"), table.budget);
        let options = GuestArgs {
            invoke: table.invoke,
            dirs: DirArgs { dir: table.dirs.iter().map(|text| self.dir(text)).collect(), ..DirArgs::default() },
            client: ClientArgs {
                network: table.network,
                listen: table.listen,
                http: table.http,
                request: table.request,
            },
            env: table.env.into_iter().map(|(name, value)| format!("{name}={value}")).collect(),
            stdin,
            expect_stdout: table.expect_stdout,
            expect_exit: table.expect_exit,
            args: table.args,
        };
        for (name, why) in options.client.invalid_fields() {
            self.error(&format!("{key}.{name}"), why);
        }
        FileConfig { path, options, requirements: Requirements { must, allow, budget, load } }
    }

    /// Each file has one table: a second one would contradict the first, and their rows could not be told apart.
    fn once(&mut self, key: &str, path: &Path) {
        let Ok(real) = fs::canonicalize(path) else { return };
        let Some(first) = self.named.insert(real.clone(), key.to_owned()) else { return };
        let line = self.document.line_of(&format!("{first}.path")).map(|line| format!(" in line {line}"));
        let message = format!(
            "`{}` is named already{}: remove one of the two, or narrow its glob",
            path.strip_prefix(self.folder).unwrap_or(path).visible(),
            line.unwrap_or_default()
        );
        self.error(&format!("{key}.path"), message);
        self.named.insert(real, first);
    }

    /// A process takes its arguments and variables as C strings.
    fn without_nul(&mut self, key: &str, table: &FileTable) {
        let lists = [("args", &table.args), ("request", &table.request), ("listen", &table.listen)];
        for (list, texts) in lists {
            for (index, _) in texts.iter().enumerate().filter(|(_, text)| text.contains('\0')) {
                self.error(&format!("{key}.{list}[{index}]"), NUL_IN_ARGUMENT);
            }
        }
        if table.invoke.as_ref().is_some_and(|name| name.contains('\0')) {
            self.error(&format!("{key}.invoke"), NUL_IN_ARGUMENT);
        }
        for (name, _) in table.env.iter().filter(|(name, value)| !is_variable(name, value)) {
            self.error(&format!("{key}.env"), format!("`{}`: {INVALID_VARIABLE}", name.escape_debug()));
        }
    }

    /// A foreign repository must not give its guest files of this machine. Missing files are reported where they are
    /// used.
    fn confine(&mut self, key: &str, path: &Path) {
        let Ok(real) = fs::canonicalize(path) else { return };
        if !self.root.as_ref().is_some_and(|root| real.starts_with(root)) {
            let message = format!("`{}` is outside the repository: give it on the command line", path.visible());
            self.error(key, message);
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
        let code = code.map_err(|why| self.error(&format!("{key}.code"), why)).ok();
        if table.because.trim().is_empty() {
            self.error(&format!("{key}.because"), "is empty: explain why the gap is allowed");
        }
        let link = table.link.map(|link| format!(" ({link})")).unwrap_or_default();
        let place = self.place(&format!("{key}.runtime"));
        let because = format!("{}{link}", table.because.trim());
        Some(Allowance { runtime: runtime?, code: code?, because, place })
    }

    fn budget(&mut self, key: &str, table: BudgetTable) -> Budget {
        let known = proposals::known();
        for name in table.proposals.iter().flatten().filter(|name| !known.contains(*name)) {
            let all = "cargo xtask capabilities proposals";
            let alternatives = suggest::alternatives(name, known.iter().map(String::as_str), all);
            self.error(&format!("{key}.proposals"), format!("`{name}` is not a proposal: {alternatives}"));
        }
        let mut forbidden_imports: Vec<GlobMatcher> = Vec::new();
        for (index, text) in table.forbidden_imports.iter().enumerate() {
            match glob::parse(text) {
                Ok(glob) => forbidden_imports.push(glob.compile_matcher()),
                Err(why) => self.error(&format!("{key}.forbidden_imports[{index}]"), why),
            }
        }
        let places = budget::KEYS.into_iter().filter_map(|limit| Some((limit, self.place(&format!("{key}.{limit}"))?)));
        Budget {
            bytes: table.bytes,
            imports: table.imports,
            forbidden_imports,
            proposals: table.proposals,
            places: places.collect(),
        }
    }

    /// The line of a key.
    fn place(&self, key: &str) -> Option<FileLine> {
        Some(FileLine { file: self.name.to_owned(), line: self.document.line_of(key)? })
    }

    fn glob(&mut self, key: &str, text: &str) -> Option<GlobMatcher> {
        requirements::glob(text).map_err(|why| self.error(key, why)).ok()
    }
}
