//! Why a module does not run, and what would change that.

use super::{AnswerText, with_switches};
use crate::columns::{NameStyle, names};
use crate::table::{DIM, RED, YELLOW};
use crate::text::{self, ReasonGroup, blame};
use crate::visible::on_line;
use crate::{library, predicted};
use wasmlab_model::codes::Code;
use wasmlab_model::exports::listed;
use wasmlab_model::names::rest;
use wasmlab_model::report::{Cell, RunReport};
use wasmlab_model::verdict::Verdict;

/// Reasons shown; the rest are counted.
const MAX_REASONS: usize = 6;

impl<'a> AnswerText<'a> {
    /// The reasons, most informative first, each with its remedy.
    pub fn reasons(&mut self, module: &str) {
        let report = self.report;
        let mut reasons = self.reasons_of(module);
        reasons.sort_by_key(|(code, group)| reason_order(*code, group.cell));
        let shown = reasons.len().min(if reasons.len() > MAX_REASONS { MAX_REASONS - 1 } else { MAX_REASONS });
        let (mut shown_behind, mut shown_loaded) = (Vec::new(), false);
        for reason in reasons.iter().take(shown) {
            let (code, group) = reason;
            let behind = group.cell.next_obstacle_remedy.as_deref();
            let remedy = text::without_repetition(&mut shown_behind, self.remedy(*code, group.cell), behind);
            if let Some(exports) = library::exports_of_loaded(report, group.cell) {
                self.out.push('\n');
                let on = names(report, &group.runtimes, NameStyle::Versions);
                self.part(YELLOW, "loads on", &format!("{on}{}", with_switches(&group.cell.switches)));
                // Once is enough: only the switches differ.
                if std::mem::replace(&mut shown_loaded, true) {
                    continue;
                }
                self.part(DIM, "", &format!("{code}: it exports {}", on_line(&listed(exports))));
                self.arrow(&remedy);
                continue;
            }
            let (style, label) = match group.cell.verdict {
                Verdict::Fail => (RED, "fails on"),
                Verdict::NotBuilt => (YELLOW, "not built"),
                _ => (YELLOW, "does not"),
            };
            self.out.push('\n');
            if group.cell.verdict == Verdict::NotBuilt {
                self.part(style, label, &format!("{code}: {}", group.detail()));
            } else {
                self.part(style, label, &names(report, &group.runtimes, NameStyle::Versions));
                let stage = group.stage().map(|stage| format!(" at {stage}")).unwrap_or_default();
                let uncounted = uncounted(report, group.cell);
                let why =
                    format!("{code}{stage} ({}): {}{uncounted}", blame(report, *code, group.cell), group.detail());
                self.part(DIM, "", &why);
                if let Some(lacking) = predicted::lacking(group.cell) {
                    self.part(DIM, "", &lacking);
                }
            }
            self.arrow(&remedy);
        }
        if let Some(rest) = rest(reasons.len(), shown, "reason") {
            self.out.push('\n');
            self.part(DIM, "", &format!("{rest}: --full shows them"));
        }
    }

    /// The reasons of a module. Runtimes may name different missing imports of a module: with the same remedy, they are
    /// one reason. A library that some runtimes loaded and others only compiled has two reasons.
    fn reasons_of(&self, module: &str) -> Vec<(Code, ReasonGroup<'a>)> {
        let all = self.codes.iter().flat_map(|(code, groups)| groups.iter().map(move |group| (*code, group)));
        let mut reasons: Vec<(Code, ReasonGroup<'a>)> = Vec::new();
        for (code, group) in all.filter(|(_, group)| group.scenario == module) {
            for part in self.parts(group) {
                let is_loaded = |cell| library::exports_of_loaded(self.report, cell).is_some();
                let same = |(other, into): &&mut (Code, ReasonGroup<'a>)| {
                    if is_loaded(into.cell) && is_loaded(part.cell) {
                        return into.cell.switches == part.cell.switches;
                    }
                    code.is_about_imports()
                        && *other == code
                        && into.cell.blame == part.cell.blame
                        && uncounted(self.report, into.cell) == uncounted(self.report, part.cell)
                        && self.remedy(code, into.cell) == self.remedy(code, part.cell)
                };
                match reasons.iter_mut().find(same) {
                    Some((_, into)) => into.merge(&part),
                    None => reasons.push((code, part)),
                }
            }
        }
        reasons
    }

    /// The parts of a group that are described separately: the cells that loaded a library, the cells that do not
    /// count, and the others.
    fn parts(&self, group: &ReasonGroup<'a>) -> Vec<ReasonGroup<'a>> {
        let of_group = |c: &&Cell| c.scenario == group.scenario && group.runtimes.contains(&c.runtime.as_str());
        // The switches with which a library was loaded, and why a cell does not count.
        type Key<'a> = (Option<&'a [String]>, String);
        let mut parts: Vec<(Key<'a>, Vec<&'a Cell>)> = Vec::new();
        for cell in self.report.cells.iter().filter(of_group) {
            let loaded_with = library::exports_of_loaded(self.report, cell).map(|_| cell.switches.as_slice());
            let key = (loaded_with, uncounted(self.report, cell));
            match parts.iter_mut().find(|(other, _)| *other == key) {
                Some((_, cells)) => cells.push(cell),
                None => parts.push((key, vec![cell])),
            }
        }
        if parts.len() < 2 {
            return vec![group.clone()];
        }
        parts.iter().filter_map(|(_, cells)| group.limited_to(cells)).collect()
    }

    fn remedy<'t>(&'t self, code: Code, cell: &'t Cell) -> &'t str {
        let general = || self.report.text(code).map(|text| text.remedy.as_str());
        cell.remedy.as_deref().or_else(general).unwrap_or_default()
    }
}

/// Why a runtime does not count in the exit code of `check`.
fn uncounted(report: &RunReport, cell: &Cell) -> String {
    if !matches!(report.command.as_str(), "check" | "suite") || cell.required || !cell.lacks_guest_kind() {
        return String::new();
    }
    match &cell.missing_abi {
        Some(abi) => format!("; not counted, since it has no {abi} at all"),
        None => "; not counted, since it does not accept components".to_owned(),
    }
}

/// Sort key of a reason: wrong results before missing features, informative codes before well-known ones, late stages
/// before early ones.
fn reason_order(code: Code, cell: &Cell) -> (bool, bool, std::cmp::Reverse<Option<u8>>) {
    (cell.verdict != Verdict::Fail, code.explains_little(), std::cmp::Reverse(cell.stage.map(|stage| stage as u8)))
}
