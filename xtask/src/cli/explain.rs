//! `explain`: shows an entry of the catalogue of codes.

use std::fmt::Write;

use anyhow::Result;

use super::common::usage;
use super::text_table::{names, prose};
use super::{output, suggest};
use crate::exit;
use crate::lab::Lab;
use wasmlab_inspect::proposals;
use wasmlab_model::codes::{Blame, CATALOGUE, CatalogueEntry, Code};
use wasmlab_model::report::{INVALID_FILE, PASS_WITH_SWITCH};
use wasmlab_model::text::escaped;
use wasmlab_model::verdict::Verdict;
use wasmlab_model::wasi;
use wasmlab_report::{symbols, text};

pub const ABOUT: &str = "Explain a code: what it means, who is responsible, and what would change the result";
pub const EXAMPLES: &str = "Examples:
  cargo xtask explain sockets-unsupported
  cargo xtask explain s                      the same, by its symbol in the matrix
  cargo xtask explain not-attempted          what a verdict means
  cargo xtask explain                        lists every code";

#[derive(clap::Args)]
pub struct Args {
    /// A code, a verdict, or its symbol in the matrix; lists every code if omitted
    code: Option<String>,
}

pub fn run(_: &Lab, args: &Args) -> Result<u8> {
    let text = match &args.code {
        None => {
            let rows = CATALOGUE
                .iter()
                .map(|e| [&e.symbol.to_string(), e.id, e.verdict.id(), e.meaning].map(str::to_owned).to_vec());
            output::table(
                &[names("symbol"), names("code"), names("verdict"), prose("meaning", 30)],
                &rows.collect::<Vec<_>>(),
            )
        }
        Some(text) if *text == PASS_WITH_SWITCH.to_string() => format!(
            "{PASS_WITH_SWITCH} pass with a switch\n\nThe runtime runs the guest only with one of its own switches. The report names the \
             switch, and says\nwhat happens without it.\n"
        ),
        Some(text) if *text == INVALID_FILE => fields(&[
            ("", INVALID_FILE),
            ("verdict", Verdict::NotApplicable.id()),
            (
                "meaning",
                "The file is empty, incomplete, in another format, or text that cannot be parsed. No runtime tried it.",
            ),
            ("remedy", "Build, copy or fetch it again; `cargo xtask inspect FILE` says what is wrong with it."),
        ]),
        Some(text) => match (find(text), find_verdict(text)) {
            (Some(code), _) => explain(code.entry()),
            (None, Some(verdict)) => explain_verdict(verdict),
            (None, None) => {
                let ids = CATALOGUE.iter().map(|entry| entry.id).chain(Verdict::ALL.map(Verdict::id));
                let near = suggest::nearest(text, ids);
                let hint =
                    if near.is_empty() { String::new() } else { format!(" (did you mean {}?)", near.join(" or ")) };
                return usage(elsewhere(text).unwrap_or_else(|| {
                    format!(
                        "`{}` is not a code, verdict or symbol{hint}; `cargo xtask explain` lists all codes",
                        escaped(text)
                    )
                }));
            }
        },
    };
    output::print(&text)?;
    Ok(exit::OK)
}

/// Where to find out about a proposal or a function of WASI.
fn elsewhere(text: &str) -> Option<String> {
    // The profiles do not have every proposal.
    let (what, named) = if proposals::known().contains(text) {
        ("a proposal", "proposals")
    } else if wasi::FUNCTIONS.contains(&text) {
        ("a function of WASI 0.1", text)
    } else {
        return None;
    };
    Some(format!("`{text}` is {what}, not a code: `cargo xtask capabilities {named}` shows which runtimes have it"))
}

/// Finds a code by its id or symbol.
fn find(text: &str) -> Option<Code> {
    let mut chars = text.chars();
    match (chars.next().and_then(Code::from_symbol), chars.next()) {
        (Some(code), None) => Some(code),
        _ => text.to_lowercase().parse().ok(),
    }
}

/// Finds a verdict by its name or symbol.
fn find_verdict(text: &str) -> Option<Verdict> {
    let is_named =
        |verdict: &Verdict| verdict.id() == text.to_lowercase() || symbols::without_code(*verdict).to_string() == text;
    Verdict::ALL.into_iter().find(is_named)
}

fn explain_verdict(verdict: Verdict) -> String {
    let symbol = match verdict {
        Verdict::Gap => "the letter of its code".to_owned(),
        _ => symbols::without_code(verdict).to_string(),
    };
    fields(&[("", verdict.id()), ("symbol", &symbol), ("meaning", verdict.meaning())])
}

fn explain(entry: &CatalogueEntry) -> String {
    let blame = entry.blame.iter().map(|b| b.id()).collect::<Vec<_>>().join(", ");
    // A judgement names another party if the cell's evidence does.
    let blame = if entry.blame == [Blame::Unknown] { blame } else { blame + " (usually)" };
    fields(&[
        ("", entry.id),
        ("symbol", &entry.symbol.to_string()),
        ("verdict", entry.verdict.id()),
        ("blame", &blame),
        ("meaning", entry.meaning),
        ("remedy", entry.remedy),
    ])
}

/// Lines of a name and its text, wrapped; a text without a name is a title.
fn fields(fields: &[(&str, &str)]) -> String {
    let width = output::render_options().width;
    let mut text = String::new();
    for (head, body) in fields {
        let head = if head.is_empty() { String::new() } else { format!("{head:<10}") };
        let _ = writeln!(text, "{}", text::wrapped(width, &head, "          ", body));
    }
    text
}
