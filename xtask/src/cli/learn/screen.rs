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
}

/// What the reader typed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Typed {
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
        Self { plain, rows: rows.max(8), style: Style { width: options.width, colour: options.colour }, used: 0 }
    }

    /// Whether nothing waits for the reader.
    pub fn is_plain(&self) -> bool {
        self.plain
    }

    /// Prints a line of the lab's own; stops first if it would push the first one out of sight. Returns whether the
    /// reader goes on.
    pub fn line(&mut self, text: &str) -> Result<bool> {
        if !self.plain && self.used + 2 >= self.rows && self.ask("[Enter] more, q quits")? == Typed::Quit {
            return Ok(false);
        }
        self.used += 1;
        output::print_rendered(&format!("{}\n", visible(text, true)))?;
        Ok(true)
    }

    /// Stops first if these lines would not fit below what is there, but do fit on an empty screen.
    pub fn room(&mut self, lines: usize) -> Result<bool> {
        let fits = self.used + lines + 2 <= self.rows;
        let would_fit = lines + 2 <= self.rows;
        Ok(self.plain || fits || !would_fit || self.ask("[Enter] more, q quits")? != Typed::Quit)
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

    /// Prints a chapter's text.
    pub fn prose(&mut self, text: &str) -> Result<bool> {
        let lines = self.style.prose(text);
        self.lines(lines.iter().map(String::as_str))
    }

    /// Prints a line in bold.
    pub fn bold(&mut self, text: &str) -> Result<bool> {
        let text = self.style.bold(text);
        self.line(&text)
    }

    /// Waits for the reader; in plain mode, nobody is there.
    pub fn ask(&mut self, prompt: &str) -> Result<Typed> {
        self.used = 0;
        if self.plain {
            return Ok(Typed::Enter);
        }
        output::print_rendered(&format!("{} ", self.style.bold(prompt)))?;
        let mut line = String::new();
        if io::stdin().lock().read_line(&mut line)? == 0 {
            output::print("\n")?;
            return Ok(Typed::Quit);
        }
        Ok(match line.trim() {
            "" => Typed::Enter,
            "q" | "quit" => Typed::Quit,
            text => Typed::Text(text.to_owned()),
        })
    }
}
