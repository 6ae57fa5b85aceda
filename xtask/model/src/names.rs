//! Lists of names as sentences have them.

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

/// At most `most` of the names: `a, b, c`, or `a, b and 3 more`.
#[must_use]
pub fn first_listed<Name: AsRef<str>>(names: &[Name], most: usize) -> String {
    let first: Vec<&str> = names.iter().take(most).map(AsRef::as_ref).collect();
    match names.len() - first.len() {
        0 => first.join(", "),
        more => format!("{} and {more} more", first.join(", ")),
    }
}

/// All of the names, or the first `most` if there are more: `a, b and c`, or `a, b, c and 3 more`.
#[must_use]
pub fn listed_at_most(names: &[&str], most: usize) -> String {
    if names.len() <= most { listed(names) } else { first_listed(names, most) }
}

#[cfg(test)]
mod tests {
    use super::{first_listed, listed, listed_at_most};

    #[test]
    fn lists_have_an_and_before_the_last_name() {
        let lists = [&[][..], &["a"], &["a", "b"], &["a", "b", "c"], &["a", "b", "c", "d"]].map(listed);
        assert_eq!(lists, ["", "a", "a and b", "a, b and c", "a, b, c and d"]);
    }

    #[test]
    fn long_lists_say_how_many_more_there_are() {
        let lists = [0, 1, 2, 3, 4].map(|most| first_listed(&["a", "b", "c"], most));
        assert_eq!(lists, [" and 3 more", "a and 2 more", "a, b and 1 more", "a, b, c", "a, b, c"]);
        let lists = [1, 2, 3].map(|most| listed_at_most(&["a", "b", "c"], most));
        assert_eq!(lists, ["a and 2 more", "a, b and 1 more", "a, b and c"]);
    }
}
