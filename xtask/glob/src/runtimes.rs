//! Globs over runtimes, in the syntax of the command line; those that begin with `!` exclude.

use std::fmt;

use globset::{GlobSet, GlobSetBuilder};

use crate::{parse, parse_in};

/// A selection of runtimes.
#[derive(Clone, Debug)]
pub struct RuntimeGlobs {
    texts: Vec<String>,
    included: GlobSet,
    excluded: GlobSet,
}

impl RuntimeGlobs {
    /// Reads globs. Without any that includes, every runtime is included.
    ///
    /// # Errors
    /// Which one is not a glob.
    pub fn parse(texts: Vec<String>) -> Result<Self, String> {
        let (mut included, mut excluded) = (GlobSetBuilder::new(), GlobSetBuilder::new());
        for text in &texts {
            let (set, pattern) = match text.strip_prefix('!') {
                Some(pattern) => (&mut excluded, pattern),
                None => (&mut included, text.as_str()),
            };
            set.add(parse_in(text, pattern)?);
        }
        if texts.iter().all(|text| text.starts_with('!')) {
            included.add(parse("*")?);
        }
        let built = |set: GlobSetBuilder| set.build().map_err(|error| error.to_string());
        Ok(Self { included: built(included)?, excluded: built(excluded)?, texts })
    }

    /// Reads globs that are separated by commas; those in braces belong to a glob.
    ///
    /// # Errors
    /// Which one is not a glob.
    pub fn separated_by_commas(text: &str) -> Result<Self, String> {
        let mut depth = 0;
        let is_separator = |c: char| {
            depth += i32::from(c == '{') - i32::from(c == '}');
            c == ',' && depth == 0
        };
        Self::parse(text.split(is_separator).map(str::to_owned).collect())
    }

    /// Whether the selection has this runtime.
    #[must_use]
    pub fn select(&self, runtime: &str) -> bool {
        self.included.is_match(runtime) && !self.excluded.is_match(runtime)
    }
}

impl PartialEq for RuntimeGlobs {
    fn eq(&self, other: &Self) -> bool {
        self.texts == other.texts
    }
}

impl Eq for RuntimeGlobs {}

impl fmt::Display for RuntimeGlobs {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        f.write_str(&self.texts.join(","))
    }
}

#[cfg(test)]
mod tests {
    use super::RuntimeGlobs;

    #[test]
    fn globs_select_and_exclude() {
        let check = |globs: &str, name: &str, expected: bool| {
            assert_eq!(RuntimeGlobs::separated_by_commas(globs).unwrap().select(name), expected, "{globs} {name}");
        };
        check("node", "node", true);
        check("node", "node-20", false);
        check("*", "node", true);
        check("!*+emscripten", "wasmi", true);
        check("!*+emscripten", "wasmi+emscripten", false);
        check("wasm*,!wasmer*", "wasmi", true);
        check("wasm*,!wasmer*", "wasmer-cranelift", false);
        check("{node,deno}-2?,bun", "deno-20", true);
        check("{node,deno}-2?,bun", "bun", true);
        check("{node,deno}-2?,bun", "node", false);
    }

    #[test]
    fn mistakes_are_named() {
        for (text, expected) in [("node,{deno", "`{deno` is not a glob"), ("!node-[", "`!node-[` is not a glob")] {
            let error = RuntimeGlobs::separated_by_commas(text).unwrap_err();
            assert!(error.starts_with(expected), "{text}: {error}");
        }
    }

    #[test]
    fn no_globs_select_everything() {
        assert!(RuntimeGlobs::parse(Vec::new()).unwrap().select("node"));
    }
}
