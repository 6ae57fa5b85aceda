//! Reads untrusted files in a child process with limits. If a file takes too much memory or time, or crashes the
//! reader, the lab only gets an error message.
//!
//! The child runs the same program, in a sandbox that lets it read this file only.

use std::ffi::{OsStr, OsString};
use std::io::{self, Write};
use std::path::Path;
use std::process::ExitCode;
use std::time::Duration;

use wasmlab_inspect::{self as inspect, InspectError, bytes::Annotated, interfaces::Interface};
use wasmlab_model::facts::Facts;
use wasmlab_process::{self as process, Command, ExitReason, Input, Limits, Ports, Sandbox, SocketFamilies};
use wasmlab_reader::source;

/// First argument of the child.
const ARGUMENT: &str = "read-in-child";

/// Time limit for reading a file.
const WALL: Duration = Duration::from_secs(60);
/// Memory limit for reading a file: bytes, plus a multiple of the file's size.
const MEMORY: (u64, u64) = (1 << 30, 8);
/// Maximum size of the child's output, bytes.
const ANSWER: u64 = 2 << 30;

/// The child's exit code if the file is at fault.
const REFUSED: u8 = 2;
/// The child's exit code if the file is text that cannot be parsed.
const SYNTAX: u8 = 3;

/// The form of output to extract from a file, which is binary or text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Representation {
    /// All facts, as JSON.
    Facts,
    /// Everything except code, as JSON.
    Outline,
    /// The text format.
    Wat,
    /// The binary format.
    Binary,
    /// The functions of exported interfaces, as JSON.
    Interfaces,
    /// Every byte with its meaning, as JSON.
    Bytes,
}

impl Representation {
    const ALL: [(Self, &str); 6] = [
        (Self::Facts, "facts"),
        (Self::Outline, "outline"),
        (Self::Wat, "wat"),
        (Self::Binary, "binary"),
        (Self::Interfaces, "interfaces"),
        (Self::Bytes, "bytes"),
    ];

    fn name(self) -> &'static str {
        Self::ALL.into_iter().find(|(representation, _)| *representation == self).map_or("", |(_, name)| name)
    }

    fn named(text: &OsStr) -> Option<Self> {
        Self::ALL.into_iter().find(|(_, name)| text == *name).map(|(representation, _)| representation)
    }
}

