//! Versions of the interfaces that components import: `wasi:cli/exit@0.2.12`.
//!
//! Versions that differ in the last number only are a series. A host that defines one of them also accepts imports of
//! earlier ones.

use std::collections::BTreeMap;

use crate::profile::{ProbeAnswer, Support};

/// Splits `wasi:cli/exit@0.2.12` into its series and the number in it; `None` for a draft.
fn split(interface: &str) -> Option<(&str, u64)> {
    let (series, number) = interface.rsplit_once('.')?;
    Some((series, number.parse().ok()?))
}

/// The probed versions of the same series as this interface; none for a draft.
fn of_series<'a>(
    interface: &str,
    probed: &'a BTreeMap<String, ProbeAnswer>,
) -> impl Iterator<Item = (&'a String, &'a ProbeAnswer)> {
    let series = split(interface).map(|(series, _)| series.to_owned());
    probed.iter().filter(move |(name, _)| series.is_some() && split(name).map(|(of, _)| of) == series.as_deref())
}

/// The newest version of an interface that was probed, of the same series.
#[must_use]
pub fn newest<'a>(interface: &str, probed: &'a BTreeMap<String, ProbeAnswer>) -> Option<(&'a String, &'a ProbeAnswer)> {
    of_series(interface, probed).max_by_key(|(name, _)| split(name))
}

/// Whether the runtime defines another version of an interface, of the same series.
#[must_use]
pub fn is_partly_supported(interface: &str, probed: &BTreeMap<String, ProbeAnswer>) -> bool {
    of_series(interface, probed).any(|(_, answer)| answer.support == Support::Yes)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::{is_partly_supported, newest};
    use crate::profile::{ProbeAnswer, Support};

    #[test]
    fn versions_of_a_series_are_compared_by_number() {
        let answer = |support| ProbeAnswer { support, ..ProbeAnswer::default() };
        let of = |version: &str, support| (format!("wasi:cli/exit@{version}"), answer(support));
        let probed = BTreeMap::from([of("0.2.9", Support::Yes), of("0.2.12", Support::No), of("0.3.0", Support::No)]);
        let found = |version: &str| newest(&format!("wasi:cli/exit@{version}"), &probed).map(|(name, _)| name.as_str());
        assert_eq!(found("0.2.13"), Some("wasi:cli/exit@0.2.12"));
        assert_eq!((found("0.4.0"), found("0.2.0-draft"), newest("local", &probed)), (None, None, None));
        let partly = |version: &str| is_partly_supported(&format!("wasi:cli/exit@{version}"), &probed);
        assert_eq!((partly("0.2.12"), partly("0.3.0")), (true, false));
    }
}
