//! `build.version`: which versions of a toolchain a scenario is for. Most take whichever is here.

use std::fmt;

use wasmlab_model::scenario::Build;
use wasmlab_model::version::find_version;

/// Versions that a scenario is for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum WantedVersion {
    /// `3.1`: this one, and those whose numbers begin so.
    Line(Vec<u32>),
    /// `>=23`: this one and all later ones.
    AtLeast(Vec<u32>),
}

impl WantedVersion {
    /// Reads `3.1` or `>=23`; `None` for anything else.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        match text.strip_prefix(">=") {
            Some(least) => numbers(least).map(Self::AtLeast),
            None => numbers(text).map(Self::Line),
        }
    }

    /// What a `[build]` table asks for; `None` where any version will do.
    #[must_use]
    pub fn of(build: &Build) -> Option<Self> {
        build.version.as_deref().and_then(Self::parse)
    }

    /// Whether a tool that says this of itself is one of them: `emcc (…) 3.1.6 ()`.
    #[must_use]
    pub fn accepts(&self, said: &str) -> bool {
        // What follows the numbers names a build: `21.0.0git`, `3.1.6-git`.
        let found = find_version(said);
        let end = found.find(|c: char| c != '.' && !c.is_ascii_digit()).unwrap_or(found.len());
        let Some(found) = numbers(found[..end].trim_end_matches('.')) else { return false };
        match self {
            Self::Line(wanted) => found.starts_with(wanted),
            Self::AtLeast(wanted) => found >= *wanted,
        }
    }
}

/// As words that follow a tool's name: `emcc 3.1`, `clang 23 or newer`.
impl fmt::Display for WantedVersion {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        let (Self::Line(numbers) | Self::AtLeast(numbers)) = self;
        let text = numbers.iter().map(u32::to_string).collect::<Vec<_>>().join(".");
        write!(f, "{text}{}", if matches!(self, Self::AtLeast(_)) { " or newer" } else { "" })
    }
}

fn numbers(text: &str) -> Option<Vec<u32>> {
    text.split('.').map(|part| part.parse().ok()).collect()
}

#[cfg(test)]
mod tests {
    use super::WantedVersion;

    #[test]
    fn a_line_or_what_is_new_enough() {
        for (wanted, said, accepted) in [
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
            assert_eq!(WantedVersion::parse(wanted).unwrap().accepts(said), accepted, "{wanted}: {said}");
        }
        for odd in ["", ">=", "latest", "3.x", "<4", "3.1 "] {
            assert_eq!(WantedVersion::parse(odd), None, "{odd}");
        }
        let words = |text| WantedVersion::parse(text).unwrap().to_string();
        assert_eq!((words("3.1"), words(">=23")), ("3.1".to_owned(), "23 or newer".to_owned()));
    }
}
