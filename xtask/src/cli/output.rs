//! Writing to the terminal as a good command-line program does: a reader that goes away is no error,
//! colours only where they are wanted.

use std::io::{self, IsTerminal, Write};
use std::sync::atomic::{AtomicBool, Ordering};

use anyhow::{Context, Result};

use super::text_table::{self, TableColumn};
use wasmlab_process::Stream;
use wasmlab_report::RenderOptions;
use wasmlab_report::visible::visible;

/// Something is on stdout.
static PRINTED: AtomicBool = AtomicBool::new(false);

/// Whether anything was written to stdout: a second document there would spoil the first.
#[must_use]
pub fn has_printed() -> bool {
    PRINTED.load(Ordering::Relaxed)
}

/// Writes to stdout, with every control of a terminal shown as text. A reader that has gone away (`| head`) ends the
/// writing quietly.
///
/// # Errors
/// When stdout cannot be written for another reason, such as a full disk.
pub fn print(text: &str) -> Result<()> {
    print_rendered(&visible(text, false))
}

/// Writes to stdout what a renderer made, whose colours are its own.
///
/// # Errors
/// As [`print`].
pub fn print_rendered(text: &str) -> Result<()> {
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
pub fn print_error(message: &str) {
    let _ = writeln!(io::stderr(), "error: {}", visible(message, false));
}

/// Writes a line of progress to stderr.
pub fn print_progress(message: &str) {
    let _ = writeln!(io::stderr(), "{}", visible(message, false));
}

/// Passes on what a guest prints: as it is to a file or a pipe, as text to a terminal.
pub fn forward(stream: Stream, bytes: &[u8]) {
    // A closed terminal cannot be reported to anyone.
    let _ = match stream {
        Stream::Stdout => forward_to(&mut io::stdout().lock(), io::stdout().is_terminal(), bytes),
        Stream::Stderr => forward_to(&mut io::stderr().lock(), io::stderr().is_terminal(), bytes),
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
pub fn table(columns: &[TableColumn], rows: &[Vec<String>]) -> String {
    text_table::table(render_options().width, columns, rows)
}
