//! The values of `--output`, and how rows are grouped.

use std::ffi::OsString;

use anyhow::Result;
use clap::builder::{PossibleValue, PossibleValuesParser, TypedValueParser};
use wasmlab_model::report::{Failure, RunReport};
use wasmlab_report::{ALL, GroupBy, RenderOptions, Renderer, find, table};

use super::output;
use crate::exit;

/// Options of every command that shows a report.
#[derive(Clone, Copy, Debug, clap::Args)]
pub struct FormatArgs {
    /// Format of the report on stdout
    #[arg(long = "output", value_name = "FORMAT", value_parser = parser())]
    renderer: Option<Renderer>,
}

/// The formats of a command that shows no report.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
enum TextOrJson {
    /// For a terminal.
    Text,
    /// One JSON object.
    Json,
}

/// Option of the commands that print text or JSON.
#[derive(Clone, Copy, Debug, clap::Args)]
pub struct TextOrJsonArgs {
    /// Output format
    #[arg(long, value_enum, value_name = "FORMAT", default_value_t = TextOrJson::Text)]
    output: TextOrJson,
}

impl TextOrJsonArgs {
    /// Whether to print JSON.
    #[must_use]
    pub fn is_json(self) -> bool {
        self.output == TextOrJson::Json
    }
}

/// Options of the commands that run cells and then show the report.
#[derive(Clone, Copy, Debug, clap::Args)]
pub struct RunFormatArgs {
    #[command(flatten)]
    format: FormatArgs,
    /// Show every column and every explanation (same as --output table)
    #[arg(long, conflicts_with = "renderer")]
    full: bool,
}

impl RunFormatArgs {
    /// The selected format, or else this one.
    #[must_use]
    pub fn or(self, default: Renderer) -> FormatArgs {
        self.format.or(if self.full { table::RENDERER } else { default })
    }
}

impl FormatArgs {
    /// The selected format, or else this one.
    #[must_use]
    pub fn or(self, default: Renderer) -> Self {
        Self { renderer: self.renderer.or(Some(default)) }
    }

    /// Renders a report to stdout.
    ///
    /// # Errors
    /// If stdout cannot be written.
    pub fn show(self, report: &RunReport, by: GroupBy) -> Result<()> {
        let renderer = self.renderer.unwrap_or(ALL[0]);
        output::print_rendered(&renderer.text(report, RenderOptions { group_by: by, ..output::render_options() }))
    }
}

/// A subcommand whose help names the format that it prints by default.
pub fn with_default(command: clap::Command) -> clap::Command {
    let default = match command.get_name() {
        "run-all" | "merge" => "overview",
        "check" => "answer",
        "suite" => "suite",
        _ => "table",
    };
    if !command.get_arguments().any(|argument| argument.get_id() == "renderer") {
        return command;
    }
    command
        .mut_arg("renderer", |argument| argument.help(format!("Format of the report on stdout [default: {default}]")))
}

fn parser() -> impl TypedValueParser<Value = Renderer> {
    let values = ALL.iter().map(|r| PossibleValue::new(r.id).help(r.about));
    PossibleValuesParser::new(values).map(|id| find(&id).copied().unwrap_or(ALL[0]))
}

/// Whether the user wants JSON on stdout. Reads the raw arguments, because this must be known even if they are invalid.
#[must_use]
pub fn is_json(arguments: &[OsString]) -> bool {
    let of_lab: Vec<&str> = arguments.iter().map_while(|a| a.to_str().filter(|text| *text != "--")).collect();
    let has = |argument| of_lab.contains(&argument);
    has("--output=json") || has("--json") || of_lab.windows(2).any(|pair| pair == ["--output", "json"])
}

/// Writes to stdout why there is no report (exit codes 2, 3 and 4), for programs that read it. If something was already
/// printed, that is the document, and the exit code must suffice.
pub fn show_failure(code: u8, message: &str) {
    if !matches!(code, exit::USAGE | exit::INTERNAL_ERROR | exit::NO_CELLS_RUN) || output::has_printed() {
        return;
    }
    let text = serde_json::to_string_pretty(&Failure::new(code, message)).unwrap_or_default();
    // stderr already has the message if this fails.
    let _ = output::print(&(text + "\n"));
}

/// Option of the commands that show a report of `run-all`.
#[derive(Clone, Copy, Debug, clap::Args)]
pub struct GroupingArgs {
    /// Group the rows by family (one program, built by several routes) or by route (a toolchain and its target)
    #[arg(long, value_enum, default_value_t = RowGrouping::Family)]
    by: RowGrouping,
}

impl GroupingArgs {
    /// The corresponding value of the renderers.
    #[must_use]
    pub fn group_by(self) -> GroupBy {
        match self.by {
            RowGrouping::Family => GroupBy::Family,
            RowGrouping::Route => GroupBy::Route,
        }
    }
}

/// How to group the rows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
enum RowGrouping {
    /// By family: a program and all routes that build it.
    Family,
    /// By route: a toolchain's target and all programs that it builds.
    Route,
}

#[cfg(test)]
mod tests {
    use super::is_json;

    #[test]
    fn json_option_counts_only_before_guest_arguments() {
        let check = |line: &str, expected: bool| {
            let arguments: Vec<_> = line.split(' ').map(Into::into).collect();
            assert_eq!(is_json(&arguments), expected, "{line}");
        };
        check("xtask run-all --output json", true);
        check("xtask check --output=json a.wasm", true);
        check("xtask inspect a.wasm --json", true);
        check("xtask report --output table", false);
        check("xtask check a.wasm -- --output json", false);
        check("xtask check json --output", false);
    }
}
