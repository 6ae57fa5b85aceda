//! Commands formatted for a POSIX shell.

/// Quotes a word for a POSIX shell if necessary.
#[must_use]
pub fn quote(word: &str) -> String {
    // shlex also quotes `--name=value`, because a shell reads `name=value` before a command as a variable.
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "-_./=:,@+%".contains(c);
    if !word.is_empty() && word.chars().all(is_plain) {
        return word.to_owned();
    }
    // No process argument can contain a NUL, but text that is merely displayed can.
    let quoted = shlex::Quoter::new().allow_nul(true).quote(word);
    quoted.map_or_else(|_| format!("{word:?}"), std::borrow::Cow::into_owned)
}
