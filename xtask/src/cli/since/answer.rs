//! The sentence that answers since when a file runs. It says no more than what was tried.

use super::search::{Range, VersionResult};

/// What is known of the versions that run a file.
pub struct Answer<'a> {
    /// Those that run it as they come.
    pub found: Option<Edges<'a>>,
    /// An earlier version that runs it with these switches.
    pub with_switch: Option<(&'a str, String)>,
    /// `--from` left out older versions.
    pub is_limited: bool,
    /// Only installed versions were tried.
    pub is_offline: bool,
}

/// The first and the last version that run a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Edges<'a> {
    /// The first one.
    pub since: &'a str,
    /// Whether it is the oldest of all.
    pub is_oldest: bool,
    /// The newest version before it that was tried and does not run the file.
    pub failed_before: Option<&'a str>,
    /// Whether versions between `failed_before` and `since` could not be tried.
    pub has_gap: bool,
    /// The last one.
    pub last: &'a str,
    /// The first version after it, which does not run the file; `None` if `last` is the newest.
    pub stopped: Option<&'a str>,
}

impl<'a> Edges<'a> {
    /// Those of a range of versions; `result`: what trying one showed, if it was tried.
    pub fn of(range: Range, versions: &'a [String], result: impl Fn(usize) -> Option<VersionResult>) -> Self {
        let failed = (0..range.first).rev().find(|at| result(*at) == Some(VersionResult::Fails));
        Self {
            since: &versions[range.first],
            is_oldest: range.first == 0,
            failed_before: failed.map(|at| versions[at].as_str()),
            has_gap: failed.is_some_and(|at| at + 1 < range.first),
            last: &versions[range.last],
            stopped: versions.get(range.last + 1).map(String::as_str),
        }
    }
}

impl Answer<'_> {
    /// `runs on node since 11.0.0, but not since 17.0.0`: follows the file's name.
    pub fn sentence(&self, name: &str) -> String {
        let with_switch =
            self.with_switch.as_ref().map(|(version, switches)| format!("with {switches} since {version}"));
        let Some(edges) = self.found else {
            return match with_switch {
                Some(with_switch) => {
                    format!("does not run as it comes on any version of {name} that was tried; {with_switch}")
                }
                None => format!("does not run on any version of {name} that was tried"),
            };
        };
        let Edges { since, is_oldest, failed_before, has_gap, last, stopped } = edges;
        let oldest = match (self.is_offline, self.is_limited) {
            (true, _) => "the oldest that is installed",
            (false, true) => "the oldest from --from on",
            (false, false) => "the oldest version",
        };
        let range = match (failed_before, stopped) {
            (_, None) if is_oldest && since == last => format!("{since}, the only version that was tried"),
            (_, None) if is_oldest => format!("{since} ({oldest}) and later"),
            (_, Some(_)) if is_oldest => format!("{since} ({oldest}) to {last}"),
            (None, _) => format!("{since}; older versions could not be tried"),
            (Some(before), _) if has_gap => {
                format!("since {since}, and not on {before}; versions between them could not be tried")
            }
            (Some(_), _) => format!("since {since}"),
        };
        let stopped = stopped.map(|version| format!(", but not since {version}")).unwrap_or_default();
        let with_switch = with_switch.map(|text| format!("; {text}")).unwrap_or_default();
        format!("runs on {name} {range}{stopped}{with_switch}")
    }
}

#[cfg(test)]
mod tests {
    use super::{Answer, Edges};
    use crate::cli::since::search::{Range, VersionResult};

    /// `versions`: a letter each: r(uns), f(ails), u(nknown), or `-` if it was not tried; their numbers are positions.
    fn check(versions: &str, range: Option<(usize, usize)>, change: impl FnOnce(&mut Answer), wanted: &str) {
        let letters: Vec<char> = versions.chars().collect();
        let names: Vec<String> = (0..letters.len()).map(|at| at.to_string()).collect();
        let result = |at: usize| match letters[at] {
            'r' => Some(VersionResult::Runs),
            'f' => Some(VersionResult::Fails),
            'u' => Some(VersionResult::Unknown),
            _ => None,
        };
        let found = range.map(|(first, last)| Edges::of(Range { first, last }, &names, result));
        let mut answer = Answer { found, with_switch: None, is_limited: false, is_offline: false };
        change(&mut answer);
        assert_eq!(answer.sentence("node"), wanted, "{versions}");
    }

    #[test]
    fn a_sentence_says_no_more_than_what_was_tried() {
        let same = |_: &mut Answer| ();
        check("ffrr", Some((2, 3)), same, "runs on node since 2");
        check("-frr", Some((2, 3)), same, "runs on node since 2");
        check("frrf", Some((1, 2)), same, "runs on node since 1, but not since 3");
        check("r--r", Some((0, 3)), same, "runs on node 0 (the oldest version) and later");
        check("r-rf", Some((0, 2)), same, "runs on node 0 (the oldest version) to 2, but not since 3");
        check("uuur", Some((3, 3)), same, "runs on node 3; older versions could not be tried");
        check(
            "fuur",
            Some((3, 3)),
            same,
            "runs on node since 3, and not on 0; versions between them could not be tried",
        );
        check("r", Some((0, 0)), same, "runs on node 0, the only version that was tried");
        check("ffff", None, same, "does not run on any version of node that was tried");
        check(
            "rr",
            Some((0, 1)),
            |answer| answer.is_limited = true,
            "runs on node 0 (the oldest from --from on) and later",
        );
        check(
            "rr",
            Some((0, 1)),
            |answer| answer.is_offline = true,
            "runs on node 0 (the oldest that is installed) and later",
        );
        let switch = |answer: &mut Answer| answer.with_switch = Some(("1", "--gc".to_owned()));
        check("ffrr", Some((2, 3)), switch, "runs on node since 2; with --gc since 1");
        let nowhere = "does not run as it comes on any version of node that was tried; with --gc since 1";
        check("ffff", None, |answer| answer.with_switch = Some(("1", "--gc".to_owned())), nowhere);
    }
}
