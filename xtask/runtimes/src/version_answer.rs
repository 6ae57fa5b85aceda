//! Checks by its version output whether a program that the user named is the runtime that it is supposed to be.

use crate::Runtime;

/// In place of a name: the program prints nothing but its version, such as `1.0.42` or `v26.10.0`.
pub const ONLY_VERSION: &str = "";

impl Runtime {
    /// Whether one line of a program's answer to [`crate::Program::version_args`] is what this runtime prints: one of
    /// [`Runtime::version_names`] with a version after it.
    #[must_use]
    pub fn is_own_version(&self, answer: &str) -> bool {
        let of_engine = [self.engine];
        let names = if self.version_names.is_empty() { &of_engine[..] } else { self.version_names };
        answer.lines().any(|line| names.iter().any(|name| is_version_of(name, line.trim())))
    }
}

fn is_version_of(name: &str, line: &str) -> bool {
    let is_version = |word: &str| word.strip_prefix('v').unwrap_or(word).starts_with(|c: char| c.is_ascii_digit());
    if name == ONLY_VERSION {
        return is_version(line) && !line.contains(char::is_whitespace);
    }
    let line = line.to_ascii_lowercase();
    // A development build has a name in place of a version.
    line == name
        || line.match_indices(name).any(|(at, _)| {
            let is_word = !line[..at].ends_with(|c: char| c.is_ascii_alphanumeric());
            is_word && line[at + name.len()..].split_whitespace().any(is_version)
        })
}

#[cfg(test)]
mod tests {
    use crate::{Source, all, find};

    /// Recorded output of the programs; for those that were not installed, taken from their sources.
    const RECORDED: &[(&str, &str)] = &[
        ("wasmtime-cli", "wasmtime 49.0.3 (0f4b6ee7d 2026-11-02)"),
        ("wasmtime-cli", "wasmtime-cli 13.0.0"),
        ("wasmtime-py", "Python 3.11.7"),
        ("wasmer-cli", "wasmer 7.4.2"),
        ("wasmi-cli", "wasmi_cli 2.0.0"),
        ("wamr-zig", "wamr 3.0.0-dev.14"),
        ("wasmedge", "/usr/bin/wasmedge version 0.17.1\n (plugin \"wasi_logging\") version 0.1.0.0"),
        ("wazero", "dev"),
        ("wazero", "1.12.0"),
        ("wabt-interp", "1.0.42"),
        ("node", "v20.20.2"),
        ("deno", "deno 2.9.6 (stable, release, x86_64-unknown-linux-gnu)\nv8 15.0.245.2-rusty\ntypescript 6.0.3"),
        ("bun", "1.4.5"),
        ("workerd", "workerd 2026-11-17"),
        (
            "chromium",
            "/usr/bin/chromium: 9: [: 25276502016: unexpected operator\nChromium 156.0.8078.108 built on Debian",
        ),
        ("chromium", "Google Chrome for Testing 140.0.7339.16"),
        ("firefox", "Mozilla Firefox 153.7.0esr"),
        ("iwasm", "iwasm 2.4.1"),
        ("spin", "spin 3.4.1 (abc1234 2026-08-01)"),
    ];

    #[test]
    fn each_runtime_knows_its_own_version() {
        for (id, answer) in RECORDED {
            let runtime = find(id).unwrap();
            assert!(runtime.is_own_version(answer), "{id} does not know {answer}");
            for other in [
                "true (GNU coreutils) 9.1",
                "",
                "GNU bash, version 5.2.15(1)-release",
                "notwasmtime 1.0",
                "1.0 and more",
            ] {
                assert!(!runtime.is_own_version(other), "{id} takes {other}");
            }
        }
        for runtime in all().iter().filter(|r| !matches!(r.source, Source::Embedded(_))) {
            assert!(
                RECORDED.iter().any(|(id, _)| find(id).unwrap().engine == runtime.engine),
                "{} has no record",
                runtime.id()
            );
        }
    }

    /// No runtime that prints its name accepts another program as its own.
    #[test]
    fn runtimes_are_told_apart() {
        for (id, answer) in RECORDED {
            let takes = |other: &str| find(other).unwrap().is_own_version(answer);
            for other in
                ["wasmtime-cli", "wasmer-cli", "wasmi-cli", "wasmedge", "deno", "workerd", "chromium", "firefox"]
            {
                assert_eq!(takes(other), *id == other, "{other}, asked about {answer}");
            }
        }
        assert!(!find("node").unwrap().is_own_version(RECORDED.iter().find(|(id, _)| *id == "deno").unwrap().1));
    }
}
