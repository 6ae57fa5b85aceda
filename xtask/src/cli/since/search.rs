//! Searches for the first and the last version that run a file. Pure: the caller runs the versions.

use std::collections::BTreeMap;

/// The result of a version.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum VersionResult {
    /// The file runs.
    Runs,
    /// It does not.
    Fails,
    /// The version could not be installed or run.
    Unknown,
}

/// The versions on which a file runs, as positions in the list. The search assumes that they are one range.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Range {
    /// The first one.
    pub first: usize,
    /// The last one.
    pub last: usize,
}

/// How many release lines are tried if neither the newest nor the oldest version runs the file.
const MAX_LINES: usize = 8;
/// How many neighbours are tried instead of a version that could not be run.
const MAX_NEIGHBOURS: usize = 3;

/// Tries as few of `count` versions as possible, each at most once. `lines`: positions of the newest version of each
/// release line, oldest first. `None` if none of those tried runs the file.
///
/// # Errors
/// As `ask`.
pub fn search<E>(
    count: usize,
    lines: &[usize],
    ask: impl FnMut(usize) -> Result<VersionResult, E>,
) -> Result<Option<Range>, E> {
    let Some(newest) = count.checked_sub(1) else { return Ok(None) };
    let mut results = KnownResults { ask, answers: BTreeMap::new() };
    let Some(inside) = results.one_that_runs(newest, lines)? else { return Ok(None) };
    let first = if results.runs(0)? { 0 } else { results.edge(inside, 0)? };
    let last = if results.runs(newest)? { newest } else { results.edge(inside, newest)? };
    Ok(Some(Range { first, last }))
}

struct KnownResults<F> {
    ask: F,
    answers: BTreeMap<usize, VersionResult>,
}

impl<E, F: FnMut(usize) -> Result<VersionResult, E>> KnownResults<F> {
    fn answer(&mut self, at: usize) -> Result<VersionResult, E> {
        if let Some(answer) = self.answers.get(&at) {
            return Ok(*answer);
        }
        let answer = (self.ask)(at)?;
        self.answers.insert(at, answer);
        Ok(answer)
    }

    fn runs(&mut self, at: usize) -> Result<bool, E> {
        Ok(self.answer(at)? == VersionResult::Runs)
    }

    /// The newest version, the oldest one, or the newest of a release line between them.
    fn one_that_runs(&mut self, newest: usize, lines: &[usize]) -> Result<Option<usize>, E> {
        let step = lines.len().div_ceil(MAX_LINES).max(1);
        let between = lines.iter().rev().step_by(step).copied();
        for at in [newest].into_iter().chain(between).chain([0]) {
            if self.runs(at)? {
                return Ok(Some(at));
            }
        }
        Ok(None)
    }

    /// The last position that runs, going from `runs` towards `fails`.
    fn edge(&mut self, mut runs: usize, mut fails: usize) -> Result<usize, E> {
        while runs.abs_diff(fails) > 1 {
            let at = self.known_between(runs, fails)?;
            if self.runs(at)? { runs = at } else { fails = at }
        }
        Ok(runs)
    }

    /// The middle between two positions, or a neighbour that could be run.
    fn known_between(&mut self, a: usize, b: usize) -> Result<usize, E> {
        let (low, high) = (a.min(b), a.max(b));
        let middle = low + (high - low) / 2;
        let mut near = vec![middle];
        for distance in 1..=MAX_NEIGHBOURS {
            near.extend([middle + distance, middle.saturating_sub(distance)]);
        }
        for at in near.into_iter().filter(|at| *at > low && *at < high).take(1 + MAX_NEIGHBOURS) {
            if self.answer(at)? != VersionResult::Unknown {
                return Ok(at);
            }
        }
        Ok(middle)
    }
}

#[cfg(test)]
mod tests {
    use super::{Range, VersionResult, search};

    /// `versions`: a letter each: r(uns), f(ails), u(nknown). `most`: how many may be tried.
    fn check(versions: &str, expected: Option<(usize, usize)>, most: usize) {
        let mut tried = Vec::new();
        let all: Vec<char> = versions.chars().collect();
        let lines: Vec<usize> = (0..all.len()).filter(|at| at % 4 == 3).collect();
        let ask = |at: usize| {
            tried.push(at);
            Ok::<_, ()>(match all[at] {
                'r' => VersionResult::Runs,
                'f' => VersionResult::Fails,
                _ => VersionResult::Unknown,
            })
        };
        let found = search(all.len(), &lines, ask).unwrap();
        assert_eq!(found.map(|Range { first, last }| (first, last)), expected, "{versions}");
        assert!(tried.len() <= most, "{versions}: tried {tried:?}");
        let once: std::collections::BTreeSet<_> = tried.iter().collect();
        assert_eq!(once.len(), tried.len(), "{versions}: tried {tried:?}");
    }

    #[test]
    fn range_is_found_with_few_questions() {
        check("", None, 0);
        check("r", Some((0, 0)), 1);
        check("f", None, 1);
        check("rrrrrrrr", Some((0, 7)), 2);
        check("ffffffff", None, 4);
        check("fffrrrrr", Some((3, 7)), 5);
        check("rrrrrfff", Some((0, 4)), 6);
        check("ffrrrrff", Some((2, 5)), 8);
        let long = "f".repeat(300) + &"r".repeat(200);
        check(&long, Some((300, 499)), 11);
    }

    #[test]
    fn versions_that_cannot_be_asked_are_passed_over() {
        check("uufrrrrr", Some((3, 7)), 6);
        check("fffururr", Some((4, 7)), 8);
        check("uuuuuuur", Some((7, 7)), 8);
    }
}
