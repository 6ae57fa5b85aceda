//! Commands as a person types them.

/// A word for a POSIX shell: in quotes where it needs them.
#[must_use]
pub fn quote(word: &str) -> String {
    // shlex quotes `--name=value` too, since a shell takes `name=value` in front of a command for a variable.
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "-_./=:,@+%".contains(c);
    if !word.is_empty() && word.chars().all(is_plain) {
        return word.to_owned();
    }
    // No argument of a process can hold a NUL; where one is shown all the same, it is shown.
    let quoted = shlex::Quoter::new().allow_nul(true).quote(word);
    quoted.map_or_else(|_| format!("{word:?}"), std::borrow::Cow::into_owned)
}
