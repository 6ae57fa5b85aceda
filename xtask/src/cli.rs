//! The command line: one file per subcommand. clap's types never leave this folder.

use std::process::ExitCode;

use anyhow::Result;
use clap::{CommandFactory, FromArgMatches, Parser};

use crate::exit;
use crate::lab::{Lab, ROOT_VARIABLE};
use crate::program_name;
use crate::reading;
use crate::search_path;
use wasmlab_process as process;
use wasmlab_report::text;
use wasmlab_report::visible::VisiblePath;

mod arguments;
mod baseline;
mod common;
mod dir_template;
mod files;
mod format;
mod git;
mod guest_file;
mod help;
mod invoke;
mod output;
mod parallel;
mod progress;
mod suggest;
mod text_table;
mod watch;

/// One line per subcommand: its file and its variant, and its name if it needs the lab's scenarios or sources.
macro_rules! registry {
    ($($module:ident $variant:ident $($workspace:literal)?),* $(,)?) => {
        $(mod $module;)*

        #[derive(clap::Subcommand)]
        enum Command {
            $(#[command(about = $module::ABOUT, after_help = $module::EXAMPLES)] $variant(Box<$module::Args>),)*
        }

        fn dispatch(command: Command) -> Result<u8> {
            // What it needs is set by the user: variables, the current folder.
            let lab = Lab::find().or_else(|error| common::usage(format!("{error:#}")))?;
            match command {
                $(Command::$variant(args) => {
                    $(require_workspace(&lab, $workspace)?;)?
                    $module::run(&lab, &args)
                })*
            }
        }

        /// The subcommands that need a workspace.
        const OF_WORKSPACE: &[&str] = &[$($($workspace,)?)*];
    };
}

registry! {
    run_all RunAll "run-all",
    check Check,
    run_one RunOne "run-one",
    repro Repro "repro",
    serve Serve "serve",
    inspect Inspect,
    learn Learn "learn",
    list List,
    new New "new",
    doctor Doctor,
    setup Setup,
    build Build "build",
    explain Explain,
    probe Probe "probe",
    predict Predict,
    adapt Adapt,
    suite Suite,
    capabilities Capabilities,
    accept Accept "accept",
    report Report,
    diff Diff,
    merge Merge,
    history History,
    since Since,
    clean Clean,
    ci Ci "ci",
}

/// An error if there is no workspace: the command works on the lab's own scenarios or sources.
fn require_workspace(lab: &Lab, command: &str) -> Result<()> {
    if lab.is_outside_current_dir() {
        let root = lab.root.visible();
        return common::usage(format!(
            "`cargo xtask {command}` needs a checkout of the lab, and the current folder is not in one: change to \
             `{root}`, or set {ROOT_VARIABLE} to it"
        ));
    }
    if lab.has_workspace() {
        return Ok(());
    }
    common::usage(format!("`cargo xtask {command}` needs a checkout of the lab: set {ROOT_VARIABLE} to its folder"))
}

const ABOUT: &str = "Where a WebAssembly program runs, where it does not, and why";

/// Top-level arguments.
#[derive(Parser)]
#[command(name = program_name::shown(), bin_name = program_name::shown(), version, about = ABOUT, arg_required_else_help = false)]
struct Arguments {
    #[command(subcommand)]
    command: Option<Command>,
}

// Lines of at most 78 characters, so that no terminal wraps them.
const START: &str = "Start here:
  cargo xtask run-all          the matrix: every scenario on every runtime
  cargo xtask check app.wasm   the same for your own module
  cargo xtask learn            what WebAssembly is and what it cannot do, in small steps
  cargo xtask explain CODE     what a code means and what would change it
  cargo xtask COMMAND --help   examples for each command";

/// [`START`] for the installed program.
const START_INSTALLED: &str = "Start here:
  wasmlab check app.wasm     where it runs, where it does not, and why
  wasmlab predict app.wasm   the same from measured profiles, without running it
  wasmlab doctor             which runtimes are installed, and how to get the others
  wasmlab explain CODE       what a code means and what would change it
  wasmlab COMMAND --help     examples for each command";

const AFTER: &str = "Exit codes:
  0    every result is as expected
  1    a result got worse, or a result improved and its snapshot was not
       updated (for `check`: the file does not run on an installed runtime)
  2    the command line or a scenario is wrong
  3    the lab itself failed
  4    nothing was run
  130  interrupted
With --output json, if there is no report (exit code 2, 3 or 4), stdout gets
an object with the field `error`: the exit code and the message from stderr.

Environment:
  WASMLAB_CACHE         folder for results and builds [default: target/wasmlab;
                        outside a checkout: wasmlab/ in the user's cache folder]
  WASMLAB_DATA          folder of the engines that `setup --from`
                        installs [default: wasmlab/ in the user's data folder]
  WASMLAB_ROOT          a checkout, or a folder with your own scenarios/, to use
                        instead of the one around the current folder
  WASMLAB_KEEP_BUILD    1: keep cargo's build folders for the engines
  WASMLAB_SANDBOX       off: run guests without the lab's sandbox
  WASMLAB_SANDBOX_READ  further folders that runtimes may read in the sandbox
  NO_COLOR              turn off colours";

/// [`AFTER`] plus the variables of the runtime and toolchain registries.
fn after() -> String {
    let listed = |names: Vec<&str>| text::wrapped(78, "  ", "  ", &names.join(", "));
    let runtimes = listed(wasmlab_runtimes::variables());
    let toolchains = listed(wasmlab_toolchains::variables().iter().map(|variable| variable.name).collect());
    let elsewhere = if program_name::is_installed() {
        let commands = text::wrapped(78, "  ", "  ", &OF_WORKSPACE.join(", "));
        format!("\n\nThese commands work only in a checkout of the lab (WASMLAB_ROOT may name one):\n{commands}")
    } else {
        String::new()
    };
    let first = if program_name::is_installed() { START_INSTALLED } else { START };
    format!(
        "{first}\n\n{AFTER}{elsewhere}\n\nRuntimes to use instead of those on PATH:\n{runtimes}\n\n\
         Compilers and libraries to use instead of those in the usual places:\n{toolchains}"
    )
}

/// The command line, without the texts after its options.
fn command() -> clap::Command {
    Arguments::command().mut_subcommands(format::with_default)
}

/// The command line. Its examples fit the terminal and name the program as it was started.
fn command_with_texts() -> clap::Command {
    let width = output::render_options().width.min(MAX_HELP_WIDTH);
    let adapted = |command: clap::Command| match command.get_after_help().map(ToString::to_string) {
        Some(text) => command.after_help(help::laid_out(&program_name::localized(&text), width)),
        None => command,
    };
    command().after_help(after()).mut_subcommands(adapted)
}

/// The largest width of help texts, characters: clap's own.
const MAX_HELP_WIDTH: usize = 100;

/// Parses the arguments, runs the subcommand, and returns the exit code.
#[must_use]
pub fn main() -> ExitCode {
    search_path::restrict();
    let typed: Vec<_> = std::env::args_os().collect();
    if let Some(code) = reading::child(&typed) {
        return code;
    }
    let is_json = format::is_json(&typed);
    let parse = |command: clap::Command| {
        command.try_get_matches_from(&typed).and_then(|mut found| Arguments::from_arg_matches_mut(&mut found))
    };
    // Laying out every help text takes milliseconds, so it is done only for a command line that shows one.
    let parsed = parse(command()).or_else(|_| parse(command_with_texts()));
    let arguments = match parsed {
        Ok(arguments) => arguments,
        Err(error) => {
            if is_json && error.use_stderr() {
                let message = error.to_string();
                format::show_failure(exit::USAGE, message.strip_prefix("error: ").unwrap_or(&message).trim_end());
            }
            // Help and version go to stdout; an invalid command line is an error.
            return match error.print() {
                Err(message) if !error.use_stderr() => printed(output::written(Err(message))),
                _ => ExitCode::from(if error.use_stderr() { exit::USAGE } else { exit::OK }),
            };
        }
    };
    let Some(command) = arguments.command else {
        return printed(output::print(&command_with_texts().render_long_help().to_string()));
    };
    process::enter_guard();
    let (code, message) = match non_utf8_variable().map_or_else(|| dispatch(command), common::usage) {
        Ok(code) => (code, "nothing to show: see stderr".to_owned()),
        Err(error) => {
            let code = if error.is::<common::UsageError>() { exit::USAGE } else { exit::INTERNAL_ERROR };
            let message = format!("{error:#}");
            output::print_error(&message);
            (code, program_name::localized(&output::bounded(&message)).into_owned())
        }
    };
    if is_json {
        format::show_failure(code, &message);
    }
    ExitCode::from(code)
}

/// An error if the path in a variable is not UTF-8: the lab writes these paths to JSON, and passes them to runtimes
/// that accept only text.
fn non_utf8_variable() -> Option<String> {
    let names = ["TMPDIR", "WASMLAB_CACHE", "WASMLAB_DATA", "WASMLAB_ROOT"].into_iter();
    let mut invalid = names.filter(|name| matches!(std::env::var(name), Err(std::env::VarError::NotUnicode(_))));
    invalid.next().map(|name| format!("the path in {name} is not UTF-8: set it to another folder"))
}

/// The exit code for a subcommand that only prints text.
fn printed(result: Result<()>) -> ExitCode {
    match result {
        Ok(()) => ExitCode::from(exit::OK),
        Err(error) => {
            output::print_error(&format!("{error:#}"));
            ExitCode::from(exit::INTERNAL_ERROR)
        }
    }
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::Arguments;

    #[test]
    fn every_command_is_consistent_and_has_examples() {
        let mut command = Arguments::command();
        command.build();
        command.clone().debug_assert();
        for sub in command.get_subcommands().filter(|s| s.get_name() != "help") {
            let after = sub.get_after_help().map(ToString::to_string).unwrap_or_default();
            assert!(
                after.contains("Examples:") && after.contains(&format!("cargo xtask {}", sub.get_name())),
                "{}",
                sub.get_name()
            );
            assert!(sub.get_about().is_some_and(|a| a.to_string().len() > 10), "{}", sub.get_name());
        }
    }
}
