//! How similar two names are, for "did you mean".

/// The number of characters to change, add, remove, or swap with their neighbour.
#[must_use]
pub fn distance(a: &str, b: &str) -> usize {
    // A name of a kilobyte is no typing mistake.
    if a.len().abs_diff(b.len()) > 8 || a.len() > 256 {
        return usize::MAX;
    }
    strsim::osa_distance(a, b)
}

/// The largest distance at which a name counts as mistyped: up to a third of its letters may be wrong.
#[must_use]
pub fn max_distance(name: &str) -> usize {
    name.chars().count() / 3
}

#[cfg(test)]
mod tests {
    use super::{distance, max_distance};

    #[test]
    fn swapped_neighbours_are_one_mistake() {
        let check = |a: &str, b: &str, expected: usize| assert_eq!(distance(a, b), expected, "{a} {b}");
        check("wasmtime", "wasmtime", 0);
        check("wasmtmie", "wasmtime", 1);
        check("wastime", "wasmtime", 1);
        check("deno", "node", 4);
        check("a", "a name that is much longer", usize::MAX);
        check(&"x".repeat(300), &"x".repeat(299), usize::MAX);
        assert_eq!(["", "go", "bun", "wasmtime"].map(max_distance), [0, 0, 1, 2]);
    }
}
