//! Positions and texts of the directives of a `.wast` file.

use wasmlab_model::text::cut;
use wast::token::Span;

/// The lines of a file.
pub struct Lines<'t> {
    text: &'t str,
    starts: Vec<usize>,
}

/// Maximum number of characters of an assertion in a message.
const MAX_TEXT: usize = 120;

impl<'t> Lines<'t> {
    /// Finds the lines of a text.
    pub fn of(text: &'t str) -> Self {
        let starts = std::iter::once(0).chain(text.match_indices('\n').map(|(at, _)| at + 1)).collect();
        Self { text, starts }
    }

    /// Line and column, from 1.
    pub fn position(&self, span: Span) -> (usize, usize) {
        let line = self.starts.partition_point(|start| *start <= span.offset());
        let start = self.starts.get(line.saturating_sub(1)).copied().unwrap_or_default();
        (line, span.offset() - start + 1)
    }

    /// The text of a directive, on one line, cut after some characters.
    pub fn text(&self, span: Span) -> String {
        let keyword = self.text.get(span.offset()..).unwrap_or_default();
        let (mut depth, mut quoted, mut escaped, mut shown) = (1_usize, false, false, String::from("("));
        for character in keyword.chars() {
            if shown.len() > 4 * MAX_TEXT || depth == 0 {
                break;
            }
            match character {
                _ if escaped => escaped = false,
                '\\' if quoted => escaped = true,
                '"' => quoted = !quoted,
                '(' if !quoted => depth += 1,
                ')' if !quoted => depth -= 1,
                _ => {}
            }
            shown.push(character);
        }
        let on_one_line = shown.split_whitespace().collect::<Vec<_>>().join(" ").replace(" )", ")");
        cut(&on_one_line, MAX_TEXT).into_owned()
    }
}
