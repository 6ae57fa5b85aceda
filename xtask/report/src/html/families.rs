//! Families side by side: each program by route, with the columns that run it and those that do not.

use wasmlab_model::facts::Facts;
use wasmlab_model::report::{Cell, RunReport, ScenarioInfo};
use wasmlab_model::text::bytes;
use wasmlab_model::verdict::Verdict;

use crate::GroupBy;
use crate::columns::{NameStyle, names};
use crate::library;
use crate::symbols::class_and_symbol;
use crate::text::rows;

/// Families shown first, because their routes differ most: what a guest can do with sockets.
const FIRST: &[&str] = &["tcp-echo", "http-server", "http-client", "threads"];

/// A family.
pub struct Family<'a> {
    /// Its name.
    pub name: &'a str,
    /// Its guests, by rank.
    pub steps: Vec<FamilyStep<'a>>,
}

/// A guest of a family.
pub struct FamilyStep<'a> {
    /// The row.
    pub scenario: &'a ScenarioInfo,
    /// Its displayed name.
    pub name: &'a str,
    /// Its ABIs.
    pub abis: String,
    /// Its size; empty if it was not built.
    pub size: String,
    /// The columns that run it with their defaults.
    pub runs: String,
    /// The columns that load it, if it is a library and nothing in it was run.
    pub loads: String,
    /// The columns that run it with a switch that is off by default.
    pub with_switch: String,
    /// Why the others do not run it.
    pub reasons: Vec<StepReason>,
}

/// A reason and its columns.
pub struct StepReason {
    /// The class that colours it.
    pub class: &'static str,
    /// Its symbol.
    pub symbol: char,
    /// The code.
    pub code: String,
    /// The columns; empty if the guest was not built.
    pub runtimes: String,
    /// Replaces their names if there are more than [`MAX_NAMED`]: `29 other columns`.
    pub short: String,
}

/// Maximum number of columns named.
const MAX_NAMED: usize = 8;

/// The families, the socket ladder first.
pub fn families(report: &RunReport) -> Vec<Family<'_>> {
    let mut families: Vec<Family> = Vec::new();
    for row in rows(report, GroupBy::Family) {
        let Some(scenario) = report.scenarios.iter().find(|s| s.name == row.scenario) else { continue };
        let step = FamilyStep { name: row.name, ..step(report, scenario, &row.cells) };
        match families.last_mut().filter(|family| family.name == row.group) {
            Some(family) => family.steps.push(step),
            None => families.push(Family { name: row.group, steps: vec![step] }),
        }
    }
    families.sort_by_key(|family| FIRST.iter().position(|name| *name == family.name).unwrap_or(FIRST.len()));
    families
}

/// `WASI 0.1, Emscripten`.
pub fn abis(facts: Option<&Facts>) -> String {
    let titles = facts.iter().flat_map(|facts| &facts.abis).map(|evidence| evidence.abi.title());
    titles.collect::<Vec<_>>().join(", ")
}

fn step<'a>(report: &'a RunReport, scenario: &'a ScenarioInfo, cells: &[&'a Cell]) -> FamilyStep<'a> {
    let guest = report.guest(&scenario.name);
    let named = |cells: &[&Cell]| {
        let ids: Vec<&str> = cells.iter().map(|cell| cell.runtime.as_str()).collect();
        names(report, &ids, NameStyle::Versions)
    };
    let pass = |switched: bool| -> Vec<&Cell> {
        let is_one =
            |cell: &&&Cell| cell.verdict == Verdict::Pass && !cell.only_loaded && cell.switches.is_empty() != switched;
        cells.iter().filter(is_one).copied().collect()
    };
    let mut groups: Vec<Vec<&Cell>> = Vec::new();
    for cell in cells.iter().filter(|cell| cell.code.is_some()) {
        match groups.iter_mut().find(|group| group[0].code == cell.code) {
            Some(group) => group.push(cell),
            None => groups.push(vec![cell]),
        }
    }
    // The largest group comes last, because it may be shortened to `29 other columns`.
    groups.sort_by_key(Vec::len);
    let passes = cells.iter().filter(|cell| cell.verdict == Verdict::Pass).count();
    let reasons = groups.iter().map(|group| (group, class_and_symbol(report, group[0])));
    let reasons = reasons.map(|(group, (class, symbol))| StepReason {
        class,
        symbol,
        code: group[0].code.map(|code| code.id().to_owned()).unwrap_or_default(),
        runtimes: if group[0].verdict == Verdict::NotBuilt { String::new() } else { named(group) },
        short: match group.len() {
            count if group[0].verdict == Verdict::NotBuilt || count <= MAX_NAMED => String::new(),
            count if groups.len() == 1 && passes == 0 => format!("all {count} columns"),
            count => format!("{count} other columns"),
        },
    });
    FamilyStep {
        scenario,
        name: &scenario.name,
        abis: abis(guest.and_then(|a| a.facts.as_ref())),
        size: guest.map(|a| bytes(a.bytes)).unwrap_or_default(),
        runs: named(&pass(false)),
        loads: named(&library::loaded(report, cells)),
        with_switch: named(&pass(true)),
        reasons: reasons.collect(),
    }
}
