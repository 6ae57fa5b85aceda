//! Which observations are kept for the next run.

use crate::cache::Key;
use crate::lab::Lab;
use wasmlab_model::observation::{Limit, Observation, Outcome};

/// What the machine's load or another process may have caused is measured anew next time.
pub fn is_repeatable(observation: &Observation) -> bool {
    match observation.outcome {
        // A guest that ended by itself did so for a reason of its own, even if its client had to give up.
        Outcome::Exited(_) | Outcome::Limit(Limit::Output(_)) => true,
        Outcome::Stopped => observation.script.as_ref().is_none_or(|s| s.failed.is_none()),
        Outcome::Signaled(_) | Outcome::Limit(_) | Outcome::NotStarted(_) | Outcome::Interrupted => false,
    }
}

/// A cache that cannot be written costs time, not verdicts.
pub fn keep(lab: &Lab, key: &Key, observation: &Observation) {
    let _ = lab.cache.put(key, observation);
}
