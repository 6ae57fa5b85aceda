//! Renderers turn a [`RunReport`] into text. They run nothing and read nothing else.

use std::borrow::Cow;

use wasmlab_model::report::RunReport;

pub mod check_page;
pub mod columns;
pub mod compare;
mod document;
mod engine_result;
pub mod findings;
pub mod history;
#[cfg(test)]
mod hostile_tests;
pub mod library;
mod on_lines;
mod predicted;
pub mod published;
#[cfg(test)]
mod sample;
#[cfg(test)]
mod spoil;
pub mod symbols;
#[cfg(test)]
mod tests;
pub mod text;
pub mod visible;

/// One line per renderer: its file, whose `RENDERER` is the registry entry.
macro_rules! registry {
    ($($module:ident),* $(,)?) => {
        $(pub mod $module;)*
        /// Every renderer, in the order of help texts; the first is the default on terminals.
        pub const ALL: &[Renderer] = &[$($module::RENDERER),*];
    };
}

registry! { table, overview, answer, suite, json, markdown, html, summary, comment, junit, github, csv, badge }

/// A report format.
#[derive(Clone, Copy, Debug)]
pub struct Renderer {
    /// Its name, a value of `--output`.
    pub id: &'static str,
    /// One line for `--help`.
    pub about: &'static str,
    /// File name extension.
    pub extension: &'static str,
    /// Whether each run saves it to the report folder.
    pub saved: bool,
    /// Renders a report; the text ends with a line break.
    pub render: fn(&RunReport, RenderOptions) -> String,
}

impl Renderer {
    /// The name of its file in a folder of reports: `report.json`; browsers look for `index.html`.
    #[must_use]
    pub fn file(&self) -> String {
        let stem = if self.extension == "html" { "index" } else { "report" };
        format!("{stem}.{}", self.extension)
    }

    /// Renders a report and escapes control characters, so that a guest's text cannot affect the terminal.
    #[must_use]
    pub fn text(&self, report: &RunReport, options: RenderOptions) -> String {
        // These formats contain texts unchanged, but quoted.
        let is_quoted = [json::RENDERER.id, html::RENDERER.id].contains(&self.id);
        let report = if is_quoted { Cow::Borrowed(report) } else { on_lines::escape_names(report) };
        let text = (self.render)(&report, options);
        if self.id == github::RENDERER.id {
            // The output consists of commands, and text of guests in them is already escaped.
            return visible::controls(&text, false).into_owned();
        }
        visible::visible(&text, options.colour).into_owned()
    }
}

/// Options for rendering.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RenderOptions {
    /// Width of the terminal, in characters.
    pub width: usize,
    /// Whether to use ANSI colours.
    pub colour: bool,
    /// How to group rows.
    pub group_by: GroupBy,
    /// Name of the lab's program in hints: `cargo xtask`.
    pub program: &'static str,
}

impl RenderOptions {
    /// For files and pipes.
    pub const PLAIN: Self = Self { width: 80, colour: false, group_by: GroupBy::Family, program: "cargo xtask" };
}

/// How the rows of the matrix are grouped.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum GroupBy {
    /// By program: all its builds together.
    #[default]
    Family,
    /// By route: all programs compiled the same way together.
    Route,
}

impl GroupBy {
    /// Its name on the command line and in headings.
    #[must_use]
    pub fn id(self) -> &'static str {
        match self {
            Self::Family => "family",
            Self::Route => "route",
        }
    }
}

/// The renderer with this name.
#[must_use]
pub fn find(id: &str) -> Option<&'static Renderer> {
    ALL.iter().find(|r| r.id == id)
}
