//! Formats quoted text for judgements (one line, truncated, signals by name), and finds a guest's last message.

use wasmlab_model::text::cut;

/// As many characters of a message as a detail quotes.
const MAX_MESSAGE: usize = 200;

/// `text` in quotes, cut after 60 characters.
pub fn quote(text: &str) -> String {
    format!("{:?}", cut(text, 60))
}

/// The guest's last message on stderr, as an apposition.
pub fn last_message_suffix(stderr: &str) -> String {
    last_message(stderr).map(|message| format!(": {message}")).unwrap_or_default()
}

/// The guest's last message: its panic or fatal error if it ended with one, else its last line.
pub fn last_message(stderr: &str) -> Option<String> {
    let stderr = plain(stderr);
    let lines: Vec<&str> = stderr.lines().map(str::trim_end).filter(|l| !l.trim().is_empty()).collect();
    let message = rust_panic(&lines).or_else(|| go_panic(&lines));
    let last =
        |is_wanted: fn(&str) -> bool| lines.iter().rfind(|l| !is_note(l) && is_wanted(l)).map(|l| (*l).to_owned());
    // An unreadable line says less than the one before it.
    let message = message.or_else(|| last(is_readable)).or_else(|| last(|_| true))?;
    Some(truncate(&without_registry(&one_line(&message)), MAX_MESSAGE))
}

/// `message` without the folders in which cargo keeps sources: `…/wasmer-7.4.0/src/lib.rs:3:5` begins with the crate.
fn without_registry(message: &str) -> String {
    let short = |word: &str| {
        let (_, inner) = word.split_once("/registry/src/")?;
        Some(inner.split_once('/')?.1.to_owned())
    };
    message.split(' ').map(|word| short(word).unwrap_or_else(|| word.to_owned())).collect::<Vec<_>>().join(" ")
}

/// `thread 'main' panicked at src/main.rs:3:5:`, the message on the lines after it, then notes and a backtrace.
fn rust_panic(lines: &[&str]) -> Option<String> {
    let at = lines.iter().rposition(|l| l.contains(" panicked at "))?;
    let end = lines[at..].iter().position(|l| is_note(l)).map_or(lines.len(), |n| at + n);
    let rest_is_backtrace = lines[end..].iter().all(|l| is_note(l) || is_frame(l));
    // A panic that was caught is not the last message if the program printed more after it.
    let whole = lines[at].ends_with(':') || end == at + 1;
    (whole && rest_is_backtrace).then(|| lines[at..end].join(" "))
}

/// `panic: boom` or `fatal error: all goroutines are asleep - deadlock!`, then a trace of each goroutine.
fn go_panic(lines: &[&str]) -> Option<String> {
    let at = lines.iter().rposition(|l| l.starts_with("panic: ") || l.starts_with("fatal error: "))?;
    let traced = lines[at..].iter().any(|l| l.starts_with("goroutine "));
    traced.then(|| lines[at].to_owned())
}

/// Whether a line has words: a dump of a million letters has none.
fn is_readable(line: &str) -> bool {
    line.split_whitespace().any(|word| word.chars().nth(MAX_MESSAGE).is_none())
}

/// Lines that Rust adds to a panic, about backtraces.
fn is_note(line: &str) -> bool {
    line.starts_with("note: ") || line.trim() == "stack backtrace:"
}

/// `   3: core::panicking::panic_fmt`, `             at src/main.rs:3:5`.
fn is_frame(line: &str) -> bool {
    let line = line.trim_start();
    let numbered = line.split_once(": ").is_some_and(|(n, _)| !n.is_empty() && n.chars().all(|c| c.is_ascii_digit()));
    numbered || line.starts_with("at ")
}

/// `text` without the escape sequences by which terminals set colours and move the cursor: `\x1b[31m`.
pub fn plain(text: &str) -> String {
    anstream::adapter::strip_str(text).to_string()
}

/// `text` on one line, cut after 300 characters.
pub fn one_line(text: &str) -> String {
    truncate(&text.split_whitespace().collect::<Vec<_>>().join(" "), 300)
}

