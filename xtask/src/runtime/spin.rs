//! Spin, for components that export `wasi:http/incoming-handler`, by a generated `spin.toml`.
//!
//! Manifest: <https://spinframework.dev/v3/manifest-reference>; switches:
//! <https://spinframework.dev/v3/cli-reference>. It runs components on wasmtime, so its errors are wasmtime's.

use std::ffi::OsString;

use wasmlab_protocol::{Cause, Entry, Stage};

use super::command_line::{self, Ending, Reader, at, exited};
use super::route::Route;
use super::{CellFiles, Runtime, Seen, Source, Tool, wasmtime_cli, words};
use wasmlab_model::facts::Facts;
use wasmlab_model::observation::Progress;
use wasmlab_model::scenario::{EntryKind, ScenarioFile};

/// The registry's entries.
pub const COLUMNS: &[&dyn Runtime] = &[&Spin];

/// How it is had.
const ROUTES: &[Route] = &[Route::quick(&["brew", "install", "spinframework/tap/spin"])];

struct Spin;

const MANIFEST: &str = "spin.toml";

impl Runtime for Spin {
    fn id(&self) -> &'static str {
        "spin"
    }

    fn engine(&self) -> &'static str {
        "spin"
    }

    fn mode(&self) -> &'static str {
        "http"
    }

    fn source(&self) -> Source {
        Source::Program {
            name: "spin",
            variable: "WASMLAB_SPIN",
            version: &["--version"],
            get: "see https://spinframework.dev/v3/install, or name the program in WASMLAB_SPIN",
        }
    }

    fn routes(&self) -> &'static [Route] {
        ROUTES
    }

    fn applies(&self, spec: &ScenarioFile, _: Option<&Facts>) -> Result<(), String> {
        match spec.run.entry {
            EntryKind::Http => Ok(()),
            _ => Err("Spin runs components that serve wasi:http, and nothing else".to_owned()),
        }
    }

    fn refuses(&self, cell: &CellFiles) -> Option<Cause> {
        command_line::no_handler(cell)
    }

    fn files(&self, cell: &CellFiles) -> Vec<(&'static str, String)> {
        let text = |text: String| toml::Value::String(text).to_string();
        let env = cell.cell.env.iter().map(|(name, value)| format!("{} = {}\n", text(name.clone()), text(value.clone())));
        let manifest = format!(
            "spin_manifest_version = 2\n\n[application]\nname = \"guest\"\nversion = \"0.1.0\"\n\n\
             [[trigger.http]]\nroute = \"/...\"\ncomponent = \"guest\"\n\n\
             [component.guest]\nsource = {}\n\n[component.guest.environment]\n{}",
            text(cell.module.display().to_string()),
            env.collect::<String>()
        );
        vec![(MANIFEST, manifest)]
    }

    fn command(&self, tool: &Tool, cell: &CellFiles) -> Vec<OsString> {
        let Entry::Http { port } = cell.cell.entry else { return vec![tool.program.clone().into()] };
        let manifest = cell.spec.with_file_name(MANIFEST);
        let mut argv: Vec<OsString> = vec![tool.program.clone().into(), "up".into(), "--from".into(), manifest.into()];
        argv.extend(["--listen".into(), format!("127.0.0.1:{port}").into(), "--quiet".into()]);
        argv
    }

    fn progress(&self, seen: &Seen) -> Progress {
        let value = command_line::plain_value;
        command_line::progress(seen, Reader { guest: classify, prepare: classify, value, between: None })
    }
}

fn classify(ending: &Ending) -> Progress {
    let Some(error) = words::last_block(ending.stderr, "Error: ").filter(|_| ending.code != 0) else {
        return exited(ending.code);
    };
    let causes = words::causes(error);
    let message = causes.join(": ");
    wasmtime_cli::of_linking(&causes).unwrap_or_else(|| at(Stage::Load, Cause::Refused { message, offset: None }))
}

#[cfg(test)]
mod tests {
    use wasmlab_protocol::Cause;

    #[test]
    fn wasmtimes_words_are_understood() {
        let stderr = "Error: Failed to instantiate component 'guest'\n\nCaused by:\n    0: component imports instance `a:b/c`, but a matching implementation was not found in the linker\n    1: instance export `f` has the wrong type\n    2: function implementation is missing\n";
        let progress = super::classify(&super::Ending { code: 1, stdout: "", stderr });
        assert!(matches!(progress.cause, Some(Cause::MissingImport { module, .. }) if module == "a:b/c"));
    }
}
