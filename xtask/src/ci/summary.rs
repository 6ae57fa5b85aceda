//! The final summary: steps with durations, what was left out, number of tests.

use super::{StepOutcome, StepRun};

/// Tests counted in the output of test binaries.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tests {
    passed: u64,
    failed: u64,
}

impl Tests {
    /// Counts a line of output: `test result: ok. 37 passed; 0 failed; …`.
    pub fn read(&mut self, line: &str) {
        let Some(result) = line.trim_start().strip_prefix("test result: ") else { return };
        let number = |what: &str| {
            let before = result.split([';', '.']).find_map(|part| part.trim().strip_suffix(what))?;
            before.trim().parse::<u64>().ok()
        };
        self.passed += number("passed").unwrap_or(0);
        self.failed += number("failed").unwrap_or(0);
    }

    /// The last line of CI's output. A failed step counts as a failure even if it ran no tests.
    #[must_use]
    pub fn closing_line(self, ran: &[StepRun]) -> String {
        let bad = ran.iter().filter(|(_, end, _)| *end != StepOutcome::Done).count();
        let failed = if self.failed == 0 { bad as u64 } else { self.failed };
        format!("tests: {} passed, {failed} failed", self.passed)
    }
}

/// The steps with durations and outcomes, as rows of a table.
#[must_use]
pub fn rows(ran: &[StepRun]) -> Vec<Vec<String>> {
    let row = |(name, end, took): &StepRun| {
        let end = match end {
            StepOutcome::Done => String::new(),
            StepOutcome::Failed(why) => format!("FAILED: {why}"),
            StepOutcome::NotRun(need) => format!("not run: {need} failed"),
        };
        let seconds = took.as_secs();
        vec![name.clone(), format!("{:>2}:{:02}", seconds / 60, seconds % 60), end]
    };
    ran.iter().map(row).collect()
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::{StepOutcome, Tests, rows};

    #[test]
    fn tests_are_counted_across_binaries() {
        let mut tests = Tests::default();
        for line in [
            "test result: ok. 37 passed; 0 failed; 0 ignored; 0 measured; 0 filtered out; finished in 4.55s\n",
            "test result: FAILED. 1 passed; 2 failed; 0 ignored; 0 measured; 147 filtered out; finished in 0.15s\n",
            "test process::tests::a_test_result ... ok\n",
            "running 27 tests\n",
        ] {
            tests.read(line);
        }
        assert_eq!(tests.closing_line(&[]), "tests: 38 passed, 2 failed");
    }

    #[test]
    fn failed_step_without_tests_is_a_failure() {
        let mut tests = Tests::default();
        tests.read("test result: ok. 4 passed; 0 failed;");
        let ran = |end| ("fmt".to_owned(), end, Duration::from_secs(61));
        assert_eq!(tests.closing_line(&[ran(StepOutcome::Done)]), "tests: 4 passed, 0 failed");
        let failed = [ran(StepOutcome::Failed("no disk".to_owned()))];
        assert_eq!(tests.closing_line(&failed), "tests: 4 passed, 1 failed");
        assert_eq!(rows(&failed), [["fmt", " 1:01", "FAILED: no disk"]]);
    }
}
