//! Commands as a person types them.

/// A word for a POSIX shell: in quotes where it needs them.
#[must_use]
pub fn quote(word: &str) -> String {
    // No argument of a process can hold a NUL; where one is shown all the same, it is shown.
    let quoted = shlex::Quoter::new().allow_nul(true).quote(word);
    quoted.map_or_else(|_| format!("{word:?}"), std::borrow::Cow::into_owned)
}
