//! Tables of names and words that fit the terminal. Names are to be copied: they never break. Words are wrapped,
//! and what there is no room for is left out, the least important column first.

use crate::report::words;

/// Between two columns.
const GAP: usize = 2;

/// A column.
#[derive(Clone, Copy, Debug)]
pub struct Column {
    head: &'static str,
    /// To how many characters words are wrapped before a column is left out; `None` for names, which stay whole.
    wraps: Option<usize>,
    /// When it is left out: the smallest number first, 0 never.
    leaves: u8,
}

/// Names, numbers, whatever must not break.
pub const fn names(head: &'static str) -> Column {
    Column { head, wraps: None, leaves: 0 }
}

/// Words, wrapped to fewer than `wanted` characters only where no column is left that may be left out.
pub const fn prose(head: &'static str, wanted: usize) -> Column {
    Column { head, wraps: Some(wanted), leaves: 0 }
}

impl Column {
    /// The same, left out where there is no room for all: those of the smallest number first.
    pub const fn leaves(self, order: u8) -> Self {
        Self { leaves: order, ..self }
    }
}

/// How wide a column may be.
#[derive(Clone, Copy)]
struct Span {
    /// Its longest word, or its head.
    least: usize,
    /// As many as its words want, before another column is left out for them.
    wanted: usize,
    /// Its longest cell.
    full: usize,
}

fn span(index: usize, column: &Column, rows: &[Vec<String>]) -> Span {
    let cells = || rows.iter().filter_map(|row| row.get(index)).map(String::as_str).chain([column.head]);
    let longest = |texts: &mut dyn Iterator<Item = &str>| texts.map(|text| text.chars().count()).max().unwrap_or(0);
    let full = longest(&mut cells());
    match column.wraps {
        None => Span { least: full, wanted: full, full },
        Some(wanted) => {
            let least = longest(&mut cells().flat_map(str::split_whitespace)).max(column.head.chars().count());
            Span { least, wanted: wanted.clamp(least, full), full }
        }
    }
}

/// The lines of a table with these rows, each as long as `columns`, in a terminal of `width` characters.
pub fn table(width: usize, columns: &[Column], rows: &[Vec<String>]) -> String {
    let spans: Vec<Span> = columns.iter().enumerate().map(|(index, column)| span(index, column, rows)).collect();
    let mut kept: Vec<usize> = (0..columns.len()).collect();
    let wanted = |kept: &[usize]| kept.iter().map(|i| spans[*i].wanted + GAP).sum::<usize>().saturating_sub(GAP);
    while wanted(&kept) > width
        && let Some(out) = kept.iter().copied().filter(|i| columns[*i].leaves > 0).min_by_key(|i| columns[*i].leaves)
    {
        kept.retain(|index| *index != out);
    }
    let mut widths: Vec<usize> = kept.iter().map(|index| spans[*index].least).collect();
    let mut spare = (width + GAP).saturating_sub(widths.iter().map(|width| width + GAP).sum());
    // First each gets what it wants, then the first of them what is left over.
    for goal in [|span: &Span| span.wanted, |span: &Span| span.full] {
        for (width, index) in widths.iter_mut().zip(&kept) {
            let more = spare.min(goal(&spans[*index]) - *width);
            *width += more;
            spare -= more;
        }
    }
    let heads: Vec<String> = columns.iter().map(|column| column.head.to_owned()).collect();
    let lines: Vec<String> = std::iter::once(&heads).chain(rows).map(|row| line(row, &kept, &widths)).collect();
    lines.concat()
}

/// One row, on as many lines as its longest words take.
fn line(row: &[String], kept: &[usize], widths: &[usize]) -> String {
    let cell = |(index, width): (&usize, &usize)| match row.get(*index) {
        Some(text) if text.chars().count() > *width => words::folded(*width, text),
        Some(text) => vec![text.clone()],
        None => Vec::new(),
    };
    let cells: Vec<Vec<String>> = kept.iter().zip(widths).map(cell).collect();
    let height = cells.iter().map(Vec::len).max().unwrap_or(0);
    let mut out = String::new();
    for at in 0..height {
        let mut line = String::new();
        for (cell, width) in cells.iter().zip(widths) {
            let text = cell.get(at).map_or("", String::as_str);
            line += &format!("{text:<width$}{:GAP$}", "");
        }
        out += line.trim_end();
        out.push('\n');
    }
    out
}

#[cfg(test)]
mod tests {
    use super::{Column, names, prose, table};

    const COLUMNS: [Column; 3] = [names("name"), names("made by").leaves(1), prose("what it is", 12)];

    fn check(width: usize, wanted: &str) {
        let row = |cells: [&str; 3]| cells.map(str::to_owned).to_vec();
        let rows =
            [row(["a-long-name-of-it", "@scope/some-compiler", "some words on what it is"]), row(["b", "c", ""])];
        assert_eq!(table(width, &COLUMNS, &rows), wanted, "{width}");
    }

    #[test]
    fn names_stay_whole_words_are_wrapped_and_the_least_important_column_goes() {
        check(
            80,
            "name               made by               what it is\n\
             a-long-name-of-it  @scope/some-compiler  some words on what it is\n\
             b                  c\n",
        );
        check(
            60,
            "name               made by               what it is\n\
             a-long-name-of-it  @scope/some-compiler  some words on what\n\
             \x20                                        it is\n\
             b                  c\n",
        );
        check(
            43,
            "name               what it is\n\
             a-long-name-of-it  some words on what it is\n\
             b\n",
        );
        check(
            20,
            "name               what it is\n\
             a-long-name-of-it  some words\n\
             \x20                  on what it\n\
             \x20                  is\n\
             b\n",
        );
    }
}
