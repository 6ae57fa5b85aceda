//! The judgement on an export that is missing or cannot be called.

use super::imports::{release_candidate, unsatisfiable_import};
use super::{component_part, plugin_hosts, with_code};
use wasmlab_model::codes::{Blame, Code};
use wasmlab_model::exports::{kind, listed};
use wasmlab_model::facts::{BinaryKind, Export, Facts, Import};
use wasmlab_model::similar::{distance, max_distance};
use wasmlab_model::verdict::Judgement;

/// The judgement on a module that has nothing to call by this name.
///
/// Its detail fits after the module's name: "exports no function `add`; …". `_start` stands for the program itself.
#[must_use]
pub fn missing_export(facts: Option<&Facts>, name: &str) -> Judgement {
    let missing = format!("exports no function `{}`", if name.is_empty() { "\"\"" } else { name });
    // A component exports interfaces; the runtime named the one that it looked for.
    let Some(facts) = facts.filter(|f| f.kind == BinaryKind::Module) else {
        return no_interface(facts, name);
    };
    let program = matches!(name, "_start" | "_main" | "main");
    if let Some(part) = component_part::find(facts).filter(|_| program) {
        return part.judgement(&format!("it {missing}"));
    }
    let other = facts.exports.iter().find(|e| e.name == name && e.signature.is_none());
    let nearest = if program { None } else { nearest(facts, name) };
    let callable = facts.exports.iter().any(|e| e.signature.is_some());
    let unnamed = program && facts.exports.iter().any(|e| e.name.is_empty() && e.signature.is_some());
    let takes_parameters = program
        && facts.exports.iter().any(|e| e.name == name && e.signature.as_ref().is_some_and(|ty| !ty.params.is_empty()));
    let missing = if takes_parameters { format!("exports no program `{name}`") } else { missing };
    let fault = match (other, nearest) {
        (None, None) if unnamed => "; it has a function with the empty name, which only some runtimes start".to_owned(),
        (Some(other), _) => format!("; `{name}` is {}", a_kind(other)),
        (None, None) if takes_parameters => {
            format!("; `{name}` takes parameters, which a program's entry point does not")
        }
        (None, Some(near)) => format!(" (did you mean `{}`?)", near.name),
        (None, None) => String::new(),
    };
    let there = if takes_parameters {
        let others: Vec<Export> = facts.exports.iter().filter(|e| e.name != name).cloned().collect();
        if others.is_empty() {
            "it exports nothing else".to_owned()
        } else {
            format!("it also exports {}", listed(&others))
        }
    } else if callable {
        format!("it exports {}", listed(&facts.exports))
    } else if facts.exports.is_empty() {
        "it exports nothing, so nothing in it can be called".to_owned()
    } else {
        format!("nothing in it can be called: it exports only {}", listed(&facts.exports))
    };
    let host = plugin_hosts::by_export(facts).filter(|_| program);
    let remedy = match (nearest, host) {
        (Some(near), _) => format!("Call `{}`.", near.name),
        (None, None) if takes_parameters => {
            format!("Give `{name}` no parameters, or call it with `--invoke {name} -- ARGS`.")
        }
        (None, Some(host)) => format!("It is {}. {}", host.description, host.remedy),
        (None, None) if program && callable => {
            "Name one of its exports with `--invoke`, or build the program as a command (with _start).".to_owned()
        }
        (None, None) if program => format!("Export the function to call{}.", export(facts, "NAME")),
        (None, None) if name.starts_with("wasi:") => HTTP_COMPONENT.to_owned(),
        (None, None) if other.is_some() && callable => "Call one of the functions that it exports.".to_owned(),
        (None, None) if other.is_some() => format!("Export the function to call{}.", export(facts, "NAME")),
        (None, None) if name.is_empty() => "Name the export to call.".to_owned(),
        (None, None) => format!("Export it{}.", export(facts, name)),
    };
    let judgement = with_code(Code::NoEntryPoint, name.to_owned(), format!("{missing}{fault}; {there}"));
    // A mistyped name is the caller's fault; a function that exists but is not exported is the linker's.
    let blame = if program || nearest.is_some() || other.is_some() { judgement.blame } else { vec![Blame::Toolchain] };
    Judgement { blame, remedy: Some(remedy), ..judgement }
}

/// For a module that is to serve HTTP.
const HTTP_COMPONENT: &str = "Only a component can export that interface: build one for the world `wasi:http/proxy`.";

