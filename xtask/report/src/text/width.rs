//! The width of texts in terminal columns, and names shortened to a limit.

use std::borrow::Cow;

/// Maximum width of a name in a table, in terminal columns.
const MAX_NAME: usize = 40;

/// A name as tables show it: its middle is left out if it is long.
#[must_use]
pub fn short_name(name: &str) -> Cow<'_, str> {
    if display_width(name) <= MAX_NAME {
        return Cow::Borrowed(name);
    }
    // Keep both ends: the last characters contain the extension.
    let half = (MAX_NAME - 1) / 2;
    let beginning = taken(name.chars(), half);
    let end: String = taken(name.chars().rev(), half).chars().rev().collect();
    Cow::Owned(format!("{beginning}…{end}"))
}

/// The first characters, at most `width` columns wide.
fn taken(characters: impl Iterator<Item = char>, width: usize) -> String {
    let mut text = String::new();
    for character in characters {
        text.push(character);
        if display_width(&text) > width {
            text.pop();
            break;
        }
    }
    text
}

/// The width of a text in terminal columns.
#[must_use]
pub fn display_width(text: &str) -> usize {
    textwrap::core::display_width(text)
}

#[cfg(test)]
mod tests {
    use super::{display_width, short_name};

    #[test]
    fn long_names_lose_their_middle() {
        let check = |name: &str, expected: &str| assert_eq!(short_name(name), expected);
        check("app.wasm", "app.wasm");
        check(&format!("begin{}end.wasm", "x".repeat(60)), "beginxxxxxxxxxxxxxx…xxxxxxxxxxxend.wasm");
        // An ideograph takes two columns.
        let wide = "漢".repeat(30);
        assert_eq!((display_width(&wide), display_width(&short_name(&wide))), (60, 37));
    }
}
