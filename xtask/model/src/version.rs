//! Version numbers: found in a program's version text, and compared.

use std::cmp::Ordering;

/// The first word that begins with a digit, or with `v` and a digit, and has a dot; if there is none, a date
/// (`2026-11-17`).
#[must_use]
pub fn find_version(answer: &str) -> String {
    let words = answer.split(|c: char| c.is_whitespace() || c == ',' || c == '(' || c == ')');
    let mut words =
        words.map(|w| w.strip_prefix('v').unwrap_or(w)).filter(|w| w.starts_with(|c: char| c.is_ascii_digit()));
    let is_date = |w: &&str| w.len() == 10 && w.split('-').count() == 3;
    let found = words.clone().find(|w| w.contains('.')).or_else(|| words.find(is_date));
    found.unwrap_or_else(|| answer.lines().next().unwrap_or_default()).to_owned()
}

/// Compares `48.0.8` and `15` number by number; what is between the numbers does not count.
#[must_use]
pub fn compare(a: &str, b: &str) -> Ordering {
    let numbers = |text: &str| -> Vec<u64> {
        text.split(|c: char| !c.is_ascii_digit()).filter_map(|digits| digits.parse().ok()).collect()
    };
    numbers(a).cmp(&numbers(b))
}

#[cfg(test)]
mod tests {
    use std::cmp::Ordering;

    use super::{compare, find_version};

    #[test]
    fn versions_are_compared_by_numbers() {
        assert_eq!(compare("9.1", "10"), Ordering::Less);
        assert_eq!(compare("26.10.0", "26.10.0"), Ordering::Equal);
        assert_eq!(compare("1.10", "1.9.9"), Ordering::Greater);
    }

    #[test]
    fn versions_are_found_in_version_texts() {
        for (answer, version) in [
            ("v20.20.2", "20.20.2"),
            ("wasmtime 48.0.1 (abc)", "48.0.1"),
            ("deno 2.5.1 (stable, release)", "2.5.1"),
            ("workerd 2026-11-17", "2026-11-17"),
            ("odd", "odd"),
        ] {
            assert_eq!(find_version(answer), version);
        }
    }
}
