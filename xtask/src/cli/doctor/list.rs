//! The lists of `doctor`: one line per tool where it fits.

use std::collections::BTreeSet;

use wasmlab_report::text;

/// Whether a tool can be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ToolState {
    /// It is installed.
    Ok,
    /// It is installed, with a known problem.
    Warning,
    /// The lab builds it when it is needed.
    ToBuild,
    /// It can be installed.
    Missing,
    /// It can be had nowhere.
    Unavailable,
}

impl ToolState {
    fn word(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Warning => "warning",
            Self::ToBuild => "to build",
            Self::Missing => "missing",
            Self::Unavailable => "no",
        }
    }
}

/// A tool.
#[derive(Clone, Debug)]
pub struct ToolRow {
    /// Whether it can be used.
    pub state: ToolState,
    /// Its name.
    pub name: String,
    /// Its version; empty if it is not installed.
    pub version: String,
    /// The path of its program; empty if it has none.
    pub program: String,
    /// What else to know, or how to install it; may be empty.
    pub about: String,
}

/// Width of the column for the state, characters.
const STATE: usize = 9;
/// Indentation of what does not fit into a tool's first line, characters.
const INDENT: usize = 11;
/// Widest columns for the name and for the version, characters; longer ones move the rest of their line.
const MAX_WIDTHS: (usize, usize) = (30, 20);

/// The heading, the tools, and how many of them are installed; empty without tools. A program is named only the first
/// time.
pub fn rendered(title: &str, rows: &[ToolRow], width: usize) -> String {
    if rows.is_empty() {
        return String::new();
    }
    let widest = |of: fn(&ToolRow) -> &str, max: usize| {
        rows.iter().map(|row| of(row).chars().count()).filter(|width| *width <= max).max().unwrap_or(0)
    };
    let widths = (widest(|row| &row.name, MAX_WIDTHS.0), widest(|row| &row.version, MAX_WIDTHS.1));
    let mut named = BTreeSet::new();
    let mut lines = String::new();
    for row in rows {
        let program = Some(row.program.as_str()).filter(|program| !program.is_empty() && named.insert(*program));
        lines += &line(row, program, widths, width);
    }
    format!("{title}\n{lines}{}\n\n", summary(rows, width))
}

fn line(row: &ToolRow, program: Option<&str>, (of_name, of_version): (usize, usize), width: usize) -> String {
    let indent = " ".repeat(INDENT);
    let first = format!("{:<STATE$}{:<of_name$}  ", row.state.word(), row.name);
    if row.version.is_empty() && row.program.is_empty() {
        return text::wrapped_between_words(width, &first, &indent, &row.about) + "\n";
    }
    let mut line = format!("{first}{:<of_version$}  {}", row.version, program.unwrap_or_default());
    if line.trim_end().chars().count() > width
        && let Some(program) = program
    {
        line = format!("{first}{}\n{indent}{program}", row.version);
    }
    let about = match row.about.as_str() {
        "" => String::new(),
        about => text::wrapped_between_words(width, &indent, &indent, about) + "\n",
    };
    format!("{}\n{about}", line.trim_end())
}

/// `3 of 5 installed; to build: wasmi; missing: zig`.
fn summary(rows: &[ToolRow], width: usize) -> String {
    let names = |states: &[ToolState]| -> Vec<String> {
        let of_states = rows.iter().filter(|row| states.contains(&row.state));
        // A name stays on one line.
        of_states.map(|row| row.name.replace(' ', NO_BREAK)).collect()
    };
    let installed = names(&[ToolState::Ok, ToolState::Warning]).len();
    let mut summary = format!("{installed} of {} installed", rows.len());
    let others =
        [("to build", ToolState::ToBuild), ("missing", ToolState::Missing), ("unavailable", ToolState::Unavailable)];
    for (what, state) in others {
        let names = names(&[state]);
        if !names.is_empty() {
            summary += &format!("; {what}: {}", names.join(", "));
        }
    }
    text::wrapped_between_words(width, "", "  ", &summary).replace(NO_BREAK, " ")
}

const NO_BREAK: &str = "\u{a0}";

#[cfg(test)]
mod tests {
    use super::{ToolRow, ToolState, rendered};

    fn row(state: ToolState, name: &str, version: &str, program: &str, about: &str) -> ToolRow {
        let [name, version, program, about] = [name, version, program, about].map(str::to_owned);
        ToolRow { state, name, version, program, about }
    }

    #[test]
    fn lines_fit_and_a_program_is_named_once() {
        let rows = [
            row(ToolState::Ok, "node", "26.10.0", "/usr/bin/node", ""),
            row(ToolState::Ok, "node+jco", "26.10.0, jco 1.35.0", "/usr/bin/node", ""),
            row(ToolState::Warning, "rust wasm32-unknown-emscripten-long", "rustc 1.96.0", "/bin/cargo", "old linker"),
            row(ToolState::Missing, "wazero", "", "", "install it with `brew install wazero`, or get it elsewhere"),
            row(ToolState::Unavailable, "rust wasm32-wasi", "", "", "renamed"),
        ];
        let expected = "\
runtimes
ok       node              26.10.0              /usr/bin/node
ok       node+jco          26.10.0, jco 1.35.0
warning  rust wasm32-unknown-emscripten-long  rustc 1.96.0
           /bin/cargo
           old linker
missing  wazero            install it with `brew install
           wazero`, or get it elsewhere
no       rust wasm32-wasi  renamed
3 of 5 installed; missing: wazero; unavailable:
  rust wasm32-wasi

";
        assert_eq!(rendered("runtimes", &rows, 62), expected);
        assert_eq!(rendered("runtimes", &[], 62), "");
    }
}
