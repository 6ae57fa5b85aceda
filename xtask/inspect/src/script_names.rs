//! Names in a component that would end a string in a script. jco writes names unescaped into the JavaScript that it
//! generates: what follows the end of a string would run as code. Names that are only surprising (`node:fs`, `then`) do
//! no harm: the driver imports nothing but the files of jco's shims, and calls only the requested exports.

use wasmparser::{ComponentAlias, ComponentInstance, Instance, Parser, Payload};

/// The first name in a component, or in a module or component nested in it, that a script cannot hold unescaped. A
/// malformed component is read as far as possible. `None` for a core module.
#[must_use]
pub fn unsafe_script_name(bytes: &[u8]) -> Option<String> {
    if !Parser::is_component(bytes) {
        return None;
    }
    let payloads = Parser::new(0).parse_all(bytes).map_while(Result::ok);
    payloads.filter_map(|payload| unsafe_name_in(&payload)).next()
}

fn unsafe_name_in(payload: &Payload) -> Option<String> {
    let mut found = None;
    let mut see = |name: &str| {
        if found.is_none() && is_unsafe(name) {
            found = Some(name.to_owned());
        }
    };
    match payload {
        Payload::ImportSection(imports) => imports.clone().into_imports().flatten().for_each(|import| {
            see(import.module);
            see(import.name);
        }),
        Payload::ExportSection(exports) => exports.clone().into_iter().flatten().for_each(|export| see(export.name)),
        Payload::ComponentImportSection(s) => s.clone().into_iter().flatten().for_each(|import| see(import.name.name)),
        Payload::ComponentExportSection(s) => s.clone().into_iter().flatten().for_each(|export| see(export.name.name)),
        Payload::InstanceSection(instances) => {
            instances.clone().into_iter().flatten().for_each(|instance| match instance {
                Instance::Instantiate { args, .. } => args.iter().for_each(|arg| see(arg.name)),
                Instance::FromExports(exports) => exports.iter().for_each(|export| see(export.name)),
            });
        }
        Payload::ComponentInstanceSection(instances) => {
            instances.clone().into_iter().flatten().for_each(|instance| match instance {
                ComponentInstance::Instantiate { args, .. } => args.iter().for_each(|arg| see(arg.name)),
                ComponentInstance::FromExports(exports) => exports.iter().for_each(|export| see(export.name.name)),
            });
        }
        Payload::ComponentAliasSection(aliases) => {
            aliases.clone().into_iter().flatten().for_each(|alias| match alias {
                ComponentAlias::InstanceExport { name, .. } | ComponentAlias::CoreInstanceExport { name, .. } => {
                    see(name)
                }
                ComponentAlias::Outer { .. } => {}
            });
        }
        _ => {}
    }
    found
}

fn is_unsafe(name: &str) -> bool {
    let ends_string = |c: char| matches!(c, '\'' | '"' | '`' | '\\' | '\u{2028}' | '\u{2029}') || c.is_control();
    name.contains(ends_string) || name.contains("*/") || name.contains("${")
}

#[cfg(test)]
mod tests {
    use super::unsafe_script_name;

    #[test]
    fn names_that_end_a_string_are_found_at_every_depth() {
        let check = |wat: &str, expected: Option<&str>| {
            let bytes = wat::parse_str(wat).unwrap();
            assert_eq!(unsafe_script_name(&bytes).as_deref(), expected, "{wat}");
        };
        check(
            "(component (core module (import \"a:b/c@0.2.0\" \"[method]d.e\" (func)) (export \"$f\" (func 0))))",
            None,
        );
        check("(component (core module (import \"q': 1, 'z\" \"f\" (func))))", Some("q': 1, 'z"));
        check("(component (core module (import \"q\" \"`\" (func))))", Some("`"));
        check("(component (component (core module (func (export \"a\\\\\")))))", Some("a\\"));
        check("(component (core module $m) (core instance (instantiate $m (with \"\\0a\" (instance)))))", Some("\n"));
        check(
            "(component (core instance $i (export \"*/\" (func $f))) (core func $f (canon resource.drop $r)) (type $r (resource (rep i32))))",
            Some("*/"),
        );
        check("(component (import \"node:fs/promises\" (func $f)) (export \"then\" (func $f)))", None);
        // The names in a core module alone reach no script.
        check("(module (import \"'\" \"'\" (func)))", None);
    }
}
