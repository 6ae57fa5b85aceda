//! The tables of capabilities as text, Markdown and CSV.

use super::super::output;
use super::super::text_table::{names, prose};
use super::tables::{self, CapabilityRow, Table, TableKind};
use wasmlab_model::profile::Profile;
use wasmlab_report::csv::line;
use wasmlab_report::markdown::{code_span, escaped};
use wasmlab_report::text::wrapped;

/// The word of each runtime for a capability, with the runtimes that it holds for.
fn by_word<'a>(row: &'a CapabilityRow, profiles: &'a [Profile]) -> Vec<(&'a str, Vec<&'a str>)> {
    let mut words: Vec<(&str, Vec<&str>)> = Vec::new();
    for (cell, profile) in row.cells.iter().zip(profiles).filter(|(cell, _)| !cell.is_empty()) {
        match words.iter_mut().find(|(word, _)| word == cell) {
            Some((_, runtimes)) => runtimes.push(&profile.runtime),
            None => words.push((cell, vec![&profile.runtime])),
        }
    }
    words
}

/// A paragraph for each capability: every runtime by its result.
pub fn detailed(table: &Table, profiles: &[Profile]) -> String {
    if table.rows.is_empty() {
        return without_rows(table);
    }
    let width = output::render_options().width;
    let mut shown = String::new();
    for row in &table.rows {
        shown += &format!("{} ({})\n", row.name, table.title);
        let mut words = by_word(row, profiles);
        words.sort_by_key(|(word, _)| (!table.kind.is_supported(word), *word == tables::NOT_TESTED));
        for (word, runtimes) in words {
            let word = match word {
                tables::NOT_TESTED => "not tested",
                "yes" => table.kind.success_heading(),
                word => word,
            };
            let first = format!("  {:<14} ", format!("{word}:"));
            shown += &(wrapped(width, &first, &" ".repeat(17), &runtimes.join(", ")) + "\n");
        }
        shown.push('\n');
    }
    shown.trim_end().to_owned() + "\n"
}

/// Whether a cell holds a result: an empty one does not apply to its runtime.
fn is_tested(cell: &str) -> bool {
    !cell.is_empty() && cell != tables::NOT_TESTED
}

fn without_rows(table: &Table) -> String {
    format!("{}\n\nnone of the selected runtimes was tested\n", table.title)
}

/// A line for each capability: where it works, and what the others do.
pub fn text(table: &Table, profiles: &[Profile]) -> String {
    if table.rows.is_empty() {
        return without_rows(table);
    }
    // Runtimes that were tested in few rows or in none are named once.
    let count = |at: usize, is_it: fn(&str) -> bool| table.rows.iter().filter(|row| is_it(&row.cells[at])).count();
    let (mut never, mut rarely): (Vec<&str>, Vec<&str>) = (Vec::new(), Vec::new());
    let has_none = |at: usize| table.rows.iter().map(|row| &row.cells[at]).all(|cell| table.kind.is_absence(cell));
    let mut without: Vec<&str> = Vec::new();
    for (at, profile) in profiles.iter().enumerate() {
        let (tested, not_tested) = (count(at, is_tested), count(at, |cell| cell == tables::NOT_TESTED));
        if tested == 0 && not_tested > 0 {
            never.push(&profile.runtime);
        } else if has_none(at) && table.rows.len() > 2 {
            without.push(&profile.runtime);
        } else if not_tested > tested {
            rarely.push(&profile.runtime);
        }
    }
    let mut notes = String::new();
    let named_once =
        [("none of them", &without), ("not tested", &never), ("tested only where a line names them", &rarely)];
    for (what, runtimes) in named_once {
        if !runtimes.is_empty() {
            let note = format!("{what}: {}", runtimes.join(", "));
            notes += &(wrapped(output::render_options().width, "", "  ", &note) + "\n");
        }
    }
    let rows: Vec<Vec<String>> = table
        .by_range()
        .iter()
        .map(|row| {
            let works = row.cells.iter().filter(|cell| !cell.is_empty() && table.kind.is_supported(cell)).count();
            let asked = row.cells.iter().filter(|cell| is_tested(cell)).count();
            let others: Vec<String> = by_word(row, profiles)
                .into_iter()
                .filter_map(|(word, mut on)| {
                    if table.kind.is_supported(word) {
                        on.retain(|runtime| rarely.contains(runtime));
                    } else if word == tables::NOT_TESTED {
                        on.retain(|runtime| !never.contains(runtime) && !rarely.contains(runtime));
                    } else {
                        on.retain(|runtime| !without.contains(runtime));
                    }
                    let word = if word == "yes" { table.kind.success_heading() } else { word };
                    (!on.is_empty()).then(|| format!("{word}: {}", on.join(", ")))
                })
                .collect();
            vec![row.name.clone(), format!("{works} of {asked}"), others.join("; ")]
        })
        .collect();
    // A specification's name has spaces, and long words of others need the room.
    let has_spaces = matches!(table.kind, TableKind::Imports | TableKind::Sockets);
    let first = if has_spaces { prose(table.kind.row_header(), 24) } else { names(table.kind.row_header()) };
    let columns = [first, names(table.kind.success_heading()), prose("other runtimes", 30)];
    let notes = if notes.is_empty() { notes } else { notes + "\n" };
    let heading = [table.title, table.kind.legend()].join("\n");
    let heading = wrapped(output::render_options().width, "", "", heading.trim_end());
    format!("{heading}\n\n{notes}{}", output::table(&columns, &rows))
}

