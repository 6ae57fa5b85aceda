//! Lays out the text after the options of `--help` for the terminal's width. In the sources, these texts are wrapped at
//! 100 columns.

use wasmlab_report::text::wrapped;

/// The indentation of what follows an example that is too long for one line.
const HANGING: &str = "      ";
/// The smallest width of a comment beside its example, characters.
const MIN_COMMENT: usize = 24;

/// The text for this width: paragraphs are filled, and a comment beside an example stays in its column.
pub fn laid_out(text: &str, width: usize) -> String {
    let mut paragraph = String::new();
    let mut lines = Vec::new();
    for line in text.lines() {
        let starts_anew = line.is_empty() || line.starts_with([' ', '-']) || line.starts_with("Exit code ");
        if starts_anew {
            finish(&mut paragraph, width, &mut lines);
        }
        if line.is_empty() {
            lines.push(String::new());
        } else if line.starts_with(' ') {
            lines.push(indented(line, width));
        } else {
            // The heading of a list.
            let is_heading = line.ends_with(':') && paragraph.is_empty();
            if !paragraph.is_empty() {
                paragraph.push(' ');
            }
            paragraph.push_str(line);
            if is_heading {
                finish(&mut paragraph, width, &mut lines);
            }
        }
    }
    finish(&mut paragraph, width, &mut lines);
    lines.join("\n")
}

/// Moves the paragraph to the lines.
fn finish(paragraph: &mut String, width: usize, lines: &mut Vec<String>) {
    if !paragraph.is_empty() {
        lines.push(wrapped(width, "", "", paragraph));
        paragraph.clear();
    }
}

/// An example with its comment, or an item of a list.
fn indented(line: &str, width: usize) -> String {
    let text = line.trim_start();
    let indent = &line[..line.len() - text.len()];
    if line.chars().count() <= width {
        return line.to_owned();
    }
    if let Some(item) = text.strip_prefix("- ") {
        let (first, rest) = (format!("{indent}- "), format!("{indent}  "));
        return wrapped(width, &first, &rest, item);
    }
    // At least two spaces separate them, in most examples more.
    let comment = text.find("  ").map(|end| (&text[..end], text[end..].trim_start()));
    if let Some((command, comment)) = comment {
        let column = line.len() - comment.len();
        let beside = format!("{:column$}", format!("{indent}{command}"));
        if column + MIN_COMMENT <= width {
            let rest = " ".repeat(column);
            return wrapped(width, &beside, &rest, comment);
        }
        let below = wrapped(width, HANGING, HANGING, comment);
        return format!("{}\n{below}", wrapped(width, indent, HANGING, command));
    }
    wrapped(width, indent, HANGING, text)
}

#[cfg(test)]
mod tests {
    use super::laid_out;

    const TEXT: &str = "Examples:
  cargo xtask learn 4     open a chapter, by its number
  cargo xtask run a.wasm --with many --options that fill the line    # and a comment

The first line of a paragraph
and the second.

Exit code: 1 if it fails
Exit code 2:
  - an item of a list that is long";

    #[test]
    fn paragraphs_are_filled_and_comments_keep_their_column() {
        assert_eq!(laid_out(TEXT, 100).replace("paragraph and", "paragraph\nand"), TEXT);
        let narrow = "Examples:
  cargo xtask learn 4     open a chapter, by its
                          number
  cargo xtask run a.wasm --with many --options
      that fill the line
      # and a comment

The first line of a paragraph and the second.

Exit code: 1 if it fails
Exit code 2:
  - an item of a list that is long";
        assert_eq!(laid_out(TEXT, 50), narrow);
    }
}
