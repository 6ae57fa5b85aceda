//! Joins the reports of the parts of one run (`run-all --partition`) into the report that the whole run would have
//! given, times aside.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::time::Duration;

use jiff::Timestamp;

use super::{RFC_3339, compare_columns, next_steps};
use wasmlab_model::report::{CodeText, NoteKind, Partition, RunReport, RuntimeInfo, Selection};
use wasmlab_runtimes::{CUSTOM_BUILD, Runtime, custom_build};

/// A part: the name of its file, and its report.
pub type PartialReport = (String, RunReport);

/// The report of the whole run. Each scenario is judged by its own row, which is in one part; what needs several rows
/// is computed again.
///
/// # Errors
/// If a part is missing, occurs twice, or belongs to another run: another lab, system, selection, version of a runtime
/// or compiler, or other scenarios; or if a part does not have one cell for each of its scenarios on each runtime.
pub fn merge(mut parts: Vec<PartialReport>) -> Result<RunReport, String> {
    check_partitions(&parts)?;
    parts.sort_by_key(|(_, report)| report.selected.partition);
    for other in &parts[1..] {
        check_same(&parts[0], other)?;
    }
    check_scenarios(&parts)?;
    for (name, report) in &parts {
        // A part may have no scenario, if there are fewer scenarios than parts.
        let is_complete = || if report.scenarios.is_empty() { Ok(()) } else { report.check_completeness() };
        let found = report.check_consistency().and_then(|()| is_complete());
        found.map_err(|why| format!("`{name}` is not the report of a part: {why}"))?;
    }
    let (started, duration_ms) = times(&parts);
    let (_, mut whole) = parts.remove(0);
    for (_, part) in parts {
        whole.interrupted |= part.interrupted;
        whole.toolchains.extend(part.toolchains);
        whole.scenarios.extend(part.scenarios);
        whole.guests.extend(part.guests);
        whole.cells.extend(part.cells);
        whole.notes.extend(part.notes);
    }
    whole.selected.partition = None;
    (whole.started, whole.duration_ms) = (started, duration_ms);
    whole.scenarios.sort_by(|a, b| a.name.cmp(&b.name));
    whole.guests.sort_by(|a, b| a.scenario.cmp(&b.scenario));
    let columns: BTreeMap<&str, usize> = whole.runtimes.iter().enumerate().map(|(at, r)| (r.id.as_str(), at)).collect();
    let column = |id: &str| columns.get(id).copied();
    whole.cells.sort_by(|a, b| (&a.scenario, column(&a.runtime)).cmp(&(&b.scenario, column(&b.runtime))));
    whole.codes = CodeText::of(&whole.cells);
    whole.notes.retain(|note| !matches!(note.kind, NoteKind::NextStep | NoteKind::ColumnsDiffer));
    next_steps::join_prebuilt(&mut whole.notes);
    let adapters: Vec<Runtime> = whole.runtimes.iter().filter_map(adapter).collect();
    whole.notes.extend(compare_columns::differences(&adapters, &whole.runtimes, &whole.cells));
    whole.notes.extend(next_steps::steps(&whole));
    whole.notes.sort();
    whole.notes.dedup();
    Ok(whole)
}

/// The adapter of a column; for a custom build, the adapter of its base.
fn adapter(runtime: &RuntimeInfo) -> Option<Runtime> {
    match runtime.id.split_once(CUSTOM_BUILD) {
        Some((base, name)) => Some(custom_build(wasmlab_runtimes::find(base)?, name, PathBuf::new())),
        None => wasmlab_runtimes::find(&runtime.id).cloned(),
    }
}

/// Each part of one run is there once.
fn check_partitions(parts: &[PartialReport]) -> Result<(), String> {
    let mut seen: BTreeMap<Partition, &str> = BTreeMap::new();
    for (name, report) in parts {
        let Some(partition) = report.selected.partition else {
            return Err(format!("`{name}` is not a part of a run: `cargo xtask run-all --partition K/N` writes one"));
        };
        if let Some((first, file)) = seen.first_key_value()
            && first.of != partition.of
        {
            return Err(format!("`{file}` is partition {first}, `{name}` is {partition}: use the parts of one run"));
        }
        if let Some(file) = seen.insert(partition, name) {
            return Err(format!("`{file}` and `{name}` are both partition {partition}: give each part once"));
        }
    }
    let Some(first) = seen.keys().next() else { return Err("no report is given".to_owned()) };
    let all = (1..=first.of).map(|part| Partition { part, of: first.of });
    let missing: Vec<String> = all.filter(|part| !seen.contains_key(part)).map(|part| part.to_string()).collect();
    if missing.is_empty() {
        Ok(())
    } else {
        Err(format!("the reports of these partitions are missing: {}", missing.join(", ")))
    }
}