/// A chart with capabilities in rows and runtimes in columns.
pub fn markdown(table: &Table, profiles: &[Profile]) -> String {
    let mut shown = format!("## {}\n\n", table.title);
    if !table.kind.legend().is_empty() {
        shown += &format!("{}\n\n", table.kind.legend());
    }
    shown += &format!("| {} |", table.kind.row_header());
    for profile in profiles {
        shown += &format!(" {} {} |", escaped(&profile.runtime), escaped(&profile.version));
    }
    shown += &format!("\n|---|{}\n", "---|".repeat(profiles.len()));
    for row in table.by_range() {
        let cells: Vec<String> = row.cells.iter().map(|cell| escaped(cell)).collect();
        shown += &format!("| {} | {} |\n", code_span(&row.name), cells.join(" | "));
    }
    shown
}

/// One line per table, capability and runtime.
pub fn csv(tables: &[Table], profiles: &[Profile]) -> String {
    let mut lines = String::from("table,capability,runtime,version,result\n");
    for table in tables {
        for row in &table.rows {
            for (cell, profile) in row.cells.iter().zip(profiles) {
                lines += &line([table.kind.id(), &row.name, &profile.runtime, &profile.version, cell].into_iter());
            }
        }
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::super::tables::{Table, TableKind, sample as table};
    use super::{csv, detailed, markdown, text};
    use wasmlab_model::profile::Profile;

    fn profiles() -> Vec<Profile> {
        let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../snapshots/profiles");
        let any = std::fs::read_dir(folder).unwrap().next().unwrap().unwrap().path();
        let any = Profile::from_json(&std::fs::read_to_string(any).unwrap()).unwrap();
        ["a", "b", "c"].map(|id| Profile { runtime: id.to_owned(), ..any.clone() }).to_vec()
    }

    #[test]
    fn names_and_results_add_neither_markup_nor_formulas() {
        let rows = [("a|`b", ["=1+1", "<b>", "yes"])];
        let (hostile, profiles) = (table(TableKind::Imports, &rows), profiles());
        let chart = markdown(&hostile, &profiles);
        assert!(chart.ends_with("| a\\|\\`b | =1+1 | \\<b\\> | yes |\n"), "{chart}");
        let lines = csv(&[hostile], &profiles);
        assert!(lines.lines().nth(1).is_some_and(|line| line.ends_with(",'=1+1")), "{lines}");
    }

    #[test]
    fn runtimes_that_were_seldom_tested_are_named_once() {
        let profiles = profiles();
        let rows = [("gc", ["yes", "with --gc", "?"]), ("simd", ["no", "?", "?"]), ("tail-call", ["yes", "?", "?"])];
        let proposals = table(TableKind::Proposals, &rows);
        let shown = text(&proposals, &profiles);
        assert!(shown.contains("\nnot tested: c\ntested only where a line names them: b\n"), "{shown}");
        assert!(!shown.contains('?') && shown.contains("1 of 2") && shown.contains("with --gc: b"), "{shown}");
        // It works on the runtime that is named only here.
        let shown = text(&table(TableKind::Proposals, &[("gc", ["no", "yes", "?"]), rows[1], rows[2]]), &profiles);
        assert!(shown.contains("no: a; works: b"), "{shown}");
        let gc = Table { rows: proposals.rows[..1].to_vec(), ..proposals };
        assert_eq!(detailed(&gc, &profiles), "gc (T)\n  works:         a\n  with --gc:     b\n  not tested:    c\n");
        let none = table(TableKind::Proposals, &[]);
        assert_eq!(detailed(&none, &profiles), text(&none, &profiles));
        assert_eq!(text(&none, &profiles), "T\n\nnone of the selected runtimes was tested\n");
    }
}
