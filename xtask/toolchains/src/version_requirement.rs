//! `build.version`: the toolchain versions that a scenario requires. Most scenarios accept any.

use std::fmt;

use wasmlab_model::scenario::Build;
use wasmlab_model::version::find_version;

/// The versions that a scenario accepts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum VersionRequirement {
    /// `3.1`: every version that begins with these numbers.
    Prefix(Vec<u32>),
    /// `>=23`: this version or a later one.
    AtLeast(Vec<u32>),
}

impl VersionRequirement {
    /// Parses `3.1` or `>=23`; `None` for anything else.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        match text.strip_prefix(">=") {
            Some(least) => numbers(least).map(Self::AtLeast),
            None => numbers(text).map(Self::Prefix),
        }
    }

    /// The requirement of a `[build]` table; `None` if any version will do.
    #[must_use]
    pub fn of(build: &Build) -> Option<Self> {
        build.version.as_deref().and_then(Self::parse)
    }

    /// Whether a tool that prints this version text satisfies it: `emcc (…) 3.1.6 ()`.
    #[must_use]
    pub fn accepts(&self, version_text: &str) -> bool {
        // Ignore a suffix that names a build: `21.0.0git`, `3.1.6-git`.
        let found = find_version(version_text);
        let end = found.find(|c: char| c != '.' && !c.is_ascii_digit()).unwrap_or(found.len());
        let Some(found) = numbers(found[..end].trim_end_matches('.')) else { return false };
        match self {
            Self::Prefix(wanted) => found.starts_with(wanted),
            Self::AtLeast(wanted) => found >= *wanted,
        }
    }
}

/// To follow a tool's name: `emcc 3.1`, `clang 23 or newer`.
impl fmt::Display for VersionRequirement {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        let (Self::Prefix(numbers) | Self::AtLeast(numbers)) = self;
        let text = numbers.iter().map(u32::to_string).collect::<Vec<_>>().join(".");
        write!(f, "{text}{}", if matches!(self, Self::AtLeast(_)) { " or newer" } else { "" })
    }
}

fn numbers(text: &str) -> Option<Vec<u32>> {
    text.split('.').map(|part| part.parse().ok()).collect()
}

#[cfg(test)]
mod tests {
    use super::VersionRequirement;

    #[test]
    fn prefixes_and_minimums_are_matched() {
        for (expected, answer, accepted) in [
            ("3.1", "emcc (Emscripten gcc/clang-like replacement + linker emulating GNU ld) 3.1.6 ()", true),
            ("3.1", "emcc 3.1", true),
            ("3.1", "emcc 3.10.0", false),
            ("3.1", "emcc 6.0.5", false),
            ("3", "emcc 3.1.6-git", true),
            (">=23", "Debian clang version 22.1.8", false),
            (">=23", "Debian clang version 23.1.4 (2)", true),
            (">=23", "clang version 24.0.0git (https:/github.com/llvm/llvm-project 1234abcd)", true),
            (">=3.1.11", "emcc 3.1.6", false),
            (">=3.1.11", "emcc 3.1.11", true),
            (">=23", "no version", false),
        ] {
            assert_eq!(VersionRequirement::parse(expected).unwrap().accepts(answer), accepted, "{expected}: {answer}");
        }
        for odd in ["", ">=", "latest", "3.x", "<4", "3.1 "] {
            assert_eq!(VersionRequirement::parse(odd), None, "{odd}");
        }
        let shown = |text| VersionRequirement::parse(text).unwrap().to_string();
        assert_eq!((shown("3.1"), shown(">=23")), ("3.1".to_owned(), "23 or newer".to_owned()));
    }
}
