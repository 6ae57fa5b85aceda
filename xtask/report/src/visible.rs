//! Makes control characters in guest text visible. Anything that could move a cursor, ring the bell, set the clipboard,
//! change the writing direction, or hide in a word without being seen, is shown as `\u001b`, which is also valid inside
//! JSON strings. The same holds for lines that a CI system would take for a command.

use std::borrow::Cow;
use std::path::Path;

use wasmlab_model::text::{escaped, is_control, push_escaped};

/// Colours that the lab itself prints; all other escape sequences are shown.
const STYLES: &[u8] = &[0, 1, 2, 4, 22, 30, 31, 32, 33, 34, 35, 36, 37, 39, 90, 91, 92, 93, 94, 95, 96, 97];

/// `text` as part of a line: line breaks and tabs are made visible too. For names, which may contain anything. A CI
/// command after a line break is harmless then: it no longer begins a line.
#[must_use]
pub fn on_line(text: &str) -> Cow<'_, str> {
    match escaped(text) {
        Cow::Borrowed(text) => without_commands(text),
        Cow::Owned(line) => Cow::Owned(without_commands(&line).into_owned()),
    }
}

/// How the lab displays a path. A file's name may contain anything, also line breaks.
pub trait VisiblePath {
    /// The path as [`on_line`] shows it.
    fn visible(&self) -> String;
}

impl VisiblePath for Path {
    fn visible(&self) -> String {
        on_line(&self.display().to_string()).into_owned()
    }
}

/// `text` with every control character made visible and without commands of CI systems; with `styled`, the lab's own
/// colours are kept.
#[must_use]
pub fn visible(text: &str, styled: bool) -> Cow<'_, str> {
    match controls(text, styled) {
        Cow::Borrowed(text) => without_commands(text),
        Cow::Owned(text) => match without_commands(&text) {
            Cow::Owned(text) => Cow::Owned(text),
            Cow::Borrowed(_) => Cow::Owned(text),
        },
    }
}

/// `text` in which no line is a command such as `::error::…` (GitHub's, at the beginning of a line), `##[error]…` or
/// `##vso[…]` (anywhere in it): the first character of a command is shown as its escape.
fn without_commands(text: &str) -> Cow<'_, str> {
    if !text.contains("::") && !text.contains("##") {
        return Cow::Borrowed(text);
    }
    let is_command = |line: &str| {
        let name = line.strip_prefix("::").filter(|rest| rest.starts_with(|c: char| c.is_ascii_alphabetic()));
        name.is_some_and(|rest| rest.contains("::"))
    };
    let mut out = String::with_capacity(text.len() + 16);
    for line in text.split_inclusive('\n') {
        let body = line.trim_start();
        out.push_str(&line[..line.len() - body.len()]);
        let mut rest = body;
        if is_command(body) {
            out.push_str("\\u003a");
            rest = &body[1..];
        }
        while let Some(at) = rest.find("##") {
            let (before, from) = rest.split_at(at);
            let name = from.trim_start_matches('#').trim_start_matches(|c: char| c.is_ascii_alphabetic());
            out.push_str(before);
            out.push_str(if name.starts_with('[') { "\\u0023" } else { "#" });
            rest = &from[1..];
        }
        out.push_str(rest);
    }
    Cow::Owned(out)
}

/// `text` with every control character made visible; with `styled`, the lab's own colours are kept.
#[must_use]
pub fn controls(text: &str, styled: bool) -> Cow<'_, str> {
    if !text.contains(is_control) {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len() + 16);
    let mut rest = text;
    while let Some(at) = rest.find(is_control) {
        let (before, from) = rest.split_at(at);
        out.push_str(before);
        let style = style(from).filter(|_| styled);
        let taken = style.map_or_else(|| from.chars().next().map_or(1, char::len_utf8), str::len);
        match style {
            Some(style) => out.push_str(style),
            None if from.starts_with("\r\n") => {}
            None => from.chars().take(1).for_each(|c| push_escaped(&mut out, c)),
        }
        rest = &from[taken..];
    }
    out.push_str(rest);
    Cow::Owned(out)
}

