//! Renderers: a [`RunReport`] to text, and nothing else. None runs or reads anything.

use wasmlab_model::report::RunReport;

mod columns;
pub mod compare;
mod digest;
pub mod findings;
pub mod published;
#[cfg(test)]
mod sample;
#[cfg(test)]
mod hostile_tests;
#[cfg(test)]
mod tests;
pub mod text;
pub mod visible;

/// One line a renderer: its file, its entry in the registry.
macro_rules! registry {
    ($($module:ident),* $(,)?) => {
        $(pub mod $module;)*
        /// Every renderer, in the order of help texts; the first is for terminals.
        pub const ALL: &[Renderer] = &[$($module::RENDERER),*];
    };
}

registry! { table, answer, json, markdown, summary, comment, junit, github, csv, badge }

/// A format: its file has one constant of this type.
#[derive(Clone, Copy, Debug)]
pub struct Renderer {
    /// The value of `--output`.
    pub id: &'static str,
    /// What it is for, for `--help`.
    pub about: &'static str,
    /// The extension of its files.
    pub extension: &'static str,
    /// Whether each run leaves it in its folder of reports.
    pub saved: bool,
    /// The text, ending with a line break.
    pub render: fn(&RunReport, RenderOptions) -> String,
}

impl Renderer {
    /// The text, in which nothing of a guest's is more than text.
    #[must_use]
    pub fn text(&self, report: &RunReport, options: RenderOptions) -> String {
        let text = (self.render)(report, options);
        if self.id == github::RENDERER.id {
            // It consists of commands, in which a guest's words are escaped.
            return visible::controls(&text, false).into_owned();
        }
        visible::visible(&text, options.colour).into_owned()
    }
}

/// How a text is to look.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RenderOptions {
    /// Columns of the terminal.
    pub width: usize,
    /// ANSI colours.
    pub colour: bool,
    /// How to group the rows.
    pub group_by: GroupBy,
}

impl RenderOptions {
    /// For files and pipes.
    pub const PLAIN: Self = Self { width: 80, colour: false, group_by: GroupBy::Family };
}

/// Which rows of the matrix stand together.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum GroupBy {
    /// One program through its routes.
    #[default]
    Family,
    /// One route with its programs.
    Route,
}

impl GroupBy {
    /// As on the command line and in headings.
    #[must_use]
    pub fn id(self) -> &'static str {
        match self {
            Self::Family => "family",
            Self::Route => "route",
        }
    }
}

/// The renderer with this id.
#[must_use]
pub fn find(id: &str) -> Option<&'static Renderer> {
    ALL.iter().find(|r| r.id == id)
}
