//! The lab's own CI: named steps of a few commands each, run in order; slow ones run in the background, in parallel to
//! steps that do not need them. If a step fails, only the steps that need it are skipped.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Mutex;
use std::time::{Duration, Instant};

use anyhow::Result;

use crate::lab::Lab;

mod engines;
mod shell;
mod steps;
pub mod summary;

pub use steps::all;

/// A step: selectable with `--only`, and a row in the final table.
pub struct CiStep {
    /// Kebab-case, unique.
    pub name: String,
    /// Its description, for `--list`.
    pub about: String,
    /// Earlier steps whose results it needs.
    pub needs: Vec<&'static str>,
    /// Slow and rarely finds anything: run only with `--full` or if `--only` names it.
    pub only_full: bool,
    /// Starts at once and runs in parallel to steps that do not need it.
    pub in_background: bool,
    /// The work.
    pub run: StepFn,
}

/// The work of a step.
pub type StepFn = Box<dyn Fn(&Context) -> Result<()> + Send + Sync>;

/// State that the steps share.
pub struct Context<'a> {
    /// The workspace, the cache and the machine.
    pub lab: &'a Lab,
    /// Variables from the installation step, for every later command.
    pub environment: Mutex<BTreeMap<String, String>>,
    /// Number of tests passed and failed.
    pub tests: Mutex<summary::Tests>,
    /// The parts that were left out, with reasons.
    pub left_out: Mutex<Vec<String>>,
}

/// The outcome of a step.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum StepOutcome {
    /// Successful.
    Done,
    /// Failed with this error.
    Failed(String),
    /// Not run because this step, which it needs, failed.
    NotRun(String),
}

/// A step with its outcome and duration.
pub type StepRun = (String, StepOutcome, Duration);

impl Context<'_> {
    /// A context before any step has run.
    #[must_use]
    pub fn new(lab: &Lab) -> Context<'_> {
        Context { lab, environment: Mutex::default(), tests: Mutex::default(), left_out: Mutex::default() }
    }

    /// Records something that was left out, for the final report.
    pub fn leave_out(&self, what: impl Into<String>) {
        locked(&self.left_out).push(what.into());
    }
}

/// Runs the steps in order and returns their outcomes. `on_step` is called before each step, with its number.
pub fn run(context: &Context, steps: &[&CiStep], on_step: &(dyn Fn(usize, &CiStep) + Sync)) -> Vec<StepRun> {
    let outcomes: Mutex<BTreeMap<usize, (StepOutcome, Duration)>> = Mutex::default();
    std::thread::scope(|scope| {
        let mut beside = BTreeMap::new();
        for (number, step) in steps.iter().enumerate().filter(|(_, step)| step.in_background) {
            let outcomes = &outcomes;
            let work = move || {
                on_step(number, step);
                // Run the step before taking the lock, so that other threads do not wait for it.
                let end = timed(context, step);
                locked(outcomes).insert(number, end);
            };
            beside.insert(step.name.as_str(), scope.spawn(work));
        }
        for (number, step) in steps.iter().enumerate().filter(|(_, step)| !step.in_background) {
            for need in &step.needs {
                if let Some(thread) = beside.remove(need) {
                    let _ = thread.join();
                }
            }
            let lacking = step.needs.iter().find(|need| {
                let needed = steps.iter().position(|s| s.name == **need);
                needed.is_some_and(|at| locked(&outcomes).get(&at).is_none_or(|(end, _)| *end != StepOutcome::Done))
            });
            on_step(number, step);
            let end = match lacking {
                Some(need) => (StepOutcome::NotRun((*need).to_owned()), Duration::ZERO),
                None => timed(context, step),
            };
            locked(&outcomes).insert(number, end);
        }
    });
    let mut outcomes = outcomes.into_inner().unwrap_or_else(std::sync::PoisonError::into_inner);
    let lost = || (StepOutcome::Failed("the step did not finish".to_owned()), Duration::ZERO);
    let ran = steps.iter().enumerate().map(|(at, step)| (step.name.clone(), outcomes.remove(&at).unwrap_or_else(lost)));
    ran.map(|(name, (end, took))| (name, end, took)).collect()
}

fn timed(context: &Context, step: &CiStep) -> (StepOutcome, Duration) {
    let began = Instant::now();
    let end = match (step.run)(context) {
        Ok(()) => StepOutcome::Done,
        Err(error) => StepOutcome::Failed(format!("{error:#}")),
    };
    (end, began.elapsed())
}

