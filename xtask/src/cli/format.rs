//! How a report is shown: the formats of the registry, as values of `--output`, and how rows are grouped.

use anyhow::Result;
use clap::builder::{PossibleValue, PossibleValuesParser, TypedValueParser};
use wasmlab_model::report::RunReport;
use wasmlab_report::{ALL, GroupBy, RenderOptions, Renderer, find};

use super::output;

/// Options that every command which shows a report has.
#[derive(Clone, Copy, Debug, clap::Args)]
pub struct Shown {
    /// How it is shown on stdout
    #[arg(long = "output", value_name = "FORMAT", value_parser = parser(), default_value = ALL[0].id)]
    renderer: Renderer,
}

impl Shown {
    /// Whether it is shown as for a terminal, where a sentence may follow.
    pub fn is_for_people(self) -> bool {
        self.renderer.id == ALL[0].id
    }

    /// Renders for stdout.
    ///
    /// # Errors
    /// When stdout cannot be written.
    pub fn show(self, report: &RunReport, by: GroupBy) -> Result<()> {
        output::print(&(self.renderer.render)(report, RenderOptions { by, ..output::render_options() }))
    }
}

fn parser() -> impl TypedValueParser<Value = Renderer> {
    let values = ALL.iter().map(|r| PossibleValue::new(r.id).help(r.about));
    PossibleValuesParser::new(values).map(|id| find(&id).copied().unwrap_or(ALL[0]))
}

/// Which rows stand together.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum Rows {
    /// One program through its routes
    Family,
    /// One route with its programs
    Route,
}

impl Rows {
    /// As the renderers have it.
    pub fn group_by(self) -> GroupBy {
        match self {
            Self::Family => GroupBy::Family,
            Self::Route => GroupBy::Route,
        }
    }
}
