//! Markdown for terminals: the subset that chapters use. Text is wrapped; without colours, code keeps its backticks.

use std::mem;

/// How text is rendered.
#[derive(Clone, Copy, Debug)]
pub struct Style {
    /// The width of the terminal, characters.
    pub width: usize,
    /// Whether colours are wanted.
    pub colour: bool,
}

/// The widest text: longer lines are hard to read.
const MAX_WIDTH: usize = 78;

const BOLD: &str = "\u{1b}[1m";
const CODE: &str = "\u{1b}[36m";
const PLAIN: &str = "\u{1b}[0m";

impl Style {
    /// A headline or a command.
    #[must_use]
    pub fn bold(self, text: &str) -> String {
        if self.colour { format!("{BOLD}{text}{PLAIN}") } else { text.to_owned() }
    }

    fn text_width(self) -> usize {
        self.width.clamp(20, MAX_WIDTH)
    }

    /// A chapter's text, line by line.
    #[must_use]
    pub fn prose(self, text: &str) -> Vec<String> {
        let text = without_comments(text);
        let mut lines = Vec::new();
        let mut paragraph = String::new();
        let mut indent = ("", "");
        let mut fenced = false;
        for line in text.lines() {
            if line.starts_with("```") {
                self.paragraph(&mut paragraph, indent, &mut lines);
                fenced = !fenced;
                continue;
            }
            if fenced {
                lines.push(format!("    {line}"));
                continue;
            }
            let is_row = line.starts_with('|');
            let item = line.strip_prefix("- ");
            if line.is_empty() || item.is_some() || is_row || line.starts_with('#') {
                self.paragraph(&mut paragraph, indent, &mut lines);
                indent = ("", "");
            }
            match item {
                Some(item) => {
                    indent = ("- ", "  ");
                    paragraph = item.to_owned();
                }
                None if line.is_empty() => lines.push(String::new()),
                None if line.starts_with('#') => lines.push(self.bold(line.trim_start_matches('#').trim())),
                None if is_row => lines.push(line.to_owned()),
                None => {
                    if !paragraph.is_empty() {
                        paragraph.push(' ');
                    }
                    paragraph += line.trim();
                }
            }
        }
        self.paragraph(&mut paragraph, indent, &mut lines);
        let lines = aligned(lines);
        let mut inside = Inside::default();
        lines
            .into_iter()
            .map(|line| if line.starts_with("    ") { line } else { self.spans(&line, &mut inside) })
            .collect()
    }

    fn paragraph(self, text: &mut String, (first, next): (&str, &str), lines: &mut Vec<String>) {
        let text = mem::take(text);
        if text.is_empty() {
            return;
        }
        let options = textwrap::Options::new(self.text_width())
            .initial_indent(first)
            .subsequent_indent(next)
            .break_words(false)
            .word_splitter(textwrap::WordSplitter::NoHyphenation);
        lines.extend(textwrap::wrap(&without_links(&text), options).into_iter().map(|line| line.into_owned()));
    }

    /// Code and emphasis within a line; both may continue on the next one.
    fn spans(self, line: &str, inside: &mut Inside) -> String {
        let mut out = String::new();
        if line.is_empty() {
            *inside = Inside::default();
            return out;
        }
        if self.colour && inside.code {
            out += CODE;
        } else if self.colour && inside.bold {
            out += BOLD;
        }
        let mut chars = line.chars().peekable();
        while let Some(c) = chars.next() {
            match c {
                '`' => {
                    inside.code = !inside.code;
                    match (self.colour, inside.code) {
                        (true, true) => out += CODE,
                        (true, false) => out += PLAIN,
                        (false, _) => out.push('`'),
                    }
                }
                '*' if !inside.code => {
                    if chars.peek() == Some(&'*') {
                        chars.next();
                        inside.bold = !inside.bold;
                        if self.colour {
                            out += if inside.bold { BOLD } else { PLAIN };
                        }
                    } else if chars.peek().is_some_and(|next| next.is_alphanumeric()) || inside.emphasis {
                        inside.emphasis = !inside.emphasis;
                    } else {
                        out.push('*');
                    }
                }
                c => out.push(c),
            }
        }
        if self.colour && (inside.code || inside.bold) {
            out += PLAIN;
        }
        out
    }
}

/// A command as it is shown: a long one continues on the next line, in a form that a shell accepts.
#[must_use]
pub fn command(text: &str) -> String {
    let mut lines: Vec<String> = Vec::new();
    for group in groups(text) {
        match lines.last_mut() {
            // The `$` in front and the backslash behind take four columns.
            Some(line) if line.chars().count() + 1 + group.chars().count() <= MAX_WIDTH - 4 => {
                line.push(' ');
                *line += &group;
            }
            Some(_) => lines.push(format!("    {group}")),
            None => lines.push(group),
        }
    }
    lines.join(" \\\n")
}

