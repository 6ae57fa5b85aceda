//! Renderers: a [`RunReport`] to text, and nothing else. None runs or reads anything.

use wasmlab_model::report::RunReport;

#[cfg(test)]
mod sample;
pub mod sentence;
#[cfg(test)]
mod tests;
pub mod words;

/// One line a renderer: its file, its entry in the registry.
macro_rules! registry {
    ($($module:ident),* $(,)?) => {
        $(pub mod $module;)*
        /// Every renderer, in the order of help texts.
        pub const ALL: &[&dyn Renderer] = &[$(&$module::RENDERER),*];
    };
}

registry! { table, json, markdown }

/// A format.
pub trait Renderer: Sync {
    /// The value of `--output`.
    fn id(&self) -> &'static str;

    /// The file's extension.
    fn extension(&self) -> &'static str;

    /// The text, ending with a line break.
    fn render(&self, report: &RunReport, look: Look) -> String;
}

/// How a text is to look.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Look {
    /// Columns of the terminal.
    pub width: usize,
    /// ANSI colours.
    pub colour: bool,
    /// Which rows stand together.
    pub by: By,
}

/// Which rows of the matrix stand together.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum By {
    /// One program through its routes.
    #[default]
    Family,
    /// One route with its programs.
    Route,
}

impl By {
    /// As on the command line and in headings.
    #[must_use]
    pub fn id(self) -> &'static str {
        match self {
            Self::Family => "family",
            Self::Route => "route",
        }
    }
}

impl Look {
    /// For files and pipes.
    pub const PLAIN: Self = Self { width: 80, colour: false, by: By::Family };
}

/// The renderer with this id.
#[must_use]
pub fn find(id: &str) -> Option<&'static dyn Renderer> {
    ALL.iter().copied().find(|r| r.id() == id)
}