/// Fails unless both parts are of the same run.
fn check_same((first_name, first): &PartialReport, (name, report): &PartialReport) -> Result<(), String> {
    let differ = |what: &str, value: &str, first: &str| {
        Err(format!(
            "`{first_name}` and `{name}` are from different runs: {what} is {first} in the first and {value} in the second"
        ))
    };
    let machine = |report: &RunReport| format!("{} {}", report.machine.os, report.machine.arch);
    let globs = |report: &RunReport| {
        let Selection { scenarios, runtimes, partition: _ } = &report.selected;
        format!("{scenarios:?} on {runtimes:?}")
    };
    let baseline = |report: &RunReport| report.baseline.clone().unwrap_or_else(|| "none".to_owned());
    for (what, value, first_value) in [
        ("the command", report.command.clone(), first.command.clone()),
        ("the lab's version", report.machine.lab_version.clone(), first.machine.lab_version.clone()),
        ("the system", machine(report), machine(first)),
        ("the selection", globs(report), globs(first)),
        ("the baseline", baseline(report), baseline(first)),
    ] {
        if value != first_value {
            return differ(what, &value, &first_value);
        }
    }
    let version = |present: bool, version: &Option<String>| match version {
        Some(version) => version.clone(),
        None if present => "of an unknown version".to_owned(),
        None => "absent".to_owned(),
    };
    let columns = |report: &RunReport| -> Vec<(String, String)> {
        let of = |r: &RuntimeInfo| {
            (r.id.clone(), format!("{} {}", version(r.tool.present, &r.tool.version), r.constant_switches.join(" ")))
        };
        report.runtimes.iter().map(of).collect()
    };
    let (runtimes, first_runtimes) = (columns(report), columns(first));
    for ((id, version), (first_id, first_version)) in runtimes.iter().zip(&first_runtimes) {
        if id != first_id {
            return differ("a runtime", id, first_id);
        }
        if version != first_version {
            return differ(id, version.trim(), first_version.trim());
        }
    }
    if runtimes.len() != first_runtimes.len() {
        return differ("the number of runtimes", &runtimes.len().to_string(), &first_runtimes.len().to_string());
    }
    for (id, tool) in &report.toolchains {
        let Some(first_tool) = first.toolchains.get(id) else { continue };
        let found = version(tool.present, &tool.version);
        let first_version = version(first_tool.present, &first_tool.version);
        if found != first_version {
            return differ(id, &found, &first_version);
        }
    }
    Ok(())
}

/// The parts divide one list of scenarios: the position of a scenario determines its part.
fn check_scenarios(parts: &[PartialReport]) -> Result<(), String> {
    let mut place: BTreeMap<&str, (&str, Option<Partition>)> = BTreeMap::new();
    for (file, report) in parts {
        for scenario in &report.scenarios {
            if let Some((other, _)) = place.insert(&scenario.name, (file.as_str(), report.selected.partition)) {
                return Err(format!(
                    "the scenario {} is in `{other}` and in `{file}`: run all parts in one version of the scenarios",
                    scenario.name
                ));
            }
        }
    }
    let fits = |(at, (_, partition)): &(usize, &(&str, Option<Partition>))| partition.is_none_or(|p| p.contains(*at));
    if place.values().enumerate().all(|pair| fits(&pair)) {
        return Ok(());
    }
    let files: BTreeSet<&str> = parts.iter().map(|(file, _)| file.as_str()).collect();
    let files: Vec<&str> = files.into_iter().collect();
    Err(format!("{} were run on different sets of scenarios: run all parts from the same checkout", files.join(", ")))
}

/// The earliest start, and the time until the last end, milliseconds.
fn times(parts: &[PartialReport]) -> (String, u64) {
    let started = |report: &RunReport| report.started.parse().unwrap_or(Timestamp::UNIX_EPOCH);
    let end = |report: &RunReport| {
        started(report).checked_add(Duration::from_millis(report.duration_ms)).unwrap_or(Timestamp::MAX)
    };
    let first = parts.iter().map(|(_, report)| started(report)).min().unwrap_or(Timestamp::UNIX_EPOCH);
    let last = parts.iter().map(|(_, report)| end(report)).max().unwrap_or(first);
    let took = last.duration_since(first).as_millis();
    (first.strftime(RFC_3339).to_string(), u64::try_from(took).unwrap_or(u64::MAX))
}

