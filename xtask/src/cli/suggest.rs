//! "Did you mean …": suggests existing names for one that does not exist.

use wasmlab_model::similar::{distance, max_distance};

/// Maximum number of suggestions.
const MAX_NAMES: usize = 3;

/// The names most similar to `wanted`, the most similar first; empty if none is similar.
pub fn nearest<'a>(wanted: &str, names: impl IntoIterator<Item = &'a str>) -> Vec<&'a str> {
    let wanted = wanted.to_lowercase();
    let limit = max_distance(&wanted);
    let edits = |name: &str| distance(&wanted, &name.to_lowercase());
    // If no whole name is similar, `wasmtme` means one of `wasmtime-*`.
    let is_start = |name: &str| edits(name.split(['-', '+']).next().unwrap_or(name)) <= limit;
    let is_part = |name: &str| wanted.len() > 2 && (name.starts_with(&wanted) || name.ends_with(&wanted));
    let rank = |name| (edits(name), is_part(name), name);
    let names: Vec<&str> = names.into_iter().collect();
    let mut near: Vec<(usize, bool, &str)> = names.iter().copied().map(rank).collect();
    near.retain(|(edits, is_part, _)| *edits <= limit || *is_part);
    if near.is_empty() {
        near = names.into_iter().filter(|name| is_start(name)).map(rank).collect();
    }
    near.sort_unstable();
    near.dedup();
    // Prefer names that begin or end with the text, unless another name differs by a single letter.
    let best = near.first().map_or(0, |(edits, ..)| *edits);
    if best > 1 && near.iter().any(|(_, is_part, _)| *is_part) {
        near.retain(|(_, is_part, _)| *is_part);
    } else if best <= 1 {
        near.retain(|(edits, ..)| *edits <= best + 1);
    }
    near.into_iter().take(MAX_NAMES).map(|(.., name)| name).collect()
}

/// `did you mean X or Y?` for a name that does not exist; empty if no name is similar.
pub fn hint<'a>(wanted: &str, names: impl IntoIterator<Item = &'a str>) -> String {
    let near = nearest(wanted, names);
    if near.is_empty() { String::new() } else { format!("did you mean {}?", near.join(" or ")) }
}

/// Help for a name that does not exist: similar names and the command that `lists` all, or all names if none is
/// similar.
pub fn alternatives<'a>(wanted: &str, names: impl IntoIterator<Item = &'a str>, lists: &str) -> String {
    let mut names: Vec<&str> = names.into_iter().collect();
    let near = nearest(wanted, names.iter().copied());
    if !near.is_empty() {
        let near: Vec<String> = near.iter().map(|name| format!("`{name}`")).collect();
        return format!("did you mean {}? (`{lists}` lists all)", near.join(" or "));
    }
    names.sort_unstable();
    names.dedup();
    format!("choose from: {}", names.join(", "))
}

#[cfg(test)]
mod tests {
    use super::{alternatives, nearest};

    #[test]
    fn what_is_near_is_suggested() {
        let names = ["wasmtime-cranelift", "wasmtime-winch", "wasmtime-cli", "wasmi", "node", "node+jco", "deno"];
        let check = |expected: &str, near: &[&str]| assert_eq!(nearest(expected, names), near, "{expected}");
        check("wasmtime-crane", &["wasmtime-cranelift"]);
        check("wasmtime-clli", &["wasmtime-cli"]);
        check("wasmtme", &["wasmtime-cli", "wasmtime-winch", "wasmtime-cranelift"]);
        check("nod", &["node"]);
        check("Node", &["node"]);
        check("wasmtime", &["wasmtime-cli", "wasmtime-winch", "wasmtime-cranelift"]);
        check("jco", &["node+jco"]);
        check("chromium", &[]);
        check("x", &[]);
    }

    #[test]
    fn without_a_near_name_all_are_listed() {
        assert_eq!(alternatives("zz", ["b", "a", "b"], "list"), "choose from: a, b");
        assert_eq!(alternatives("adds", ["add", "sub"], "list x"), "did you mean `add`? (`list x` lists all)");
    }
}