/// The words of a command; an option and its value stay together.
fn groups(text: &str) -> Vec<String> {
    let mut groups: Vec<String> = Vec::new();
    let mut takes_value = false;
    for word in words(text) {
        match groups.last_mut() {
            Some(option) if takes_value && !word.starts_with('-') => {
                option.push(' ');
                *option += word;
                takes_value = false;
            }
            _ => {
                takes_value = word.starts_with("--") && word.len() > 2 && !word.contains('=');
                groups.push(word.to_owned());
            }
        }
    }
    groups
}

/// The words of a command; quoted text is never split.
fn words(text: &str) -> Vec<&str> {
    let (mut words, mut start, mut quoted) = (Vec::new(), 0, false);
    for (at, c) in text.char_indices() {
        match c {
            '\'' => quoted = !quoted,
            ' ' if !quoted => {
                words.push(&text[start..at]);
                start = at + 1;
            }
            _ => {}
        }
    }
    words.push(&text[start..]);
    words
}

/// The spans that are open at the end of a line.
#[derive(Default)]
struct Inside {
    code: bool,
    bold: bool,
    emphasis: bool,
}

/// The text without comments `<!-- … -->`, such as claims.
#[must_use]
pub fn without_comments(text: &str) -> String {
    let mut out = String::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once("<!--") {
        out += before.trim_end_matches(' ');
        rest = after.split_once("-->").map_or("", |(_, after)| after);
        // A comment on a line of its own leaves no empty line.
        if out.ends_with('\n') {
            rest = rest.strip_prefix('\n').unwrap_or(rest);
        }
    }
    out + rest
}

/// `[text](address)` becomes `text`.
fn without_links(text: &str) -> String {
    let mut out = String::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('[') {
        let link = after.split_once("](").and_then(|(text, more)| Some((text, more.split_once(')')?.1)));
        match link.filter(|(text, _)| !text.contains('[')) {
            Some((text, more)) => {
                out += before;
                out += text;
                rest = more;
            }
            None => {
                out += before;
                out.push('[');
                rest = after;
            }
        }
    }
    out + rest
}

/// The rows of a table with aligned columns, without the line of dashes.
fn aligned(lines: Vec<String>) -> Vec<String> {
    let cells =
        |line: &str| -> Vec<String> { line.trim_matches('|').split('|').map(|cell| cell.trim().to_owned()).collect() };
    let mut out: Vec<String> = Vec::new();
    let mut table: Vec<Vec<String>> = Vec::new();
    for line in lines.into_iter().map(Some).chain([None]) {
        match line {
            Some(line) if line.starts_with('|') => {
                if !line.trim_matches(|c| matches!(c, '|' | '-' | ':' | ' ')).is_empty() {
                    table.push(cells(&line));
                }
            }
            line => {
                let columns = table.iter().map(Vec::len).max().unwrap_or(0);
                let width =
                    |column: usize| table.iter().filter_map(|row| row.get(column)).map(|c| c.chars().count()).max();
                let widths: Vec<usize> = (0..columns).map(|column| width(column).unwrap_or(0)).collect();
                for row in mem::take(&mut table) {
                    let padded = row.iter().zip(&widths).map(|(cell, width)| format!("{cell:<width$}"));
                    out.push(padded.collect::<Vec<_>>().join("  ").trim_end().to_owned());
                }
                out.extend(line);
            }
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::{Style, command};

    #[test]
    fn a_long_command_continues_as_a_shell_takes_it() {
        assert_eq!(command("cargo xtask learn"), "cargo xtask learn");
        let long = format!("cargo xtask check {} --expect-stdout 'hello, host' -- 1", "x".repeat(50));
        let shown = command(&long);
        assert_eq!(shown, format!("cargo xtask check {} \\\n    --expect-stdout 'hello, host' -- 1", "x".repeat(50)));
        let option = format!("cargo xtask check {} --runtime node --http", "x".repeat(45));
        assert_eq!(command(&option), format!("cargo xtask check {} \\\n    --runtime node --http", "x".repeat(45)));
        assert_eq!(shlex::split(&shown.replace("\\\n", "")), shlex::split(&long));
    }

    #[test]
    fn chapters_text_is_rendered_for_a_terminal() {
        let check = |colour: bool, text: &str, expected: &[&str]| {
            assert_eq!(Style { width: 30, colour }.prose(text), expected, "{text}");
        };
        check(false, "one two\nthree `code` **bold** *it* 2 * 3", &["one two three `code` bold", "it 2 * 3"]);
        check(true, "a `b` **c**", &["a \u{1b}[36mb\u{1b}[0m \u{1b}[1mc\u{1b}[0m"]);
        check(
            true,
            "`a long piece of code that wraps`",
            &["\u{1b}[36ma long piece of code that\u{1b}[0m", "\u{1b}[36mwraps\u{1b}[0m"],
        );
        check(
            false,
            "# Head\n\n- an item that is longer than a line\n- b\n",
            &["Head", "", "- an item that is longer than", "  a line", "- b"],
        );
        check(false, "It fails. <!-- claim: x y z -->\nNext [link](http://x).", &["It fails. Next link."]);
        check(false, "```wat\n(module *x*)\n```\n", &["    (module *x*)"]);
        check(false, "| a | long |\n|---|---|\n| cell | b |\n", &["a     long", "cell  b"]);
    }
}
