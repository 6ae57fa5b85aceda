//! The sentence that answers since when a file runs. It says no more than what was tried.

use wasmlab_model::names::listed;

use super::search::{Range, VersionResult};

/// What is known about the versions that run a file.
pub struct Answer<'a> {
    /// The versions that run it without switches.
    pub found: Option<VersionBounds<'a>>,
    /// The versions that run it with these switches or without any, if they begin earlier.
    pub with_switch: Option<(VersionBounds<'a>, String)>,
    /// `--from`, which left out older versions.
    pub from: Option<&'a str>,
    /// Only installed versions were tried.
    pub is_offline: bool,
}

/// The first and the last version that run a file, and what was tried around and between them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VersionBounds<'a> {
    /// The first one.
    pub since: &'a str,
    /// Whether it is the oldest of all.
    pub is_oldest: bool,
    /// The newest version before it that was tried and does not run the file.
    pub failed_before: Option<&'a str>,
    /// Whether versions between `failed_before` and `since` could not be tried.
    pub has_gap_before: bool,
    /// The last one.
    pub last: &'a str,
    /// Whether it is the newest of all.
    pub is_newest: bool,
    /// The first version after it that was tried and does not run the file.
    pub stopped_in: Option<&'a str>,
    /// Whether versions between `last` and `stopped_in` could not be tried.
    pub has_gap_after: bool,
    /// Versions between the first and the last one that do not run the file.
    pub failed_between: Vec<&'a str>,
    /// How many versions between the first and the last one were not tried, or could not be.
    pub untried_between: usize,
}

impl<'a> VersionBounds<'a> {
    /// The bounds of a range of versions; `result`: what a version showed, if it was tried.
    pub fn of(range: Range, versions: &'a [String], result: impl Fn(usize) -> Option<VersionResult>) -> Self {
        let fails = |at: &usize| result(*at) == Some(VersionResult::Fails);
        let name = |at: usize| versions[at].as_str();
        let (before, after) = ((0..range.first).rev().find(fails), (range.last + 1..versions.len()).find(fails));
        let between = range.first + 1..range.last;
        let is_untried = |at: &usize| matches!(result(*at), None | Some(VersionResult::Unknown));
        Self {
            since: name(range.first),
            is_oldest: range.first == 0,
            failed_before: before.map(name),
            has_gap_before: before.is_some_and(|at| at + 1 < range.first),
            last: name(range.last),
            is_newest: range.last + 1 == versions.len(),
            stopped_in: after.map(name),
            has_gap_after: after.is_some_and(|at| at > range.last + 1),
            failed_between: between.clone().filter(fails).map(name).collect(),
            untried_between: between.filter(is_untried).count(),
        }
    }
}

impl Answer<'_> {
    /// `runs on node since 11.0.0, and no longer since 17.0.0`: follows the file's name.
    pub fn sentence(&self, name: &str) -> String {
        let with_switch = self.with_switch.as_ref().map(|(bounds, switches)| {
            let on = if bounds.failed_before.is_some() { "" } else { "on " };
            let (begin, limits) = self.begin(bounds);
            [vec![format!("with {switches} {on}{begin}")], limits].concat().join("; ")
        });
        let Some(bounds) = &self.found else {
            return match with_switch {
                Some(with_switch) => {
                    format!("does not run with default settings on any version of {name} that was tried; {with_switch}")
                }
                None => format!("does not run on any version of {name} that was tried"),
            };
        };
        if bounds.is_oldest && bounds.is_newest && bounds.since == bounds.last {
            return format!("runs on {name} {}, the only version that could be tried", bounds.since);
        }
        let (begin, mut limits) = self.begin(bounds);
        let end = self.end(bounds, &mut limits);
        let sentence = format!("runs on {name} {begin}{end}");
        [vec![sentence], limits, with_switch.into_iter().collect()].concat().join("; ")
    }

    /// The first version, and what is not known about those before it.
    fn begin(&self, bounds: &VersionBounds) -> (String, Vec<String>) {
        let since = bounds.since;
        match bounds.failed_before {
            Some(before) if bounds.has_gap_before => {
                let limit = "versions between them could not be tried";
                (format!("since {since}, and not on {before}"), vec![limit.to_owned()])
            }
            Some(_) => (format!("since {since}"), Vec::new()),
            None if bounds.is_oldest => (format!("{since} ({})", self.oldest()), Vec::new()),
            None => (since.to_owned(), vec!["older versions could not be tried".to_owned()]),
        }
    }

    fn oldest(&self) -> String {
        match self.from {
            _ if self.is_offline => "the oldest that is installed".to_owned(),
            Some(from) => format!("the oldest from --from {from} on"),
            None => "the oldest version".to_owned(),
        }
    }

    /// The last version, and what is not known about those before and after it.
    fn end(&self, bounds: &VersionBounds, limits: &mut Vec<String>) -> String {
        let last = bounds.last;
        let mut end = match bounds {
            // "Since" implies that later ones run it, too.
            VersionBounds { failed_before: Some(_), .. } => String::new(),
            VersionBounds { since, .. } if since == &last => String::new(),
            VersionBounds { is_newest: true, untried_between: 0, .. } => " and later".to_owned(),
            VersionBounds { is_newest: true, untried_between, .. } => {
                limits.push(match untried_between {
                    1 => "the version between them was not tried".to_owned(),
                    n => format!("the {n} versions between them were not tried"),
                });
                format!(" and {last}")
            }
            VersionBounds { is_newest: false, .. } => format!(" to {last}"),
        };
        if !bounds.failed_between.is_empty() {
            end += &format!(", except {}", listed(&bounds.failed_between));
        }
        match bounds.stopped_in {
            Some(stopped_in) if bounds.has_gap_after => {
                end += &format!(", but not on {stopped_in}");
                limits.push(format!("versions between {last} and {stopped_in} could not be tried"));
            }
            Some(stopped_in) => end += &format!(", and no longer since {stopped_in}"),
            None if !bounds.is_newest => limits.push(format!("versions after {last} could not be tried")),
            None => {}
        }
        end
    }
}

