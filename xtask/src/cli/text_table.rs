//! Tables that fit the terminal. Names never break, so that they can be copied. Text is wrapped. If there is no room,
//! columns are omitted, the least important first.

use comfy_table::{ColumnConstraint, ContentArrangement, Table, Width, presets};

/// Gap between columns.
const GAP: u16 = 2;

/// A column.
#[derive(Clone, Copy, Debug)]
pub struct TableColumn {
    head: &'static str,
    /// Width to which text is wrapped before a column is omitted; `None` for names, which are never wrapped.
    wraps: Option<usize>,
    /// Order in which columns are omitted: the smallest number first, 0 never.
    leaves: u8,
}

/// A column of names, numbers or anything else that must not break.
pub const fn names(head: &'static str) -> TableColumn {
    TableColumn { head, wraps: None, leaves: 0 }
}

/// A column of text, wrapped to fewer than `wanted` characters only if no column is left that may be omitted.
pub const fn prose(head: &'static str, wanted: usize) -> TableColumn {
    TableColumn { head, wraps: Some(wanted), leaves: 0 }
}

impl TableColumn {
    /// The same column, omitted if there is not enough room, the smallest number first.
    pub const fn dropped_at(self, order: u8) -> Self {
        Self { leaves: order, ..self }
    }
}

/// The minimum width of a column, and the width it wants before another column is omitted for it.
fn span(index: usize, column: &TableColumn, rows: &[Vec<String>]) -> (usize, usize) {
    let cells = || rows.iter().filter_map(|row| row.get(index)).map(String::as_str).chain([column.head]);
    let longest = |texts: &mut dyn Iterator<Item = &str>| texts.map(|text| text.chars().count()).max().unwrap_or(0);
    let full = longest(&mut cells());
    let Some(enough) = column.wraps else { return (full, full) };
    let least = longest(&mut cells().flat_map(str::split_whitespace)).max(column.head.chars().count());
    (least, enough.clamp(least, full))
}

/// The lines of a table with these rows, each as long as `columns`, for a terminal of `width` characters.
pub fn table(width: usize, columns: &[TableColumn], rows: &[Vec<String>]) -> String {
    let spans: Vec<(usize, usize)> = columns.iter().enumerate().map(|(index, c)| span(index, c, rows)).collect();
    let mut shown: Vec<usize> = (0..columns.len()).collect();
    let gap = usize::from(GAP);
    while shown.iter().map(|index| spans[*index].1 + gap).sum::<usize>() > width + gap
        && let Some(out) = shown.iter().copied().filter(|i| columns[*i].leaves > 0).min_by_key(|i| columns[*i].leaves)
    {
        shown.retain(|index| *index != out);
    }
    let mut table = Table::new();
    table.load_style(presets::NOTHING);
    table.set_content_arrangement(ContentArrangement::Dynamic);
    // Remove the gap after the last column.
    table.set_width(u16::try_from(width + gap).unwrap_or(u16::MAX));
    table.set_header(shown.iter().map(|index| columns[*index].head));
    table.add_rows(rows.iter().map(|row| shown.iter().filter_map(|index| row.get(*index))));
    for (column, index) in table.column_iter_mut().zip(&shown) {
        column.set_padding((0, GAP));
        column.set_constraint(match columns[*index].wraps {
            None => ColumnConstraint::ContentWidth,
            Some(_) => {
                ColumnConstraint::LowerBoundary(Width::Fixed(u16::try_from(spans[*index].0 + gap).unwrap_or(u16::MAX)))
            }
        });
    }
    table.trim_fmt() + "\n"
}

#[cfg(test)]
mod tests {
    use super::{TableColumn, names, prose, table};

    const COLUMNS: [TableColumn; 3] = [names("name"), names("made by").dropped_at(1), prose("what it is", 12)];

    fn check(width: usize, expected: &str) {
        let row = |cells: [&str; 3]| cells.map(str::to_owned).to_vec();
        let rows =
            [row(["a-long-name-of-it", "@scope/some-compiler", "some words on what it is"]), row(["b", "c", ""])];
        assert_eq!(table(width, &COLUMNS, &rows), expected, "{width}");
    }

    #[test]
    fn names_never_wrap_and_the_least_important_column_is_omitted() {
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
