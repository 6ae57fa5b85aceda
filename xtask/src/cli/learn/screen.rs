//! The reader's terminal: text line by line, and a stop before anything scrolls out of sight.

use std::io::{self, BufRead};

use anyhow::Result;
use wasmlab_learn::markup::Style;
use wasmlab_report::visible::visible;

use super::super::output;

/// Lines of a terminal whose size is not known.
const ROWS: usize = 24;

/// The terminal.
pub struct Screen {
    plain: bool,
    rows: usize,
    style: Style,
    /// Lines printed since the reader last did something.
    used: usize,
    /// Whether the reader has just asked for more, and nothing was printed since.
    new_page: bool,
}

/// The reader's input.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ReaderInput {
    /// Only Enter.
    Enter,
    /// `q`, or the end of the input.
    Quit,
    /// Anything else.
    Text(String),
}

impl Screen {
    /// With `plain`, nothing waits for the reader.
    pub fn new(plain: bool) -> Self {
        let options = output::render_options();
        let rows = terminal_size::terminal_size().map_or(ROWS, |(_, height)| usize::from(height.0));
        let style = Style { width: options.width, colour: options.colour };
        Self { plain, rows: rows.max(8), style, used: 0, new_page: false }
    }

    /// Whether nothing waits for the reader.
    pub fn is_plain(&self) -> bool {
        self.plain
    }

    /// Prints a line of the lab's own; stops first if it would push the first one out of sight. Returns whether the
    /// reader goes on.
    pub fn line(&mut self, text: &str) -> Result<bool> {
        let is_full = !self.plain && self.used + 2 >= self.rows;
        if text.is_empty() && (is_full || self.new_page) {
            // No page begins or ends with an empty line.
            return Ok(true);
        }
        if is_full && !self.more()? {
            return Ok(false);
        }
        self.used += 1;
        self.new_page = false;
        output::print_rendered(&format!("{}\n", visible(text, true)))?;
        Ok(true)
    }

    /// Stops first if these lines do not fit on the rest of the page, but would fit on an empty one.
    pub fn ensure_room(&mut self, lines: usize) -> Result<bool> {
        let fits = self.used + lines + 2 <= self.rows;
        let would_fit = lines + 2 <= self.rows;
        Ok(self.plain || fits || !would_fit || self.more()?)
    }

    /// Waits before the next page. Returns whether the reader goes on.
    fn more(&mut self) -> Result<bool> {
        self.used = 0;
        let goes_on = self.ask("[Enter] more, q quits")? != ReaderInput::Quit;
        self.new_page = true;
        Ok(goes_on)
    }

    /// Prints lines; see [`Self::line`].
    pub fn lines<'a>(&mut self, lines: impl IntoIterator<Item = &'a str>) -> Result<bool> {
        for line in lines {
            if !self.line(line)? {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// Prints a chapter's text. A page ends between two paragraphs, not within one.
    pub fn prose(&mut self, text: &str) -> Result<bool> {
        let lines = self.style.prose(text);
        for paragraph in lines.split_inclusive(String::is_empty) {
            if !(self.ensure_room(paragraph.len())? && self.lines(paragraph.iter().map(String::as_str))?) {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// Prints a headline and its text on the same page, and an empty line.
    pub fn section(&mut self, head: &str, text: &str) -> Result<bool> {
        let lines = self.style.prose(text).len();
        Ok(self.ensure_room(lines + 2)? && self.bold(head)? && self.prose(text)? && self.line("")?)
    }

    /// Prints a line in bold.
    pub fn bold(&mut self, text: &str) -> Result<bool> {
        let text = self.style.bold(text);
        self.line(&text)
    }

    /// Waits for the reader, except in plain mode.
    pub fn ask(&mut self, prompt: &str) -> Result<ReaderInput> {
        if self.plain {
            return Ok(ReaderInput::Enter);
        }
        // A prompt of several lines would push the first ones out of sight.
        if self.used + prompt.lines().count() >= self.rows && !self.more()? {
            return Ok(ReaderInput::Quit);
        }
        self.used = 0;
        self.new_page = false;
        discard_typed();
        output::print_rendered(&format!("{} ", self.style.bold(prompt)))?;
        let mut line = String::new();
        if io::stdin().lock().read_line(&mut line)? == 0 {
            output::print("\n")?;
            return Ok(ReaderInput::Quit);
        }
        Ok(match line.trim() {
            "" => ReaderInput::Enter,
            "q" | "quit" => ReaderInput::Quit,
            text => ReaderInput::Text(text.to_owned()),
        })
    }

    /// Shows that a command is running, if the terminal allows this to be erased again.
    pub fn running(&self) -> Result<()> {
        if self.plain || !self.style.colour { Ok(()) } else { output::print_rendered("running …") }
    }

    /// Erases what [`Self::running`] has shown.
    pub fn stopped(&self) -> Result<()> {
        if self.plain || !self.style.colour { Ok(()) } else { output::print_rendered("\r\u{1b}[K") }
    }
}

/// Discards what was typed while a command ran: it cannot answer a question that was not asked yet.
fn discard_typed() {
    #[cfg(target_os = "linux")]
    let _ = rustix::termios::tcflush(io::stdin(), rustix::termios::QueueSelector::IFlush);
}
