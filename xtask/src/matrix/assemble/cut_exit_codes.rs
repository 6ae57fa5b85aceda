//! Detects passes of guests whose exit code a runtime cut. A process has 8 bits for its exit code, so a command line shows
//! 256 as 0: a success, where the guest failed.

use wasmlab_model::codes::{Blame, Code};
use wasmlab_model::report::Cell;
use wasmlab_model::scenario::Scenario;
use wasmlab_model::verdict::Verdict;

/// What a process keeps of its exit code.
const MASK: i32 = 0xff;

/// Gives a pass the result of the columns that report the guest's whole exit code.
pub fn correct(cells: &mut [Cell], scenarios: &[Scenario]) {
    for Scenario { name, spec, .. } in scenarios.iter().filter(|scenario| !scenario.spec.expect.any_exit) {
        let is_cut = |cell: &&Cell| cell.scenario == *name && cell.exit_code.is_some_and(|code| code & !MASK != 0);
        let Some(whole) = cells.iter().find(is_cut).cloned() else { continue };
        let Some(code) = whole.exit_code.filter(|code| code & MASK == spec.expect.exit) else { continue };
        let passes = |cell: &&mut Cell| cell.scenario == *name && cell.verdict == Verdict::Pass;
        for cell in cells.iter_mut().filter(passes).filter(|cell| cell.exit_code.unwrap_or(0) == spec.expect.exit) {
            cell.detail = format!(
                "exit code {}, where the guest exits with {code} on {}: this runtime passes on only the lowest 8 bits",
                spec.expect.exit, whole.runtime
            );
            cell.verdict = Code::WrongExit.entry().verdict;
            cell.code = Some(Code::WrongExit);
            cell.blame = vec![Blame::Runtime];
            cell.remedy = Some("Exit with a code below 126, which every runtime passes on.".to_owned());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::correct;
    use wasmlab_model::codes::Code;
    use wasmlab_model::report::Cell;
    use wasmlab_model::scenario::Scenario;

    /// Checks the code of a pass beside a column that reports `whole`.
    fn check(expect: &str, whole: i32, wanted: Option<Code>) {
        let pass = crate::sample::cells().remove(0);
        let other = Cell { exit_code: Some(whole), code: Some(Code::WrongExit), ..pass.clone() };
        let mut cells = [pass, Cell { verdict: Code::WrongExit.entry().verdict, ..other }];
        let text = format!(
            "schema = 1\ntitle = \"t\"\nfamily = \"f\"\nroute = \"wat\"\nbuild = {{ toolchain = \"wat\", source = \"m.wat\" }}\n{expect}"
        );
        let spec = crate::scenario::parse(&text).unwrap();
        let name = cells[0].scenario.clone();
        correct(&mut cells, &[Scenario { name, dir: ".".into(), spec }]);
        assert_eq!(cells[0].code, wanted, "{expect} {whole}");
    }

    #[test]
    fn pass_with_a_cut_exit_code_is_none() {
        check("", 256, Some(Code::WrongExit));
        check("", -256, Some(Code::WrongExit));
        // Another code is not the same cut to 8 bits.
        check("", 1, None);
        check("", 257, None);
        check("[expect]\nany_exit = true\n", 256, None);
    }
}
