//! Spin, for components that export `wasi:http/incoming-handler`, with a generated `spin.toml`.
//!
//! Manifest: <https://spinframework.dev/v3/manifest-reference>; switches:
//! <https://spinframework.dev/v3/cli-reference>. It runs components on wasmtime, so its errors are wasmtime's.

use std::ffi::OsString;

use wasmlab_model::observation::GuestProgress;
use wasmlab_model::scenario::EntryPointKind;
use wasmlab_protocol::{Cause, EntryPoint, Stage};

use crate::command_line::{OutputParser, ProcessOutput, argv, exited, progress_at};
use crate::{CellFiles, InstallCommand, Runtime, Source, Tool, messages, wasmtime_messages};

pub fn columns() -> Vec<Runtime> {
    vec![Runtime {
        id: "spin".into(),
        engine: "spin",
        mode: "http".into(),
        untested: true,
        source: Source::on_path(&["spin"], "WASMLAB_SPIN", "see https://spinframework.dev/v3/install"),
        install: vec![InstallCommand::quick(&["brew", "install", "spinframework/tap/spin"])],
        is_applicable: |_, spec| match spec.run.entry {
            EntryPointKind::Http => Ok(()),
            _ => Err("Spin runs only components that serve wasi:http".to_owned()),
        },
        extra_files: |cell| vec![(MANIFEST, manifest(cell))],
        commands: |tool, cell| vec![command(tool, cell)],
        compiles_silently: true,
        output_parser: Some(OutputParser { serves_http: true, ..OutputParser::new(classify) }),
        ..Runtime::default()
    }]
}

const MANIFEST: &str = "spin.toml";

fn manifest(cell: &CellFiles) -> String {
    let text = |text: &str| toml::Value::from(text).to_string();
    let env = cell.spec.env.iter().map(|(name, value)| format!("{} = {}\n", text(name), text(value)));
    format!(
        "spin_manifest_version = 2\n\n[application]\nname = \"guest\"\nversion = \"0.1.0\"\n\n\
         [[trigger.http]]\nroute = \"/...\"\ncomponent = \"guest\"\n\n\
         [component.guest]\nsource = {}\n\n[component.guest.environment]\n{}",
        text(&cell.module.display().to_string()),
        env.collect::<String>()
    )
}

fn command(tool: &Tool, cell: &CellFiles) -> Vec<OsString> {
    let EntryPoint::Http { port } = cell.spec.entry else { return argv(&tool.program, []) };
    let mut argv = argv(&tool.program, ["up", "--from"]);
    argv.push(cell.spec_path.with_file_name(MANIFEST).into());
    argv.extend(["--listen".into(), format!("127.0.0.1:{port}").into(), "--quiet".into()]);
    argv
}

fn classify(output: &ProcessOutput) -> GuestProgress {
    let Some(error) = messages::last_block(output.stderr, "Error: ").filter(|_| output.code != 0) else {
        return exited(output.code);
    };
    let causes = messages::causes(error);
    let message = causes.join(": ");
    wasmtime_messages::link_progress(&causes)
        .unwrap_or_else(|| progress_at(Stage::Load, Cause::Rejected { message, offset: None }))
}

#[cfg(test)]
mod tests {
    use wasmlab_protocol::Cause;

    #[test]
    fn wasmtime_messages_are_parsed() {
        let stderr = "Error: Failed to instantiate component 'guest'\n\nCaused by:\n    0: component imports instance `a:b/c`, but a matching implementation was not found in the linker\n    1: instance export `f` has the wrong type\n    2: function implementation is missing\n";
        let progress = super::classify(&super::ProcessOutput { code: 1, stdout: "", stderr });
        assert!(matches!(progress.cause, Some(Cause::MissingImport { module, .. }) if module == "a:b/c"));
    }
}
