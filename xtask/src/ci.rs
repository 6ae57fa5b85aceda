//! The lab's own CI: named steps, each a few commands, run one after the other; what takes long runs beside
//! those that do not need it. A step that fails does not stop those that need nothing of it.

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

/// A step: what `--only` names, and a line of the table at the end.
pub struct Step {
    /// Kebab-case, unique.
    pub name: String,
    /// What it does, as `--list` shows it.
    pub about: String,
    /// Steps before it that it needs something of.
    pub needs: Vec<&'static str>,
    /// It takes long for what it finds: only with `--full`, or where `--only` names it.
    pub only_full: bool,
    /// It begins at once and runs beside the steps that do not need it.
    pub in_background: bool,
    /// What is done.
    pub run: StepFn,
}

/// The work of a step.
pub type StepFn = Box<dyn Fn(&Context) -> Result<()> + Send + Sync>;

/// What steps share.
pub struct Context<'a> {
    /// The lab's places.
    pub lab: &'a Lab,
    /// Variables from the installation step, for every later command.
    pub environment: Mutex<BTreeMap<String, String>>,
    /// Tests that passed and failed.
    pub tests: Mutex<summary::Tests>,
    /// What was left out, and why.
    pub left_out: Mutex<Vec<String>>,
}

/// How a step ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum StepOutcome {
    /// Successfully.
    Done,
    /// With this error.
    Failed(String),
    /// It was not run: this step that it needs failed.
    NotRun(String),
}

/// A step that was run, or was not, and how long it took.
pub type StepRun = (String, StepOutcome, Duration);

impl Context<'_> {
    /// With nothing installed and nothing counted yet.
    #[must_use]
    pub fn new(lab: &Lab) -> Context<'_> {
        Context { lab, environment: Mutex::default(), tests: Mutex::default(), left_out: Mutex::default() }
    }

    /// Reports at the end that this was left out.
    pub fn leave_out(&self, what: impl Into<String>) {
        locked(&self.left_out).push(what.into());
    }
}

/// Runs the steps in order and returns how each ended. `on_step` is called before each step, with its number.
pub fn run(context: &Context, steps: &[&Step], on_step: &(dyn Fn(usize, &Step) + Sync)) -> Vec<StepRun> {
    let ended: Mutex<BTreeMap<usize, (StepOutcome, Duration)>> = Mutex::default();
    std::thread::scope(|scope| {
        let mut beside = BTreeMap::new();
        for (number, step) in steps.iter().enumerate().filter(|(_, step)| step.in_background) {
            let ended = &ended;
            let work = move || {
                on_step(number, step);
                // First the step, then the lock: the others must not wait for it.
                let end = timed(context, step);
                locked(ended).insert(number, end);
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
                needed.is_some_and(|at| locked(&ended).get(&at).is_none_or(|(end, _)| *end != StepOutcome::Done))
            });
            on_step(number, step);
            let end = match lacking {
                Some(need) => (StepOutcome::NotRun((*need).to_owned()), Duration::ZERO),
                None => timed(context, step),
            };
            locked(&ended).insert(number, end);
        }
    });
    let mut ended = ended.into_inner().unwrap_or_else(std::sync::PoisonError::into_inner);
    let lost = || (StepOutcome::Failed("it did not come to an end".to_owned()), Duration::ZERO);
    let ran = steps.iter().enumerate().map(|(at, step)| (step.name.clone(), ended.remove(&at).unwrap_or_else(lost)));
    ran.map(|(name, (end, took))| (name, end, took)).collect()
}

fn timed(context: &Context, step: &Step) -> (StepOutcome, Duration) {
    let began = Instant::now();
    let end = match (step.run)(context) {
        Ok(()) => StepOutcome::Done,
        Err(error) => StepOutcome::Failed(format!("{error:#}")),
    };
    (end, began.elapsed())
}

/// The steps that `only` names, else all but those for `--full`.
///
/// # Errors
/// The first name that is none, for a usage error.
pub fn choose<'a>(steps: &'a [Step], only: &'a [String], full: bool) -> Result<Vec<&'a Step>, &'a str> {
    let names: BTreeSet<&str> = steps.iter().map(|s| s.name.as_str()).collect();
    if let Some(unknown) = only.iter().find(|name| !names.contains(name.as_str())) {
        return Err(unknown);
    }
    let wanted = |step: &&Step| if only.is_empty() { full || !step.only_full } else { only.contains(&step.name) };
    Ok(steps.iter().filter(wanted).collect())
}

/// What a mutex holds, also after a panic elsewhere: what was noted is still true.
fn locked<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::{Context, Step, StepOutcome, choose, locked, run};
    use crate::lab::Lab;
    use crate::machine::Machine;
    use crate::store::cache::Cache;

    fn step(
        name: &str,
        needs: &[&'static str],
        work: impl Fn(&Context) -> anyhow::Result<()> + Send + Sync + 'static,
    ) -> Step {
        let (name, about, needs) = (name.to_owned(), "what it does".to_owned(), needs.to_vec());
        Step { name, about, needs, only_full: false, in_background: false, run: Box::new(work) }
    }

    #[test]
    fn what_needs_nothing_of_a_failed_step_still_runs() {
        let dir = tempfile::tempdir().unwrap();
        let (cache, machine) = (Cache::new(dir.path().into()), Machine::new(dir.path().join("m.json")));
        let lab = Lab { root: dir.path().into(), cache, machine };
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
            step("bad", &[], |_| anyhow::bail!("words")),
            step("after-bad", &["bad"], note("never")),
            step("after-that", &["after-bad"], note("never")),
            step("after-slow", &["slow"], note("after")),
        ];
        steps[0].in_background = true;
        let all: Vec<&Step> = steps.iter().collect();
        let ends: Vec<StepOutcome> = run(&context, &all, &|_, _| ()).into_iter().map(|(_, end, _)| end).collect();
        let not_run = |name: &str| StepOutcome::NotRun(name.to_owned());
        assert_eq!(
            ends,
            [
                StepOutcome::Done,
                StepOutcome::Failed("words".into()),
                not_run("bad"),
                not_run("after-bad"),
                StepOutcome::Done
            ]
        );
        assert_eq!(*locked(&context.left_out), ["slow", "after"], "what runs beside is waited for where it is needed");

        // Each waits for the other: neither ends unless both run at once.
        let meet = std::sync::Arc::new(std::sync::Barrier::new(2));
        let waits = |meet: &std::sync::Arc<std::sync::Barrier>| {
            let meet = meet.clone();
            move |_: &Context| {
                meet.wait();
                Ok(())
            }
        };
        let mut pair = [step("beside", &[], waits(&meet)), step("here", &[], waits(&meet))];
        pair[0].in_background = true;
        let ends = run(&context, &pair.iter().collect::<Vec<_>>(), &|_, _| ());
        assert!(ends.iter().all(|(_, end, _)| *end == StepOutcome::Done), "{ends:?}");

        // A step alone does not ask for what it needs: it was done before.
        let only = ["after-slow".to_owned()];
        let alone = choose(&steps, &only, false).unwrap();
        assert_eq!(run(&context, &alone, &|_, _| ()).len(), 1);
    }

    #[test]
    fn steps_are_chosen_by_name_or_by_what_they_cost() {
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
