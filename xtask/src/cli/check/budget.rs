//! Limits on the size and needs of a file: `[file.budget]` in `wasmlab.toml`.

use std::collections::{BTreeMap, BTreeSet};

use globset::GlobMatcher;
use wasmlab_model::names::first_listed;
use wasmlab_model::proposals::containing_proposal;
use wasmlab_model::report::{FileLine, GuestInfo};
use wasmlab_model::text::{bytes, counted};

/// Maximum number of names in a message.
const MAX_NAMES: usize = 5;

/// A budget; absent fields are not limited.
#[derive(Clone, Debug, Default)]
pub struct Budget {
    /// Size of the file, bytes.
    pub bytes: Option<u64>,
    /// Number of imports.
    pub imports: Option<usize>,
    /// Globs of imports that it must not have, as `module.name`.
    pub forbidden_imports: Vec<GlobMatcher>,
    /// The only proposals that it may need.
    pub proposals: Option<BTreeSet<String>>,
    /// Where the file sets a limit, by the limit's key.
    pub places: BTreeMap<&'static str, FileLine>,
}

/// The keys of the limits.
pub const KEYS: [&str; 4] = [BYTES, IMPORTS, FORBIDDEN_IMPORTS, PROPOSALS];
const BYTES: &str = "bytes";
const IMPORTS: &str = "imports";
const FORBIDDEN_IMPORTS: &str = "forbidden_imports";
const PROPOSALS: &str = "proposals";

impl Budget {
    /// Describes everything that exceeds it, one line of text each, with the place of the limit.
    pub fn exceeded(&self, guest: &GuestInfo) -> Vec<(String, Option<FileLine>)> {
        let lines = self.exceeded_limits(guest).into_iter();
        lines.map(|(key, text)| (text, self.places.get(key).cloned())).collect()
    }

    fn exceeded_limits(&self, guest: &GuestInfo) -> Vec<(&'static str, String)> {
        let mut lines = Vec::new();
        if let Some(limit) = self.bytes.filter(|limit| guest.bytes > *limit) {
            let more = bytes(guest.bytes - limit);
            lines.push((BYTES, format!("has {}, {more} more than its budget of {}", bytes(guest.bytes), bytes(limit))));
        }
        let Some(facts) = &guest.facts else { return lines };
        if let Some(limit) = self.imports.filter(|limit| facts.imports.len() > *limit) {
            let count = facts.imports.len();
            let counted = counted(count, "import");
            lines.push((IMPORTS, format!("has {counted}, {} more than its budget of {limit}", count - limit)));
        }
        let names = facts.imports.iter().map(|import| import.shown(facts.kind));
        let forbidden: Vec<String> =
            names.filter(|name| self.forbidden_imports.iter().any(|glob| glob.is_match(name))).collect();
        if !forbidden.is_empty() {
            lines.push((
                FORBIDDEN_IMPORTS,
                format!("imports {}, which its budget forbids", first_listed(&forbidden, MAX_NAMES)),
            ));
        }
        if let Some(allowed) = &self.proposals {
            // A proposal allows its parts.
            let allows = |name: &str| {
                allowed.contains(name)
                    || containing_proposal(name).is_some_and(|whole| allowed.iter().any(|name| name == whole))
            };
            let others: Vec<&String> = facts.proposals.iter().filter(|name| !allows(name)).collect();
            if !others.is_empty() {
                lines.push((
                    PROPOSALS,
                    format!("needs {}, which its budget does not list", first_listed(&others, MAX_NAMES)),
                ));
            }
        }
        lines
    }
}

#[cfg(test)]
mod tests {
    use globset::Glob;

    use super::Budget;

    fn check(budget: &Budget, expected: &[&str]) {
        let report = crate::sample::report();
        let texts: Vec<String> = budget.exceeded(&report.guests[0]).into_iter().map(|(text, _)| text).collect();
        assert_eq!(texts, expected);
    }

    #[test]
    fn exceeded_limits_are_described_with_numbers_and_names() {
        let glob = |text: &str| Glob::new(text).unwrap().compile_matcher();
        check(&Budget::default(), &[]);
        let proposals = |names: &[&str]| Some(names.iter().map(|name| (*name).to_owned()).collect());
        let fits = Budget {
            bytes: Some(61_234),
            imports: Some(1),
            forbidden_imports: vec![glob("env.*")],
            proposals: proposals(&["bulk-memory", "simd"]),
            ..Budget::default()
        };
        check(&fits, &[]);
        let none = Budget {
            bytes: Some(60_210),
            imports: Some(0),
            forbidden_imports: vec![glob("env.*"), glob("wasi_*.fd_*")],
            proposals: proposals(&[]),
            ..Budget::default()
        };
        let mut guest = crate::sample::report().guests.swap_remove(0);
        guest.facts.as_mut().unwrap().imports[0].module.clear();
        let nameless = Budget { forbidden_imports: vec![glob("\"\".*")], ..Budget::default() };
        assert_eq!(nameless.exceeded(&guest)[0].0, "imports \"\".fd_write, which its budget forbids");
        check(
            &none,
            &[
                "has 59.8 KiB, 1.0 KiB more than its budget of 58.8 KiB",
                "has 1 import, 1 more than its budget of 0",
                "imports wasi_snapshot_preview1.fd_write, which its budget forbids",
                "needs bulk-memory, which its budget does not list",
            ],
        );
    }
}
