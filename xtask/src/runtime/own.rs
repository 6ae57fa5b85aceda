//! A build of one's own beside the release: `--runtime wasmtime@/path/to/another/wasmtime`.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use wasmlab_protocol::Cause;

use super::route::Route;
use super::{CellFiles, Runtime, Seen, Source, Tool};
use wasmlab_model::facts::Facts;
use wasmlab_model::observation::Progress;
use wasmlab_model::report::Cell;
use wasmlab_model::scenario::ScenarioFile;

/// What stands between a column's id and the name of a build. No column of the registry has it.
pub const MARK: char = '@';

/// Whether the id is that of such a column: it has no snapshots.
#[must_use]
pub fn is_own(id: &str) -> bool {
    id.contains(MARK)
}

/// The column `BASE@NAME`: all as in `base`, with this program. It lives as long as the process, as the
/// registry's do; there are as many as the user typed.
#[must_use]
pub fn column(base: &'static dyn Runtime, name: &str, program: PathBuf) -> &'static dyn Runtime {
    let id: &'static str = Box::leak(format!("{}{MARK}{name}", base.id()).into_boxed_str());
    Box::leak(Box::new(Own { base, id, program }))
}

struct Own {
    base: &'static dyn Runtime,
    id: &'static str,
    program: PathBuf,
}

impl Runtime for Own {
    fn id(&self) -> &'static str {
        self.id
    }

    fn engine(&self) -> &'static str {
        self.base.engine()
    }

    fn mode(&self) -> &'static str {
        self.base.mode()
    }

    fn flags(&self) -> &'static [&'static str] {
        self.base.flags()
    }

    fn source(&self) -> Source {
        self.base.source()
    }

    fn routes(&self) -> &'static [Route] {
        self.base.routes()
    }

    fn program(&self) -> Option<&Path> {
        Some(&self.program)
    }

    fn env(&self, tool: &Tool) -> Vec<(&'static str, OsString)> {
        self.base.env(tool)
    }

    fn second(&self) -> Option<(&'static str, &'static str)> {
        self.base.second()
    }

    fn slow_to_build(&self) -> bool {
        self.base.slow_to_build()
    }

    fn support(&self) -> &'static [(&'static str, &'static str)] {
        self.base.support()
    }

    fn packages(&self) -> &'static [&'static str] {
        self.base.packages()
    }

    fn command(&self, tool: &Tool, cell: &CellFiles) -> Vec<OsString> {
        self.base.command(tool, cell)
    }

    fn commands(&self, tool: &Tool, cell: &CellFiles) -> Vec<Vec<OsString>> {
        self.base.commands(tool, cell)
    }

    fn prepare(&self, tool: &Tool, cell: &CellFiles, into: &Path) -> Option<Vec<OsString>> {
        self.base.prepare(tool, cell, into)
    }

    fn files(&self, cell: &CellFiles) -> Vec<(&'static str, String)> {
        self.base.files(cell)
    }

    fn refuses(&self, cell: &CellFiles) -> Option<Cause> {
        self.base.refuses(cell)
    }

    fn applies(&self, spec: &ScenarioFile, facts: Option<&Facts>) -> Result<(), String> {
        self.base.applies(spec, facts)
    }

    fn twin(&self) -> Option<&'static str> {
        Some(self.base.id())
    }

    fn because(&self, cell: &Cell) -> Option<&'static str> {
        self.base.because(cell)
    }

    fn opens_sockets(&self) -> bool {
        self.base.opens_sockets()
    }

    fn progress(&self, seen: &Seen) -> Progress {
        self.base.progress(seen)
    }
}