/// Whether a call of an export can succeed: the module imports nothing that only another host or a component defines.
#[must_use]
pub fn can_be_called(facts: &Facts) -> bool {
    component_part::find(facts).is_none()
        && unsatisfiable_import(facts).is_none()
        && !facts.imports.iter().any(Import::is_memory_or_table)
}

/// The message about a requested export that the file does not have, with what to do. It is to follow the file's name.
/// `interfaces`: those that a component exports, with their functions.
#[must_use]
pub fn not_callable(facts: &Facts, name: &str, interfaces: &[(String, Vec<String>)]) -> String {
    if facts.kind == BinaryKind::Module {
        let found = missing_export(Some(facts), name);
        let remedy = found.remedy.unwrap_or_default();
        return format!("{}. {}", found.detail, remedy.trim_end_matches('.'));
    }
    let function = name.rsplit(['#', '.']).next().unwrap_or(name);
    let place = name.strip_suffix(function).unwrap_or_default().trim_end_matches(['#', '.']);
    let found = interfaces.iter().find_map(|(interface, functions)| {
        let is_interface = place == interface || interface.split('@').next() == Some(place);
        // A method of a resource: `[method]agent.generate`.
        let of_resource = |f: &&String| f.starts_with('[') && f.ends_with(&format!("{place}.{function}"));
        let is_method = |f: &&String| f.starts_with('[') && f.rsplit('.').next() == Some(function);
        let fits = |f: &&String| {
            let anywhere = place.is_empty() || is_interface;
            (anywhere && (*f == function || is_method(f))) || (!place.is_empty() && of_resource(f))
        };
        Some((interface, functions.iter().find(fits)?))
    });
    if let Some((interface, found)) = found {
        let other = if found == function {
            format!("wasmtime can call it: `wasmtime run --invoke '{function}(…)' FILE`")
        } else {
            "it belongs to a resource: call it from a program that embeds the component (in JavaScript, with jco)"
                .to_owned()
        };
        return format!(
            "exports `{found}` inside the interface `{interface}`; --invoke calls only functions that a component exports \
             directly. {}{}",
            other[..1].to_uppercase(),
            &other[1..]
        );
    }
    let inner = interfaces.iter().flat_map(|(_, functions)| functions);
    let near = inner.filter(|f| distance(f, function) <= max_distance(function)).min_by_key(|f| distance(f, function));
    let near = near.map(|near| format!(" (did you mean `{near}`?)")).unwrap_or_default();
    let there = if facts.exports.is_empty() { "nothing".to_owned() } else { listed(&facts.exports) };
    format!("exports no function `{name}`{near}; it exports {there}")
}

/// A component without the requested interface; it may have another version of it.
fn no_interface(facts: Option<&Facts>, name: &str) -> Judgement {
    let base = |interface: &str| interface.split('@').next().unwrap_or_default().to_owned();
    let version = |interface: &str| interface.split_once('@').map(|(_, version)| version.to_owned());
    let is_other = |e: &&Export| base(&e.name) == base(name) && version(&e.name) != version(name);
    let other = facts.and_then(|f| f.exports.iter().find(is_other));
    let Some(other) = other else {
        return no_program(facts, name);
    };
    let detail = format!("exports `{}`, but the runtime looks for another version, `{name}`", other.name);
    let judgement = with_code(Code::NoEntryPoint, name.to_owned(), detail);
    if release_candidate(&other.name).is_none() {
        return judgement;
    }
    let remedy = "Rebuild it with current tools, which use released versions of WASI; this one is a pre-release.";
    Judgement { blame: vec![Blame::Toolchain], remedy: Some(remedy.to_owned()), ..judgement }
}

/// A component that exports other interfaces than the requested one.
fn no_program(facts: Option<&Facts>, name: &str) -> Judgement {
    let there = facts.map(|f| f.exports.as_slice()).unwrap_or_default();
    let handler = there.iter().any(|e| e.name.starts_with("wasi:http/incoming-handler"));
    let remedy = if name.starts_with("wasi:http/") {
        "Build it for the world `wasi:http/proxy`, which exports that interface."
    } else if handler {
        "It is an HTTP handler, not a program: serve it (`wasmtime serve`, `jco serve`)."
    } else if there.iter().any(|e| e.ty.starts_with("func")) {
        "Name one of its functions with `--invoke`, or build it for the world `wasi:cli/command`, which exports that \
         interface."
    } else {
        "Build it for the world `wasi:cli/command`, which exports that interface, or call what it exports from a program \
         that embeds it."
    };
    let exports = if there.is_empty() { "nothing".to_owned() } else { listed(there) };
    let detail = format!("exports no `{name}`; it exports {exports}");
    Judgement { remedy: Some(remedy.to_owned()), ..with_code(Code::NoEntryPoint, name.to_owned(), detail) }
}

