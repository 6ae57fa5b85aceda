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

#[cfg(test)]
mod tests {
    use super::{bytes, counted, cut, cut_with_size, form};

    #[test]
    fn numbers_other_than_one_have_a_plural() {
        let shown = [0_usize, 1, 2].map(|count| format!("{} {}", counted(count, "cell"), form(count, "runs", "run")));
        assert_eq!(shown, ["0 cells run", "1 cell runs", "2 cells run"]);
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