#[cfg(test)]
mod tests {
    use super::{Answer, VersionBounds};
    use crate::cli::since::search::{Range, VersionResult};

    /// `versions`: a letter each: r(uns), s (runs with a switch), f(ails), u(nknown), or `-` if it was not tried; their
    /// numbers are positions. The ranges are those of the search.
    fn check(
        versions: &str,
        range: Option<(usize, usize)>,
        with_switch: Option<(usize, usize)>,
        change: impl FnOnce(&mut Answer),
        expected: &str,
    ) {
        let letters: Vec<char> = versions.chars().collect();
        let names: Vec<String> = (0..letters.len()).map(|at| at.to_string()).collect();
        let bounds = |(first, last), with_switches: bool| {
            VersionBounds::of(Range { first, last }, &names, |at| match letters[at] {
                'r' => Some(VersionResult::Runs),
                's' if with_switches => Some(VersionResult::Runs),
                'f' | 's' => Some(VersionResult::Fails),
                'u' => Some(VersionResult::Unknown),
                _ => None,
            })
        };
        let mut answer = Answer {
            found: range.map(|range| bounds(range, false)),
            with_switch: with_switch.map(|range| (bounds(range, true), "--gc".to_owned())),
            from: None,
            is_offline: false,
        };
        change(&mut answer);
        assert_eq!(answer.sentence("node"), expected, "{versions}");
    }

    #[test]
    fn a_sentence_says_no_more_than_what_was_tried() {
        let cases = [
            ("ffrr", Some((2, 3)), "runs on node since 2"),
            ("-fr-r", Some((2, 4)), "runs on node since 2"),
            ("frrf", Some((1, 2)), "runs on node since 1, and no longer since 3"),
            ("frfr", Some((1, 3)), "runs on node since 1, except 2"),
            ("rr", Some((0, 1)), "runs on node 0 (the oldest version) and later"),
            ("r-r", Some((0, 2)), "runs on node 0 (the oldest version) and 2; the version between them was not tried"),
            (
                "r-u-r",
                Some((0, 4)),
                "runs on node 0 (the oldest version) and 4; the 3 versions between them were not tried",
            ),
            ("r-rf", Some((0, 2)), "runs on node 0 (the oldest version) to 2, and no longer since 3"),
            ("rf", Some((0, 0)), "runs on node 0 (the oldest version), and no longer since 1"),
            ("uuur", Some((3, 3)), "runs on node 3; older versions could not be tried"),
            ("uurr", Some((2, 3)), "runs on node 2 and later; older versions could not be tried"),
            ("fuur", Some((3, 3)), "runs on node since 3, and not on 0; versions between them could not be tried"),
            ("fruu", Some((1, 1)), "runs on node since 1; versions after 1 could not be tried"),
            ("fruf", Some((1, 1)), "runs on node since 1, but not on 3; versions between 1 and 3 could not be tried"),
            ("r", Some((0, 0)), "runs on node 0, the only version that could be tried"),
            ("ffff", None, "does not run on any version of node that was tried"),
        ];
        for (versions, range, expected) in cases {
            check(versions, range, None, |_| (), expected);
        }
        let oldest = |change: fn(&mut Answer), expected| check("rr", Some((0, 1)), None, change, expected);
        oldest(|a| a.from = Some("40"), "runs on node 0 (the oldest from --from 40 on) and later");
        oldest(|a| a.is_offline = true, "runs on node 0 (the oldest that is installed) and later");
    }

    #[test]
    fn a_pass_with_a_switch_is_told_apart() {
        let same = |_: &mut Answer| ();
        check("fsrr", Some((2, 3)), Some((1, 3)), same, "runs on node since 2; with --gc since 1");
        let oldest = "runs on node since 2; with --gc on 0 (the oldest version)";
        check("ssrr", Some((2, 3)), Some((0, 3)), same, oldest);
        let unknown = "runs on node since 2; with --gc on 1; older versions could not be tried";
        check("usrr", Some((2, 3)), Some((1, 3)), same, unknown);
        let nowhere = "does not run with default settings on any version of node that was tried; with --gc since 1";
        check("fsss", None, Some((1, 3)), same, nowhere);
    }
}
