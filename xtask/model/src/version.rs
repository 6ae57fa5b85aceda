//! Extracts a version number from a program's version text.

/// The first word that begins with a digit, or with `v` and a digit.
#[must_use]
pub fn find_version(answer: &str) -> String {
    let mut words = answer.split(|c: char| c.is_whitespace() || c == ',' || c == '(' || c == ')');
    let found = words.find_map(|w| {
        let w = w.strip_prefix('v').unwrap_or(w);
        (w.starts_with(|c: char| c.is_ascii_digit()) && w.contains('.')).then_some(w)
    });
    found.unwrap_or_else(|| answer.lines().next().unwrap_or_default()).to_owned()
}

#[cfg(test)]
mod tests {
    use super::find_version;

    #[test]
    fn versions_are_found_in_version_texts() {
        for (answer, version) in [
            ("v20.20.2", "20.20.2"),
            ("wasmtime 48.0.1 (abc)", "48.0.1"),
            ("deno 2.5.1 (stable, release)", "2.5.1"),
            ("odd", "odd"),
        ] {
            assert_eq!(find_version(answer), version);
        }
    }
}
