//! The `run.sh` of a reproduction folder: a POSIX shell script with relative paths that finds its programs, prints the
//! guest's output and how it ended, and exits with the guest's exit code.

use std::ffi::{OsStr, OsString};
use std::path::Path;

use wasmlab_report::visible::on_line;

use crate::cell::{Limits, PYTHON_PACKAGES, REPRODUCTION_VARIABLES, Reproduction};
use crate::store::files::quote;
use wasmlab_model::scenario::ScenarioFile;
use wasmlab_runtimes::{Program, Runtime, Source};

/// The command that installs the packages that a runtime needs into a reproduction's folder, and the folder that it
/// makes there.
pub fn packages(runtime: &Runtime) -> Option<(String, &'static str)> {
    let python = || format!("python3 -m pip install --target {PYTHON_PACKAGES} --requirement requirements.txt");
    let npm = (!runtime.npm_packages().is_empty()).then(|| ("npm install".to_owned(), "node_modules"));
    npm.or_else(|| runtime.python_package.map(|_| (python(), PYTHON_PACKAGES)))
}

/// The script's inputs.
pub struct Script<'a> {
    /// The scenario's name.
    pub name: &'a str,
    /// The scenario.
    pub spec: &'a ScenarioFile,
    /// The column.
    pub runtime: &'a Runtime,
    /// Limits of a cell.
    pub limits: Limits,
    /// The cell's files and commands.
    pub reproduction: &'a Reproduction,
    /// The manifest of a program that cargo builds, inside the folder `source`.
    pub manifest: Option<&'a Path>,
}

