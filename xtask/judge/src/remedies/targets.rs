//! Remedies that name a target: the columns that were measured to run guests of it.

use super::{ColumnRef, names};

/// Columns that were measured to run guests of the targets that remedies name.
#[derive(Clone, Debug, Default)]
pub struct Targets<'a> {
    /// Of WASI 0.2, with sockets.
    pub sockets: Vec<ColumnRef<'a>>,
    /// Of WASIX.
    pub wasix: Vec<ColumnRef<'a>>,
    /// Of wasi-threads.
    pub threads: Vec<ColumnRef<'a>>,
}

/// Each target, by its name in remedies, with what its guests need of a host.
const TARGETS: [(&str, &str); 3] =
    [("wasm32-wasip2", "wasi:sockets"), ("WASIX", "WASIX"), ("wasm32-wasip1-threads", "wasi-threads")];

/// Whether a remedy names a target, so that [`with_targets`] may add to it.
#[must_use]
pub fn names_target(remedy: &str) -> bool {
    TARGETS.iter().any(|(target, _)| remedy.contains(target))
}

/// The remedy plus the columns that were measured to run the targets it names; `None` if there are none.
#[must_use]
pub fn with_targets(remedy: &str, targets: &Targets) -> Option<String> {
    let columns = [&targets.sockets, &targets.wasix, &targets.threads];
    let named = TARGETS.into_iter().zip(columns).filter(|((target, _), _)| remedy.contains(target));
    let seen: Vec<String> =
        named.filter_map(|((_, what), columns)| names(columns).map(|names| format!("{what} on {names}"))).collect();
    (!seen.is_empty()).then(|| format!("{remedy} Measured to work: {}.", seen.join("; ")))
}

#[cfg(test)]
mod tests {
    use super::{Targets, with_targets};
    use crate::remedies::tests::ROW;

    #[test]
    fn targets_are_named_with_columns_that_run_them() {
        let check = |remedy: &str, targets: &Targets, expected: Option<&str>| {
            assert_eq!(with_targets(remedy, targets).as_deref(), expected);
        };
        let both = "Build for wasm32-wasip2 or WASIX.";
        let targets =
            Targets { sockets: ROW[..3].to_vec(), wasix: vec![("wasmer-cranelift", "wasmer")], ..Targets::default() };
        let all = "Build for wasm32-wasip2 or WASIX. Measured to work: wasi:sockets on wasmtime-cranelift and wasmi; WASIX on \
                   wasmer-cranelift.";
        check(both, &targets, Some(all));
        check(both, &Targets::default(), None);
        check("Build it again.", &targets, None);
    }
}
