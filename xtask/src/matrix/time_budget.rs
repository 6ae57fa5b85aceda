//! Time that the cells of several scenarios share on each runtime: the parts of a `.wast` file, each of which has a
//! limit of its own.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use wasmlab_model::verdict::NotAttempted;
use wasmlab_runtimes::{Runtime, Source};

/// The subject of cells that were not run because the time was used up.
pub const USED_UP: &str = "time-of-file";
/// Maximum time for starting a process; it does not count.
const STARTUP: Duration = Duration::from_millis(100);
/// The same for a browser.
const BROWSER_STARTUP: Duration = Duration::from_secs(1);

/// The time that groups of scenarios may take on each runtime, and have taken.
#[derive(Debug)]
pub struct TimeBudget {
    /// The group of each scenario.
    groups: BTreeMap<String, String>,
    /// Number of scenarios of each group.
    sizes: BTreeMap<String, u32>,
    limit: Duration,
    /// By group and runtime.
    spent: Mutex<BTreeMap<(String, String), Duration>>,
}

impl TimeBudget {
    /// For scenarios, each with its group. A group gets `limit` on each runtime, plus the time to start its processes.
    #[must_use]
    pub fn new(groups: impl IntoIterator<Item = (String, String)>, limit: Duration) -> Self {
        let groups: BTreeMap<String, String> = groups.into_iter().collect();
        let mut sizes: BTreeMap<String, u32> = BTreeMap::new();
        for group in groups.values() {
            *sizes.entry(group.clone()).or_default() += 1;
        }
        Self { groups, sizes, limit, spent: Mutex::default() }
    }

    /// Why another cell of this group is not run; `None` if there is time left, or if the scenario is in no group.
    #[must_use]
    pub fn used_up(&self, scenario: &str, runtime: &Runtime) -> Option<NotAttempted> {
        let group = self.groups.get(scenario)?;
        let startup = if matches!(runtime.source, Source::Driver { .. }) { BROWSER_STARTUP } else { STARTUP };
        let limit = self.limit + startup * self.sizes.get(group).copied().unwrap_or_default();
        let spent = self.spent.lock().unwrap_or_else(PoisonError::into_inner);
        let spent = spent.get(&(group.clone(), runtime.id().to_owned())).copied().unwrap_or_default();
        let seconds = limit.as_secs_f64();
        let reason = format!(
            "the time limit of the whole file on this runtime, {seconds:.1} s, is used up; --timeout raises it"
        );
        (spent >= limit).then_some(NotAttempted { subject: USED_UP, reason })
    }

    /// Adds the time that a cell took.
    pub fn add(&self, scenario: &str, runtime: &Runtime, took: Duration) {
        if let Some(group) = self.groups.get(scenario) {
            let mut spent = self.spent.lock().unwrap_or_else(PoisonError::into_inner);
            *spent.entry((group.clone(), runtime.id().to_owned())).or_default() += took;
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::TimeBudget;

    #[test]
    fn a_group_shares_its_time_on_each_runtime() {
        let groups = [("a:1", "a"), ("a:2", "a"), ("b:1", "b")].map(|(s, g)| (s.to_owned(), g.to_owned()));
        let budget = TimeBudget::new(groups, Duration::from_secs(2));
        let (node, wasmi) = (wasmlab_runtimes::find("node").unwrap(), wasmlab_runtimes::find("wasmi").unwrap());
        let browser = wasmlab_runtimes::find("chromium").unwrap();
        budget.add("a:1", node, Duration::from_millis(2_100));
        assert_eq!(budget.used_up("a:2", node), None, "a tenth of a second for each of two processes");
        budget.add("a:2", node, Duration::from_millis(100));
        let reason = budget.used_up("a:1", node).unwrap().reason;
        assert!(reason.contains("of the whole file on this runtime, 2.2 s, is used up"), "{reason}");
        for (scenario, runtime) in [("a:1", wasmi), ("b:1", node), ("of-no-group", node)] {
            assert_eq!(budget.used_up(scenario, runtime), None, "{scenario}");
        }
        budget.add("a:1", browser, Duration::from_millis(3_900));
        assert_eq!(budget.used_up("a:1", browser), None);
        budget.add("of-no-group", node, Duration::from_secs(100));
        assert_eq!(budget.used_up("of-no-group", node), None);
    }
}
