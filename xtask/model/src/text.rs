//! Formats numbers and long texts for sentences.

use std::borrow::Cow;
use std::fmt::Display;

/// `1 column`, `2 columns`.
#[must_use]
pub fn counted<Number: Copy + Display + PartialEq + From<u8>>(count: Number, noun: &str) -> String {
    format!("{count} {noun}{}", form(count, "", "s"))
}

/// The form that a word has after this number.
#[must_use]
pub fn form<Number: PartialEq + From<u8>>(count: Number, one: &'static str, many: &'static str) -> &'static str {
    if count == Number::from(1) { one } else { many }
}

/// A size in readable form: `12.1 KiB`.
#[must_use]
pub fn bytes(bytes: u64) -> String {
    match bytes {
        0..1024 => format!("{bytes} B"),
        1024..1_048_576 => format!("{:.1} KiB", bytes as f64 / 1024.0),
        _ => format!("{:.1} MiB", bytes as f64 / 1_048_576.0),
    }
}

/// The text, or its first `max` characters and an ellipsis.
#[must_use]
pub fn cut(text: &str, max: usize) -> Cow<'_, str> {
    match text.char_indices().nth(max) {
        Some((end, _)) => Cow::Owned(format!("{}…", &text[..end])),
        None => Cow::Borrowed(text),
    }
}

/// Like [`cut`]; if the text was cut, its size follows.
#[must_use]
pub fn cut_with_size(text: &str, max: usize) -> Cow<'_, str> {
    match cut(text, max) {
        Cow::Owned(beginning) => Cow::Owned(format!("{beginning} ({} bytes in total)", text.len())),
        whole => whole,
    }
}

/// Whether a character has an effect of its own: C0 except line breaks and tabs, C1, writing direction controls, and
/// whatever Unicode lets a terminal ignore (`Default_Ignorable_Code_Point`, from DerivedCoreProperties.txt), except the
/// choice between text and emoji (U+FE0E, U+FE0F), which the lab's own symbols need.
#[must_use]
pub fn is_control(c: char) -> bool {
    match c {
        '\n' | '\t' | '\u{fe0e}' | '\u{fe0f}' => false,
        // Invisible line and paragraph separators.
        '\u{2028}' | '\u{2029}' => true,
        '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{115f}' | '\u{1160}' | '\u{17b4}' | '\u{17b5}' => true,
        '\u{180b}'..='\u{180f}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{206f}' => true,
        '\u{3164}' | '\u{fe00}'..='\u{fe0d}' | '\u{feff}' | '\u{ffa0}' | '\u{fff0}'..='\u{fffb}' => true,
        '\u{1bca0}'..='\u{1bca3}' | '\u{1d173}'..='\u{1d17a}' | '\u{e0000}'..='\u{e0fff}' => true,
        c => c.is_control(),
    }
}

/// Adds a character as JSON escapes it: `\u001b`, and two escapes for one beyond U+FFFF.
pub fn push_escaped(out: &mut String, c: char) {
    let mut units = [0; 2];
    c.encode_utf16(&mut units).iter().for_each(|unit| out.push_str(&format!("\\u{unit:04x}")));
}

/// A text on one line, with its line breaks, tabs and controls as escapes: `\n`, `\u001b`. For names, which may contain
/// anything.
#[must_use]
pub fn escaped(text: &str) -> Cow<'_, str> {
    if !text.contains(|c| matches!(c, '\n' | '\t') || is_control(c)) {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len() + 16);
    for c in text.replace("\r\n", "\n").chars() {
        match c {
            '\n' => out.push_str("\\n"),
            '\t' => out.push_str("\\t"),
            c if is_control(c) => push_escaped(&mut out, c),
            c => out.push(c),
        }
    }
    Cow::Owned(out)
}

#[cfg(test)]
mod tests {
    use super::{bytes, counted, cut, cut_with_size, escaped, form};

    #[test]
    fn numbers_other_than_one_have_a_plural() {
        let shown = [0_usize, 1, 2].map(|count| format!("{} {}", counted(count, "cell"), form(count, "runs", "run")));
        assert_eq!(shown, ["0 cells run", "1 cell runs", "2 cells run"]);
    }

    #[test]
    fn names_are_escaped_on_one_line() {
        let check = |text: &str, expected: &str| assert_eq!(escaped(text), expected, "{text:?}");
        check("m\n\t\u{1b}[32m\0\u{9b}\r é", "m\\n\\t\\u001b[32m\\u0000\\u009b\\u000d é");
        check("a\r\nb\u{202e}\u{200b}\u{e0041}", "a\\nb\\u202e\\u200b\\udb40\\udc41");
    }

    #[test]
    fn sizes_are_readable() {
        assert_eq!([41, 12_345, 5_000_000].map(bytes), ["41 B", "12.1 KiB", "4.8 MiB"]);
    }

    #[test]
    fn long_texts_are_cut_between_characters() {
        for (text, short, with_size) in
            [("", "", ""), ("äöü", "äöü", "äöü"), ("äöüß", "äöü…", "äöü… (8 bytes in total)")]
        {
            assert_eq!((cut(text, 3).as_ref(), cut_with_size(text, 3).as_ref()), (short, with_size));
        }
    }
}
