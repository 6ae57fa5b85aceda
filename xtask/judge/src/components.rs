//! Remedies for runtimes that accept core modules only, based on what the component imports.

use wasmlab_model::codes::Code;
use wasmlab_model::facts::{BinaryKind, Facts};

/// Packages whose functions WASI 0.1 also has.
const ALSO_IN_01: &[&str] = &["wasi:cli", "wasi:clocks", "wasi:filesystem", "wasi:io", "wasi:random"];

/// Toolchains whose only output is components.
const ONLY_COMPONENTS: &[&str] = &["ComponentizeJS", "componentize-py", "componentize-js"];

/// For a program that could be a core module as well.
pub const AS_CORE_MODULE: &str =
    "Build the program as a core module if its toolchain can (Rust, C, C++: wasm32-wasip1).";

/// Whether the program could do without the component model: it imports only what WASI 0.1 also has, and its only
/// export is its entry point.
#[must_use]
pub fn could_be_core_module(facts: &Facts) -> bool {
    let package = |name: &str| name.split('/').next().unwrap_or_default().to_owned();
    let has_01 = |name: &str| ALSO_IN_01.contains(&package(name).as_str());
    let imports = facts.kind == BinaryKind::Component && facts.imports.iter().all(|import| has_01(&import.name));
    let only_component = facts.producers.iter().any(|producer| ONLY_COMPONENTS.contains(&producer.name.as_str()));
    imports && !only_component && facts.exports.iter().any(|export| export.name.starts_with("wasi:cli/run"))
}

/// The catalogue's remedy, plus building a core module if that is possible.
#[must_use]
pub fn remedy(facts: &Facts) -> Option<String> {
    could_be_core_module(facts).then(|| format!("{} Or: {AS_CORE_MODULE}", Code::NeedsComponentModel.entry().remedy))
}

#[cfg(test)]
mod tests {
    use super::could_be_core_module;

    #[test]
    fn only_programs_without_sockets_or_http_have_a_core_alternative() {
        let check = |imports: &[&str], export: &str, expected: bool| {
            let import = |name: &&str| format!("(import \"{name}\" (instance))");
            let imports: String = imports.iter().map(import).collect();
            let wat = format!("(component {imports} (instance $i) (export \"{export}\" (instance $i)))");
            let facts = wasmlab_inspect::facts(&wat::parse_str(&wat).unwrap()).unwrap();
            assert_eq!(could_be_core_module(&facts), expected, "{wat}");
        };
        let run = "wasi:cli/run@0.2.0";
        check(&["wasi:cli/stdout@0.2.0", "wasi:io/streams@0.2.0", "wasi:filesystem/types@0.2.0"], run, true);
        check(&["wasi:cli/stdout@0.3.0"], "wasi:cli/run@0.3.0", true);
        check(&["wasi:cli/stdout@0.2.0", "wasi:sockets/tcp@0.2.0"], run, false);
        check(&["wasi:http/types@0.2.0"], run, false);
        check(&["my:own/host@0.1.0"], run, false);
        check(&[], "my:own/api@0.1.0", false);
        let wat = format!(
            "(component (core module (@producers (processed-by \"ComponentizeJS\" \"0.23.0\"))) (instance $i) \
             (export \"{run}\" (instance $i)))"
        );
        assert!(!could_be_core_module(&wasmlab_inspect::facts(&wat::parse_str(wat).unwrap()).unwrap()));
    }
}
