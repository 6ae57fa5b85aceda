//! Renderers: a [`RunReport`] to text, and nothing else. None runs or reads anything.

use crate::model::report::RunReport;

#[cfg(test)]
pub mod sample;
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
}

impl Look {
    /// For files and pipes.
    pub const PLAIN: Self = Self { width: 80, colour: false };
}

/// The renderer with this id.
#[must_use]
pub fn find(id: &str) -> Option<&'static dyn Renderer> {
    ALL.iter().copied().find(|r| r.id() == id)
}
