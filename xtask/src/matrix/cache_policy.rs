//! Decides which observations are cached, and for how long.
//!
//! A result that may be due to the machine's load or another process (a timeout, a signal) is cached only after two
//! measurements agree, and only for a limited time.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use serde::{Deserialize, Serialize};

use crate::lab::Lab;
use crate::store::cache::Key;
use wasmlab_model::observation::{Limit, Observation, Outcome};

/// How long a confirmed result stays valid.
const CONFIRMED_FOR: Duration = Duration::from_secs(7 * 24 * 60 * 60);

/// An observation whose result may not repeat.
#[derive(Serialize, Deserialize)]
struct UnconfirmedEntry {
    observation: Observation,
    /// Two measurements had the same result.
    confirmed: bool,
    /// When it was measured last, in seconds since 1970.
    measured: u64,
}

/// How a new observation was cached.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CacheDecision {
    /// It was cached, or never will be.
    Settled,
    /// It must be measured again.
    Unconfirmed,
}

/// The cached observation for `key`, if it is still valid.
pub fn recall(lab: &Lab, key: &Key) -> Option<Observation> {
    if let Some(observation) = lab.cache.get::<Observation>(key).filter(is_repeatable) {
        return Some(observation);
    }
    let doubtful = lab.cache.get::<UnconfirmedEntry>(&unconfirmed_key(key))?;
    let age = now().checked_sub(doubtful.measured)?;
    (doubtful.confirmed && age < CONFIRMED_FOR.as_secs()).then_some(doubtful.observation)
}

/// Caches a new observation. If its result may not repeat, it is confirmed only if `before` has the same result. A
/// cache that cannot be written costs time but changes no verdict.
pub fn store(
    lab: &Lab,
    key: &Key,
    observation: &Observation,
    before: Option<Observation>,
    alike: impl Fn(&Observation, &Observation) -> bool,
) -> CacheDecision {
    if matches!(observation.outcome, Outcome::NotStarted(_) | Outcome::Interrupted) {
        return CacheDecision::Settled;
    }
    if is_repeatable(observation) {
        let _ = lab.cache.put(key, observation);
        return CacheDecision::Settled;
    }
    let confirmed = before.is_some_and(|before| alike(&before, observation));
    let _ = lab
        .cache
        .put(&unconfirmed_key(key), &UnconfirmedEntry { observation: observation.clone(), confirmed, measured: now() });
    if confirmed { CacheDecision::Settled } else { CacheDecision::Unconfirmed }
}

/// The last measurement, valid or not, if its result may not repeat.
pub fn previous(lab: &Lab, key: &Key) -> Option<Observation> {
    lab.cache.get::<UnconfirmedEntry>(&unconfirmed_key(key)).map(|doubtful| doubtful.observation)
}

fn unconfirmed_key(key: &Key) -> Key {
    Key::of("doubtful", &key.text())
}

fn now() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs())
}

/// Whether only the guest or its runtime decided how it ended.
fn is_repeatable(observation: &Observation) -> bool {
    match observation.outcome {
        // A guest that exited did so for its own reasons, even if its client gave up.
        Outcome::Exited(_) | Outcome::Limit(Limit::Output(_)) => true,
        Outcome::Stopped => observation.client_progress.as_ref().is_none_or(|s| s.failed.is_none()),
        Outcome::Signaled(_) | Outcome::Limit(_) | Outcome::NotStarted(_) | Outcome::Interrupted => false,
    }
}

#[cfg(test)]
mod tests {
    use super::{CONFIRMED_FOR, CacheDecision, UnconfirmedEntry, now, previous, recall, store, unconfirmed_key};
    use crate::lab::Lab;
    use crate::machine::Machine;
    use crate::store::cache::{Cache, Key};
    use wasmlab_model::observation::{Limit, Observation, Outcome};

    fn with_outcome(outcome: Outcome) -> Observation {
        Observation { outcome, ..Observation::not_started() }
    }

    fn lab(dir: &tempfile::TempDir) -> Lab {
        let root = dir.path().to_owned();
        Lab::new(root.clone(), Cache::new(root.clone()), Machine::new(root.join("machine.json")))
    }

    /// Stores outcomes one after the other, like runs that use the cache; checks the last decision and whether the
    /// observation is recalled.
    fn check(outcomes: &[&Outcome], expected: (CacheDecision, bool)) {
        let dir = tempfile::tempdir().unwrap();
        let (lab, key) = (lab(&dir), Key::of("test", &1));
        let mut decision = CacheDecision::Settled;
        for outcome in outcomes {
            let observation = with_outcome((*outcome).clone());
            decision = store(&lab, &key, &observation, previous(&lab, &key), |a, b| a.outcome == b.outcome);
        }
        assert_eq!((decision, recall(&lab, &key).is_some()), expected, "{outcomes:?}");
    }

    #[test]
    fn unrepeatable_results_are_cached_after_two_agree() {
        let (exited, late, crashed) = (&Outcome::Exited(0), &Outcome::Limit(Limit::Time(10)), &Outcome::Signaled(11));
        check(&[exited], (CacheDecision::Settled, true));
        check(&[late], (CacheDecision::Unconfirmed, false));
        check(&[late, late], (CacheDecision::Settled, true));
        check(&[late, crashed], (CacheDecision::Unconfirmed, false));
        check(&[late, crashed, crashed], (CacheDecision::Settled, true));
        check(&[late, exited], (CacheDecision::Settled, true));
        check(&[&Outcome::Interrupted], (CacheDecision::Settled, false));
    }

    #[test]
    fn confirmed_results_expire() {
        let dir = tempfile::tempdir().unwrap();
        let (lab, key) = (lab(&dir), Key::of("test", &1));
        let recalled = |age: u64| {
            let measured = now() - age;
            let entry =
                UnconfirmedEntry { observation: with_outcome(Outcome::Signaled(11)), confirmed: true, measured };
            lab.cache.put(&unconfirmed_key(&key), &entry).unwrap();
            recall(&lab, &key).is_some()
        };
        assert!(recalled(0) && recalled(CONFIRMED_FOR.as_secs() / 2) && !recalled(CONFIRMED_FOR.as_secs()));
        // A further measurement with the same result confirms it again.
        let again = with_outcome(Outcome::Signaled(11));
        assert_eq!(
            store(&lab, &key, &again, previous(&lab, &key), |a, b| a.outcome == b.outcome),
            CacheDecision::Settled
        );
        assert!(recall(&lab, &key).is_some());
    }
}
