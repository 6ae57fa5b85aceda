//! Detects exit codes that a runtime cut. A process has 8 bits for its exit code, so a command line shows 300 as 44,
//! and 256 as 0: a success, where the guest failed.

use wasmlab_model::codes::{Blame, Code};
use wasmlab_model::report::Cell;
use wasmlab_model::scenario::Scenario;
use wasmlab_model::subjects::EXIT_CODE;
use wasmlab_model::verdict::Verdict;

/// What a process keeps of its exit code.
const MASK: i32 = 0xff;
/// What wasmer keeps of it.
const WIDE_MASK: i32 = 0xffff;

/// Explains cells with a truncated exit code, if another column reports the guest's whole exit code. A pass that
/// depends on a truncated code does not count, and a guest that exits with the expected code is not to blame.
pub fn correct(cells: &mut [Cell], scenarios: &[Scenario]) {
    for Scenario { name, spec, .. } in scenarios.iter().filter(|scenario| !scenario.spec.expect.any_exit) {
        let expected = spec.expect.exit;
        let of_row = |cell: &Cell| cell.scenario == *name;
        // The least truncated code.
        let codes = cells.iter().filter(|cell| of_row(cell)).filter_map(|cell| Some((cell.exit_code?, &cell.runtime)));
        let whole =
            codes.filter(|(code, _)| code & !MASK != 0).max_by_key(|(code, _)| (*code < 0, *code > WIDE_MASK, *code));
        let Some((whole, runtime)) = whole.map(|(code, runtime)| (code, runtime.clone())) else { continue };
        for cell in cells.iter_mut().filter(|cell| of_row(cell)) {
            let exit_code = cell.exit_code.unwrap_or(0);
            let is_cut = exit_code != whole && (exit_code == whole & MASK || exit_code == whole & WIDE_MASK);
            let bits = if exit_code == whole & MASK { 8 } else { 16 };
            let is_pass = cell.verdict == Verdict::Pass && exit_code == expected;
            if !is_cut || !(is_pass || cell.code == Some(Code::WrongExit)) {
                continue;
            }
            cell.detail = format!(
                "the guest exits with {whole} on {runtime}; this runtime passes on only the lowest {bits} bits, {exit_code}; \
                 expected {expected}"
            );
            cell.subject = Some(EXIT_CODE.to_owned());
            cell.verdict = Code::WrongExit.entry().verdict;
            cell.code = Some(Code::WrongExit);
            if is_pass || whole == expected {
                cell.blame = vec![Blame::Runtime];
                cell.remedy = Some("Exit with a code below 126, which every runtime passes on.".to_owned());
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::correct;
    use wasmlab_model::codes::{Blame, Code};
    use wasmlab_model::report::Cell;
    use wasmlab_model::scenario::Scenario;

    /// Checks a cell with this exit code beside a column that reports `whole`: whom it blames, if it fails, and whether
    /// its detail names the whole code.
    fn check(expected: i32, exit_code: i32, whole: i32, wanted: (Option<Blame>, bool)) {
        let sample = crate::sample::cells().remove(0);
        let of = |exit: i32| {
            let code = Some(Code::WrongExit).filter(|_| exit != expected);
            let verdict = code.map_or(sample.verdict, |code| code.entry().verdict);
            let blame = code.map(|_| Blame::Guest).into_iter().collect();
            Cell { exit_code: Some(exit).filter(|exit| *exit != 0), code, verdict, blame, ..sample.clone() }
        };
        let mut cells = [of(exit_code), of(whole)];
        let text = format!(
            "schema = 1\ntitle = \"t\"\nfamily = \"f\"\nroute = \"wat\"\nbuild = {{ toolchain = \"wat\", source = \"m.wat\" \
             }}\n[expect]\nexit = {expected}\n"
        );
        let spec = crate::scenario::parse(&text).unwrap();
        let name = sample.scenario.clone();
        correct(&mut cells, &[Scenario { name, dir: ".".into(), spec }]);
        let names = cells[0].detail.contains(&format!("exits with {whole} on"));
        assert_eq!(
            (cells[0].blame.first().copied(), names),
            wanted,
            "{expected} {exit_code} {whole}: {}",
            cells[0].detail
        );
    }

    #[test]
    fn truncated_codes_are_explained() {
        // A pass that does not count.
        check(0, 0, 256, (Some(Blame::Runtime), true));
        check(0, 0, -256, (Some(Blame::Runtime), true));
        check(0, 0, 65_536, (Some(Blame::Runtime), true));
        // The guest exits with an unexpected code everywhere, or with the expected one that was cut.
        check(0, 44, 300, (Some(Blame::Guest), true));
        check(0, 65_535, -1, (Some(Blame::Guest), true));
        check(300, 44, 300, (Some(Blame::Runtime), true));
        // The other column's code is different, even when cut.
        check(0, 0, 1, (None, false));
        check(0, 0, 257, (None, false));
        check(0, 3, 300, (Some(Blame::Guest), false));
    }
}
