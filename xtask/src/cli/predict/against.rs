//! Compares predictions with the cells of a report: disagreements first, so that they can be fixed one after another.

use std::collections::BTreeMap;
use std::path::Path;

use anyhow::Result;
use serde::Serialize;

use crate::cli::text_table::{names, prose};
use crate::cli::{common, output, report};
use crate::exit;
use crate::lab::Lab;
use crate::predictions::PredictableRun;
use wasmlab_model::facts::Facts;
use wasmlab_model::profile::Profile;
use wasmlab_model::report::{Cell, RunReport};
use wasmlab_model::scenario::Scenario;
use wasmlab_predict::Agreement;
use wasmlab_report::visible::{VisiblePath, on_line};
use wasmlab_runtimes as runtimes;

/// A cell whose prediction was compared with its result.
#[derive(Serialize)]
struct Compared {
    scenario: String,
    runtime: String,
    agreement: Agreement,
    predicted: String,
    observed: String,
}

/// Prints the comparison; the exit code is 1 if one contradicts.
pub fn run(lab: &Lab, profiles: &[Profile], file: &Path, json: bool) -> Result<u8> {
    let report = report::read(file)?;
    // A published report leaves out what predictions need.
    let is_short = |facts: &Facts| facts.abis.iter().any(|abi| abi.evidence.is_empty()) && !facts.imports.is_empty();
    if report.guests.iter().filter_map(|guest| guest.facts.as_ref()).any(is_short) {
        return common::usage(format!(
            "`{}` is a published report, which holds no evidence for ABIs: name the report.json of a run",
            file.visible()
        ));
    }
    let scenarios = common::scenarios(lab)?;
    let scenarios: BTreeMap<&str, &Scenario> = scenarios.iter().map(|s| (s.name.as_str(), s)).collect();
    let compared: Vec<Compared> =
        report.cells.iter().filter_map(|cell| compare(cell, &report, &scenarios, profiles)).collect();
    let count = |of: Agreement| compared.iter().filter(|c| c.agreement == of).count();
    let wrong = count(Agreement::Contradicts);
    if json {
        output::print_json(&compared)?;
    } else {
        let rows: Vec<Vec<String>> = [Agreement::Contradicts, Agreement::OtherSubject]
            .into_iter()
            .flat_map(|kind| compared.iter().filter(move |c| c.agreement == kind))
            .map(|c| vec![c.scenario.clone(), c.runtime.clone(), c.predicted.clone(), c.observed.clone()])
            .collect();
        if !rows.is_empty() {
            let columns = [names("scenario"), names("runtime"), prose("predicted", 20), prose("observed", 20)];
            output::print(&(output::table(&columns, &rows) + "\n"))?;
        }
        let share = |part: usize| 100.0 * part as f64 / compared.len().max(1) as f64;
        output::print(&format!(
            "{} cells: {} as predicted, {} that depend on the program alone, {} with a different subject or \
             switches, {} undecided ({:.1} %), {wrong} that contradict the prediction ({:.1} %)\n",
            compared.len(),
            count(Agreement::Same),
            count(Agreement::OwnResult),
            count(Agreement::OtherSubject),
            count(Agreement::Undecided),
            share(count(Agreement::Undecided)),
            share(wrong),
        ))?;
    }
    Ok(if compared.is_empty() {
        exit::NO_CELLS_RUN
    } else if wrong > 0 {
        exit::REGRESSION
    } else {
        exit::OK
    })
}

/// The comparison of a cell, if it was run and there is a profile of the same version.
fn compare(
    cell: &Cell,
    report: &RunReport,
    scenarios: &BTreeMap<&str, &Scenario>,
    profiles: &[Profile],
) -> Option<Compared> {
    let column = report.runtimes.iter().find(|runtime| runtime.id == cell.runtime)?;
    let version = column.tool.version.as_deref()?;
    let profile = profiles.iter().find(|p| p.runtime == cell.runtime && p.version == version)?;
    let scenario = scenarios.get(cell.scenario.as_str())?;
    let facts = report.guest(&cell.scenario)?.facts.as_ref()?;
    let asked = PredictableRun::of(&scenario.spec, runtimes::find(&cell.runtime)?, Ok(facts));
    let prediction =
        Some(asked.predict(profile, cell)).filter(|prediction| prediction.agreement != Agreement::NotRun)?;
    let observed = shown(cell.code.map_or(cell.verdict.id(), |code| code.id()), cell.subject.as_deref());
    Some(Compared {
        scenario: cell.scenario.clone(),
        runtime: cell.runtime.clone(),
        agreement: prediction.agreement,
        predicted: on_line(&prediction.summary()).into_owned(),
        observed,
    })
}

fn shown(word: &str, subject: Option<&str>) -> String {
    let subject = subject.map(|subject| format!(" {}", on_line(subject))).unwrap_or_default();
    format!("{word}{subject}")
}
