//! Shared by the adapters of command-line runtimes.
//!
//! Each of these adapters has a pure function from a finished process to the guest's progress: its
//! [`OutputParser::classify`]. Nothing else reads the runtime's messages. It is tested on recorded output of the real
//! program.

use wasmlab_model::codes::Code;
use wasmlab_model::observation::GuestProgress;
use wasmlab_model::subjects::PREOPENED_SOCKET;
use wasmlab_protocol::{Cause, Stage, Value};

use crate::ColumnResult;

mod arguments;
mod calls;
mod not_attempted;
mod progress;

pub use arguments::{argv, dir_args, env_args, guest_args, host_name, host_named_dir_args, joined, switch_args};
pub use calls::{CallSyntax, argument, plain_value, processes, separate_calls};
pub use not_attempted::{unsupported_argument, unsupported_calls};
pub use progress::progress;

/// A finished process, as seen by an adapter.
#[derive(Clone, Copy, Debug)]
pub struct ProcessOutput<'a> {
    /// Its exit code.
    pub code: i32,
    /// Its stdout.
    pub stdout: &'a str,
    /// Its stderr.
    pub stderr: &'a str,
}

/// How to interpret the output of a runtime.
#[derive(Clone, Copy, Debug)]
pub struct OutputParser {
    /// Interprets a process that ran the guest. If the runtime prints messages of its own to stdout,
    /// [`GuestProgress::stdout`] is the rest: the guest's own output, then the results of a call.
    pub classify: fn(&ProcessOutput) -> GuestProgress,
    /// Interprets an ahead-of-time compiler that failed.
    pub classify_prepare: fn(&ProcessOutput) -> GuestProgress,
    /// Parses the result of a call as printed by the runtime, given its type and text.
    pub parse_value: fn(&str, &str) -> Option<Value>,
    /// Separator between several results of a call; `None`: one per line.
    pub result_separator: Option<char>,
    /// Start of the runtime's error on stderr, after what the guest wrote there.
    pub error_prefix: &'static str,
    /// Starts of its errors about a running guest, which may follow the guest's last line without a line break.
    pub run_errors: &'static [&'static str],
    /// The exit code with which it silently ends if a module with WASI has no `_start`.
    pub exit_without_start: Option<i32>,
    /// Start of its report of a trap, if that does not start with `error_prefix`.
    pub trap_mark: Option<&'static str>,
    /// Start of a warning of the runtime, anywhere on stderr.
    pub warning_mark: &'static str,
    /// A failure inside the runtime that it reports on stderr while the guest continues; considered only if the guest
    /// then fails.
    pub own_failure: fn(&str) -> Option<Cause>,
    /// A trap that ended the guest, in a process that nevertheless exits with 0.
    pub silent_trap: fn(&str) -> Option<Cause>,
    /// [`GuestProgress::unchecked_imports`].
    pub unchecked_imports: bool,
    /// It calls an export without `_initialize`, which a reactor may need first.
    pub skips_initialize: bool,
    /// It calls `main` if a module has no `_start`.
    pub starts_main: bool,
    /// It calls an export with the empty name as the program, with or without a `_start` beside it.
    pub starts_empty_name: bool,
    /// Without `_start`, it takes the first argument as the name of the function to call.
    pub first_argument_names_function: bool,
    /// It has a command that serves wasi:http components; otherwise the lab runs them as programs, to see how it
    /// refuses them.
    pub serves_http: bool,
    /// The output of its ahead-of-time compiler. A process that runs this file compiles nothing, so a message about
    /// compiling must be the guest's.
    pub compiled_file: Option<&'static str>,
    /// Why there are no results of calls, if the command line cannot call exports. It gets the module anyway, to see
    /// whether it accepts it.
    pub why_no_calls: Option<&'static str>,
    /// The same, if it cannot call exports of modules that import WASI 0.1.
    pub no_calls_with_wasi: Option<&'static str>,
}

impl OutputParser {
    /// A runtime that prints results as plain numbers, one per line.
    #[must_use]
    pub const fn new(classify: fn(&ProcessOutput) -> GuestProgress) -> Self {
        Self {
            classify,
            classify_prepare: classify,
            parse_value: plain_value,
            result_separator: None,
            error_prefix: "Error: ",
            run_errors: &[],
            warning_mark: "warning: using `--invoke`",
            exit_without_start: None,
            trap_mark: None,
            own_failure: |_| None,
            silent_trap: |_| None,
            unchecked_imports: false,
            skips_initialize: false,
            starts_main: false,
            starts_empty_name: false,
            first_argument_names_function: false,
            serves_http: false,
            compiled_file: None,
            why_no_calls: None,
            no_calls_with_wasi: None,
        }
    }
}

/// Progress given by the last stage and the cause.
#[must_use]
pub fn progress_at(stage: Stage, cause: Cause) -> GuestProgress {
    GuestProgress { stage: Some(stage), cause: Some(cause), ..GuestProgress::default() }
}

/// Progress for a runtime that passes on the guest's exit code, if it does not explain the code.
#[must_use]
pub fn exited(code: i32) -> GuestProgress {
    progress_at(Stage::Run, if code == 0 { Cause::Returned } else { Cause::Exit { code } })
}

/// A missing import, for runtimes that report no type and only the first one.
#[must_use]
pub fn missing_import(module: &str, name: &str) -> Cause {
    Cause::MissingImport { module: module.to_owned(), name: name.to_owned(), ty: String::new(), missing_count: 0 }
}

/// A missing export.
#[must_use]
pub fn no_export(name: &str) -> GuestProgress {
    progress_at(Stage::Link, Cause::MissingExport { name: name.to_owned() })
}

/// For [`Runtime::explain_difference`]: why a command line may differ from the same engine embedded in the lab.
#[must_use]
pub fn explain_difference(finding: &ColumnResult) -> Option<&'static str> {
    match (finding.code, finding.subject) {
        (Some(Code::CustomHost), _) => {
            Some("a command line cannot define host functions; a program that embeds the engine can")
        }
        (_, Some(PREOPENED_SOCKET)) => {
            Some("its command line cannot pass an open socket to the guest; a program that embeds it can")
        }
        _ => None,
    }
}
