//! Output to the terminal: a reader that goes away is not an error, and colours are used only if wanted.

use std::borrow::Cow;
use std::io::{self, IsTerminal, Write};
use std::sync::atomic::{AtomicBool, Ordering};

use anyhow::{Context, Result};
use serde::Serialize;

use super::text_table::{self, TableColumn};
use crate::program_name;
use wasmlab_model::text::cut_with_size;
use wasmlab_process::OutputStream;
use wasmlab_report::RenderOptions;
use wasmlab_report::text::wrapped_between_words;
use wasmlab_report::visible::visible;

/// Whether anything was written to stdout.
static PRINTED: AtomicBool = AtomicBool::new(false);

/// Whether anything was written to stdout: a second document there would spoil the first.
#[must_use]
pub fn has_printed() -> bool {
    PRINTED.load(Ordering::Relaxed)
}

/// Writes to stdout, with control characters made visible. If the reader has gone away (`| head`), stops silently.
///
/// # Errors
/// If stdout cannot be written for another reason, such as a full disk.
pub fn print(text: &str) -> Result<()> {
    print_rendered(&visible(&program_name::localized(text), false))
}

/// Writes a value to stdout as JSON, as [`print`].
///
/// # Errors
/// As [`print`].
pub fn print_json(value: &impl Serialize) -> Result<()> {
    print(&(serde_json::to_string_pretty(value)? + "\n"))
}

/// A JSON document with the version of its format.
#[derive(Serialize)]
struct Versioned<'a, T> {
    schema: u32,
    #[serde(flatten)]
    content: &'a T,
}

/// Writes a JSON object to stdout whose first field is the version of its format, as [`print`].
///
/// # Errors
/// As [`print`].
pub fn print_versioned_json(schema: u32, content: &impl Serialize) -> Result<()> {
    print_json(&Versioned { schema, content })
}

/// Writes a renderer's text to stdout, including its colours.
///
/// # Errors
/// As [`print`].
pub fn print_rendered(text: &str) -> Result<()> {
    PRINTED.fetch_or(!text.is_empty(), Ordering::Relaxed);
    let mut stdout = io::stdout().lock();
    written(stdout.write_all(text.as_bytes()).and_then(|()| stdout.flush()))
}

/// Turns the result of writing to stdout into a result of the command: a reader that has gone away is not an error.
///
/// # Errors
/// As [`print`].
pub fn written(result: io::Result<()>) -> Result<()> {
    match result {
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        result => result.context("failed to write to stdout"),
    }
}

/// Maximum length of a message, characters: some quote the file's text, which may be one long line.
const MAX_MESSAGE: usize = 4000;

/// The message, cut if it is very long.
#[must_use]
pub fn bounded(message: &str) -> Cow<'_, str> {
    cut_with_size(message, MAX_MESSAGE)
}

/// Writes an error to stderr. If that fails, only the exit code is left.
pub fn print_error(message: &str) {
    let text = format!("error: {}", visible(&bounded(&program_name::localized(message)), false));
    let text = if io::stderr().is_terminal() { fitted(&text, terminal_width()) } else { text };
    let _ = writeln!(io::stderr(), "{text}");
}

/// The text with its long lines wrapped. Others stay as they are: they may quote a file and point below a column.
fn fitted(text: &str, width: usize) -> String {
    let line = |line: &str| match line.chars().count() > width {
        true => wrapped_between_words(width, "", "  ", line),
        false => line.to_owned(),
    };
    text.lines().map(line).collect::<Vec<_>>().join("\n")
}

/// Writes a progress line to stderr.
pub fn print_progress(message: &str) {
    let _ = writeln!(io::stderr(), "{}", visible(&bounded(&program_name::localized(message)), false));
}

/// Forwards a guest's output: unchanged to a file or pipe, with control characters made visible to a terminal.
pub fn forward(stream: OutputStream, bytes: &[u8]) {
    // If the terminal is closed, there is nobody to report to.
    let _ = match stream {
        OutputStream::Stdout => forward_to(&mut io::stdout().lock(), io::stdout().is_terminal(), bytes),
        OutputStream::Stderr => forward_to(&mut io::stderr().lock(), io::stderr().is_terminal(), bytes),
    };
}

fn forward_to(to: &mut dyn Write, terminal: bool, bytes: &[u8]) -> io::Result<()> {
    if terminal {
        to.write_all(visible(&String::from_utf8_lossy(bytes), false).as_bytes())?;
    } else {
        to.write_all(bytes)?;
    }
    to.flush()
}

/// Rendering options for stdout.
#[must_use]
pub fn render_options() -> RenderOptions {
    let terminal = io::stdout().is_terminal();
    let width = if terminal { terminal_width() } else { RenderOptions::PLAIN.width };
    RenderOptions {
        width,
        colour: terminal && colours_wanted(),
        program: program_name::shown(),
        ..RenderOptions::PLAIN
    }
}

/// Whether the environment asks for colours: respects NO_COLOR, CLICOLOR and TERM.
#[must_use]
pub fn colours_wanted() -> bool {
    !matches!(anstream::AutoStream::choice(&io::stdout()), anstream::ColorChoice::Never)
}

fn terminal_width() -> usize {
    terminal_size::terminal_size().map_or(RenderOptions::PLAIN.width, |(width, _)| width.0.into())
}

/// A table without lines that fits the terminal.
#[must_use]
pub fn table(columns: &[TableColumn], rows: &[Vec<String>]) -> String {
    text_table::table(render_options().width, columns, rows)
}