#[cfg(test)]
mod tests {
    use super::{PartialReport, merge};
    use wasmlab_model::report::{Cell, Partition, RunReport};

    /// The sample report with every cell.
    fn whole() -> RunReport {
        let mut whole = crate::sample::report();
        let (first, cells) = (whole.cells[0].clone(), std::mem::take(&mut whole.cells));
        for row in &whole.scenarios {
            for column in &whole.runtimes {
                let found = cells.iter().find(|c| c.scenario == row.name && c.runtime == column.id);
                let missing = || Cell { scenario: row.name.clone(), runtime: column.id.clone(), ..first.clone() };
                whole.cells.push(found.cloned().unwrap_or_else(missing));
            }
        }
        whole
    }

    /// That report, divided.
    fn parts(of: u32) -> Vec<PartialReport> {
        let whole = whole();
        let part = |part| {
            let (mut report, partition) = (whole.clone(), Partition { part, of });
            let names: Vec<String> = whole.scenarios.iter().map(|s| s.name.clone()).collect();
            let has = |name: &str| names.iter().position(|n| n == name).is_some_and(|at| partition.contains(at));
            report.scenarios.retain(|s| has(&s.name));
            report.guests.retain(|a| has(&a.scenario));
            report.cells.retain(|c| has(&c.scenario));
            report.selected.partition = Some(partition);
            (format!("{part}.json"), report)
        };
        (1..=of).map(part).collect()
    }

    #[test]
    fn parts_in_any_order_are_the_whole() {
        let mut whole = whole();
        let merged = merge(parts(2).into_iter().rev().collect()).unwrap();
        assert_eq!((&merged.scenarios, &merged.cells), (&whole.scenarios, &whole.cells));
        assert_eq!((&merged.guests, &merged.codes), (&whole.guests, &super::CodeText::of(&whole.cells)));
        whole = merge(parts(1)).unwrap();
        assert_eq!(merged, whole);
    }

    #[test]
    fn parts_of_different_runs_are_not_joined() {
        let check = |change: &dyn Fn(&mut Vec<PartialReport>), expected: &str| {
            let mut parts = parts(2);
            change(&mut parts);
            let error = merge(parts).err().unwrap_or_else(|| panic!("merged, expected: {expected}"));
            assert!(error.contains(expected), "{error}");
        };
        let second = |change: fn(&mut RunReport)| move |parts: &mut Vec<PartialReport>| change(&mut parts[1].1);
        check(&|parts| parts.clear(), "no report is given");
        check(&|parts| _ = parts.pop(), "the reports of these partitions are missing: 2/2");
        check(
            &|parts| parts[1] = ("b.json".to_owned(), parts[0].1.clone()),
            "`1.json` and `b.json` are both partition 1/2",
        );
        check(&second(|r| r.selected.partition = None), "`2.json` is not a part of a run");
        check(&second(|r| r.selected.partition = Some(Partition { part: 2, of: 3 })), "use the parts of one run");
        check(
            &second(|r| r.machine.lab_version = "9".to_owned()),
            "are from different runs: the lab's version is 0.1.0 in the first and 9 in the second",
        );
        check(&second(|r| r.runtimes[0].tool.version = Some("9.9".to_owned())), " and 9.9");
        check(&second(|r| r.selected.runtimes.push("wasmi".to_owned())), "the selection is");
        check(&second(|r| _ = r.runtimes.pop()), "the number of runtimes");
        check(&second(|r| r.scenarios[0].name = "0".to_owned()), "were run on different sets of scenarios");
        check(
            &|parts| {
                let duplicate = parts[0].1.scenarios[0].clone();
                parts[1].1.scenarios.push(duplicate)
            },
            "is in `1.json` and in `2.json`",
        );
        let no_part = "`2.json` is not the report of a part: ";
        check(&second(|r| r.cells.clear()), &format!("{no_part}it has no cells"));
        check(&second(|r| _ = r.cells.pop()), &format!("{no_part}it has no cell for `"));
        check(&second(|r| r.cells.push(r.cells[0].clone())), &format!("{no_part}cells[4] (`"));
        check(
            &|parts| {
                let foreign = parts[0].1.cells[0].clone();
                parts[1].1.cells.push(foreign)
            },
            "its scenario is not in `scenarios`",
        );
    }
}