fn a_kind(export: &Export) -> String {
    match kind(export) {
        // The type of a function whose signature could not be read.
        "func" if export.ty.ends_with("results") => "a function whose type is too long to show".to_owned(),
        "func" => "a function whose type does not exist".to_owned(),
        kind => format!("a {kind}"),
    }
}

/// The function whose name is closest to `name`, if any is close.
fn nearest<'a>(facts: &'a Facts, name: &str) -> Option<&'a Export> {
    let functions = || facts.exports.iter().filter(|e| e.signature.is_some() && e.name != name && !e.name.is_empty());
    let bare = |text: &str| text.chars().filter(|c| c.is_alphanumeric()).collect::<String>().to_lowercase();
    let (wanted, mangled) = (bare(name), format!("{}{name}", name.len()));
    functions()
        .find(|e| bare(&e.name) == wanted)
        // Early WIT tools wrote the type into the name: `start: func() -> ()`.
        .or_else(|| functions().find(|e| e.name.split_once(": func(").is_some_and(|(start, _)| bare(start) == wanted)))
        // C++ writes the length of a name, the name, and then the types of its parameters.
        .or_else(|| functions().find(|e| e.name.starts_with("_Z") && e.name.contains(&mangled)))
        .or_else(|| {
            let close = functions().map(|e| (distance(&bare(&e.name), &wanted), e));
            let limit = max_distance(&wanted);
            close.filter(|(d, _)| *d <= limit).min_by_key(|(d, _)| *d).map(|(_, e)| e)
        })
}

/// Whether a producer is C or C++ of some year, as clang writes it: `C11`, `C_plus_plus_14`.
fn is_c(language: &str) -> bool {
    language.starts_with("C_plus_plus")
        || language.strip_prefix('C').is_some_and(|year| !year.is_empty() && year.bytes().all(|b| b.is_ascii_digit()))
}

/// How to export a function with the toolchain that built the module, after a colon. For a module that names no
/// producer, it lists the ways of all tools that name none. Empty if the producer is not known here.
fn export(facts: &Facts, name: &str) -> String {
    let made_by = |names: &[&str]| facts.producers.iter().any(|p| names.contains(&p.name.as_str()));
    let rust = format!("`#[no_mangle] pub extern \"C\" fn {name}` in a cdylib (Rust)");
    let go = format!("`//go:wasmexport {name}` (Go, TinyGo)");
    let c = format!("`-Wl,--export={name}` or `__attribute__((export_name(\"{name}\")))` (clang)");
    let export_syntax = if made_by(&["rustc", "Rust"]) {
        rust
    } else if made_by(&["Go", "TinyGo"]) || facts.sections.iter().any(|s| s.name.contains("go:buildid")) {
        go
    } else if made_by(&["clang", "C", "C++"]) || facts.producers.iter().any(|p| is_c(&p.name)) {
        c
    } else if facts.producers.is_empty() {
        format!("the linker option `--export={name}` or `-rdynamic` (Zig), or `(export \"{name}\")` in WAT")
    } else {
        return String::new();
    };
    format!(": {export_syntax}")
}

#[cfg(test)]
mod tests {
    use super::{missing_export, not_callable};
    use wasmlab_model::codes::Blame;

    fn check(wat: &str, name: &str, blame: Blame, detail: &str, remedy: &str) {
        let facts = wasmlab_inspect::facts(&wat::parse_str(wat).unwrap()).unwrap();
        let found = missing_export(Some(&facts), name);
        assert_eq!((found.detail.as_str(), &found.blame[..]), (detail, &[blame][..]), "{wat}");
        let found_remedy = found.remedy.unwrap();
        assert!(found_remedy.contains(remedy), "{found_remedy} does not say {remedy}");
    }

    const MEMORY: &str = "(memory (export \"memory\") 1)";

    /// A function with one parameter and one result, exported under this name.
    fn function(name: &str) -> String {
        format!("(func (export \"{name}\") (param i32) (result i32) (local.get 0))")
    }

