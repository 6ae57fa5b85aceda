//! Markdown for a comment on a pull request: under 65,536 characters, what fails and what changed first, details folded.

use wasmlab_model::report::RunReport;

use super::document::{self, BoundedDocument};
use super::{RenderOptions, Renderer};

/// The registry's entry.
pub const RENDERER: Renderer = Renderer {
    id: "comment",
    about: "Markdown for a comment on a pull request: changes first, under 65,536 characters",
    extension: "md",
    saved: false,
    render,
};

/// GitHub accepts 65,536 characters. Counted in bytes, which are at least as many; the margin is for what the sanitizer
/// adds.
const MAX_BYTES: usize = 64_000;
/// A later run finds its comment by this marker and replaces it.
const MARK: &str = "<!-- wasmlab: compatibility -->";

fn render(report: &RunReport, _: RenderOptions) -> String {
    let mut document = BoundedDocument::new(MAX_BYTES);
    document.line(MARK);
    document::head(&mut document, report);
    document::details(&mut document, report);
    document.finish()
}