/// The steps named by `only`, or all steps except those for `--full`.
///
/// # Errors
/// The first unknown name, as a usage error.
pub fn choose<'a>(steps: &'a [CiStep], only: &'a [String], full: bool) -> Result<Vec<&'a CiStep>, &'a str> {
    let names: BTreeSet<&str> = steps.iter().map(|s| s.name.as_str()).collect();
    if let Some(unknown) = only.iter().find(|name| !names.contains(name.as_str())) {
        return Err(unknown);
    }
    let wanted = |step: &&CiStep| if only.is_empty() { full || !step.only_full } else { only.contains(&step.name) };
    Ok(steps.iter().filter(wanted).collect())
}

/// Locks a mutex even if another thread panicked: what it recorded is still valid.
fn locked<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::{CiStep, Context, StepOutcome, choose, locked, run};
    use crate::lab::Lab;
    use crate::machine::Machine;
    use crate::store::cache::Cache;

    fn step(
        name: &str,
        needs: &[&'static str],
        work: impl Fn(&Context) -> anyhow::Result<()> + Send + Sync + 'static,
    ) -> CiStep {
        let (name, about, needs) = (name.to_owned(), "what it does".to_owned(), needs.to_vec());
        CiStep { name, about, needs, only_full: false, in_background: false, run: Box::new(work) }
    }

    /// A lab in this folder.
    fn lab(dir: &Path) -> Lab {
        let (cache, machine) = (Cache::new(dir.into()), Machine::new(dir.join("m.json")));
        Lab::new(dir.into(), cache, machine)
    }

    #[test]
    fn steps_independent_of_a_failed_one_still_run() {
        let dir = tempfile::tempdir().unwrap();
        let lab = lab(dir.path());
        let context = Context::new(&lab);
        let note = |word: &'static str| {
            move |c: &Context| {
                locked(&c.left_out).push(word.to_owned());
                Ok(())
            }
        };
        let mut steps = vec![
            step("slow", &[], |c| {
                std::thread::sleep(std::time::Duration::from_millis(50));
                c.leave_out("slow");
                Ok(())
            }),
            step("bad", &[], |_| anyhow::bail!("no disk")),
            step("after-bad", &["bad"], note("never")),
            step("after-that", &["after-bad"], note("never")),
            step("after-slow", &["slow"], note("after")),
        ];
        steps[0].in_background = true;
        let all: Vec<&CiStep> = steps.iter().collect();
        let ends: Vec<StepOutcome> = run(&context, &all, &|_, _| ()).into_iter().map(|(_, end, _)| end).collect();
        let not_run = |name: &str| StepOutcome::NotRun(name.to_owned());
        assert_eq!(
            ends,
            [
                StepOutcome::Done,
                StepOutcome::Failed("no disk".into()),
                not_run("bad"),
                not_run("after-bad"),
                StepOutcome::Done
            ]
        );
        assert_eq!(
            *locked(&context.left_out),
            ["slow", "after"],
            "a step waits for the background steps that it needs"
        );
        // With `--only`, the needed steps are assumed to be done.
        let only = ["after-slow".to_owned()];
        let alone = choose(&steps, &only, false).unwrap();
        assert_eq!(run(&context, &alone, &|_, _| ()).len(), 1);
    }

    /// The two wait for each other, so they only finish if they run in parallel.
    #[test]
    fn background_step_runs_beside_the_others() {
        let dir = tempfile::tempdir().unwrap();
        let lab = lab(dir.path());
        let meet = std::sync::Arc::new(std::sync::Barrier::new(2));
        let waits = |meet: &std::sync::Arc<std::sync::Barrier>| {
            let meet = meet.clone();
            move |_: &Context| {
                meet.wait();
                Ok(())
            }
        };
        let mut pair = [step("beside", &[], waits(&meet)), step("in-order", &[], waits(&meet))];
        pair[0].in_background = true;
        let ends = run(&Context::new(&lab), &pair.iter().collect::<Vec<_>>(), &|_, _| ());
        assert!(ends.iter().all(|(_, end, _)| *end == StepOutcome::Done), "{ends:?}");
    }

    #[test]
    fn steps_are_selected_by_name_or_by_cost() {
        let mut steps = vec![step("one", &[], |_| Ok(())), step("two", &[], |_| Ok(()))];
        steps[1].only_full = true;
        let names = |only: &[&str], full| {
            let only: Vec<String> = only.iter().map(|s| (*s).to_owned()).collect();
            choose(&steps, &only, full)
                .map(|s| s.iter().map(|s| s.name.clone()).collect::<Vec<_>>())
                .map_err(str::to_owned)
        };
        assert_eq!(names(&[], false).unwrap(), ["one"]);
        assert_eq!(names(&[], true).unwrap(), ["one", "two"]);
        assert_eq!(names(&["two"], false).unwrap(), ["two"]);
        assert_eq!(names(&["two", "three"], false), Err("three".to_owned()));
    }
}