/// Why a file was not read.
#[derive(Debug, thiserror::Error)]
pub enum ReadError {
    /// The file is text that cannot be parsed.
    #[error("{0}")]
    Syntax(String),
    /// The file is not what it should be.
    #[error("{0}")]
    Refused(String),
    /// Reading it exceeded a limit.
    #[error("{0}")]
    Limit(String),
    /// The lab failed to read it.
    #[error(transparent)]
    Io(#[from] io::Error),
}

/// Reads the facts of a file.
///
/// # Errors
/// See [`ReadError`].
pub fn facts(file: &Path, representation: Representation) -> Result<Facts, ReadError> {
    Ok(Facts::from_json(&read(file, representation)?).map_err(io::Error::from)?)
}

/// Reads the interfaces that a component exports, with their functions.
///
/// # Errors
/// See [`ReadError`].
pub fn interfaces(file: &Path) -> Result<Vec<Interface>, ReadError> {
    Ok(serde_json::from_slice(&read(file, Representation::Interfaces)?).map_err(io::Error::from)?)
}

/// Reads every byte of a small file, with its meaning.
///
/// # Errors
/// See [`ReadError`].
pub fn bytes(file: &Path) -> Result<Annotated, ReadError> {
    Ok(serde_json::from_slice(&read(file, Representation::Bytes)?).map_err(io::Error::from)?)
}

/// Why a file with these bytes is not a module or component at all, or is incomplete, with a remedy; `None` if it may be
/// valid, or if it is text that can be parsed.
#[must_use]
pub fn invalid_file(file: &Path, bytes: &[u8]) -> Option<InspectError> {
    inspect::invalid_file(bytes).filter(|_| !source::is_text(file, bytes))
}

/// Converts a file to this representation.
///
/// # Errors
/// See [`ReadError`].
pub fn read(file: &Path, representation: Representation) -> Result<Vec<u8>, ReadError> {
    let file = std::path::absolute(file)?;
    let (least, times) = MEMORY;
    let memory = file.metadata()?.len().saturating_mul(times).saturating_add(least);
    let program = std::env::current_exe()?;
    let readable = [Some(program.as_path()), program.parent(), Some(&file)];
    let command = Command {
        args: [OsStr::new(ARGUMENT), OsStr::new(representation.name()), file.as_os_str()].map(OsStr::to_owned).to_vec(),
        env: [("PATH".into(), std::env::var_os("PATH").unwrap_or_default())].into(),
        cwd: "/".into(),
        stdin: Input::Bytes(Vec::new()),
        inherit: Vec::new(),
        limits: Limits { output: ANSWER, memory, file: 0, ..Limits::compiler(WALL) },
        sandbox: Some(Sandbox {
            read: readable.into_iter().flatten().map(Path::to_owned).collect(),
            ports: Some(Ports::default()),
            private_network: true,
            sockets: SocketFamilies::None,
            ..Sandbox::default()
        }),
        report: None,
        program,
    };
    let completed = process::run(&command)?;
    let message = String::from_utf8_lossy(&completed.stderr).trim().to_owned();
    match completed.exit_reason {
        ExitReason::Exited(0) => Ok(completed.stdout),
        ExitReason::Exited(code) if code == i32::from(SYNTAX) => Err(ReadError::Syntax(message)),
        ExitReason::Exited(code) if code == i32::from(REFUSED) => Err(ReadError::Refused(message)),
        ExitReason::MemoryLimit => {
            Err(ReadError::Limit(format!("reading it takes more than {} MiB of memory", memory >> 20)))
        }
        ExitReason::TimeLimit => Err(ReadError::Limit(format!("reading it takes more than {} s", WALL.as_secs()))),
        ExitReason::OutputLimit => {
            Err(ReadError::Limit(format!("its description is larger than {} MiB", ANSWER >> 20)))
        }
        other => Err(ReadError::Limit(format!("the lab's reader {other}: {message}"))),
    }
}

/// Handles a call as the reading child; `None` if the process was started normally.
#[must_use]
pub fn child(args: &[OsString]) -> Option<ExitCode> {
    let [_, argument, representation, file] = args else { return None };
    if argument != ARGUMENT {
        return None;
    }
    Some(match answer(Path::new(file), Representation::named(representation)?) {
        Ok(bytes) => match io::stdout().lock().write_all(&bytes) {
            Ok(()) => ExitCode::SUCCESS,
            Err(_) => ExitCode::FAILURE,
        },
        Err(error) => {
            let message = format!("{error:#}");
            let is_syntax = error.is::<source::SyntaxError>();
            let remedy = source::syntax_remedy(&message).filter(|_| is_syntax);
            let remedy = remedy.map(|remedy| format!("\n{remedy}")).unwrap_or_default();
            let _ = writeln!(io::stderr(), "{message}{remedy}");
            ExitCode::from(if is_syntax { SYNTAX } else { REFUSED })
        }
    })
}

fn answer(file: &Path, representation: Representation) -> anyhow::Result<Vec<u8>> {
    let bytes = std::fs::read(file)?;
    let bytes = source::binary(file, &bytes)?;
    match representation {
        Representation::Facts => Ok(inspect::facts(&bytes)?.to_json()?),
        Representation::Outline => Ok(inspect::outline(&bytes)?.to_json()?),
        Representation::Wat => Ok(inspect::to_wat(&bytes)?.into_bytes()),
        Representation::Binary => Ok(bytes.into_owned()),
        Representation::Bytes => Ok(serde_json::to_vec(&inspect::bytes::annotated(&bytes)?)?),
        Representation::Interfaces => Ok(serde_json::to_vec(&inspect::interfaces::interfaces(&bytes)?)?),
    }
}
