//! Markdown for `GITHUB_STEP_SUMMARY`: at most 1 MiB, what fails and what changed first, then the whole report, folded,
//! if it fits.

use wasmlab_model::report::RunReport;

use super::document::{self, BoundedDocument};
use super::visible::visible;
use super::{RenderOptions, Renderer, markdown};

/// The registry's entry.
pub const RENDERER: Renderer = Renderer {
    id: "summary",
    about: "Markdown for GITHUB_STEP_SUMMARY: changes first, at most 1 MiB",
    extension: "md",
    saved: false,
    render,
};

/// GitHub accepts 1 MiB; the margin is for what the sanitizer adds.
const MAX_BYTES: usize = (1 << 20) - (16 << 10);

fn render(report: &RunReport, options: RenderOptions) -> String {
    let mut document = BoundedDocument::new(MAX_BYTES);
    document::head(&mut document, report);
    // The reasons for the exit code are in the head.
    let whole = markdown::whole(report, options, false);
    let folded = format!("\n<details><summary>The whole report</summary>\n\n{whole}\n</details>");
    if visible(&folded, false).len() < document.remaining() {
        document.line(&folded);
    } else {
        document::details(&mut document, report);
    }
    document.finish()
}

#[cfg(test)]
mod tests {
    use super::render;
    use crate::{RenderOptions, html, sample};
    use wasmlab_model::report::{Note, NoteKind};

    #[test]
    fn an_exceeded_budget_is_told_once() {
        let mut report = sample::report();
        report.command = "check".to_owned();
        report.notes = vec![Note::new(NoteKind::OverBudget, "app.wasm", "has 7 bytes too many")];
        for text in [render(&report, RenderOptions::PLAIN), (html::RENDERER.render)(&report, RenderOptions::PLAIN)] {
            // The page's data repeats what its text says.
            let shown = text.split("<script").next().unwrap_or_default();
            assert_eq!(shown.matches("has 7 bytes too many").count(), 1, "{shown}");
        }
    }
}