/// The sequence from [`STYLES`] at the start of `text`.
fn style(text: &str) -> Option<&str> {
    let (numbers, _) = text.strip_prefix("\u{1b}[")?.split_once('m')?;
    let known = |number: &str| number.parse().is_ok_and(|n: u8| STYLES.contains(&n));
    numbers.split(';').all(known).then(|| &text[..numbers.len() + 3])
}

#[cfg(test)]
mod tests {
    use super::{VisiblePath, on_line, visible};

    #[test]
    fn control_characters_become_visible_and_other_text_is_unchanged() {
        let check = |text: &str, styled: bool, expected: &str| assert_eq!(visible(text, styled), expected, "{text:?}");
        check("plain\ttext\nof two lines, ünïcödé 漢字 🦀", false, "plain\ttext\nof two lines, ünïcödé 漢字 🦀");
        check("a\u{1b}[2Jb", false, "a\\u001b[2Jb");
        check("a\u{1b}[2Jb", true, "a\\u001b[2Jb");
        check("\u{1b}]52;c;aGk=\u{7}", true, "\\u001b]52;c;aGk=\\u0007");
        check("\u{1b}[31mred\u{1b}[0m \u{1b}[1;32mgreen", true, "\u{1b}[31mred\u{1b}[0m \u{1b}[1;32mgreen");
        check("\u{1b}[31mred", false, "\\u001b[31mred");
        // Hidden text, and an unfinished sequence.
        check("\u{1b}[8mx\u{1b}[", true, "\\u001b[8mx\\u001b[");
        check("\0\u{7f}\u{9b}2J\u{202e}\u{2066}\u{200f}", false, "\\u0000\\u007f\\u009b2J\\u202e\\u2066\\u200f");
        check("a\u{200b}b\u{ad}c\u{115f}d\u{200d}", false, "a\\u200bb\\u00adc\\u115fd\\u200d");
        check("\u{e0041}", false, "\\udb40\\udc41");
        check("⚠\u{fe0f}", false, "⚠\u{fe0f}");
        check("over\rwritten\r\n", false, "over\\u000dwritten\n");
    }

    #[test]
    fn no_line_is_a_command_of_a_ci_system() {
        let check = |text: &str, expected: &str| {
            assert_eq!(visible(text, false), expected, "{text:?}");
            assert_eq!(visible(expected, false), expected);
        };
        check("::error::x", "\\u003a:error::x");
        check("a\n  ::set-env name=A::b\n", "a\n  \\u003a:set-env name=A::b\n");
        check("a ::error::x, std::fmt", "a ::error::x, std::fmt");
        check("::1 and ::fmt", "::1 and ::fmt");
        check("a ##[error]x ##vso[task.x]y ###[z", "a \\u0023#[error]x \\u0023#vso[task.x]y \\u0023\\u0023#[z");
        check("## Changed\n### a [b]", "## Changed\n### a [b]");
        // A control that hides a command is shown, and so is the command.
        check("\u{feff}::error::x", "\\ufeff::error::x");
    }

    #[test]
    fn names_stay_on_their_line() {
        assert_eq!(on_line("x\n  forged\tline\r\n\u{1b}[2J"), "x\\n  forged\\tline\\n\\u001b[2J");
        assert_eq!(on_line("wasi:http/types@0.2.0"), "wasi:http/types@0.2.0");
        // Names contain no commands, and escaping an escaped name changes nothing.
        for text in ["x\n::error::y", "x\\n::error::y", "::error::x\n::error::y", "x\n##[error]y"] {
            let shown = on_line(text).into_owned();
            assert_eq!(on_line(&shown), shown, "{text:?}");
            assert!(!shown.starts_with("::") && !shown.contains("##["), "{shown}");
        }
        assert_eq!(on_line("x\n::error::y"), "x\\n::error::y");
        let path = std::path::Path::new("a/b\n\u{1b}[31mruns\r\n.wasm");
        assert_eq!(path.visible(), "a/b\\n\\u001b[31mruns\\n.wasm");
    }

    #[test]
    fn no_control_character_survives() {
        let all: String = (0..0x3000).filter_map(char::from_u32).collect();
        for styled in [false, true] {
            let text = visible(&all, styled).into_owned();
            assert!(text.chars().all(|c| c == '\n' || c == '\t' || !c.is_control()), "{styled}");
            assert_eq!(visible(&text, styled), text);
        }
    }
}
