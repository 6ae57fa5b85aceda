//! `reports/check.html`: a page that reads files and predicts where they run, without a server.
//!
//! One file holds the template, the published profiles and the lab's reader (`xtask/reader`) as a WebAssembly module.
//! The page's policy allows its own script and style, that module, and a worker from a blob, but no requests.

use askama::Template;
use wasmlab_model::profile::Profile;

use super::html::hash;

const STYLE: &str = concat!(
    include_str!("../templates/page.css"),
    include_str!("../templates/panel.css"),
    include_str!("../templates/check.css")
);

const SCRIPT: &str = concat!(
    "\"use strict\";(() => {\n",
    include_str!("../templates/elements.js"),
    include_str!("../templates/check.js"),
    "})();\n"
);

const WORKER: &str = include_str!("../templates/check-worker.js");

/// The text before and after [`Reader::stamp`] in the page.
const STAMP: (&str, &str) = ("<meta name=\"wasmlab-reader\" content=\"", "\">");
/// The same for [`Reader::base64`].
const MODULE: (&str, &str) = ("<script type=\"application/wasm;base64\" id=\"reader\">", "</script>");

/// The reader as a WebAssembly module.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reader {
    base64: String,
    /// Its sources and compiler.
    pub stamp: Stamp,
}

/// Sources and compiler of a reader.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stamp {
    /// Hash of its sources.
    pub sources: String,
    /// `rustc 1.96.0 (ac68faa20 2026-05-25)`.
    pub compiler: String,
}

impl Reader {
    /// From a module that was just built.
    #[must_use]
    pub fn new(module: &[u8], stamp: Stamp) -> Self {
        Self { base64: hash::base64(module), stamp }
    }

    /// The reader in a page; `None` if the page has none.
    #[must_use]
    pub fn from_page(page: &str) -> Option<Self> {
        let between = |(before, after): (&str, &str)| {
            let (_, rest) = page.split_once(before)?;
            rest.split_once(after).map(|(found, _)| found.to_owned())
        };
        let (sources, compiler) = between(STAMP)?.split_once(' ').map(|(a, b)| (a.to_owned(), b.to_owned()))?;
        Some(Self { base64: between(MODULE)?, stamp: Stamp { sources, compiler } })
    }
}

/// Data of the template; the names are those of `check.html`.
#[derive(Template)]
#[template(path = "check.html", whitespace = "minimize")]
struct Page<'a> {
    sources: &'a str,
    compiler: &'a str,
    profiles: &'a [Profile],
    /// The day of the newest profile.
    newest: &'a str,
    data: String,
    reader: &'a str,
    style: &'static str,
    script: &'static str,
    worker: &'static str,
    policy: String,
}

/// The page for these profiles.
#[must_use]
pub fn page(reader: &Reader, profiles: &[Profile]) -> String {
    let page = Page {
        sources: &reader.stamp.sources,
        compiler: &reader.stamp.compiler,
        profiles,
        newest: profiles.iter().map(|profile| profile.provenance.date.as_str()).max().unwrap_or_default(),
        data: serde_json::to_string(profiles).unwrap_or_default().replace('<', "\\u003c"),
        reader: &reader.base64,
        style: STYLE,
        script: SCRIPT,
        worker: WORKER,
        policy: format!(
            "default-src 'none'; script-src '{}' 'wasm-unsafe-eval'; worker-src blob:; style-src '{}'; \
             base-uri 'none'; form-action 'none'",
            hash::source(SCRIPT),
            hash::source(STYLE)
        ),
    };
    // The template calls nothing that can fail, and writing to a string cannot fail.
    page.render().unwrap_or_default() + "\n"
}

#[cfg(test)]
mod tests {
    use super::{Reader, Stamp, page};

    #[test]
    fn a_page_gives_its_reader_back() {
        let stamp = Stamp { sources: "12ab".to_owned(), compiler: "rustc 1 (\"<a> & b\")".to_owned() };
        let reader = Reader::new(b"\0asm\x01\0\0\0", stamp);
        let html = page(&reader, &[]);
        // An unusual compiler name is escaped in the page, and stays escaped when it is read back.
        let found = Reader::from_page(&html).map(|found| (found.base64, found.stamp.sources));
        assert_eq!(found, Some((reader.base64, "12ab".to_owned())));
        assert_eq!(Reader::from_page("<html>"), None);
    }

    #[test]
    fn the_same_parts_give_the_same_page() {
        let stamp = Stamp { sources: "12ab".to_owned(), compiler: "rustc 1.96.0".to_owned() };
        let html = page(&Reader::new(b"\0asm\x01\0\0\0", stamp), &[]);
        let again = Reader::from_page(&html).map(|reader| page(&reader, &[]));
        assert_eq!(again, Some(html));
    }
}
