//! Core modules that make sense only inside a component: an adapter, a module that was built to become a component, or
//! a core module taken out of one. Decided from all imports, exports and sections, so that every column gets the same
//! answer.

use super::{plugin_hosts, transforms, with_code};
use wasmlab_model::codes::Code;
use wasmlab_model::facts::{BinaryKind, Facts, Import};
use wasmlab_model::verdict::Judgement;

/// A part of a component.
pub struct ComponentPart {
    /// The first import or export that shows it.
    pub subject: String,
    /// `it is an adapter, with which …`
    pub description: String,
    /// How it is used.
    pub remedy: String,
}

impl ComponentPart {
    /// The judgement, after what the runtime said.
    pub fn judgement(self, reported: &str) -> Judgement {
        let judgement = with_code(Code::ComponentPart, self.subject, format!("{}; {reported}", self.description));
        Judgement { remedy: Some(self.remedy), ..judgement }
    }
}

/// The name of WASI 0.1, for which adapters are made.
const WASI: &str = "wasi_snapshot_preview1";

/// The part of a component that the module is, if it is one.
pub fn find(facts: &Facts) -> Option<ComponentPart> {
    if facts.kind != BinaryKind::Module {
        return None;
    }
    let exports = |name: &str| facts.exports.iter().any(|e| e.name == name);
    let imports = |module: &str| facts.imports.iter().any(|i| i.module == module);
    let interface = facts.imports.iter().find(|i| is_interface(i)).map(|i| i.module.clone());
    // The sections from which `wasm-tools component new` makes a component, and which that removes.
    let has_types = facts.sections.iter().any(|s| s.name.starts_with("custom \"component-type"));
    let subject = interface.or_else(|| lifted(facts)).or_else(|| shim(facts))?;
    let evidence = if subject.contains("$imports") { subject.clone() } else { format!("interface {subject}") };
    let (description, remedy) = if has_types && imports("__main_module__") {
        let name = if exports("fd_write") || exports("args_get") { WASI } else { "NAME" };
        (
            format!("it is an adapter (it imports {evidence}): a tool merges it into a component"),
            format!(
                "Build a component with it: `wasm-tools component new PROGRAM.wasm --adapt {name}=FILE -o component.wasm`, FILE being \
                 this module."
            ),
        )
    } else if has_types {
        let adapt = if imports(WASI) { format!(" --adapt {}.wasm", transforms::adapter(facts)) } else { String::new() };
        (
            format!("it is a core module that was built to become a component ({evidence})"),
            format!(
                "Make it a component (`wasm-tools component new FILE{adapt} -o component.wasm`), and run the component."
            ),
        )
    } else {
        (
            format!("it is a core module taken from a component ({evidence})"),
            "Run the component that it was taken from; if jco wrote it (`NAME.core.wasm`), load the JavaScript file that \
             jco wrote beside it."
                .to_owned(),
        )
    };
    Some(ComponentPart { subject, description, remedy })
}

/// Whether the import belongs to a WIT interface (`namespace:package/interface`, perhaps with a version), to another
/// world's exports (`[export]…`), or to the world itself (`$root`).
fn is_interface(import: &Import) -> bool {
    let module = import.module.as_str();
    let name = module.strip_prefix("[export]").unwrap_or(module);
    let kebab =
        |part: &str| !part.is_empty() && part.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-');
    let (path, _) = name.split_once('@').unwrap_or((name, ""));
    let is_path = path.split_once(':').and_then(|(namespace, rest)| Some((namespace, rest.split_once('/')?)));
    let is_path = is_path.is_some_and(|(namespace, (package, item))| [namespace, package, item].into_iter().all(kebab));
    module == "$root" || (is_path && plugin_hosts::find(module, &import.name).is_none())
}

/// The first export that a component lifts: the canonical ABI names its cleanup `cabi_post_NAME`.
fn lifted(facts: &Facts) -> Option<String> {
    let is_function = |name: &str| facts.exports_function(name);
    let posts = facts.exports.iter().filter_map(|e| e.name.strip_prefix("cabi_post_"));
    let name = posts.into_iter().find(|name| is_function(name))?;
    Some(name.split_once('#').map_or(name, |(interface, _)| interface).to_owned())
}

/// The modules by which a component breaks the cycle between a core module and its imports.
fn shim(facts: &Facts) -> Option<String> {
    let is_number = |name: &str| !name.is_empty() && name.bytes().all(|b| b.is_ascii_digit());
    let table = |name: &str, ty: &str| name == "$imports" && ty.starts_with("table");
    let exported = facts.exports.iter().any(|e| table(&e.name, &e.ty))
        && facts.exports.iter().all(|e| is_number(&e.name) || e.name == "$imports");
    let imported = facts.imports.iter().any(|i| i.module.is_empty() && table(&i.name, &i.ty));
    (exported || imported).then(|| "its table `$imports`".to_owned())
}

#[cfg(test)]
mod tests {
    use super::find;

    #[test]
    fn parts_of_components_are_recognized_from_the_whole_module() {
        let check = |wat: &str, expected: Option<(&str, &str, &str)>| {
            let facts = wasmlab_inspect::facts(&wat::parse_str(format!("(module {wat})")).unwrap()).unwrap();
            let part = find(&facts);
            assert_eq!(part.is_some(), expected.is_some(), "{wat}");
            let Some((part, (subject, description, remedy))) = part.zip(expected) else { return };
            assert_eq!(part.subject, subject, "{wat}");
            assert!(part.description.contains(description), "{}", part.description);
            assert!(part.remedy.contains(remedy), "{}", part.remedy);
        };
        let types = "(@custom \"component-type:app\" \"\")";
        let io = "(import \"wasi:io/poll@0.2.10\" \"poll\" (func))";
        let main = "(import \"env\" \"memory\" (memory 0)) (import \"__main_module__\" \"cabi_realloc\" (func))";
        let adapter = format!("{types} {main} {io} (func (export \"fd_write\"))");
        check(&adapter, Some(("wasi:io/poll@0.2.10", "it is an adapter", "--adapt wasi_snapshot_preview1=FILE")));
        let raw = format!("{types} (import \"wasi_snapshot_preview1\" \"sched_yield\" (func)) {io}");
        let expected =
            ("wasi:io/poll@0.2.10", "was built to become a component", "--adapt wasi_snapshot_preview1.reactor.wasm");
        check(&raw, Some(expected));
        check(&format!("{types} {io}"), Some(("wasi:io/poll@0.2.10", "to become", "component new FILE -o")));
        let core = ("my:own/api", "taken from a component", "the JavaScript file that jco wrote");
        check("(import \"my:own/api\" \"call\" (func))", Some(core));
        let post = "(func (export \"my:own/api#call\")) (func (export \"cabi_post_my:own/api#call\"))";
        check(post, Some(core));
        let table = "(table (export \"$imports\") 1 funcref) (func (export \"0\"))";
        check(table, Some(("its table `$imports`", "taken from", "jco")));
        let fill = "(import \"\" \"0\" (func)) (import \"\" \"$imports\" (table 1 funcref))";
        check(fill, Some(("its table `$imports`", "taken from", "jco")));
        // Other hosts use similar names.
        check("(import \"extism:host/env\" \"length\" (func))", None);
        check("(import \"wasm:js-string\" \"length\" (func))", None);
        check("(import \"./a_bg.js\" \"f\" (func))", None);
        check("(func (export \"cabi_post_f\")) (func (export \"f: func() -> string\"))", None);
        check("(func (export \"cabi_realloc\"))", None);
        check("(import \"\" \"0\" (func))", None);
    }
}
