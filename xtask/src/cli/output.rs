//! Writing to the terminal as a good command-line program does: a reader that goes away is no error,
//! colours only where they are wanted.

use std::io::{self, IsTerminal, Write};
use std::sync::atomic::{AtomicBool, Ordering};

use anyhow::{Context, Result};

use super::columns::{self, Column};
use wasmlab_report::RenderOptions;

/// Something is on stdout.
static PRINTED: AtomicBool = AtomicBool::new(false);

/// Whether anything was written to stdout: a second document there would spoil the first.
#[must_use]
pub fn has_printed() -> bool {
    PRINTED.load(Ordering::Relaxed)
}

/// Writes to stdout. A reader that has gone away (`| head`) ends the writing quietly.
///
/// # Errors
/// When stdout cannot be written for another reason, such as a full disk.
pub fn print(text: &str) -> Result<()> {
    PRINTED.fetch_or(!text.is_empty(), Ordering::Relaxed);
    let mut stdout = io::stdout().lock();
    written(stdout.write_all(text.as_bytes()).and_then(|()| stdout.flush()))
}

/// What came of writing to stdout: a reader that has gone away is no error.
///
/// # Errors
/// As [`print`].
pub fn written(result: io::Result<()>) -> Result<()> {
    match result {
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        result => result.context("failed to write to stdout"),
    }
}

/// Writes an error to stderr; where that fails too, the exit code has to do.
pub fn complain(message: &str) {
    let _ = writeln!(io::stderr(), "error: {message}");
}

/// Writes a line of progress to stderr.
pub fn say(message: &str) {
    let _ = writeln!(io::stderr(), "{message}");
}

/// How text on stdout is to look.
#[must_use]
pub fn render_options() -> RenderOptions {
    let terminal = io::stdout().is_terminal();
    let width = if terminal { terminal_width() } else { RenderOptions::PLAIN.width };
    RenderOptions { width, colour: terminal && colours_wanted(), ..RenderOptions::PLAIN }
}

/// Whether the environment wants colours: NO_COLOR, CLICOLOR and TERM are heeded.
#[must_use]
pub fn colours_wanted() -> bool {
    !matches!(anstream::AutoStream::choice(&io::stdout()), anstream::ColorChoice::Never)
}

fn terminal_width() -> usize {
    terminal_size::terminal_size().map_or(RenderOptions::PLAIN.width, |(width, _)| width.0.into())
}

/// A table that fits the terminal, without lines.
#[must_use]
pub fn table(columns: &[Column], rows: &[Vec<String>]) -> String {
    columns::table(render_options().width, columns, rows)
}
