//! Lists of names in sentences: `a, b and c`.

use crate::text::counted;

/// `a`, `a and b`, `a, b and c`.
#[must_use]
pub fn listed(names: &[&str]) -> String {
    match names {
        [before @ .., one, last] => {
            let before: String = before.iter().map(|name| format!("{name}, ")).collect();
            format!("{before}{one} and {last}")
        }
        names => names.concat(),
    }
}

/// At most the first `max` names: `a, b, c`, or `a, b and 3 more`.
#[must_use]
pub fn first_listed<Name: AsRef<str>>(names: &[Name], max: usize) -> String {
    first_listed_of(names, max, names.len())
}

/// The same for a list that was already cut; the whole list had `all` names.
#[must_use]
pub fn first_listed_of<Name: AsRef<str>>(names: &[Name], max: usize, all: usize) -> String {
    let first: Vec<&str> = names.iter().take(max).map(AsRef::as_ref).collect();
    format!("{}{}", first.join(", "), and_more(all.saturating_sub(first.len())))
}

/// ` and 3 more`, after the names that are shown; empty if all are shown.
#[must_use]
pub fn and_more(hidden: usize) -> String {
    if hidden == 0 { String::new() } else { format!(" and {hidden} more") }
}

/// `and 3 more files`, after the first `shown` of `all`; empty if there are no more.
#[must_use]
pub fn rest(all: usize, shown: usize, noun: &str) -> Option<String> {
    let hidden = all.checked_sub(shown).filter(|hidden| *hidden > 0)?;
    Some(format!("and {}", counted(hidden, &format!("more {noun}"))))
}

/// All of the names, or the first `max` if there are more: `a, b and c`, or `a, b, c and 3 more`.
#[must_use]
pub fn listed_at_most(names: &[&str], max: usize) -> String {
    if names.len() <= max { listed(names) } else { first_listed(names, max) }
}

#[cfg(test)]
mod tests {
    use super::{first_listed, first_listed_of, listed, listed_at_most, rest};

    #[test]
    fn lists_have_an_and_before_the_last_name() {
        let lists = [&[][..], &["a"], &["a", "b"], &["a", "b", "c"], &["a", "b", "c", "d"]].map(listed);
        assert_eq!(lists, ["", "a", "a and b", "a, b and c", "a, b, c and d"]);
    }

    #[test]
    fn long_lists_say_how_many_more_there_are() {
        let lists = [0, 1, 2, 3, 4].map(|max| first_listed(&["a", "b", "c"], max));
        assert_eq!(lists, [" and 3 more", "a and 2 more", "a, b and 1 more", "a, b, c", "a, b, c"]);
        assert_eq!(first_listed_of(&["a", "b", "c"], 2, 9), "a, b and 7 more");
        let lists = [1, 2, 3].map(|max| listed_at_most(&["a", "b", "c"], max));
        assert_eq!(lists, ["a and 2 more", "a, b and 1 more", "a, b and c"]);
    }

    #[test]
    fn cut_lists_end_with_the_number_of_the_rest() {
        let ends = [2, 3, 5].map(|all| rest(all, 2, "file"));
        assert_eq!(ends, [None, Some("and 1 more file".to_owned()), Some("and 3 more files".to_owned())]);
    }
}
