//! What the adapters of command-line runtimes share.
//!
//! Each such adapter has one pure function from a finished process to how far the guest came: its
//! [`OutputParser::classify`]. It alone reads the runtime's messages; it is tested on recorded output of the real program.

use wasmlab_model::codes::Code;
use wasmlab_model::observation::GuestProgress;
use wasmlab_protocol::{Cause, Stage, Value};

use crate::Finding;

mod arguments;
mod calls;
mod not_attempted;
mod progress;

pub use arguments::{argv, dir_args, env_args, guest_args, host_name, host_named_dir_args, joined, switch_args};
pub use calls::{CallSyntax, argument, plain_value, processes, separate_calls};
pub use not_attempted::{unsupported_argument, unsupported_calls};
pub use progress::progress;

/// A process that has ended, as an adapter reads it.
#[derive(Clone, Copy, Debug)]
pub struct ProcessOutput<'a> {
    /// Its exit code.
    pub code: i32,
    /// Its stdout.
    pub stdout: &'a str,
    /// Its stderr.
    pub stderr: &'a str,
}

/// How a runtime of this kind reads what its processes left.
#[derive(Clone, Copy, Debug)]
pub struct OutputParser {
    /// Of a process that ran the guest. Where the runtime writes words of its own to stdout, [`GuestProgress::stdout`] is
    /// what is left without them: the guest's own output, then the results of a call.
    pub classify: fn(&ProcessOutput) -> GuestProgress,
    /// Of one that translated it and failed.
    pub classify_prepare: fn(&ProcessOutput) -> GuestProgress,
    /// A result of a call, as the runtime prints it: its type, its text.
    pub parse_value: fn(&str, &str) -> Option<Value>,
    /// What stands between several results of a call; `None`: each has a line of its own.
    pub result_separator: Option<char>,
    /// How the runtime's own error begins on stderr, behind what the guest wrote there.
    pub error_prefix: &'static str,
    /// How its errors about a running guest begin: they follow the guest's last line even where that has no line break.
    pub run_errors: &'static [&'static str],
    /// How a warning of the runtime's own begins on stderr, wherever it stands.
    pub warning_mark: &'static str,
    /// What failed within the runtime, where it says so on stderr and lets the guest go on: looked for where the guest
    /// then ends badly.
    pub own_failure: fn(&str) -> Option<Cause>,
    /// [`GuestProgress::unchecked_imports`].
    pub unchecked_imports: bool,
    /// It calls `main` where a module has no `_start`.
    pub starts_main: bool,
    /// It has a command that serves components of wasi:http; else they are run as programs, for what it says of them.
    pub serves_http: bool,
    /// Why no result of a call comes of it, where its command line calls no exports: what it does with the module is
    /// seen all the same.
    pub no_calls: Option<&'static str>,
}

impl OutputParser {
    /// One that prints results as plain numbers, a line each.
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
            own_failure: |_| None,
            unchecked_imports: false,
            starts_main: false,
            serves_http: false,
            no_calls: None,
        }
    }
}

/// How far a guest came, by its last stage and its end.
#[must_use]
pub fn progress_at(stage: Stage, cause: Cause) -> GuestProgress {
    GuestProgress { stage: Some(stage), cause: Some(cause), ..GuestProgress::default() }
}

/// What a runtime that passes the guest's exit code on says by a code that it does not explain.
#[must_use]
pub fn exited(code: i32) -> GuestProgress {
    progress_at(Stage::Run, if code == 0 { Cause::Returned } else { Cause::Exit { code } })
}

/// An import that the runtime does not define, where it names no type and stops at the first.
#[must_use]
pub fn missing_import(module: &str, name: &str) -> Cause {
    Cause::MissingImport { module: module.to_owned(), name: name.to_owned(), ty: String::new(), missing_count: 0 }
}

/// An export that the runtime looked for.
#[must_use]
pub fn no_export(name: &str) -> GuestProgress {
    progress_at(Stage::Link, Cause::MissingExport { name: name.to_owned() })
}

/// For [`Runtime::explain_difference`]: why a command line may be unlike the same engine embedded in the lab.
#[must_use]
pub fn explain_difference(finding: &Finding) -> Option<&'static str> {
    match (finding.code, finding.subject) {
        (Some(Code::CustomHost), _) => {
            Some("a command line cannot define host functions; a program that embeds the engine can")
        }
        (_, Some("preopened-socket")) => {
            Some("its command line cannot pass an open socket to the guest; a program that embeds it can")
        }
        _ => None,
    }
}
