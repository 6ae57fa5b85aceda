//! Side modules of dynamic linking: what loads them, and what they need to be called alone.

use wasmlab_model::facts::{BinaryKind, Facts, Import};

use wasmlab_model::names::listed;

/// The maximum number of imports that a remedy names.
const MAX_NAMED: usize = 4;

/// The section that makes it a side module. LLVM 14 and later write `dylink.0`; newer loaders no longer read `dylink`.
pub fn section(facts: &Facts) -> &'static str {
    let is_old = facts.sections.iter().any(|section| section.name == "custom \"dylink\"");
    if is_old { "dylink" } else { "dylink.0" }
}

/// How a side module is used. Grammars of tree-sitter are the most common ones; each exports `tree_sitter_NAME`.
pub fn remedy(facts: &Facts) -> String {
    let is_grammar = facts.exports.iter().any(|e| e.name.starts_with("tree_sitter_") && e.signature.is_some());
    let load = if is_grammar {
        "It is a tree-sitter grammar: load it with web-tree-sitter (`Language.load`), or link it statically."
    } else {
        "Load it from its main module, or link it statically."
    };
    let old = match (section(facts), is_grammar) {
        ("dylink", true) => {
            " Its section `dylink` is the predecessor of `dylink.0`. web-tree-sitter 0.20 reads the old section, but 0.27 does not: build the grammar again with current tools."
        }
        ("dylink", false) => {
            " Its section `dylink` is the predecessor of `dylink.0`, and newer loaders read only `dylink.0`: build it again with current tools."
        }
        _ => "",
    };
    format!("{load}{old}{}", alone(&facts.imports))
}

/// The imports to supply to call it without its main module, if there are few.
fn alone(imports: &[Import]) -> String {
    let names: Vec<String> = imports.iter().map(|import| import.shown(BinaryKind::Module)).collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    if names.is_empty() || names.len() > MAX_NAMED || imports.iter().any(|import| import.module != "env") {
        return String::new();
    }
    let names = listed(&names);
    format!(" To call it alone, supply {names} from another module: `wasmtime run --preload env=FILE`.")
}

#[cfg(test)]
mod tests {
    use super::{remedy, section};

    #[test]
    fn remedy_names_what_the_module_imports() {
        let check = |module: &str, expected: &str| {
            let wat = format!("(module (@custom \"dylink.0\" (before first) \"\") {module})");
            let facts = wasmlab_inspect::facts(&wat::parse_str(&wat).unwrap()).unwrap();
            assert_eq!(remedy(&facts), expected, "{module}");
        };
        let memory = "(import \"env\" \"memory\" (memory 1))";
        check(
            memory,
            "Load it from its main module, or link it statically. To call it alone, supply env.memory from another \
             module: `wasmtime run --preload env=FILE`.",
        );
        check(
            &format!("{memory} (import \"env\" \"__memory_base\" (global i32)) (func (export \"tree_sitter_json\"))"),
            "It is a tree-sitter grammar: load it with web-tree-sitter (`Language.load`), or link it statically. To \
             call it alone, supply env.memory and env.__memory_base from another module: `wasmtime run --preload \
             env=FILE`.",
        );
        let load = "Load it from its main module, or link it statically.";
        check(&format!("{memory} (import \"GOT.mem\" \"x\" (global (mut i32)))"), load);
        let functions: String = ["a", "b", "c", "d"].map(|name| format!("(import \"env\" \"{name}\" (func))")).concat();
        check(&format!("{functions} {memory}"), load);
    }

    #[test]
    fn old_form_needs_an_old_loader() {
        let check = |custom: &str, module: &str, expected: &str| {
            let wat = format!("(module (@custom \"{custom}\" (before first) \"\") {module})");
            let facts = wasmlab_inspect::facts(&wat::parse_str(&wat).unwrap()).unwrap();
            let remedy = remedy(&facts);
            assert_eq!(section(&facts), custom);
            assert!(remedy.ends_with(expected), "{custom}: {remedy}");
        };
        let module = "(import \"GOT.mem\" \"x\" (global (mut i32)))";
        let grammar = &format!("{module} (func (export \"tree_sitter_c\"))");
        check("dylink", module, "and newer loaders read only `dylink.0`: build it again with current tools.");
        check("dylink", grammar, "but 0.27 does not: build the grammar again with current tools.");
        check("dylink.0", grammar, "or link it statically.");
    }
}
