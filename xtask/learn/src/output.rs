//! Outputs of commands: which lines are shown, and what differs between machines.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use wasmlab_model::text::counted;

use crate::chapter::Excerpt;

/// Maximum number of lines shown of one output; more would scroll the text about them out of sight.
pub const MAX_LINES: usize = 40;

/// The lines that are shown, and how many are left out.
#[must_use]
pub fn excerpt(output: &str, shown: &Excerpt) -> (Vec<String>, usize) {
    let all: Vec<&str> = output.trim_end().lines().collect();
    let wanted = |(at, line): &(usize, &&str)| {
        let within = shown.lines.is_none_or(|(first, last)| (first..=last).contains(&(at + 1)));
        within && (shown.matching.is_empty() || shown.matching.iter().any(|part| line.contains(part.as_str())))
    };
    let lines: Vec<String> =
        all.iter().enumerate().filter(wanted).map(|(_, line)| (*line).to_owned()).take(MAX_LINES).collect();
    let left = all.len() - lines.len();
    (lines, left)
}

/// The line that says what is left out.
#[must_use]
pub fn left_out(count: usize) -> String {
    format!("… {}: run the command yourself to see all", counted(count, "more line"))
}

/// Outputs recorded when the book was written, by command as it is in the chapter's source.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RecordedOutputs {
    /// Version of the file.
    pub schema: u32,
    /// By command, with its placeholders.
    pub outputs: BTreeMap<String, RecordedOutput>,
}

/// One output.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RecordedOutput {
    /// The day it was measured: `2026-11-26`.
    pub date: String,
    /// The command as it was run.
    pub command: String,
    /// Its exit code.
    pub exit: i32,
    /// Its output, line by line.
    pub lines: Vec<String>,
}

/// The output without differences between runs and machines: times, ports, versions of programs, and line wrapping.
#[must_use]
pub fn redacted(text: &str) -> String {
    let mut words: Vec<String> = Vec::new();
    for word in text.split_whitespace() {
        // `12 ms`: the number is removed.
        let is_unit = matches!(word.trim_end_matches([',', ';', ')']), "ms" | "s");
        if let Some(number) = words.last_mut().filter(|number| is_unit && is_number(number)) {
            *number = "#".to_owned();
        }
        words.push(redacted_word(word));
    }
    words.join(" ")
}

fn is_number(word: &str) -> bool {
    word == "#" || (!word.is_empty() && word.chars().all(|c| c.is_ascii_digit() || c == '.'))
}

fn redacted_word(word: &str) -> String {
    let core = word.trim_matches(|c: char| matches!(c, '(' | ')' | ',' | ';' | '.' | '`'));
    let is_version = core.contains('.') && core.chars().all(|c| c.is_ascii_digit() || c == '.');
    let unit = core.trim_end_matches("ms").trim_end_matches('s').trim_end_matches("µ");
    let is_time = unit.len() < core.len() && !unit.is_empty() && unit.chars().all(|c| c.is_ascii_digit() || c == '.');
    match core.rsplit_once(':') {
        _ if is_version || is_time => word.replace(core, "#"),
        Some((host, port))
            if !port.is_empty() && port.chars().all(|c| c.is_ascii_digit()) && host.ends_with("127.0.0.1") =>
        {
            word.replace(port, "#")
        }
        _ => word.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::{excerpt, redacted};
    use crate::chapter::Excerpt;

    #[test]
    fn times_and_versions_do_not_count() {
        let check = |a: &str, b: &str, same: bool| assert_eq!(redacted(a) == redacted(b), same, "{a} / {b}");
        check("runs on      node 26.10", "runs on   node 24.21", true);
        check("took 12 ms", "took 9.5 ms", true);
        check("took 12ms (1.5s)", "took 9ms (2s)", true);
        check("http://127.0.0.1:8080", "http://127.0.0.1:81", true);
        check("add = [i32:5]", "add = [i32:6]", false);
        check("15 imports", "16 imports", false);
        check("runs on node 26.10", "does not run on node 26.10", false);
    }

    #[test]
    fn an_excerpt_counts_what_it_leaves_out() {
        let text = "a\nb\nc\nab\n";
        let check = |shown: Excerpt, lines: &[&str], left: usize| {
            assert_eq!(excerpt(text, &shown), (lines.iter().map(|l| (*l).to_owned()).collect(), left));
        };
        check(Excerpt::default(), &["a", "b", "c", "ab"], 0);
        check(Excerpt { lines: Some((2, 3)), matching: Vec::new() }, &["b", "c"], 2);
        check(Excerpt { lines: None, matching: vec!["a".into()] }, &["a", "ab"], 2);
    }
}
