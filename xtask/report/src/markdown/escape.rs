//! Text as Markdown that contains no markup of its own.

/// Escapes text of guests and runtimes so that it cannot become markup.
#[must_use]
pub fn escaped(text: &str) -> String {
    without_markup(text, false)
}

/// Also prevents mentions, references, formulas and, unless `links`, autolinks. GitHub detects those after resolving
/// escapes, so an empty comment must separate them.
fn without_markup(text: &str, links: bool) -> String {
    const PART: &str = "<!-- -->";
    let mut out = String::with_capacity(text.len() + 16);
    let mut before = ' ';
    for (at, c) in text.char_indices() {
        let rest = &text[at + c.len_utf8()..];
        let next = rest.chars().next().unwrap_or(' ');
        match c {
            '|' | '<' | '>' | '*' | '_' | '`' | '[' | ']' | '\\' | '~' | '&' => out.extend(['\\', c]),
            // On its own line, text could become a heading, a table or a list item.
            '\n' => out.push(' '),
            '$' => out += "<span>$</span>",
            '.' if !links && ends_with_www(&out) => out.extend([PART, "."]),
            // `types@0.2.0` is neither a mention nor an address.
            '@' if next.is_alphabetic() || next.is_alphanumeric() && !before.is_alphanumeric() => {
                out.extend(["@", PART])
            }
            '#' if next.is_ascii_digit() => out.extend(["#", PART]),
            ':' if !links && rest.starts_with("//") => out.extend([":", PART]),
            // `GH-12` is an issue.
            '-' if next.is_ascii_digit() && ends_with_gh(&out) => out.extend(["-", PART]),
            c if !before.is_alphanumeric() && is_commit(&text[at..]) => {
                out.push(c);
                out += PART;
            }
            c => out.push(c),
        }
        before = c;
    }
    out
}

/// Whether the first word may be the abbreviated hash of a commit.
fn is_commit(text: &str) -> bool {
    let word = text.split(|c: char| !c.is_alphanumeric()).next().unwrap_or_default();
    (7..=40).contains(&word.len())
        && word.bytes().all(|b| b.is_ascii_hexdigit())
        && word.bytes().any(|b| b.is_ascii_digit())
        && word.bytes().any(|b| b.is_ascii_alphabetic())
}

fn ends_with_gh(text: &str) -> bool {
    text.len().checked_sub(2).and_then(|at| text.get(at..)).is_some_and(|end| end.eq_ignore_ascii_case("gh"))
}

fn ends_with_www(text: &str) -> bool {
    text.len().checked_sub(3).and_then(|at| text.get(at..)).is_some_and(|end| end.eq_ignore_ascii_case("www"))
}

/// Escapes the lab's own sentences, but keeps code spans between backticks.
pub fn prose(text: &str) -> String {
    let text = text.replace('\n', " ");
    let parts: Vec<&str> = text.split('`').collect();
    // A backtick without a partner does not start a code span.
    if parts.len().is_multiple_of(2) {
        return escaped(&text);
    }
    // An underscore inside a word is not markup.
    let escape_words = |part: &str| {
        let text = without_markup(part, true).replace("\\_", "\u{0}");
        let chars: Vec<char> = text.chars().collect();
        let inner =
            |at: usize| at > 0 && [at - 1, at + 1].iter().all(|n| chars.get(*n).is_some_and(|c| c.is_alphanumeric()));
        let escape = |(at, c): (usize, &char)| match c {
            '\0' if inner(at) => "_".to_owned(),
            '\0' => "\\_".to_owned(),
            c => c.to_string(),
        };
        chars.iter().enumerate().map(escape).collect::<String>()
    };
    let shown = |(at, part): (usize, &&str)| if at % 2 == 0 { escape_words(part) } else { (*part).to_owned() };
    parts.iter().enumerate().map(shown).collect::<Vec<_>>().join("`")
}

/// A code span that is also valid in a table cell.
pub fn code_span(text: &str) -> String {
    if text.contains(['`', '\n']) { escaped(text) } else { format!("`{}`", text.replace('|', "\\|")) }
}
