//! Markdown for `GITHUB_STEP_SUMMARY`: at most 1 MiB, what fails and what changed first, then the whole report, folded,
//! if it fits.

use wasmlab_model::report::RunReport;

use super::digest::{self, Digest};
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

/// GitHub takes 1 MiB; some bytes are left for what a sanitizer adds.
const MAX_BYTES: usize = (1 << 20) - (16 << 10);

fn render(report: &RunReport, options: RenderOptions) -> String {
    let mut digest = Digest::new(MAX_BYTES);
    digest::head(&mut digest, report);
    let whole = (markdown::RENDERER.render)(report, options);
    let folded = format!("\n<details><summary>The whole report</summary>\n\n{whole}\n</details>");
    if visible(&folded, false).len() < digest.room() {
        digest.line(&folded);
    } else {
        digest::details(&mut digest, report);
    }
    digest.finish()
}
