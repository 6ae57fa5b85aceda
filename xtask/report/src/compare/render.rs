//! A comparison as text, Markdown and JSON.

use std::fmt::Write;

use anstyle::Style;
use wasmlab_model::text::counted;
use wasmlab_model::verdict::Change;

use super::{CellChange, Comparison};
use crate::RenderOptions;
use crate::markdown::escaped;
use crate::table::{BOLD, DIM, GREEN, RED, YELLOW};
use crate::text::wrapped;
use crate::visible::{on_line, visible};

impl Comparison {
    /// For a terminal.
    #[must_use]
    pub fn text(&self, options: RenderOptions) -> String {
        let mut out = String::new();
        for (title, style, lines) in self.parts() {
            let title = format!("{title}: {}", lines.len());
            let title = if options.colour { format!("{style}{title}{style:#}") } else { title };
            let _ = writeln!(out, "{}{title}", if out.is_empty() { "" } else { "\n" });
            for line in lines {
                let _ = writeln!(out, "{}", wrapped(options.width, "  ", "    ", &on_line(&line)));
            }
        }
        if out.is_empty() {
            let _ = writeln!(out, "{}", self.nothing());
        }
        visible(&out, options.colour).into_owned()
    }

    /// For a pull request: what got worse is open, the rest folded.
    #[must_use]
    pub fn markdown(&self) -> String {
        let mut out = String::new();
        for (title, _, lines) in self.parts() {
            let is_open = matches!(title, "worse" | "guests that differ");
            let (begin, end) = if is_open {
                (format!("### {title}: {}\n", lines.len()), String::new())
            } else {
                (format!("<details><summary>{title}: {}</summary>\n", lines.len()), "\n</details>\n".to_owned())
            };
            let _ = writeln!(out, "{begin}");
            for line in lines {
                let _ = writeln!(out, "- {}", escaped(&on_line(&line)));
            }
            let _ = writeln!(out, "{end}");
        }
        if out.is_empty() {
            let _ = writeln!(out, "{}", self.nothing());
        }
        visible(&out, false).into_owned()
    }

    /// What is said if no difference was found.
    fn nothing(&self) -> String {
        match self.compared {
            0 => "nothing was compared: no cell was measured in both reports".to_owned(),
            compared => format!("nothing differs in {}", counted(compared, "cell")),
        }
    }

    /// For programs.
    #[must_use]
    pub fn json(&self) -> String {
        // Plain data, which always serialises.
        visible(&(serde_json::to_string_pretty(self).unwrap_or_default() + "\n"), false).into_owned()
    }

    /// The parts that have lines, most important first.
    fn parts(&self) -> Vec<(&'static str, Style, Vec<String>)> {
        let named = |scenario: &String| self.files.get(scenario).unwrap_or(scenario).clone();
        let cells = |change: Change| {
            let changed = self.cells.iter().filter(move |c| c.change == change);
            changed.map(|cell| line(cell, &named(&cell.scenario))).collect::<Vec<_>>()
        };
        let guests = self.guests.iter().map(|guest| format!("{}: {}", guest.guest, guest.sentence())).collect();
        let versions = self.runtimes.iter().map(|v| format!("{}: {} -> {}", v.runtime, v.before, v.after)).collect();
        let parts = [
            ("worse", RED, cells(Change::Worse)),
            ("another reason", YELLOW, cells(Change::Different)),
            ("better", GREEN, cells(Change::FixedGap)),
            ("guests that differ", BOLD, guests),
            ("runtimes of another version", BOLD, versions),
            ("new guests", DIM, self.added_guests.iter().map(named).collect()),
            ("guests that are gone", DIM, self.removed_guests.iter().map(named).collect()),
            ("runtimes with results only now", DIM, self.new_runtimes.clone()),
            ("runtimes without results now", DIM, self.gone_runtimes.clone()),
        ];
        parts.into_iter().filter(|(_, _, lines)| !lines.is_empty()).collect()
    }
}

fn line(cell: &CellChange, guest: &str) -> String {
    let with = cell.version.as_ref().map(|version| format!(" (with {} {version})", cell.runtime)).unwrap_or_default();
    // A pass has nothing to explain.
    let detail = if cell.change == Change::FixedGap { String::new() } else { format!(": {}", cell.detail) };
    format!("{guest} on {}: {}, was {}{with}{detail}", cell.runtime, cell.after, cell.before)
}
