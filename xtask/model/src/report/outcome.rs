//! How the result of a cell compares to an earlier one: one rule for snapshots and for reports.

use wasmlab_protocol::Stage;

use super::Cell;
use crate::codes::{Blame, Code, same_blame};
use crate::verdict::{Change, Verdict};
use crate::version;

/// The result of a cell, as far as results are compared.
#[derive(Clone, Copy, Debug)]
pub struct Outcome<'a> {
    /// The verdict.
    pub verdict: Verdict,
    /// The last stage that the guest entered.
    pub stage: Option<Stage>,
    /// The reason for the verdict.
    pub code: Option<Code>,
    /// Who is blamed.
    pub blame: &'a [Blame],
    /// The import, function or proposal concerned.
    pub subject: Option<&'a str>,
    /// The switches that the pass needs.
    pub switches: &'a [String],
    /// The version of the runtime; empty if it is unknown.
    pub version: &'a str,
}

impl Outcome<'_> {
    /// Whether everything except version and blame is equal, which is what a single observation determines: blame
    /// depends on the whole row.
    #[must_use]
    pub fn same_but_blame(&self, other: &Self) -> bool {
        (self.verdict, self.stage, self.code, self.subject, self.switches)
            == (other.verdict, other.stage, other.code, other.subject, other.switches)
    }

    /// Whether everything except the version is equal; unknown blame equals any blame.
    #[must_use]
    pub fn same_result(&self, other: &Self) -> bool {
        self.same_but_blame(other) && same_blame(self.blame, other.blame)
    }

    /// How this result compares to an earlier one.
    #[must_use]
    pub fn change_since(&self, before: &Self) -> Change {
        if self.same_result(before) {
            return Change::Same;
        }
        // An escape is never excused by an earlier failure, nor by the version.
        if self.code == Some(Code::SandboxEscape) && before.code != self.code {
            return Change::Worse;
        }
        let change = match (before.verdict, self.verdict) {
            // A pass that now needs a switch, no longer needs one, or needs another.
            (Verdict::Pass, Verdict::Pass) => match (before.switches.is_empty(), self.switches.is_empty()) {
                (true, false) => Change::Worse,
                (false, true) => Change::FixedGap,
                _ => Change::Different,
            },
            (_, Verdict::Pass) => Change::FixedGap,
            // What the lab does not attempt says nothing about guest and runtime.
            (_, Verdict::NotAttempted) => Change::Different,
            (Verdict::Pass, _) => Change::Worse,
            // It was wrong before.
            (Verdict::Fail, _) => Change::Different,
            (_, Verdict::Fail) => Change::Worse,
            _ => Change::Different,
        };
        // A result that only newer versions have is no regression of an older one.
        let is_older = !self.version.is_empty() && version::compare(self.version, before.version).is_lt();
        if change == Change::Worse && is_older { Change::Different } else { change }
    }
}

impl Cell {
    /// What is compared of this cell, measured with this version of its runtime.
    #[must_use]
    pub fn outcome<'a>(&'a self, version: &'a str) -> Outcome<'a> {
        Outcome {
            verdict: self.verdict,
            stage: self.stage,
            code: self.code,
            blame: &self.blame,
            subject: self.subject.as_deref(),
            switches: &self.switches,
            version,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Outcome;
    use crate::codes::Code;
    use crate::verdict::{Change, Verdict};

    fn of(verdict: Verdict, code: Option<Code>, version: &str) -> Outcome<'_> {
        Outcome { verdict, code, stage: None, blame: &[], subject: None, switches: &[], version }
    }

    #[test]
    fn changes_depend_on_both_results_and_on_the_versions() {
        let pass = (Verdict::Pass, None);
        let trap = (Verdict::Gap, Some(Code::Trap));
        let wrong_exit = (Verdict::Fail, Some(Code::WrongExit));
        let wrong_output = (Verdict::Fail, Some(Code::WrongOutput));
        let escape = (Verdict::Fail, Some(Code::SandboxEscape));
        let not_attempted = (Verdict::NotAttempted, None);
        for (before, now, change) in [
            (pass, trap, Change::Worse),
            (trap, wrong_exit, Change::Worse),
            (wrong_exit, wrong_output, Change::Different),
            (wrong_exit, trap, Change::Different),
            (wrong_exit, escape, Change::Worse),
            (escape, wrong_exit, Change::Different),
            (pass, not_attempted, Change::Different),
            (not_attempted, trap, Change::Different),
            (wrong_exit, pass, Change::FixedGap),
        ] {
            let seen = of(now.0, now.1, "1.0").change_since(&of(before.0, before.1, "1.0"));
            assert_eq!(seen, change, "{before:?} {now:?}");
        }
        let on = |version, change| {
            let seen = of(trap.0, trap.1, version).change_since(&of(pass.0, pass.1, "1.0"));
            assert_eq!(seen, change, "{version}");
        };
        on("1.1", Change::Worse);
        on("0.9", Change::Different);
        on("", Change::Worse);
    }
}
