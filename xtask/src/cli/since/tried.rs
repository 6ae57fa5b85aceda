//! The text of `since` for a terminal.

use std::collections::BTreeMap;
use std::fmt::Write;

use super::TriedVersion;
use crate::cli::output;
use wasmlab_model::names::listed;
use wasmlab_report::text::wrapped;
use wasmlab_report::visible::on_line;

/// What was tried, oldest first. Versions in a row with the same result are one line.
pub fn list(tried: &BTreeMap<usize, TriedVersion>) -> String {
    let text = |one: &TriedVersion| {
        let has_detail = one.verdict != "pass" && !one.detail.is_empty();
        if has_detail { format!("{}: {}", one.result, one.detail) } else { one.result.clone() }
    };
    let mut rows: Vec<(Vec<&str>, String)> = Vec::new();
    for one in tried.values().filter(|one| one.not_installed.is_none()) {
        let text = text(one);
        match rows.last_mut().filter(|(_, last)| *last == text) {
            Some((versions, _)) => versions.push(&one.version),
            None => rows.push((vec![&one.version], text)),
        }
    }
    let name = |versions: &[&str]| match versions {
        [one] => (*one).to_owned(),
        [first, .., last] => format!("{first} to {last}"),
        [] => String::new(),
    };
    let width = rows.iter().map(|(versions, _)| name(versions).len()).max().unwrap_or(0);
    let mut shown = String::new();
    for (versions, text) in &rows {
        let first = format!("  {:<width$}  ", name(versions));
        let (wide, rest) = (output::render_options().width, " ".repeat(width + 4));
        let _ = writeln!(shown, "{}", wrapped(wide, &first, &rest, &on_line(text)));
    }
    shown
}

/// How many versions were tried, and which could not be installed.
pub fn counts(tried: &BTreeMap<usize, TriedVersion>, released: usize, is_offline: bool) -> String {
    let failed: Vec<_> = tried.values().filter_map(|one| Some((&*one.version, one.not_installed.as_ref()?))).collect();
    let count = tried.len() - failed.len();
    let others = if is_offline { format!("; {} are not installed", released - tried.len()) } else { String::new() };
    let mut shown = format!("\ntried {count} of {released} versions{others}\n");
    if let Some((last, why)) = failed.last() {
        let versions = failed.iter().map(|(version, _)| *version).collect::<Vec<_>>();
        let text = match versions.as_slice() {
            [_] => format!("{last} cannot be installed: {why}"),
            _ => format!("{} cannot be installed: {}; {last}: {why}", failed.len(), listed(&versions)),
        };
        let width = output::render_options().width;
        let _ = writeln!(shown, "{}", wrapped(width, "", "  ", &on_line(&text)));
    }
    shown
}