impl Script<'_> {
    /// The text of the script.
    pub fn text(&self) -> String {
        let Self { runtime, reproduction: made, .. } = self;
        let name = on_line(self.name);
        let seconds = (self.limits.compile_ms + self.spec.run.timeout_ms.unwrap_or(self.limits.run_ms)).div_ceil(1000);
        let mut text = format!(
            "#!/bin/sh\n# {name} on {}: README.md describes the result. To use another program, give its absolute path, as in\n\
             # RUNTIME=/path/to/it ./run.sh\ncd \"$(dirname \"$0\")\" || exit 1\n\
             missing() {{ echo \"$*\" >&2; exit 127; }}\n",
            runtime.id()
        );
        text += &self.programs();
        if let Some((install, folder)) = packages(runtime) {
            let message = format!("its packages are not installed: run `{install}` in this folder first");
            text += &format!("[ -d {folder} ] || missing {}\n", quote(&message));
        }
        let more = made.env.iter().map(|(name, value)| format!(" {name}=\"$PWD/{}\"", value.to_string_lossy()));
        text += &format!(
            "\n# A clean environment and home, as in the lab, and a time limit if `timeout` is available.\n\
             mkdir -p home\nlimit=$(command -v timeout) && limit=\"$limit {seconds}\"\n\
             run() {{ env -i PATH=\"$PATH\" HOME=\"$PWD/home\" TMPDIR=\"$PWD/home\" LANG=C.UTF-8 NO_COLOR=1{} $limit \"$@\"; }}\n",
            more.collect::<String>()
        );
        text + &if runtime.output_parser.is_none() { self.reported(seconds) } else { self.by_exit_code(seconds) }
    }

    /// The part that finds programs.
    fn programs(&self) -> String {
        let found = |variable: &str, names: &[&str], how: &str| {
            let lookup = names.iter().map(|name| format!("command -v {name}")).collect::<Vec<_>>().join(" || ");
            let message = format!("{} is not on PATH: {how}, or set {variable} to its path", names.join(" or "));
            format!("{variable}=${{{variable}:-$({lookup})}} || missing {}\n", quote(&message))
        };
        let of = |variable: &str, program: Program| found(variable, program.names, program.install_hint);
        let mut text = match self.runtime.source {
            Source::Program(program) => of("RUNTIME", program),
            Source::Driver { program, .. } => of("DRIVEN", program),
            Source::Embedded(_) => String::new(),
        };
        if let Some(aux) = self.runtime.aux_program {
            text += &found("COMPILER", &[aux.name], "install it");
        }
        if let Some(manifest) = self.manifest {
            let kind = if matches!(self.runtime.source, Source::Driver { .. }) { "driver" } else { "engine" };
            let program = format!("{kind}-{}", self.runtime.source.built().unwrap_or_default());
            let message = format!(
                "cargo is not on PATH: install Rust (https://rustup.rs), or set RUNTIME to a build of {program}"
            );
            text += &format!(
                "if [ -z \"$RUNTIME\" ]; then\n    command -v cargo > /dev/null || missing {}\n    \
                 target=${{CARGO_TARGET_DIR:-$PWD/source/target}}\n    \
                 cargo build --quiet --release --locked --manifest-path {} --target-dir \"$target\" || exit 126\n    \
                 RUNTIME=$target/release/{program}\nfi\n",
                quote(&message),
                quote(&Path::new("source").join(manifest).to_string_lossy())
            );
        }
        text
    }

    /// The part for a program that writes events to a file: the last event tells how the guest ended.
    fn reported(&self, seconds: u64) -> String {
        let prepare = self.precompile("end $?");
        let commands = self.reproduction.commands.iter().map(|argv| self.line(argv)).collect::<Vec<_>>().join(" && ");
        format!(
            "\n# What the runtime reported: calls that returned, and how it ended.\n\
             end() {{\n    code=$1\n    \
             grep -E '\"event\":\"(call-returned|host-call)\"' events.jsonl >&2 2> /dev/null\n    \
             end=$(sed -n 's/^{{\"event\":\"end\",\"cause\":\\(.*\\),\"micros\":[0-9]*}}$/\\1/p' events.jsonl 2> /dev/null)\n    \
             case $end in\n    \
             '') [ \"$code\" = 124 ] && end='still running after {seconds} seconds' || end=\"no outcome reported, exit code $code\"\n        \
             [ \"$code\" = 0 ] && code=1 ;;\n    \
             '{{\"kind\":\"returned\"}}') code=0 ;;\n    \
             '{{\"kind\":\"exit\",'*) code=${{end##*:}}; code=$(( ${{code%?}} & 255 )) ;;\n    \
             *) code=1 ;;\n    esac\n    \
             echo \"outcome: $end\" >&2\n    exit \"$code\"\n}}\n\n\
             rm -f events.jsonl\n{prepare}{commands}\nend $?\n"
        )
    }

    /// The part for a program whose exit code tells how the guest ended.
    fn by_exit_code(&self, seconds: u64) -> String {
        let prepare = self.precompile("end $?");
        let commands =
            self.reproduction.commands.iter().map(|argv| self.line(argv) + " || end $?\n").collect::<String>();
        format!(
            "\nend() {{\n    case $1 in\n    124) echo 'outcome: exit code 124, which `timeout` returns after {seconds} seconds' >&2 ;;\n    \
             *) echo \"outcome: exit code $1\" >&2 ;;\n    esac\n    exit \"$1\"\n}}\n\n{prepare}{commands}end 0\n"
        )
    }

    fn precompile(&self, end: &str) -> String {
        let Some(argv) = &self.reproduction.precompile else { return String::new() };
        let folder = quote(&self.reproduction.precompiled.to_string_lossy());
        format!("rm -rf {folder}\nmkdir -p {folder}\n{} || {end}\n", self.command(argv) + " < /dev/null")
    }

    /// The command of one process that runs the guest. The user types what the client steps would write to its stdin.
    fn line(&self, argv: &[OsString]) -> String {
        match (self.spec.step.is_empty(), self.spec.run.stdin.is_empty()) {
            (false, _) => self.command(argv),
            (true, true) => self.command(argv) + " < /dev/null",
            (true, false) => self.command(argv) + " < stdin.txt",
        }
    }

    fn command(&self, argv: &[OsString]) -> String {
        let args = argv.iter().map(|arg| word(arg)).collect::<Vec<_>>();
        format!("run {}", args.join(" "))
    }
}

/// A word of the command, quoted; programs are shell variables.
fn word(arg: &OsStr) -> String {
    let text = arg.to_string_lossy();
    if REPRODUCTION_VARIABLES.contains(&&*text) { format!("\"{text}\"") } else { quote(&text) }
}

#[cfg(test)]
mod tests {
    use super::packages;

    #[test]
    fn packages_are_installed_by_the_host_of_the_runtime() {
        let command = |id: &str| packages(wasmlab_runtimes::find(id).unwrap()).map(|(command, _)| command);
        assert_eq!(command("chromium+jco").as_deref(), Some("npm install"));
        assert!(command("wasmtime-py").is_some_and(|command| command.contains("pip install")));
        assert_eq!(command("node"), None);
    }
}