/// Cuts at the end of a word, if one ends in the last fifth.
fn truncate(text: &str, most: usize) -> String {
    let Some((end, _)) = text.char_indices().nth(most - 1).filter(|_| text.chars().count() > most) else {
        return text.to_owned();
    };
    let cut = &text[..end];
    let word = cut.rfind(' ').filter(|at| cut[*at..].chars().count() <= most / 5).map_or(cut, |at| &cut[..at]);
    format!("{word}…")
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

#[cfg(test)]
mod tests {
    use super::{MAX_MESSAGE, last_message, plain};

    #[test]
    fn a_line_without_words_is_not_the_last_message() {
        let check = |text: &str, expected: &str| assert_eq!(last_message(text).as_deref(), Some(expected));
        let dump = "X".repeat(1000);
        check(&format!("no such table\n{dump}\n"), "no such table");
        check(&format!("first\nfailed: {dump}\n"), &format!("failed: {}…", "X".repeat(MAX_MESSAGE - 9)));
        // Nothing else was said.
        assert_eq!(last_message(&format!("{dump}\n")).map(|message| message.len()), Some(199 + "…".len()));
    }

    #[test]
    fn colours_are_not_quoted() {
        let check = |text: &str, expected: &str| assert_eq!(plain(text), expected, "{text:?}");
        check("no colours", "no colours");
        check("\u{1b}[1;31merror\u{1b}[0m: \u{1b}[39mno", "error: no");
        check("\u{1b}]8;;http://a.b\u{1b}\\link\u{1b}]8;;\u{7} \u{1b}(Bend", "link end");
        check("cut \u{1b}[3", "cut ");
        assert_eq!(last_message("\u{1b}[91mfailed\u{1b}[39m\n\u{1b}[39m\n").as_deref(), Some("failed"));
    }

    #[test]
    fn last_message_is_the_panic_with_its_text() {
        let check = |stderr: &str, expected: &str| {
            assert_eq!(last_message(stderr).as_deref(), Some(expected).filter(|w| !w.is_empty()), "{stderr}");
        };
        check("", "");
        check("one\n\n  two \n\n", "two");
        check(
            "thread 'main' panicked at 'boom', src/main.rs:3:5\n",
            "thread 'main' panicked at 'boom', src/main.rs:3:5",
        );
        let rust = "starting\n\nthread 'main' (1) panicked at src/main.rs:3:5:\nconfig file missing\n\
                    note: run with `RUST_BACKTRACE=1` environment variable to display a backtrace\n";
        check(rust, "thread 'main' (1) panicked at src/main.rs:3:5: config file missing");
        let registry = "thread 'main' panicked at /home/u/.cargo/registry/src/index.crates.io-1949cf8c6b5b557f/a-1.0/src/b.rs:3:5:\nno\n";
        check(registry, "thread 'main' panicked at a-1.0/src/b.rs:3:5: no");
        let compared = "thread 'main' panicked at a.rs:1:1:\nassertion `left == right` failed\n  left: 1\n right: 2\n\
                        stack backtrace:\n   0: rust_begin_unwind\n             at lib.rs:1:1\n";
        check(compared, "thread 'main' panicked at a.rs:1:1: assertion `left == right` failed left: 1 right: 2");
        check(
            "thread '<unnamed>' panicked at a.rs:1:1:\nx\nnote: y\nError: no more threads\n",
            "Error: no more threads",
        );
        let go = "panic: runtime error: index out of range [5] with length 3\n\ngoroutine 1 [running]:\nmain.main()\n\t/a.go:5 +0x2\n";
        check(go, "panic: runtime error: index out of range [5] with length 3");
        let deadlock =
            "fatal error: all goroutines are asleep - deadlock!\n\ngoroutine 1 [chan receive]:\nmain.main()\n";
        check(deadlock, "fatal error: all goroutines are asleep - deadlock!");
        check("Traceback (most recent call last):\n  File \"a.py\", line 1\nValueError: no\n", "ValueError: no");
        check("Assertion failed: x > 0 (main.c: main: 12)\n", "Assertion failed: x > 0 (main.c: main: 12)");
        check(&"x".repeat(500), &format!("{}…", "x".repeat(199)));
    }
}
