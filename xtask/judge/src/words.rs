//! How a judgement writes what it quotes: cut, on one line, signals by their names.

/// `text` in quotes, cut after 60 characters.
pub fn quoted(text: &str) -> String {
    let mut cut: String = text.chars().take(60).collect();
    if cut.len() < text.len() {
        cut.push('…');
    }
    format!("{cut:?}")
}

/// The last line on stderr, as an apposition.
pub fn last_words(stderr: &str) -> String {
    match stderr.lines().map(str::trim).rfind(|l| !l.is_empty()) {
        Some(line) => format!(": {}", line.chars().take(160).collect::<String>()),
        None => String::new(),
    }
}

/// `text` on one line, cut after 300 characters.
pub fn one_line(text: &str) -> String {
    let line = text.split_whitespace().collect::<Vec<_>>().join(" ");
    if line.chars().count() <= 300 { line } else { line.chars().take(299).chain(['…']).collect() }
}

/// The name of a signal of Linux: `SIGSEGV`.
pub fn signal_name(signal: i32) -> String {
    match signal {
        4 => "SIGILL".to_owned(),
        6 => "SIGABRT".to_owned(),
        7 => "SIGBUS".to_owned(),
        8 => "SIGFPE".to_owned(),
        9 => "SIGKILL".to_owned(),
        11 => "SIGSEGV".to_owned(),
        15 => "SIGTERM".to_owned(),
        25 => "SIGXFSZ (a file grew past its limit)".to_owned(),
        31 => "SIGSYS".to_owned(),
        n => format!("signal {n}"),
    }
}