    #[test]
    fn exports_are_listed_by_their_kind() {
        check(
            &format!("(module {MEMORY} (func $twice))"),
            "twice",
            Blame::Toolchain,
            "exports no function `twice`; nothing in it can be called: it exports only memory",
            "Export it: the linker option `--export=twice` or `-rdynamic` (Zig)",
        );
        check(
            &format!("(module (global (export \"twice\") i32 (i32.const 8)) {})", function("main")),
            "twice",
            Blame::Guest,
            "exports no function `twice`; `twice` is a global; it exports the global `twice`, `main`",
            "Call one of the functions that it exports.",
        );
        check(
            "(module (func (export \"_start\") (param i32)))",
            "_start",
            Blame::Guest,
            "exports no program `_start`; `_start` takes parameters, which a program's entry point does not; it exports \
             nothing else",
            "Give `_start` no parameters",
        );
        check(
            "(module)",
            "_start",
            Blame::Guest,
            "exports no function `_start`; it exports nothing, so nothing in it can be called",
            "Export the function to call",
        );
        let many: String = (0..20).map(|n| function(&format!("export{n:02}"))).collect();
        let expected = "exports no function `twice`; it exports `export00`, `export01`, `export02`, `export03`, `export04`, \
                     `export05`, `export06`, `export07` and 12 more";
        check(&format!("(module {many})"), "twice", Blame::Toolchain, expected, "in WAT.");
    }

    #[test]
    fn library_that_is_started_as_a_program_needs_a_call() {
        check(
            &format!("(module {})", function("handle")),
            "_start",
            Blame::Guest,
            "exports no function `_start`; it exports `handle`",
            "`--invoke`",
        );
        check(
            &format!("(module (func (export \"\")) {})", function("handle")),
            "_start",
            Blame::Guest,
            "exports no function `_start`; it has a function with the empty name, which only some runtimes start; it \
             exports `\"\"`, `handle`",
            "`--invoke`",
        );
    }

    #[test]
    fn nearest_export_is_suggested() {
        check(
            &format!("(module {MEMORY} {})", function("_twice")),
            "twice",
            Blame::Guest,
            "exports no function `twice` (did you mean `_twice`?); it exports memory, `_twice`",
            "Call `_twice`.",
        );
        for (there, wanted) in [
            ("_Z5twicei", "twice"),
            ("twcie_it", "twice_it"),
            ("getName", "get_name"),
            ("xxh32", "xxh23"),
            ("start: func(args: list<string>) -> ()", "start"),
        ] {
            let suggestion = format!("(did you mean `{there}`?)");
            let detail = format!("exports no function `{wanted}` {suggestion}; it exports `{there}`");
            check(&format!("(module {})", function(there)), wanted, Blame::Guest, &detail, there);
        }
        let far = "exports no function `twice`; it exports `unrelated`";
        check(
            &format!("(module {})", function("unrelated")),
            "twice",
            Blame::Toolchain,
            far,
            "Export it: the linker option `--export=twice`",
        );
    }

    #[test]
    fn remedy_names_the_option_of_the_toolchain() {
        let check = |producer: &str, there: &str, not_there: &str| {
            let wat = format!("(module (@producers (language \"{producer}\" \"1\")))");
            let facts = wasmlab_inspect::facts(&wat::parse_str(&wat).unwrap()).unwrap();
            let remedy = missing_export(Some(&facts), "add").remedy.unwrap();
            assert!(remedy.contains(there) && !remedy.contains(not_there), "{producer}: {remedy}");
        };
        check("Rust", "#[no_mangle] pub extern \"C\" fn add", "go:wasmexport");
        check("Go", "//go:wasmexport add", "no_mangle");
        check("C11", "--export=add", "no_mangle");
        check("another", "Export it.", "`");
    }

    #[test]
    fn function_inside_an_interface_is_found() {
        let wat = "(component (instance $i) (export \"my:agent/api@0.1.0\" (instance $i)))";
        let facts = wasmlab_inspect::facts(&wat::parse_str(wat).unwrap()).unwrap();
        let interfaces =
            [("my:agent/api@0.1.0".to_owned(), vec!["generate".to_owned(), "[method]agent.run".to_owned()])];
        let check = |name: &str, says: &str| {
            let found = not_callable(&facts, name, &interfaces);
            assert!(found.contains(says), "{name}: {found}");
        };
        let inside = "exports `generate` inside the interface `my:agent/api@0.1.0`";
        check("generate", inside);
        check("my:agent/api@0.1.0#generate", inside);
        check("my:agent/api#generate", "wasmtime run --invoke 'generate(…)'");
        check("run", "exports `[method]agent.run` inside");
        check("agent.run", "It belongs to a resource");
        check("genrate", "(did you mean `generate`?)");
        check("my:agent/api@0.1.0", "exports no function `my:agent/api@0.1.0`; it exports the instance");
    }
}
