//! Text that a command printed.

/// The text with every run of white space as one space: lines are wrapped where they fit the terminal.
pub fn unwrapped(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}
