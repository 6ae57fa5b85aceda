//! How many assertions of a `.wast` file hold on a runtime, and which do not.

use serde::{Deserialize, Serialize};

/// The assertions of a `.wast` file, or of a part of one, on one runtime.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Assertions {
    /// Number that hold.
    pub passed: u64,
    /// Number that do not hold.
    pub failed: u64,
    /// Number that the lab cannot check here.
    pub not_attempted: u64,
    /// The ones that do not hold, in file order; a report lists at most 100.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub failures: Vec<FailedAssertion>,
    /// Why assertions were not attempted, and how many for each reason.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub reasons: Vec<UnattemptedAssertions>,
}

/// The largest number of failures that a report lists for one cell.
pub const MAX_LISTED: usize = 100;

/// An assertion that does not hold.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct FailedAssertion {
    /// Its line in the `.wast` file, from 1.
    pub line: u64,
    /// The assertion and the actual result, on one line.
    pub detail: String,
}

/// Assertions that the lab cannot check on a runtime.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct UnattemptedAssertions {
    /// Number of assertions.
    pub count: u64,
    /// Why, one line.
    pub reason: String,
}

impl Assertions {
    /// This many assertions that are not attempted.
    #[must_use]
    pub fn not_attempted(count: u64, reason: impl Into<String>) -> Self {
        let mut all = Self::default();
        all.leave_out(count, &reason.into());
        all
    }

    /// The total number of assertions.
    #[must_use]
    pub fn total(&self) -> u64 {
        self.passed + self.failed + self.not_attempted
    }

    /// Counts an assertion that does not hold.
    pub fn fail(&mut self, line: u64, detail: String) {
        self.failed += 1;
        self.failures.push(FailedAssertion { line, detail });
    }

    /// Counts assertions that are not attempted.
    pub fn leave_out(&mut self, count: u64, reason: &str) {
        if count == 0 {
            return;
        }
        self.not_attempted += count;
        match self.reasons.iter_mut().find(|known| known.reason == reason) {
            Some(known) => known.count += count,
            None => self.reasons.push(UnattemptedAssertions { count, reason: reason.to_owned() }),
        }
    }

    /// Adds the assertions of another part of the file.
    pub fn add(&mut self, other: Self) {
        self.passed += other.passed;
        self.failed += other.failed;
        self.failures.extend(other.failures);
        for part in other.reasons {
            self.leave_out(part.count, &part.reason);
        }
    }
}
